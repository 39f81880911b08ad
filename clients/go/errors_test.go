package llmrpc_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// failing is the error of a Generate that ends with this status.
func failing(t *testing.T, s *status.Status, trailers ...string) *llmrpc.Error {
	t.Helper()
	client := dialFake(t, refuse(s, trailers...))
	_, err := client.Generate(t.Context(), hello(), llmrpc.WithRequestID("mine"))
	failed, ok := errors.AsType[*llmrpc.Error](err)
	if !ok {
		t.Fatal(err)
	}
	return failed
}

// detailed is a status with details.
func detailed(t *testing.T, code codes.Code, details ...protoadapt.MessageV1) *status.Status {
	t.Helper()
	s, err := status.New(code, "the message").WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func reasoned(t *testing.T, code codes.Code, reason string) *status.Status {
	return detailed(t, code, &errdetails.ErrorInfo{Reason: reason, Domain: "llmrpc"})
}

func TestAnErrorHasAllThatTheDetailsTell(t *testing.T) {
	attempts := []*llmrpcv1.Attempt{{Provider: "openai", Model: "gpt-4o", Outcome: llmrpcv1.Attempt_OUTCOME_FAILED}}
	usage, cost := &llmrpcv1.Usage{InputTokens: 7}, &llmrpcv1.Cost{TotalNanoUsd: new(int64(9))}
	s := detailed(t, codes.ResourceExhausted,
		&errdetails.ErrorInfo{Reason: "RATE_LIMITED", Domain: "llmrpc", Metadata: map[string]string{"limit": "requests_per_minute"}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "top_k", Description: "too small"}}},
		&errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{{Subject: "key:a", Description: "60 a minute"}}},
		&llmrpcv1.ErrorDetails{RequestId: "theirs", Usage: usage, Cost: cost, Attempts: attempts},
	)
	got := failing(t, s)
	if got.Kind != llmrpc.KindRateLimit || got.Code != codes.ResourceExhausted || got.Reason != "RATE_LIMITED" ||
		got.Message != "the message" || got.RequestID != "theirs" || got.RetryDelay != 1500*time.Millisecond || !got.Retryable() {
		t.Errorf("%+v", *got)
	}
	if !maps.Equal(got.Metadata, map[string]string{"limit": "requests_per_minute"}) {
		t.Error(got.Metadata)
	}
	if !slices.Equal(got.Violations, []llmrpc.Violation{{Field: "top_k", Description: "too small"}}) {
		t.Error(got.Violations)
	}
	if !slices.Equal(got.QuotaViolations, []llmrpc.QuotaViolation{{Subject: "key:a", Description: "60 a minute"}}) {
		t.Error(got.QuotaViolations)
	}
	if !proto.Equal(got.Usage, usage) || !proto.Equal(got.Cost, cost) || !slices.EqualFunc(got.Attempts, attempts, func(a, b *llmrpcv1.Attempt) bool { return proto.Equal(a, b) }) {
		t.Error(got.Usage, got.Cost, got.Attempts)
	}
	if text := "llmrpc: RATE_LIMITED: the message (request theirs)"; got.Error() != text {
		t.Error(got)
	}
	if seen, ok := status.FromError(fmt.Errorf("while asking: %w", got)); !ok || len(seen.Details()) != 5 {
		t.Error(seen)
	}
}

