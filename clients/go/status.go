// From a gRPC status to the typed error that the gateway meant.

package llmrpc

import (
	"context"
	"errors"
	"maps"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// errorDomain is ErrorInfo.domain of a gateway's errors.
const errorDomain = "llmrpc"

// ErrorFromStatus is the error of a status, such as that of a [llmrpcv1.BatchResult],
// with all that its details tell: an [*Error]. Nil and OK give nil.
//
// A reason that is newer than this client, and a status without the gateway's details,
// get their kind by the code.
func ErrorFromStatus(proto *spb.Status) error {
	if codes.Code(proto.GetCode()) == codes.OK {
		return nil
	}
	return fromStatus(status.FromProto(proto))
}

func fromStatus(s *status.Status) *Error {
	result := newError(kindOfCode(s.Code()), s.Code(), s.Message())
	result.status = s
	if result.Message == "" {
		result.Message = s.Code().String()
	}
	for _, detail := range s.Details() { // those that cannot be read are of type error
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			result.Metadata = maps.Clone(detail.GetMetadata())
			if detail.GetDomain() != errorDomain {
				continue
			}
			result.Reason = detail.GetReason()
			if kind, known := kindsOfReasons[result.Reason]; known {
				result.Kind = kind
			}
		case *errdetails.RetryInfo:
			result.RetryDelay = detail.GetRetryDelay().AsDuration()
			result.RetryDelayKnown = detail.GetRetryDelay() != nil
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				result.Violations = append(result.Violations,
					Violation{violation.GetField(), violation.GetDescription()})
			}
		case *errdetails.QuotaFailure:
			for _, violation := range detail.GetViolations() {
				result.QuotaViolations = append(result.QuotaViolations,
					QuotaViolation{violation.GetSubject(), violation.GetDescription()})
			}
		case *llmrpcv1.ErrorDetails:
			result.RequestID = detail.GetRequestId()
			result.Usage = detail.GetUsage()
			result.Cost = detail.GetCost()
			result.Attempts = detail.GetAttempts()
		}
	}
	if result.Metadata == nil {
		result.Metadata = map[string]string{}
	}
	return result
}

// failed is the error for what ended the call. started says that something had come:
// then a lost connection is an interrupted stream.
func (c *call) failed(err error, trailer metadata.MD, started bool) *Error {
	s := asTheGatewaySaid(status.Convert(err))
	id := c.requestID
	if ids := trailer.Get(requestIDKey); len(ids) > 0 {
		id = ids[0]
	}
	var result *Error
	if len(s.Proto().GetDetails()) > 0 {
		result = fromStatus(s)
	} else {
		var reached bool
		if result, reached = c.bare(s, started); !reached {
			id = ""
		}
	}
	if result.RequestID == "" {
		result.RequestID = id
	}
	if result.Kind == KindCanceled || result.Reason == defaultReasons[KindGenerationTimeout] {
		result.cause = c.ended(result.Kind)
	}
	return result
}

// bare is the error for a status that gRPC itself, or a proxy, made up, and whether
// the call may have reached a gateway.
func (c *call) bare(s *status.Status, started bool) (result *Error, reached bool) {
	where := map[string]string{"target": c.client.target}
	target, words := c.client.target, s.Message()
	switch s.Code() {
	case codes.Canceled, codes.Unknown, codes.Internal, codes.Unavailable, codes.DataLoss:
		switch {
		case s.Code() == codes.Canceled && errors.Is(c.caller.Err(), context.Canceled):
			return newError(KindCanceled, codes.Canceled, "the caller canceled the call"), true
		case started && c.client.closed.Load():
			return c.interrupted("the client was closed while it was read"), true
		case c.client.closed.Load():
			return newError(KindOther, s.Code(), "the client was closed before the call was over"), true
		case started:
			text := "the gateway at " + target + " broke off the stream: " + words
			return newError(KindStreamInterrupted, codes.Unavailable, text).about(where), true
		case s.Code() == codes.Unavailable:
			cause, text := unavailable(target, words)
			result = newError(KindProviderNotAvailable, s.Code(), text).about(where)
			return result.about(map[string]string{"cause": cause}), false
		}
	case codes.DeadlineExceeded:
		text := deadlinePassed(words)
		return newError(KindGenerationTimeout, s.Code(), text).about(where), true
	case codes.ResourceExhausted:
		if text, reached := tooLarge(target, words); text != "" {
			return newError(KindInvalidRequest, s.Code(), text).about(where), reached
		}
	}
	return fromStatus(s).about(where), true
}

// interrupted is the error for a stream that is not whole.
func (c *call) interrupted(what string) *Error {
	target := c.client.target
	text := "the stream from " + target + " is not whole: " + what
	result := newError(KindStreamInterrupted, codes.Unavailable, text)
	result.RequestID = c.requestID
	return result.about(map[string]string{"target": target})
}

// ended is the context's error that errors.Is finds, with the cause that the caller
// gave it.
func (c *call) ended(kind Kind) error {
	end := context.DeadlineExceeded
	if kind == KindCanceled {
		end = context.Canceled
	}
	if cause := context.Cause(c.caller); cause != nil && !errors.Is(cause, end) {
		return errors.Join(end, cause)
	}
	return end
}
