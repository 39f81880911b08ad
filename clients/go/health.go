// Health: whether a gateway, or a part of it, serves.

package llmrpc

import (
	"context"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// HealthStatus is that of gRPC's health protocol.
type HealthStatus = healthpb.HealthCheckResponse_ServingStatus

// What a service can be.
const (
	Serving        = healthpb.HealthCheckResponse_SERVING
	NotServing     = healthpb.HealthCheckResponse_NOT_SERVING
	ServiceUnknown = healthpb.HealthCheckResponse_SERVICE_UNKNOWN
)

// Health says how a service is: "" for the whole gateway, llmrpc.v1.LLMService, or
// provider/NAME. One that the gateway does not have is [ServiceUnknown], no error.
func (c *Client) Health(ctx context.Context, service string, options ...CallOption) (HealthStatus, error) {
	response, err := c.check(ctx, service, options...)
	if status.Code(err) == codes.NotFound {
		return ServiceUnknown, nil
	}
	return response.GetStatus(), err
}

func (c *Client) check(
	ctx context.Context, service string, options ...CallOption,
) (*healthpb.HealthCheckResponse, error) {
	return unary(ctx, c, c.health.Check, &healthpb.HealthCheckRequest{Service: service}, options)
}
