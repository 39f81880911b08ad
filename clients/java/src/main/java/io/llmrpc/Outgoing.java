package io.llmrpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;

/** One call to the gateway: how it starts, how it is left, and what its end means. */
final class Outgoing<Q, R> {
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** What gRPC itself says when a connection ends in the middle of a stream. */
  private static final Set<Code> BROKEN =
      EnumSet.of(Code.CANCELLED, Code.UNKNOWN, Code.INTERNAL, Code.UNAVAILABLE, Code.DATA_LOSS);

  final ClientCall<Q, R> call;
  private final Metadata headers;
  private final String requestId;
  private final Connection connection;
  private volatile boolean left;

  Outgoing(ClientCall<Q, R> call, Metadata headers, String requestId, Connection connection) {
    this.call = call;
    this.headers = headers;
    this.requestId = requestId;
    this.connection = connection;
  }

  void start(ClientCall.Listener<R> listener) {
    call.start(listener, headers);
  }

  /**
   * Starts the call with its only request.
   *
   * @throws InvalidRequestException for one that is too large to be sent
   */
  void start(ClientCall.Listener<R> listener, Q request) {
    checkSize(request);
    start(listener);
    call.sendMessage(request);
    call.halfClose();
  }

  /** gRPC tells of a message above its bound as of a call that was cancelled. */
  void checkSize(Object request) {
    int size = ((MessageLite) request).getSerializedSize();
    if (size > Channels.MAX_MESSAGE_BYTES) {
      String text =
          "the request has "
              + size
              + " bytes; this client sends at most "
              + Channels.MAX_MESSAGE_BYTES;
      throw new InvalidRequestException(failure(Code.RESOURCE_EXHAUSTED, text, ""));
    }
  }

  /** The caller wants no more of it. */
  void cancel() {
    left = true;
    call.cancel("the caller left", null);
  }

  /**
   * The exception for an end that was not good. {@code started} says that an answer had begun: then
   * a lost connection is an interrupted stream.
   */
  RuntimeException failed(Status status, Metadata trailers, boolean started) {
    if (left && status.getCode() == Code.CANCELLED) {
      return new CancellationException("the call was cancelled");
    }
    LLMClientException error = meant(status, trailers, started);
    error.initCause(new StatusRuntimeException(status, trailers));
    return error;
  }

  /** The exception for a stream that has a hole, or lacks its end. */
  StreamInterruptedException notWhole(String what) {
    Failure failure =
        Failure.of(
            Code.UNAVAILABLE, "the answer from " + connection.target + " is not whole: " + what);
    return new StreamInterruptedException(failure.metadata(where()).requestId(requestId));
  }

  private LLMClientException meant(Status status, Metadata trailers, boolean started) {
    String seen = trailers.get(Connection.REQUEST_ID);
    String id = seen == null ? requestId : seen;
    byte[] details = trailers.get(DETAILS);
    if (details != null) {
      try {
        return Exceptions.fromStatus(com.google.rpc.Status.parseFrom(details), Map.of(), id);
      } catch (InvalidProtocolBufferException e) {
        // As if there were none.
      }
    }
    return bare(status, id, started);
  }

  /** For a status that gRPC itself, or a proxy, made up. */
  private LLMClientException bare(Status status, String id, boolean started) {
    String words = status.getDescription() == null ? "" : status.getDescription();
    Code code = status.getCode();
    if (connection.isClosed() && code == Code.UNAVAILABLE) {
      return new LLMClientException(failure(code, "the client was closed during the call", id));
    }
    if (started && BROKEN.contains(code)) {
      String text = "the gateway at " + connection.target + " broke off the stream: " + words;
      return new StreamInterruptedException(failure(code, text, id));
    }
    if (code == Code.UNAVAILABLE) {
      GrpcWords.Unreachable found = GrpcWords.unreachable(connection.target, status);
      Map<String, String> known = Map.of("target", connection.target, "cause", found.cause);
      return new ProviderNotAvailableException(failure(code, found.text, "").metadata(known));
    }
    if (code == Code.RESOURCE_EXHAUSTED) {
      String text = GrpcWords.tooLarge(connection.target, words);
      String known = GrpcWords.refusedUnread(words) ? "" : id;
      return new InvalidRequestException(failure(code, text, known));
    }
    if (code == Code.DEADLINE_EXCEEDED) {
      words = "the deadline of the call passed before the answer was whole";
    }
    com.google.rpc.Status as =
        com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage(words).build();
    return Exceptions.fromStatus(as, where(), id);
  }

  /** {@code id} is empty where the gateway cannot know the call. */
  private Failure failure(Code code, String text, String id) {
    return Failure.of(code, text).metadata(where()).requestId(id);
  }

  private Map<String, String> where() {
    return Map.of("target", connection.target);
  }
}