func TestEveryReasonOfTheContractHasItsKind(t *testing.T) {
	want := map[string]error{
		"INVALID_REQUEST": llmrpc.ErrInvalidRequest, "FIELD_NOT_SUPPORTED": llmrpc.ErrInvalidRequest,
		"FIELD_NOT_IMPLEMENTED": llmrpc.ErrInvalidRequest, "PROVIDER_REJECTED_REQUEST": llmrpc.ErrInvalidRequest,
		"CONTEXT_WINDOW_EXCEEDED": llmrpc.ErrContextWindowExceeded, "MODEL_NOT_FOUND": llmrpc.ErrModelNotFound,
		"PROVIDER_RATE_LIMITED": llmrpc.ErrRateLimit, "PROVIDER_QUOTA_EXHAUSTED": llmrpc.ErrRateLimit,
		"RATE_LIMITED": llmrpc.ErrRateLimit, "BUDGET_EXCEEDED": llmrpc.ErrBudgetExceeded,
		"UNAUTHENTICATED": llmrpc.ErrAuthentication, "PROVIDER_AUTHENTICATION": llmrpc.ErrAuthentication,
		"PERMISSION_DENIED": llmrpc.ErrPermissionDenied, "PROVIDER_UNAVAILABLE": llmrpc.ErrProviderNotAvailable,
		"PROVIDER_OVERLOADED": llmrpc.ErrProviderNotAvailable, "PROVIDER_RESPONSE_INVALID": llmrpc.ErrProviderNotAvailable,
		"CIRCUIT_OPEN": llmrpc.ErrProviderNotAvailable, "GATEWAY_OVERLOADED": llmrpc.ErrProviderNotAvailable,
		"STREAM_INTERRUPTED": llmrpc.ErrStreamInterrupted, "DEADLINE_EXCEEDED": llmrpc.ErrGenerationTimeout,
		"PROVIDER_STALLED": llmrpc.ErrGenerationTimeout, "METHOD_NOT_IMPLEMENTED": llmrpc.ErrMethodNotImplemented,
		"INTERNAL": nil,
	}
	for _, name := range llmrpcv1.ErrorReason_name {
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		if reason == "UNSPECIFIED" {
			continue
		}
		sentinel, known := want[reason]
		err, _ := errors.AsType[*llmrpc.Error](llmrpc.ErrorFromStatus(reasoned(t, codes.Unknown, reason).Proto()))
		if !known || err.Reason != reason || (sentinel != nil && !errors.Is(err, sentinel)) ||
			(sentinel == nil && err.Kind != llmrpc.KindOther) {
			t.Errorf("%s is %s", reason, err.Kind)
		}
	}
}

func TestAnEmptyAccountIsNotWorthAnotherTryASilentProviderIs(t *testing.T) {
	for reason, again := range map[string]bool{
		"PROVIDER_RATE_LIMITED": true, "PROVIDER_QUOTA_EXHAUSTED": false,
		"PROVIDER_STALLED": true, "DEADLINE_EXCEEDED": false,
	} {
		err, ok := errors.AsType[*llmrpc.Error](llmrpc.ErrorFromStatus(reasoned(t, codes.Unknown, reason).Proto()))
		if !ok || err.Retryable() != again {
			t.Errorf("%s: %t", reason, err.Retryable())
		}
	}
}

