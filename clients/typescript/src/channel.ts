// The channel to a gateway: TLS, bounds, keepalive and retries.

import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";

/**
 * The largest message that is sent or taken. gRPC's own bound for received ones, 4 MiB,
 * ends a good stream whose answer holds an image.
 */
export const MAX_MESSAGE_BYTES = 64 * 2 ** 20;

/**
 * TLS by PEM texts. `ca` is trusted instead of the public authorities; `cert` with `key`
 * says who calls, where the gateway asks (mTLS).
 */
export interface TLSOptions {
  ca?: string | Uint8Array | undefined;
  cert?: string | Uint8Array | undefined;
  key?: string | Uint8Array | undefined;
}

const RETRIES = {
  methodConfig: [
    {
      name: [{ service: "llmrpc.v1.LLMService" }],
      // Four tries are over within a second, so that a gateway that is not there is told soon.
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: "0.1s",
        maxBackoff: "2s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE", "CANCELLED"],
      },
    },
  ],
};

export const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  // A request above these bounds would never be tried again; nothing is set aside for them.
  "grpc.per_rpc_retry_buffer_size": MAX_MESSAGE_BYTES,
  "grpc.retry_buffer_size": 4 * MAX_MESSAGE_BYTES,
  "grpc.service_config": JSON.stringify(RETRIES),
  // A text record of the name would replace the retries.
  "grpc.service_config_disable_resolution": 1,
  // Tries fall inside the backoff between two connections unless that is as short.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 5_000,
  // A silent gateway is told from a slow model while calls run.
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.primary_user_agent": "llmrpc-typescript",
};

/**
 * What a channel for batches has besides: a message in grpc-js's buffer for retries counts
 * as sent, so with the buffer above items would be pulled without any pressure back.
 */
export const BATCH_OPTIONS: ChannelOptions = {
  "grpc.enable_retries": 0,
  "grpc.per_rpc_retry_buffer_size": 0,
};

/** Credentials for the channel; a `TypeError` where `tls` is not PEM text, or half. */
export function channelCredentials(tls: TLSOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new TypeError("tls: cert and key are given together or not at all");
  }
  return credentials.createSsl(pem("ca", tls.ca), pem("key", tls.key), pem("cert", tls.cert));
}

function pem(name: string, given: string | Uint8Array | undefined): Buffer | null {
  if (given === undefined) return null;
  const bytes = Buffer.from(given);
  if (!bytes.includes("-----BEGIN ")) {
    throw new TypeError(`tls.${name}: is no PEM text; give a file's content, not its path`);
  }
  return bytes;
}
