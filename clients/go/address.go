// Addresses: what is filled in, and which of them are this machine.

package llmrpc

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"google.golang.org/grpc/resolver"
)

// DefaultAddress is where a gateway listens unless it is told otherwise.
const DefaultAddress = "localhost:50051"

const defaultPort = 50051

// withPort gives the address with our port where it has none. One with a scheme that
// gRPC resolves stays as it is; a URL is refused.
func withPort(address string) (string, error) {
	if address == "" {
		return DefaultAddress, nil
	}
	if scheme, _, found := strings.Cut(address, ":"); found && resolver.Get(scheme) != nil {
		return address, nil
	}
	if strings.Contains(address, "/") {
		return "", refuseURL(address)
	}
	port := strconv.Itoa(defaultPort)
	if bareIPv6 := strings.Count(address, ":") > 1 && address[0] != '['; bareIPv6 {
		return net.JoinHostPort(address, port), nil
	}
	if strings.Contains(address[strings.LastIndex(address, "]")+1:], ":") {
		return address, nil
	}
	return address + ":" + port, nil
}

func refuseURL(address string) error {
	host := address
	if _, rest, found := strings.Cut(address, "://"); found {
		host = rest
	}
	host, _, _ = strings.Cut(host, "/")
	host = host[strings.LastIndex(host, "@")+1:] // what stands before may be a secret
	better, err := withPort(host)
	if err != nil {
		better = DefaultAddress
	}
	tls := ""
	if strings.HasPrefix(address, "https:") {
		tls = "; TLS has its own option, WithTLS"
	}
	return fmt.Errorf("the address is a URL; give host:port alone, such as %s%s", better, tls)
}

// isLoopback says whether the target is this machine for sure: of names, localhost
// alone is.
func isLoopback(target string) bool {
	switch scheme, rest, _ := strings.Cut(target, ":"); scheme {
	case "unix", "unix-abstract":
		return true
	case "dns", "passthrough":
		target = rest[strings.LastIndex(rest, "/")+1:]
	}
	host := target
	if name, _, err := net.SplitHostPort(target); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}
