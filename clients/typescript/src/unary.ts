// A call with one answer.

import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Client } from "@grpc/grpc-js";

import type { Call } from "./call.js";
import { type Method, asIs, decoder, encode } from "./method.js";

/** The answer, or the error for what came in its place. */
export async function unary<I extends DescMessage, O extends DescMessage>(
  channel: Client,
  { path, input, output }: Method<I, O>,
  message: MessageInitShape<I>,
  call: Call,
): Promise<MessageShape<O>> {
  try {
    const bytes = encode(input, message);
    const { metadata, deadline } = call;
    return await new Promise<MessageShape<O>>((resolve, reject) => {
      const rpc = channel.makeUnaryRequest(
        path,
        asIs,
        decoder(output),
        bytes,
        metadata,
        { deadline },
        (error, answer) => {
          call.finish();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of a signal may be anything
          if (error !== null || answer === undefined) reject(call.failure(error));
          else resolve(answer);
        },
      );
      call.attach(rpc);
    });
  } finally {
    call.release();
  }
}
