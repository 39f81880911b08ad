// One call: its options, its context, its request id, and what ended it.

package llmrpc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

const requestIDKey = "x-request-id"

// CallOption changes one call.
type CallOption func(*call)

// WithRequestID names the call in the gateway's log. Without it the client makes an
// id for every call; answers and errors tell it.
func WithRequestID(id string) CallOption {
	return WithMetadata(requestIDKey, id)
}

// WithTraceContext sends W3C trace context; tracestate may be empty. Where OpenTelemetry
// is in use, its stats handler for gRPC in [WithDialOptions] does so for every call.
func WithTraceContext(traceparent, tracestate string) CallOption {
	return func(c *call) {
		WithMetadata("traceparent", traceparent)(c)
		if tracestate != "" {
			WithMetadata("tracestate", tracestate)(c)
		}
	}
}

// WithMetadata sends further metadata.
func WithMetadata(key, value string) CallOption {
	return func(c *call) { c.metadata.Set(key, value) }
}

// WithCallOptions hands options to gRPC.
func WithCallOptions(options ...grpc.CallOption) CallOption {
	return func(c *call) { c.options = append(c.options, options...) }
}

// call is one call under way. The one who begins it cancels it at the end.
type call struct {
	client    *Client
	caller    context.Context
	ctx       context.Context
	cancel    context.CancelFunc
	metadata  metadata.MD
	options   []grpc.CallOption
	requestID string
}

// begin readies a call. Unless it is unbounded, the client's timeout stands in for a
// deadline that ctx does not have.
func (c *Client) begin(ctx context.Context, options []CallOption, unbounded bool) (*call, error) {
	sent, _ := metadata.FromOutgoingContext(ctx)
	begun := &call{client: c, caller: ctx, cancel: func() {}, metadata: sent.Copy()}
	if begun.metadata == nil {
		begun.metadata = metadata.MD{}
	}
	for _, option := range options {
		option(begun)
	}
	if ids := begun.metadata.Get(requestIDKey); len(ids) > 0 && ids[0] != "" {
		begun.requestID = ids[0]
	} else {
		begun.requestID = newRequestID()
		begun.metadata.Set(requestIDKey, begun.requestID)
	}
	for key, values := range begun.metadata {
		for _, value := range values {
			if !strings.HasSuffix(key, "-bin") && !printable(value) {
				text := key + ": has characters that no header can carry"
				return nil, newError(KindInvalidRequest, codes.InvalidArgument, text)
			}
		}
	}
	ctx = metadata.NewOutgoingContext(ctx, begun.metadata)
	if _, bounded := ctx.Deadline(); !bounded && !unbounded && c.timeout > 0 {
		begun.ctx, begun.cancel = context.WithTimeout(ctx, c.timeout)
	} else {
		begun.ctx, begun.cancel = context.WithCancel(ctx)
	}
	return begun, nil
}

// unary makes a call of one answer.
func unary[Request, Response any](
	ctx context.Context,
	c *Client,
	method func(context.Context, *Request, ...grpc.CallOption) (*Response, error),
	request *Request,
	options []CallOption,
) (*Response, error) {
	begun, err := c.begin(ctx, options, false)
	if err != nil {
		return nil, err
	}
	defer begun.cancel()
	var trailer metadata.MD
	response, err := method(begun.ctx, request, append(begun.options, grpc.Trailer(&trailer))...)
	if err != nil {
		return nil, begun.failed(err, trailer, false)
	}
	return response, nil
}

// newRequestID is 32 hexadecimal digits. It is no secret.
func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}
