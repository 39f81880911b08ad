// Errors: what every call that fails gives.

package llmrpc

import (
	"fmt"
	"maps"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// Kind is what went wrong, in one word.
type Kind string

// The kinds of errors, and their status codes.
const (
	KindInvalidRequest        Kind = "InvalidRequest"        // INVALID_ARGUMENT
	KindContextWindowExceeded Kind = "ContextWindowExceeded" // INVALID_ARGUMENT
	KindModelNotFound         Kind = "ModelNotFound"         // NOT_FOUND
	KindRateLimit             Kind = "RateLimit"             // RESOURCE_EXHAUSTED, with a retry delay
	KindBudgetExceeded        Kind = "BudgetExceeded"        // RESOURCE_EXHAUSTED
	KindAuthentication        Kind = "Authentication"        // UNAUTHENTICATED or FAILED_PRECONDITION
	KindPermissionDenied      Kind = "PermissionDenied"      // PERMISSION_DENIED
	KindProviderNotAvailable  Kind = "ProviderNotAvailable"  // UNAVAILABLE
	KindStreamInterrupted     Kind = "StreamInterrupted"     // UNAVAILABLE, never to be retried blindly
	KindGenerationTimeout     Kind = "GenerationTimeout"     // DEADLINE_EXCEEDED
	KindMethodNotImplemented  Kind = "MethodNotImplemented"  // UNIMPLEMENTED
	KindCanceled              Kind = "Canceled"              // the caller canceled the call
	KindOther                 Kind = "LLMClient"             // none of these, such as INTERNAL
)

// For errors.Is, such as errors.Is(err, llmrpc.ErrRateLimit). An error of
// [KindContextWindowExceeded] is an [ErrInvalidRequest] too.
var (
	ErrInvalidRequest        error = sentinel(KindInvalidRequest)
	ErrContextWindowExceeded error = sentinel(KindContextWindowExceeded)
	ErrModelNotFound         error = sentinel(KindModelNotFound)
	ErrRateLimit             error = sentinel(KindRateLimit)
	ErrBudgetExceeded        error = sentinel(KindBudgetExceeded)
	ErrAuthentication        error = sentinel(KindAuthentication)
	ErrPermissionDenied      error = sentinel(KindPermissionDenied)
	ErrProviderNotAvailable  error = sentinel(KindProviderNotAvailable)
	ErrStreamInterrupted     error = sentinel(KindStreamInterrupted)
	ErrGenerationTimeout     error = sentinel(KindGenerationTimeout)
	ErrMethodNotImplemented  error = sentinel(KindMethodNotImplemented)
)

type sentinel Kind

func (s sentinel) Error() string { return "llmrpc: " + string(s) }

// Violation is one field that is wrong, such as messages[0].role, and why.
type Violation struct{ Field, Description string }

// QuotaViolation is whose limit is used up, and how.
type QuotaViolation struct{ Subject, Description string }

// Error is a call that failed. What is not known is zero. Its text is written for the
// caller and holds no key and no prompt.
type Error struct {
	Kind Kind
	Code codes.Code
	// Reason is the machine-readable reason, as the contract's ErrorReason without its
	// prefix: CONTEXT_WINDOW_EXCEEDED. It may be newer than this client.
	Reason string
	// Message tells a person what went wrong.
	Message string
	// Metadata says what the reason is about, such as its provider and model.
	Metadata map[string]string
	// RetryDelay is how long to wait before another try, where RetryDelayKnown says
	// that somebody told it; zero is then at once.
	RetryDelay      time.Duration
	RetryDelayKnown bool
	Violations      []Violation
	QuotaViolations []QuotaViolation
	// RequestID finds the call in the gateway's log.
	RequestID string
	// Usage and Cost are what the call used all the same; nil: nothing.
	Usage *llmrpcv1.Usage
	Cost  *llmrpcv1.Cost
	// Attempts are the tries at providers, oldest first.
	Attempts []*llmrpcv1.Attempt

	status *status.Status
	cause  error
}

// Error is the reason, the message, and the request id.
func (e *Error) Error() string {
	text := e.Message
	if e.Reason != "" {
		text = e.Reason + ": " + text
	}
	if e.RequestID != "" {
		text = fmt.Sprintf("%s (request %s)", text, e.RequestID)
	}
	return "llmrpc: " + text
}

// Is says whether target is the sentinel of this kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(sentinel)
	if !ok {
		return false
	}
	return kind == sentinel(e.Kind) ||
		kind == sentinel(KindInvalidRequest) && e.Kind == KindContextWindowExceeded
}

// Unwrap is [context.Canceled] or [context.DeadlineExceeded] where the call's own
// context ended it, joined with the cause that it was canceled with.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus is the status with its details, for package status of gRPC.
func (e *Error) GRPCStatus() *status.Status {
	if e.status == nil { // one of the caller's own, for fakes and wrappers
		return status.New(e.Code, e.Message)
	}
	return e.status
}

// Retryable says whether the same request may succeed when it is sent again.
func (e *Error) Retryable() bool {
	switch e.Reason {
	case "PROVIDER_QUOTA_EXHAUSTED":
		return false
	case "PROVIDER_STALLED":
		return true
	}
	return e.Kind == KindRateLimit || e.Kind == KindProviderNotAvailable
}

// newError is an error that the client itself raises.
func newError(kind Kind, code codes.Code, message string) *Error {
	return &Error{
		Kind:     kind,
		Code:     code,
		Reason:   defaultReasons[kind],
		Message:  message,
		Metadata: map[string]string{},
		status:   status.New(code, message),
	}
}

// about adds what the error is about.
func (e *Error) about(metadata map[string]string) *Error {
	maps.Copy(e.Metadata, metadata)
	return e
}