func TestAContextWindowThatIsExceededIsAnInvalidRequestToo(t *testing.T) {
	err := llmrpc.ErrorFromStatus(reasoned(t, codes.InvalidArgument, "CONTEXT_WINDOW_EXCEEDED").Proto())
	if !errors.Is(err, llmrpc.ErrContextWindowExceeded) || !errors.Is(err, llmrpc.ErrInvalidRequest) {
		t.Error(err)
	}
	err = llmrpc.ErrorFromStatus(reasoned(t, codes.InvalidArgument, "INVALID_REQUEST").Proto())
	if errors.Is(err, llmrpc.ErrContextWindowExceeded) || errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWhatIsNotKnownHereGoesByItsCode(t *testing.T) {
	for code, kind := range map[codes.Code]llmrpc.Kind{
		codes.Canceled:          llmrpc.KindProviderNotAvailable,
		codes.InvalidArgument:   llmrpc.KindInvalidRequest,
		codes.DeadlineExceeded:  llmrpc.KindGenerationTimeout,
		codes.NotFound:          llmrpc.KindModelNotFound,
		codes.PermissionDenied:  llmrpc.KindPermissionDenied,
		codes.ResourceExhausted: llmrpc.KindInvalidRequest,
		codes.Unimplemented:     llmrpc.KindMethodNotImplemented,
		codes.Unavailable:       llmrpc.KindProviderNotAvailable,
		codes.Unauthenticated:   llmrpc.KindAuthentication,
		codes.Internal:          llmrpc.KindOther,
		codes.DataLoss:          llmrpc.KindOther,
	} {
		newer := failing(t, reasoned(t, code, "A_NEWER_ONE"))
		if newer.Kind != kind || newer.Code != code || newer.Reason != "A_NEWER_ONE" {
			t.Errorf("%s with a newer reason: %+v", code, *newer)
		}
		stranger := failing(t, detailed(t, code, &errdetails.ErrorInfo{
			Reason: "RATE_LIMITED", Domain: "other.example", Metadata: map[string]string{"zone": "b"},
		}))
		bare := failing(t, status.New(code, "no details"))
		if stranger.Kind != kind || stranger.Metadata["zone"] != "b" || bare.Kind != kind || bare.Code != code || bare.Reason == "" || bare.Metadata["target"] == "" {
			t.Errorf("%s: %+v, %+v", code, *stranger, *bare)
		}
	}
}

func TestDetailsThatCannotBeReadHarmNothing(t *testing.T) {
	packed := &spb.Status{Code: int32(codes.NotFound), Message: "none", Details: []*anypb.Any{
		{TypeUrl: "type.googleapis.com/google.rpc.ErrorInfo", Value: []byte{0xff}},
		{TypeUrl: "type.googleapis.com/llmrpc.v1.OfLater", Value: []byte("x")},
	}}
	if got := failing(t, status.FromProto(packed)); got.Kind != llmrpc.KindModelNotFound || got.Message != "none" {
		t.Errorf("%+v", *got)
	}
}

func TestTheRequestIDIsTheirsElseTheTrailersElseOurs(t *testing.T) {
	theirs := detailed(t, codes.Internal, &llmrpcv1.ErrorDetails{RequestId: "theirs"})
	for want, got := range map[string]*llmrpc.Error{
		"theirs":   failing(t, theirs, "x-request-id", "trailing"),
		"trailing": failing(t, status.New(codes.Internal, ""), "x-request-id", "trailing"),
		"mine":     failing(t, status.New(codes.Internal, "")),
	} {
		if got.RequestID != want {
			t.Errorf("%q instead of %q", got.RequestID, want)
		}
	}
}

func TestNoErrorOfAGoodStatus(t *testing.T) {
	if llmrpc.ErrorFromStatus(nil) != nil || llmrpc.ErrorFromStatus(&spb.Status{}) != nil {
		t.Error("an error of nothing")
	}
}

func TestADelayOfZeroIsNotNone(t *testing.T) {
	for _, test := range []struct {
		details []protoadapt.MessageV1
		known   bool
	}{
		{nil, false},
		{[]protoadapt.MessageV1{&errdetails.RetryInfo{}}, false},
		{[]protoadapt.MessageV1{&errdetails.RetryInfo{RetryDelay: durationpb.New(0)}}, true},
	} {
		details := append(test.details, &llmrpcv1.ErrorDetails{})
		got := failing(t, detailed(t, codes.ResourceExhausted, details...))
		if got.RetryDelay != 0 || got.RetryDelayKnown != test.known {
			t.Errorf("%v: %v, %v", test.details, got.RetryDelay, got.RetryDelayKnown)
		}
	}
}

func TestAnErrorOfOnesOwnHasAStatus(t *testing.T) {
	err := &llmrpc.Error{Kind: llmrpc.KindModelNotFound, Code: codes.NotFound, Message: "none"}
	if seen := status.Convert(err); seen.Code() != codes.NotFound || seen.Message() != "none" {
		t.Error(seen)
	}
}
