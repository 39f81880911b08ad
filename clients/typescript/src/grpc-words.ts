// What grpc-js says of a call that never got to a gateway, for a person.
//
// Its statuses have no codes beneath them, only words; the ones below are those of
// grpc-js 1.14. Where they change, the words themselves are shown.

export type Cause = "nobody" | "tls" | "protocol" | "";

const START = "start one with `make run` or `llmrpc-server`";

/** What grpc-js or Node's TLS says, by a pattern, and what that means. */
const SIGNS: readonly (readonly [RegExp, Cause, string])[] = [
  [/ECONNREFUSED/, "nobody", `no gateway answers at {target}; ${START}`],
  [
    /Name resolution failed|ENOTFOUND|EAI_AGAIN/,
    "nobody",
    "no gateway answers at {target}: nothing is known under that name",
  ],
  [
    /does not match certificate's altnames/,
    "tls",
    "TLS does not match: the certificate of what answers at {target} is for another name",
  ],
  [
    /(?<why>[^.:]*(?:certificate|CERT_)[^.:]*)/i,
    "tls",
    "TLS does not match: a certificate between here and {target} is not one to trust ({why})",
  ],
  [
    /wrong version number|packet length too long/i,
    "tls",
    "TLS does not match: what answers at {target} speaks no TLS",
  ],
  [
    /Last error: Protocol error|Parse Error/,
    "protocol",
    "what answers at {target} does not speak gRPC; it is no gateway, or its port for metrics",
  ],
  [
    /Last error: Failed to connect|ECONNRESET|disconnected before secure/,
    "tls",
    "TLS does not match: something answers at {target} and hangs up, as one does that wants " +
      "TLS, or a certificate of the caller",
  ],
];

/** The cause, and a sentence for a person; without a known cause it has the words. */
export function unavailable(target: string, words: string): [Cause, string] {
  for (const [pattern, cause, meaning] of SIGNS) {
    const found = pattern.exec(words);
    if (found !== null) {
      const why = (found.groups?.["why"] ?? "").trim();
      return [cause, meaning.replace("{target}", target).replace("{why}", why)];
    }
  }
  return ["", `the gateway at ${target} is not available: ${words}`];
}

/**
 * Whether the gateway saw the call, and a sentence for a message above a bound. Undefined
 * where the words are of something else.
 */
export function tooLarge(target: string, words: string): [boolean, string] | undefined {
  const sent = /^Attempted to send message with a size larger than (\d+)/.exec(words);
  if (sent !== null) {
    return [false, `the request has more than the ${sent[1]} bytes that this client sends at most`];
  }
  const got = /(SERVER: )?Received message larger than max \((\d+) vs\.? (\d+)\)/.exec(words);
  if (got === null) return undefined;
  const [, server, size, most] = got;
  if (server === undefined) {
    return [true, `the answer has ${size} bytes; this client takes at most ${most}`];
  }
  return [
    false,
    `the request has ${size} bytes; the gateway at ${target} takes at most ${most} ` +
      "(`listen.max_message_bytes`)",
  ];
}
