// Messages of a gateway that is newer than this client, made field by field.
//
// A future contract has kinds of parts and deltas, and fields, that today's lacks; on the wire
// they are only numbers. 100 is a number that v1 does not use anywhere.

import {
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

import { type Delta, DeltaSchema, type Part, PartSchema } from "../src/index.js";

const FUTURE = 100;

/** The message as it comes from the wire, with a field that this client does not know. */
export function future<S extends DescMessage>(
  schema: S,
  known: MessageShape<S>,
  data = "news",
): MessageShape<S> {
  const later = new BinaryWriter().tag(FUTURE, WireType.LengthDelimited).string(data).finish();
  return fromBinary(schema, Buffer.concat([toBinary(schema, known), later]));
}

/** A part of a kind that this client does not know. */
export function unknownPart(rest: MessageInitShape<typeof PartSchema> = {}): Part {
  return future(PartSchema, create(PartSchema, rest));
}

/** A delta of a kind that this client does not know. */
export function unknownDelta(partIndex: number, data?: string): Delta {
  return future(DeltaSchema, create(DeltaSchema, { partIndex }), data);
}
