// From a gRPC status to the error that the gateway raised.

import {
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
} from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type ServiceError, status as Code } from "@grpc/grpc-js";

import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "./gen/google/rpc/status_pb.js";
import { ErrorDetailsSchema } from "./gen/llmrpc/v1/error_pb.js";
import {
  AuthenticationError,
  ERRORS,
  type ErrorClass,
  type ErrorFields,
  GenerationTimeoutError,
  InvalidRequestError,
  type KnownReason,
  LLMClientError,
  MethodNotImplementedError,
  ModelNotFoundError,
  PermissionDeniedError,
  ProviderNotAvailableError,
  StreamInterruptedError,
} from "./errors.js";
import { tooLarge, unavailable } from "./grpc-words.js";

export const REQUEST_ID_KEY = "x-request-id";
const DETAILS_KEY = "grpc-status-details-bin";

/** `ErrorInfo.domain` of a gateway's errors. */
const DOMAIN = "llmrpc";

/** For a status without the gateway's details: from a proxy, or from gRPC itself. */
const BY_CODE: Readonly<Record<number, ErrorClass>> = {
  [Code.CANCELLED]: ProviderNotAvailableError,
  [Code.INVALID_ARGUMENT]: InvalidRequestError,
  [Code.DEADLINE_EXCEEDED]: GenerationTimeoutError,
  [Code.NOT_FOUND]: ModelNotFoundError,
  [Code.PERMISSION_DENIED]: PermissionDeniedError,
  // A limit comes with details: bare, it is gRPC's own bound on a message.
  [Code.RESOURCE_EXHAUSTED]: InvalidRequestError,
  [Code.UNIMPLEMENTED]: MethodNotImplementedError,
  [Code.UNAVAILABLE]: ProviderNotAvailableError,
  [Code.UNAUTHENTICATED]: AuthenticationError,
};

/** What gRPC itself says when a connection ends in the middle of a stream. */
const BROKEN = new Set<number>([
  Code.CANCELLED,
  Code.UNKNOWN,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/**
 * The error for a status, with all that its details tell, such as the one of a
 * `BatchResult`. A reason that this release does not know is the error of its code.
 */
export function errorFromStatus(status: MessageInitShape<typeof StatusSchema>): LLMClientError {
  return fromStatus(create(StatusSchema, status), {});
}

function fromStatus(status: Status, known: ErrorFields): LLMClientError {
  const info = detail(status, ErrorInfoSchema);
  const retry = detail(status, RetryInfoSchema)?.retryDelay;
  const ours = detail(status, ErrorDetailsSchema);
  const reason = info?.domain === DOMAIN && info.reason !== "" ? info.reason : undefined;
  const kind = isKnown(reason) ? ERRORS[reason] : (BY_CODE[status.code] ?? LLMClientError);
  const code = Code[status.code] ?? "UNKNOWN";
  return new kind(status.message === "" ? code : status.message, {
    code,
    reason,
    metadata: { ...info?.metadata, ...known.metadata },
    retryDelay: retry && Number(retry.seconds) * 1000 + retry.nanos / 1e6,
    violations: detail(status, BadRequestSchema)?.fieldViolations.map(({ field, description }) => ({
      field,
      description,
    })),
    quotaViolations: detail(status, QuotaFailureSchema)?.violations.map(
      ({ subject, description }) => ({ subject, description }),
    ),
    // eslint-disable-next-line @typescript-eslint/prefer-nullish-coalescing -- empty is unknown
    requestId: ours?.requestId || known.requestId,
    usage: ours?.usage,
    cost: ours?.cost,
    attempts: ours?.attempts,
    cause: known.cause,
  });
}

/**
 * The error for a failed call to `target`. `requestId` is what the call was sent with.
 * `started` says that an event had come: then a lost connection is an interrupted stream.
 */
export function errorFromRpc(
  error: ServiceError,
  target: string,
  requestId: string,
  started = false,
): LLMClientError {
  // Raw trailers would bury the message where nobody catches the error.
  Object.defineProperty(error, "metadata", { enumerable: false });
  const said = error.metadata.get(REQUEST_ID_KEY)[0];
  const known = { requestId: typeof said === "string" ? said : requestId, cause: error };
  const status = packedStatus(error.metadata.get(DETAILS_KEY)[0]);
  return status === undefined ? bare(error, target, known, started) : fromStatus(status, known);
}

/** The error for a status that gRPC itself, or a proxy, made up. */
function bare(
  error: ServiceError,
  target: string,
  known: ErrorFields,
  started: boolean,
): LLMClientError {
  const code = Code[error.code];
  const fields = { ...known, code, metadata: { target } };
  if (started && BROKEN.has(error.code)) {
    const text = `the gateway at ${target} broke off the stream: ${error.details}`;
    return new StreamInterruptedError(text, fields);
  }
  if (error.code === Code.UNAVAILABLE) {
    const [cause, text] = unavailable(target, error.details);
    const metadata = cause === "" ? { target } : { target, cause };
    return new ProviderNotAvailableError(text, { ...fields, metadata, requestId: "" });
  }
  if (error.code === Code.RESOURCE_EXHAUSTED) {
    const bound = tooLarge(target, error.details);
    if (bound !== undefined) {
      const [seen, text] = bound;
      return new InvalidRequestError(text, seen ? fields : { ...fields, requestId: "" });
    }
  }
  const status = create(StatusSchema, { code: error.code, message: error.details });
  return fromStatus(status, fields);
}

function packedStatus(packed: string | Buffer | undefined): Status | undefined {
  return Buffer.isBuffer(packed) ? readable(() => fromBinary(StatusSchema, packed)) : undefined;
}

/** The last detail of this kind, where it can be read. */
function detail<S extends DescMessage>(status: Status, schema: S): MessageShape<S> | undefined {
  const packed = status.details.findLast((one: Any) => one.typeUrl.endsWith(`/${schema.typeName}`));
  return packed && readable(() => anyUnpack(packed, schema));
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // what is not readable says nothing
  }
}

function isKnown(reason: string | undefined): reason is KnownReason {
  return reason !== undefined && Object.hasOwn(ERRORS, reason);
}
