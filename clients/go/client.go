// The client: one connection to a gateway, for any number of goroutines.

package llmrpc

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// Client is a connection to a gateway. It may be used by many goroutines at once.
// Make it with [Dial], and [Client.Close] it.
type Client struct {
	target  string
	timeout time.Duration
	conn    *grpc.ClientConn
	service llmrpcv1.LLMServiceClient
	health  healthpb.HealthClient
	closed  atomic.Bool
}

// Dial makes a client of the gateway at address: host:port, and without a port
// 50051; empty is [DefaultAddress]. gRPC's own targets, such as dns:///host:port and
// unix:path, are taken as they are.
//
// It connects with the first call, so an address where nobody answers is told by that
// call. ctx bounds what Dial itself waits for, which is nothing but for [WithWait];
// once Dial has returned, ctx means nothing to the client.
func Dial(ctx context.Context, address string, options ...Option) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("llmrpc: dial: %w", err)
	}
	target, err := withPort(address)
	if err != nil {
		return nil, fmt.Errorf("llmrpc: dial: %w", err)
	}
	settings := &settings{serviceConfig: DefaultServiceConfig}
	for _, option := range options {
		option(settings)
	}
	dialOptions, err := settings.dialOptions(target)
	if err != nil {
		return nil, fmt.Errorf("llmrpc: dial: %w", err)
	}
	conn, err := grpc.NewClient(target, dialOptions...)
	if err != nil {
		return nil, fmt.Errorf("llmrpc: dial: %w", err)
	}
	client := &Client{
		target:  target,
		conn:    conn,
		service: llmrpcv1.NewLLMServiceClient(conn),
		health:  healthpb.NewHealthClient(conn),
	}
	if settings.wait {
		if err := client.reach(ctx); err != nil {
			return nil, errors.Join(err, client.Close())
		}
	}
	client.timeout = settings.timeout // of calls, not of the wait for the gateway
	return client, nil
}

// reach waits until the gateway answers anything at all.
func (c *Client) reach(ctx context.Context) error {
	_, err := c.check(ctx, "", WithCallOptions(grpc.WaitForReady(true)))
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return err
	}
	return nil
}

// Conn is the connection below, for other services of the gateway such as reflection.
func (c *Client) Conn() *grpc.ClientConn { return c.conn }

// Close ends all calls that are under way, and the connection.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	return c.conn.Close()
}

// String names the gateway, and no key.
func (c *Client) String() string { return "llmrpc.Client(" + c.target + ")" }

// Generate gives one whole answer.
func (c *Client) Generate(
	ctx context.Context, request *llmrpcv1.GenerateRequest, options ...CallOption,
) (*llmrpcv1.LLMResponse, error) {
	return unary(ctx, c, c.service.Generate, request, options)
}

// CountTokens counts what a request would send, without sending it. Method of the
// answer says who counted.
func (c *Client) CountTokens(
	ctx context.Context, request *llmrpcv1.GenerateRequest, options ...CallOption,
) (*llmrpcv1.CountTokensResponse, error) {
	counted := &llmrpcv1.CountTokensRequest{Request: request}
	return unary(ctx, c, c.service.CountTokens, counted, options)
}
