// What Dial can be told, and what it tells gRPC.

package llmrpc

import (
	"crypto/tls"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// MaxMessageBytes bounds what is sent and taken. gRPC's own bound for received
// messages, 4 MiB, would end a good stream whose answer holds an image.
const MaxMessageBytes = 64 << 20

// DefaultServiceConfig tries a call four times in all where the gateway is not there
// or says UNAVAILABLE or CANCELLED, as it asks, and never once anything has come.
const DefaultServiceConfig = `{
  "methodConfig": [{
    "name": [{"service": "llmrpc.v1.LLMService"}],
    "retryPolicy": {
      "maxAttempts": 4,
      "initialBackoff": "0.1s",
      "maxBackoff": "2s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]
    }
  }]
}`

// Option tells [Dial] how to reach the gateway.
type Option func(*settings)

type settings struct {
	secure         bool
	tlsConfig      *tls.Config
	ca, cert, key  string
	token          string
	insecureToken  bool
	timeout        time.Duration
	wait           bool
	serviceConfig  string
	furtherOptions []grpc.DialOption
}

// WithTLS calls over TLS, trusting the system's authorities.
func WithTLS() Option {
	return func(s *settings) { s.secure = true }
}

// WithTLSConfig calls over TLS as config says.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) { s.secure, s.tlsConfig = true, config }
}

// WithCA calls over TLS, trusting the authorities in a PEM file instead of the
// system's.
func WithCA(file string) Option {
	return func(s *settings) { s.secure, s.ca = true, file }
}

// WithClientCertificate calls over TLS and says who calls, by PEM files (mTLS).
func WithClientCertificate(certFile, keyFile string) Option {
	return func(s *settings) { s.secure, s.cert, s.key = true, certFile, keyFile }
}

// WithToken sends a bearer key with every call. Dial refuses it over plaintext to an
// address that is not loopback; see [WithInsecureToken].
func WithToken(token string) Option {
	return func(s *settings) { s.token = token }
}

// WithInsecureToken allows the key of [WithToken] over plaintext, where the way to the
// gateway is safe by itself.
func WithInsecureToken() Option {
	return func(s *settings) { s.insecureToken = true }
}

// WithTimeout bounds each call whose context has no deadline; without it, and for
// [Client.Batch], the gateway's own limit holds.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithWait lets Dial wait until the gateway answers, as long as its context lives.
func WithWait() Option {
	return func(s *settings) { s.wait = true }
}

// WithServiceConfig takes the place of [DefaultServiceConfig], with its retries: gRPC's
// service config in JSON, for balancing and timeouts by method.
func WithServiceConfig(json string) Option {
	return func(s *settings) { s.serviceConfig = json }
}

// WithDialOptions hands options to gRPC. They win over the client's own.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.furtherOptions = append(s.furtherOptions, options...) }
}

// dialOptions are gRPC's for the target, or why they cannot be made.
func (s *settings) dialOptions(target string) ([]grpc.DialOption, error) {
	transport := insecure.NewCredentials()
	if s.secure {
		config, err := s.makeTLS()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(s.serviceConfig),
		// Whoever answers for the name does not choose how calls are retried.
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(MaxMessageBytes),
			grpc.MaxCallSendMsgSize(MaxMessageBytes),
			// A request above this bound, 256 KiB by default, would never be tried again.
			grpc.MaxRetryRPCBufferSize(MaxMessageBytes),
		),
		// Tries fall inside the backoff between two connections unless that is as short.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second,
			},
			MinConnectTimeout: 20 * time.Second,
		}),
		// A silent gateway is told from a slow model while calls run.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithUserAgent("llmrpc-go"),
	}
	if s.token != "" {
		if !s.secure && !s.insecureToken && !isLoopback(target) {
			return nil, errors.New("the token would travel to " + target + " unencrypted: give WithTLS or " +
				"WithCA, or WithInsecureToken where the way there is safe")
		}
		if !printable(s.token) {
			return nil, errors.New("the token has characters that no header can carry")
		}
		options = append(options, grpc.WithPerRPCCredentials(bearer(s.token, s.secure)))
	}
	return append(options, s.furtherOptions...), nil
}
