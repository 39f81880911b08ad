// What the types do not catch in plain JavaScript: a field that the request does not have.

import { GenerateRequestSchema } from "./gen/llmrpc/v1/request_pb.js";

const FIELDS = new Set([
  "$typeName",
  "$unknown",
  ...GenerateRequestSchema.fields.map((field) => field.localName),
]);

/** The request itself; a `TypeError` that names a field it does not have. */
export function known<R extends object>(request: R): R {
  const unknown = Object.keys(request).filter((name) => !FIELDS.has(name));
  if (unknown.length > 0) {
    throw new TypeError(`the request has no field ${unknown.join(", ")}`);
  }
  return request;
}
