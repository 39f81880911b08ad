// From the contract's descriptors to what grpc-js calls: a path, and bytes each way.

import {
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { Int32ValueSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";

/** One method of a service: its path, and the messages that go each way. */
export interface Method<I extends DescMessage, O extends DescMessage> {
  readonly path: string;
  readonly input: I;
  readonly output: O;
}

/** The method of a generated service. */
export function methodOf<I extends DescMessage, O extends DescMessage>(
  described: DescMethod & { input: I; output: O },
): Method<I, O> {
  const { parent, name, input, output } = described;
  return { path: `/${parent.typeName}/${name}`, input, output };
}

/**
 * The standard health service (grpc/health/v1/health.proto). The request's string and the
 * response's enum are field 1, and so have the wire format of these wrappers.
 */
export const HEALTH_CHECK = {
  path: "/grpc.health.v1.Health/Check",
  input: StringValueSchema,
  output: Int32ValueSchema,
} satisfies Method<typeof StringValueSchema, typeof Int32ValueSchema>;

/**
 * The bytes of a message, made before the call, since grpc-js would turn a mistake of the
 * program into a status. A `TypeError` names what does not fit.
 */
export function encode<S extends DescMessage>(schema: S, message: MessageInitShape<S>): Buffer {
  try {
    const bytes = toBinary(schema, create(schema, message));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TypeError(`the request does not fit the contract: ${why}`, { cause: error });
  }
}

/** A reader of the method's answers. */
export function decoder<S extends DescMessage>(schema: S): (bytes: Buffer) => MessageShape<S> {
  return (bytes) => fromBinary(schema, bytes);
}

/** A message, and how many bytes it came in. */
export interface Received<T> {
  readonly message: T;
  readonly size: number;
}

/** A reader of the method's answers that tells their sizes. */
export function sized<S extends DescMessage>(
  schema: S,
): (bytes: Buffer) => Received<MessageShape<S>> {
  const decode = decoder(schema);
  return (bytes) => ({ message: decode(bytes), size: bytes.length });
}

/** What was encoded before goes as it is. */
export function asIs(bytes: Buffer): Buffer {
  return bytes;
}
