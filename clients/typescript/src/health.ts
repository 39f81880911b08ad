// The standard health service.

import { type Client, status as Code } from "@grpc/grpc-js";

import type { Call } from "./call.js";
import { LLMClientError } from "./errors.js";
import { HEALTH_CHECK } from "./method.js";
import { unary } from "./unary.js";

/** `HealthCheckResponse.ServingStatus`, by number. */
const STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

export type HealthStatus = (typeof STATUSES)[number];

/** A service that is not known there is SERVICE_UNKNOWN, as the protocol's Watch says it. */
export async function health(channel: Client, service: string, call: Call): Promise<HealthStatus> {
  try {
    const { value } = await unary(channel, HEALTH_CHECK, { value: service }, call);
    return STATUSES[value] ?? "UNKNOWN";
  } catch (error) {
    const missing = error instanceof LLMClientError && error.code === Code[Code.NOT_FOUND];
    if (missing) return "SERVICE_UNKNOWN";
    throw error;
  }
}
