package llmrpc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
)

// authority signs certificates, and has its own in a file.
type authority struct {
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	made := &authority{folder: t.TempDir()}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	made.certificate, made.key = made.write(t, "ca", template)
	return made
}

// write makes a certificate and a key as PEM files of that name.
func (a *authority) write(t *testing.T, name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: signed},
		name + ".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

func (a *authority) file(name string) string { return filepath.Join(a.folder, name) }

// serve starts a service over TLS; with callers, it wants certificates of theirs.
func (a *authority) serve(t *testing.T, service *fake, callers bool) string {
	t.Helper()
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	a.write(t, "server", &x509.Certificate{IPAddresses: loopback, ExtKeyUsage: usage})
	pair, err := tls.LoadX509KeyPair(a.file("server.pem"), a.file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: a.pool()}
	if callers {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return serve(t, service, grpc.Creds(credentials.NewTLS(config)))
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func TestTLSWithAnAuthorityOfOnesOwn(t *testing.T) {
	ca := newAuthority(t)
	var seen metadata.MD
	address := ca.serve(t, listen(&seen), false)
	for _, option := range []llmrpc.Option{
		llmrpc.WithCA(ca.file("ca.pem")),
		llmrpc.WithTLSConfig(&tls.Config{RootCAs: ca.pool()}),
	} {
		client := dial(t, address, option, llmrpc.WithToken("the-key"))
		if _, err := client.Generate(t.Context(), hello()); err != nil || seen.Get("authorization")[0] != "Bearer the-key" {
			t.Error(err, seen)
		}
	}
}

func TestMutualTLS(t *testing.T) {
	ca := newAuthority(t)
	address := ca.serve(t, listen(new(metadata.MD)), true)
	ca.write(t, "tutor", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	client := dial(t, address, llmrpc.WithCA(ca.file("ca.pem")),
		llmrpc.WithClientCertificate(ca.file("tutor.pem"), ca.file("tutor.key")))
	if _, err := client.Generate(t.Context(), hello()); err != nil {
		t.Error(err)
	}
	client = dial(t, address, llmrpc.WithCA(ca.file("ca.pem")))
	fails(t, client, "tls", "TLS does not match")
}

func TestAKeyThatWasGivenWithTLSDoesNotTravelWithoutIt(t *testing.T) {
	address := serve(t, listen(new(metadata.MD)))
	plain := llmrpc.WithDialOptions(grpc.WithTransportCredentials(insecure.NewCredentials()))
	if _, err := llmrpc.Dial(t.Context(), address, llmrpc.WithTLS(), llmrpc.WithToken("the-key"), plain); err == nil {
		t.Error("the key would travel unencrypted")
	}
}

func TestFilesThatDoNotServeAreNamed(t *testing.T) {
	ca := newAuthority(t)
	ca.write(t, "other", &x509.Certificate{})
	for says, options := range map[string][]llmrpc.Option{
		"nowhere.pem":              {llmrpc.WithCA(ca.file("nowhere.pem"))},
		"holds no PEM certificate": {llmrpc.WithCA(ca.file("ca.key"))},
		"certificate of the caller: tls: private key does not match": {llmrpc.WithClientCertificate(ca.file("ca.pem"), ca.file("other.key"))},
		"WithTLSConfig stands alone":                                 {llmrpc.WithTLSConfig(&tls.Config{}), llmrpc.WithCA(ca.file("ca.pem"))},
	} {
		if _, err := llmrpc.Dial(t.Context(), "", options...); err == nil || !strings.Contains(err.Error(), says) {
			t.Error(says, err)
		}
	}
}

// fails checks that no gateway is found there, and why.
func fails(t *testing.T, client *llmrpc.Client, cause, says string) {
	t.Helper()
	_, err := client.Generate(t.Context(), hello())
	failed, ok := errors.AsType[*llmrpc.Error](err)
	if !ok || failed.Kind != llmrpc.KindProviderNotAvailable || failed.Metadata["cause"] != cause ||
		!strings.Contains(failed.Message, says) || failed.RequestID != "" {
		t.Errorf("%v, %+v", err, failed)
	}
}

func TestWhyNoGatewayAnswers(t *testing.T) {
	begun := time.Now()
	fails(t, dial(t, unused(t)), "nobody", "start one with `make run` or `llmrpc-server`")
	if took := time.Since(begun); took > 10*time.Second {
		t.Error("that took", took)
	}
	fails(t, dial(t, "nobody.invalid"), "nobody", "nothing is known under that name")

	ca := newAuthority(t)
	secure := ca.serve(t, listen(new(metadata.MD)), false)
	fails(t, dial(t, secure), "tls", "hangs up, as one does that wants TLS")
	fails(t, dial(t, secure, llmrpc.WithTLS()), "tls", "not one to trust here (certificate signed by unknown authority)")
	_, port, _ := net.SplitHostPort(secure)
	fails(t, dial(t, "localhost:"+port, llmrpc.WithCA(ca.file("ca.pem"))), "tls", "is for another name")
	fails(t, dial(t, serve(t, &fake{}), llmrpc.WithTLS()), "tls", "speaks no TLS")

	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	fails(t, dial(t, web.Listener.Addr().String()), "protocol", "speaks HTTP/1 and not gRPC")
}

func TestASilentAddressIsTheDeadlines(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client := dial(t, listener.Addr().String(), llmrpc.WithTimeout(50*time.Millisecond))
	_, err = client.Generate(t.Context(), hello())
	if !errors.Is(err, llmrpc.ErrGenerationTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
