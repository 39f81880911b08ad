// TLS by files, and the bearer key.

package llmrpc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"google.golang.org/grpc/credentials"
)

// makeTLS is the caller's own configuration, or one made of its files.
func (s *settings) makeTLS() (*tls.Config, error) {
	if s.tlsConfig != nil {
		if s.ca != "" || s.cert != "" || s.key != "" {
			return nil, errors.New("WithTLSConfig stands alone: put authorities and certificates into it")
		}
		return s.tlsConfig, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.ca != "" {
		pem, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, fmt.Errorf("the authorities to trust: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the authorities to trust: %s holds no PEM certificate", s.ca)
		}
	}
	if s.cert != "" || s.key != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, fmt.Errorf("the certificate of the caller: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// bearerKey holds the key inside a function, where no formatting verb finds it.
type bearerKey struct {
	header func() string
	secure bool
}

func bearer(token string, secure bool) credentials.PerRPCCredentials {
	return bearerKey{header: func() string { return "Bearer " + token }, secure: secure}
}

func (b bearerKey) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": b.header()}, nil
}

func (b bearerKey) RequireTransportSecurity() bool { return b.secure }

// printable says whether a header can carry the text.
func printable(text string) bool {
	for _, char := range []byte(text) {
		if char < ' ' || char > '~' {
			return false
		}
	}
	return true
}
