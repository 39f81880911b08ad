// Wire vectors: bytes, parsed and serialized again.

import {
  createRegistry,
  fromBinary,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import type { DescMessage, JsonValue } from "@bufbuild/protobuf";
import * as contract from "@llmrpc/client";

export interface Vector {
  name: string;
  message: string;
  bytes: string;
  json?: JsonValue;
}

const exported: unknown[] = Object.values(contract);
const messages = createRegistry(...exported.filter(isMessage));

export function runVector({ name, message, bytes, json }: Vector): object {
  const schema = messages.getMessage(message);
  if (schema === undefined)
    return { name, error: `there is no message ${message}` };
  try {
    const parsed = fromBinary(schema, Buffer.from(bytes, "base64"));
    const again = Buffer.from(toBinary(schema, parsed)).toString("base64");
    return {
      name,
      bytes: again,
      json: json === undefined ? undefined : toJson(schema, parsed),
    };
  } catch (error) {
    return { name, error: String(error) };
  }
}

function isMessage(one: unknown): one is DescMessage {
  return (
    typeof one === "object" &&
    one !== null &&
    "kind" in one &&
    one.kind === "message"
  );
}
