// `@llmrpc/client`: text from any model through one gateway.

export { accumulate } from "./accumulate.js";
export { DEFAULT_ADDRESS } from "./address.js";
export { type BatchItemInit, type BatchItems, batchItem } from "./batch.js";
export type { CallOptions } from "./call.js";
export { MAX_MESSAGE_BYTES, type TLSOptions } from "./channel.js";
export { GatewayClient, type GatewayClientOptions, type GenerateRequestInit } from "./client.js";
export {
  AuthenticationError,
  BudgetExceededError,
  ContextWindowExceededError,
  type ErrorFields,
  GenerationTimeoutError,
  InvalidRequestError,
  type KnownReason,
  LLMClientError,
  MethodNotImplementedError,
  ModelNotFoundError,
  PermissionDeniedError,
  ProviderNotAvailableError,
  type QuotaViolation,
  RateLimitError,
  StreamInterruptedError,
  type Violation,
} from "./errors.js";
export type { HealthStatus } from "./health.js";
export { historyFromBytes, historyToBytes } from "./history.js";
export {
  assistant,
  document,
  functionTool,
  image,
  imageUrl,
  json,
  jsonSchema,
  providerBlock,
  providerTool,
  system,
  text,
  toolCalls,
  toolResult,
  toolResults,
  user,
} from "./messages.js";
export type { Pieces } from "./reading.js";
export { errorFromStatus } from "./status.js";

// The contract.
export { type Status, StatusSchema } from "./gen/google/rpc/status_pb.js";
export * from "./gen/llmrpc/v1/error_pb.js";
export * from "./gen/llmrpc/v1/llm_service_pb.js";
export * from "./gen/llmrpc/v1/message_pb.js";
export * from "./gen/llmrpc/v1/model_pb.js";
export * from "./gen/llmrpc/v1/request_pb.js";
export * from "./gen/llmrpc/v1/response_pb.js";
export * from "./gen/llmrpc/v1/usage_pb.js";
