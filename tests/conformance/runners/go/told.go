// Messages and errors, as the suite compares them.

package main

import (
	"encoding/json"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
)

// canonical is protobuf's own JSON of a message.
func canonical(message proto.Message) json.RawMessage {
	text, err := protojson.Marshal(message)
	if err != nil { // text that is no UTF-8, which no message that came can hold
		panic(err)
	}
	return text
}

// codeNames are the codes as google.rpc.Code writes them.
var codeNames = map[codes.Code]string{
	codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.InvalidArgument: "INVALID_ARGUMENT",
	codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.NotFound: "NOT_FOUND",
	codes.AlreadyExists: "ALREADY_EXISTS", codes.PermissionDenied: "PERMISSION_DENIED",
	codes.ResourceExhausted: "RESOURCE_EXHAUSTED", codes.FailedPrecondition: "FAILED_PRECONDITION",
	codes.Aborted: "ABORTED", codes.OutOfRange: "OUT_OF_RANGE", codes.Unimplemented: "UNIMPLEMENTED",
	codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE", codes.DataLoss: "DATA_LOSS",
	codes.Unauthenticated: "UNAUTHENTICATED",
}

// told is an error without what it does not know.
func told(failed *llmrpc.Error) object {
	output := object{"kind": failed.Kind, "code": codeNames[failed.Code], "retryable": failed.Retryable()}
	for key, text := range map[string]string{
		"reason": failed.Reason, "message": failed.Message, "request_id": failed.RequestID,
	} {
		if text != "" {
			output[key] = text
		}
	}
	if len(failed.Metadata) > 0 {
		output["metadata"] = failed.Metadata
	}
	if failed.RetryDelayKnown {
		output["retry_delay"] = canonical(durationpb.New(failed.RetryDelay))
	}
	var violations, quota, attempts []any
	for _, one := range failed.Violations {
		violations = append(violations, object{"field": one.Field, "description": one.Description})
	}
	for _, one := range failed.QuotaViolations {
		quota = append(quota, object{"subject": one.Subject, "description": one.Description})
	}
	for _, one := range failed.Attempts {
		attempts = append(attempts, canonical(one))
	}
	for key, list := range map[string][]any{"violations": violations, "quota_violations": quota, "attempts": attempts} {
		if list != nil {
			output[key] = list
		}
	}
	if failed.Usage != nil {
		output["usage"] = canonical(failed.Usage)
	}
	if failed.Cost != nil {
		output["cost"] = canonical(failed.Cost)
	}
	return output
}
