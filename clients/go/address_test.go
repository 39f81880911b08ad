package llmrpc_test

import (
	"net"
	"strings"
	"testing"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
)

// unused is an address where nobody answers: a connection to elsewhere comes from it,
// so that no other process can begin to listen there.
func unused(t *testing.T) string {
	t.Helper()
	elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = elsewhere.Close() })
	holder := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	held, err := holder.DialContext(t.Context(), "tcp", elsewhere.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() })
	return held.LocalAddr().String()
}

func TestAnAddressGetsOurPort(t *testing.T) {
	for address, want := range map[string]string{
		"":                         "localhost:50051",
		"gateway.example":          "gateway.example:50051",
		"gateway.example:443":      "gateway.example:443",
		"127.0.0.1":                "127.0.0.1:50051",
		"::1":                      "[::1]:50051",
		"[::1]":                    "[::1]:50051",
		"[::1]:1":                  "[::1]:1",
		"dns:///gateway.example":   "dns:///gateway.example",
		"unix:/run/llmrpc.sock":    "unix:/run/llmrpc.sock",
		"passthrough:///elsewhere": "passthrough:///elsewhere",
	} {
		client, err := llmrpc.Dial(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if got := client.String(); got != "llmrpc.Client("+want+")" {
			t.Errorf("%q became %s", address, got)
		}
		_ = client.Close()
	}
}

func TestAURLIsRefusedWithAdvice(t *testing.T) {
	for address, advice := range map[string]string{
		"http://gateway.example":              "such as gateway.example:50051",
		"https://u:secret@gateway.example:9/": "such as gateway.example:9; TLS has its own option, WithTLS",
		"gateway.example/v1":                  "such as gateway.example:50051",
	} {
		_, err := llmrpc.Dial(t.Context(), address)
		if err == nil || !strings.HasSuffix(err.Error(), advice) || strings.Contains(err.Error(), "secret") {
			t.Error(address, err)
		}
	}
}

func TestAKeyDoesNotTravelUnencrypted(t *testing.T) {
	for address, safe := range map[string]bool{
		"":                         true,
		"127.0.0.1:1":              true,
		"127.8.9.1":                true,
		"[::1]:1":                  true,
		"::1":                      true,
		"unix:/run/llmrpc.sock":    true,
		"dns:///localhost:1":       true,
		"gateway.example":          false,
		"localhost.example:1":      false,
		"10.0.0.1:50051":           false,
		"dns:///gateway.example:1": false,
		"dns://127.0.0.1/far:1":    false,
		"0.0.0.0:1":                false,
	} {
		client, err := llmrpc.Dial(t.Context(), address, llmrpc.WithToken("the-key"))
		if safe != (err == nil) || (err != nil && strings.Contains(err.Error(), "the-key")) {
			t.Error(address, err)
		}
		for _, option := range []llmrpc.Option{llmrpc.WithInsecureToken(), llmrpc.WithTLS()} {
			client, err := llmrpc.Dial(t.Context(), address, llmrpc.WithToken("the-key"), option)
			if err != nil {
				t.Error(address, err)
			}
			_ = client.Close()
		}
		if client != nil {
			_ = client.Close()
		}
	}
}

func TestAKeyWithALineBreakIsRefused(t *testing.T) {
	_, err := llmrpc.Dial(t.Context(), "", llmrpc.WithToken("the-key\n"))
	if err == nil || strings.Contains(err.Error(), "the-key") {
		t.Error(err)
	}
}
