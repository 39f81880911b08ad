package io.llmrpc;

import io.grpc.Status;
import io.llmrpc.v1.Attempt;
import io.llmrpc.v1.Cost;
import io.llmrpc.v1.Usage;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** All that is known of a failed call, before it is an exception. */
final class Failure implements Serializable {
  private static final long serialVersionUID = 1L;

  final Status.Code code;
  final String message;

  /** As ErrorInfo has it; empty: none came. */
  String reason = "";

  Map<String, String> metadata = Map.of();
  Duration retryDelay;
  List<Violation> violations = List.of();
  List<Violation> quotaViolations = List.of();
  String requestId = "";
  Usage usage;
  Cost cost;
  List<Attempt> attempts = List.of();

  private Failure(Status.Code code, String message) {
    this.code = code;
    this.message = message;
  }

  static Failure of(Status.Code code, String message) {
    return new Failure(code, message);
  }

  Failure metadata(Map<String, String> known) {
    metadata = known;
    return this;
  }

  Failure requestId(String known) {
    requestId = known;
    return this;
  }
}
