package io.llmrpc;

import io.grpc.Status;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * What gRPC says of a call that never got to a gateway, for a person.
 *
 * <p>Causes tell by their types; the words are those of grpc-java 1.85 and grpcio 1.85. Where they
 * change, the words themselves are shown.
 */
final class GrpcWords {
  private static final Pattern TAKEN =
      Pattern.compile("gRPC message exceeds maximum size (\\d+): (\\d+)");
  private static final Pattern REFUSED =
      Pattern.compile("SERVER: Received message larger than max \\((\\d+) vs\\. (\\d+)\\)");

  private GrpcWords() {}

  /** Why nothing answered: {@code cause} is nobody, tls, protocol or empty. */
  static final class Unreachable {
    final String cause;
    final String text;

    Unreachable(String cause, String text) {
      this.cause = cause;
      this.text = text;
    }
  }

  static Unreachable unreachable(String target, Status status) {
    StringBuilder words = new StringBuilder(String.valueOf(status.getDescription()));
    for (Throwable e = status.getCause(); e != null; e = e.getCause()) {
      if (e instanceof ConnectException) {
        return new Unreachable(
            "nobody",
            "no gateway answers at " + target + "; start one with `make run` or `llmrpc-server`");
      }
      if (e instanceof UnknownHostException) {
        return new Unreachable(
            "nobody", "no gateway answers at " + target + ": nothing is known under that name");
      }
      if (e instanceof SSLException) {
        return new Unreachable(
            "tls", "TLS does not match what answers at " + target + ": " + e.getMessage());
      }
      words.append(": ").append(e.getMessage());
    }
    String said = words.toString();
    if (said.contains("HTTP/1")) {
      return new Unreachable(
          "protocol",
          "what answers at "
              + target
              + " speaks HTTP/1 and not gRPC; it is no gateway, or its port for metrics");
    }
    return new Unreachable("", "the gateway at " + target + " is not available: " + said);
  }

  /** Whether the gateway turned the request away by its size, before it was a call. */
  static boolean refusedUnread(String words) {
    return REFUSED.matcher(words).find();
  }

  static String tooLarge(String target, String words) {
    Matcher taken = TAKEN.matcher(words);
    if (taken.find()) {
      return "the answer has "
          + taken.group(2)
          + " bytes; this client takes at most "
          + taken.group(1);
    }
    Matcher refused = REFUSED.matcher(words);
    if (refused.find()) {
      return "the request has "
          + refused.group(1)
          + " bytes; the gateway at "
          + target
          + " takes at most "
          + refused.group(2)
          + " (`listen.max_message_bytes`)";
    }
    return words.isEmpty() ? "RESOURCE_EXHAUSTED" : words;
  }
}
