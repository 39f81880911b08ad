package chat;

import io.llmrpc.Accumulator;
import io.llmrpc.GatewayClient;
import io.llmrpc.LLMClientException;
import io.llmrpc.Messages;
import io.llmrpc.ResponseStream;
import io.llmrpc.v1.Delta;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.StreamEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** A conversation on the terminal, streamed: a line is a question, the end of the input ends it. */
public final class Chat {
  private Chat() {}

  /** Takes the gateway's address and a model; without them localhost, and its default. */
  public static void main(String[] arguments) throws IOException {
    GatewayClient.Builder settings = GatewayClient.builder();
    settings.address(arguments.length > 0 ? arguments[0] : "localhost:50051");
    if (System.getenv("LLMRPC_TOKEN") != null) {
      settings.token(System.getenv("LLMRPC_TOKEN"));
    }
    GenerateRequest conversation =
        GenerateRequest.newBuilder().setModel(arguments.length > 1 ? arguments[1] : "").build();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (GatewayClient client = settings.build()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        GenerateRequest asked = conversation.toBuilder().addMessages(Messages.user(line)).build();
        try {
          conversation = asked.toBuilder().addMessages(answer(client, asked).getMessage()).build();
        } catch (LLMClientException e) { // the conversation goes on without this question
          System.err.println(e.getMessage() + " (" + e.reason() + ", " + e.requestId() + ")");
        }
      }
    }
  }

  /** Prints the answer as it comes, and gives it whole. */
  private static LLMResponse answer(GatewayClient client, GenerateRequest asked) {
    Accumulator accumulator = new Accumulator();
    try (ResponseStream<StreamEvent> events = client.stream(asked)) {
      for (StreamEvent event : events) {
        accumulator.add(event);
        event.getDeltasList().stream().map(Delta::getText).forEach(System.out::print);
        System.out.flush();
      }
    } finally {
      System.out.println();
    }
    return accumulator.response();
  }
}
