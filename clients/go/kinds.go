// Which kind of error a reason is, or a bare status code.

package llmrpc

import "google.golang.org/grpc/codes"

// kindsOfReasons has the contract's ErrorReason, each without its prefix.
var kindsOfReasons = map[string]Kind{
	"INVALID_REQUEST":           KindInvalidRequest,
	"FIELD_NOT_SUPPORTED":       KindInvalidRequest,
	"FIELD_NOT_IMPLEMENTED":     KindInvalidRequest,
	"CONTEXT_WINDOW_EXCEEDED":   KindContextWindowExceeded,
	"PROVIDER_REJECTED_REQUEST": KindInvalidRequest,
	"MODEL_NOT_FOUND":           KindModelNotFound,
	"PROVIDER_RATE_LIMITED":     KindRateLimit,
	"PROVIDER_QUOTA_EXHAUSTED":  KindRateLimit,
	"RATE_LIMITED":              KindRateLimit,
	"BUDGET_EXCEEDED":           KindBudgetExceeded,
	"UNAUTHENTICATED":           KindAuthentication,
	"PROVIDER_AUTHENTICATION":   KindAuthentication,
	"PERMISSION_DENIED":         KindPermissionDenied,
	"PROVIDER_UNAVAILABLE":      KindProviderNotAvailable,
	"PROVIDER_OVERLOADED":       KindProviderNotAvailable,
	"PROVIDER_RESPONSE_INVALID": KindProviderNotAvailable,
	"CIRCUIT_OPEN":              KindProviderNotAvailable,
	"GATEWAY_OVERLOADED":        KindProviderNotAvailable,
	"STREAM_INTERRUPTED":        KindStreamInterrupted,
	"DEADLINE_EXCEEDED":         KindGenerationTimeout,
	"PROVIDER_STALLED":          KindGenerationTimeout,
	"METHOD_NOT_IMPLEMENTED":    KindMethodNotImplemented,
	"INTERNAL":                  KindOther,
}

// kindsOfCodes is for a reason that is newer than this client, and for a status
// without the gateway's details: from a proxy, or from gRPC itself.
var kindsOfCodes = map[codes.Code]Kind{
	codes.Canceled:         KindProviderNotAvailable,
	codes.InvalidArgument:  KindInvalidRequest,
	codes.DeadlineExceeded: KindGenerationTimeout,
	codes.NotFound:         KindModelNotFound,
	codes.PermissionDenied: KindPermissionDenied,
	// A limit comes with details: bare, it is gRPC's own bound on a message.
	codes.ResourceExhausted: KindInvalidRequest,
	codes.Unimplemented:     KindMethodNotImplemented,
	codes.Unavailable:       KindProviderNotAvailable,
	codes.Unauthenticated:   KindAuthentication,
}

// defaultReasons stand in where no gateway gave one.
var defaultReasons = map[Kind]string{
	KindInvalidRequest:        "INVALID_REQUEST",
	KindContextWindowExceeded: "CONTEXT_WINDOW_EXCEEDED",
	KindModelNotFound:         "MODEL_NOT_FOUND",
	KindRateLimit:             "PROVIDER_RATE_LIMITED",
	KindBudgetExceeded:        "BUDGET_EXCEEDED",
	KindAuthentication:        "UNAUTHENTICATED",
	KindPermissionDenied:      "PERMISSION_DENIED",
	KindProviderNotAvailable:  "PROVIDER_UNAVAILABLE",
	KindStreamInterrupted:     "STREAM_INTERRUPTED",
	KindGenerationTimeout:     "DEADLINE_EXCEEDED",
	KindMethodNotImplemented:  "METHOD_NOT_IMPLEMENTED",
	KindOther:                 "INTERNAL",
}

func kindOfCode(code codes.Code) Kind {
	if kind, known := kindsOfCodes[code]; known {
		return kind
	}
	return KindOther
}
