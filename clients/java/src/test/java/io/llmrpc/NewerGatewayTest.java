package io.llmrpc;

import static io.llmrpc.Deltas.BLOCK;
import static io.llmrpc.Deltas.CALL;
import static io.llmrpc.Deltas.IMAGE;
import static io.llmrpc.Deltas.SIGNATURE;
import static io.llmrpc.Deltas.SOURCE;
import static io.llmrpc.Deltas.at;
import static io.llmrpc.Deltas.completed;
import static io.llmrpc.Deltas.event;
import static io.llmrpc.Deltas.stream;
import static io.llmrpc.Deltas.text;
import static io.llmrpc.Deltas.unknown;
import static io.llmrpc.Deltas.unknownPart;
import static io.llmrpc.Deltas.withNews;
import static io.llmrpc.FakeGateway.HELLO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import io.llmrpc.v1.Delta;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.Restarted;
import io.llmrpc.v1.StreamEvent;
import io.llmrpc.v1.ToolCall;
import io.llmrpc.v1.Waiting;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Streams of a gateway that is newer than this client add up, and nothing of them is lost. */
class NewerGatewayTest {
  private static final Part HELLO_PART = Parts.text("Hello");
  private static final Part CALL_PART = Part.newBuilder().setToolCall(CALL).build();
  private static final Part CITED = HELLO_PART.toBuilder().addAnnotations(SOURCE).build();
  private static final Part REFUSAL = Part.newBuilder().setRefusal("Hello").build();

  static Stream<Arguments> thatAddUp() {
    return Stream.of(
        arguments(
            "every kind",
            List.of(
                text(0, "Hel"),
                text(0, "lo"),
                at(1).setProviderBlock(BLOCK).build(),
                at(2).setImage(IMAGE).build(),
                at(3).setRedactedReasoning("r").build(),
                at(4).setToolCall(ToolCall.newBuilder().setId("c").setName("f")).build(),
                at(4).setToolCall(ToolCall.newBuilder().setArguments("{}")).build(),
                at(0).setAnnotation(SOURCE).build(),
                at(4).setSignature(SIGNATURE).build()),
            List.of(
                CITED,
                Part.newBuilder().setProviderBlock(BLOCK).build(),
                Part.newBuilder().setImage(IMAGE).build(),
                Part.newBuilder().setRedactedReasoning("r").build(),
                CALL_PART.toBuilder().setSignature(SIGNATURE).build())),
        arguments(
            "an unknown part between known ones",
            List.of(text(0, "Hello"), unknown(1), unknown(1), text(2, "!")),
            List.of(HELLO_PART, unknownPart(), Parts.text("!"))),
        arguments(
            "an unknown part that is known when it is complete",
            List.of(unknown(0), text(1, "Hello")),
            List.of(REFUSAL, HELLO_PART)),
        arguments(
            "a known part that is unknown when it is complete",
            List.of(text(0, "lost"), text(1, "Hello")),
            List.of(unknownPart(), HELLO_PART)),
        arguments(
            "an unknown delta of a known part",
            List.of(text(0, "Hel"), unknown(0), text(0, "lo")),
            List.of(HELLO_PART)),
        arguments(
            "known deltas of an unknown part",
            List.of(
                unknown(0),
                at(0).setSignature(SIGNATURE).build(),
                at(0).setAnnotation(SOURCE).build(),
                text(0, "x"),
                at(0).setImage(IMAGE).build(),
                text(1, "Hello")),
            List.of(unknownPart(), HELLO_PART)),
        arguments(
            "unknown fields of completed parts",
            List.of(text(0, "Hello"), at(1).setToolCall(CALL).build()),
            List.of(
                withNews(HELLO_PART),
                withNews(Part.newBuilder().setToolCall(withNews(CALL)).build()))),
        arguments(
            "unknown fields of deltas",
            List.of(
                withNews(text(0, "Hello")),
                at(0).setAnnotation(withNews(SOURCE)).build(),
                at(1).setToolCall(withNews(CALL)).build()),
            List.of(CITED, CALL_PART)),
        arguments(
            "an unknown part that no delta announced",
            List.of(text(0, "Hello")),
            List.of(HELLO_PART, unknownPart())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("thatAddUp")
  void givesTheCompletedResponseAsItArrived(String name, List<Delta> deltas, List<Part> parts) {
    List<StreamEvent> events = stream(deltas, parts);
    LLMResponse sent = events.get(events.size() - 1).getCompleted();
    assertSame(sent, Accumulator.accumulate(events));
  }

  static Stream<Arguments> thatDoNotAddUp() {
    Delta redacted = at(0).setRedactedReasoning("r").build();
    Delta block = at(0).setProviderBlock(BLOCK).build();
    Delta image = at(0).setImage(IMAGE).build();
    return Stream.of(
        arguments(List.of(unknown(1)), List.of(), "part 1 arrived when 0 parts were known"),
        arguments(List.of(unknown(-1)), List.of(), "part -1 arrived when 0 parts were known"),
        arguments(
            List.of(at(0).setSignature(SIGNATURE).build()),
            List.of(),
            "part 0 arrived when 0 parts were known"),
        arguments(
            List.of(at(0).setAnnotation(SOURCE).build()),
            List.of(),
            "part 0 arrived when 0 parts were known"),
        arguments(
            List.of(redacted, redacted),
            List.of(),
            "a second redacted_reasoning arrived for part 0"),
        arguments(List.of(block, block), List.of(), "a second provider_block arrived for part 0"),
        arguments(List.of(image, image), List.of(), "a second image arrived for part 0"),
        arguments(List.of(block, image), List.of(), "part 0 changed from provider_block to image"),
        arguments(
            List.of(text(0, "Hello"), unknown(1)),
            List.of(HELLO_PART),
            "the deltas made 2 parts, and the completed message has 1"),
        arguments(
            List.of(text(0, "Hello")),
            List.of(HELLO_PART, unknownPart(), HELLO_PART),
            "the deltas made 1 parts, and the completed message has 3"),
        arguments(
            List.of(text(0, "Hallo")), List.of(withNews(HELLO_PART)), "do not add up to part 0"),
        arguments(List.of(text(0, "Hello")), List.of(REFUSAL), "do not add up to part 0"),
        arguments(
            List.of(unknown(0), text(1, "Hello")),
            List.of(unknownPart(), CITED),
            "do not add up to part 1"),
        arguments(
            List.of(text(0, "Hello"), at(0).setSignature(SIGNATURE).build()),
            List.of(HELLO_PART),
            "do not add up to part 0"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("thatDoNotAddUp")
  void refusesWhatDoesNotAddUp(List<Delta> deltas, List<Part> parts, String why) {
    LLMClientException error =
        assertThrows(
            StreamInterruptedException.class, () -> Accumulator.accumulate(stream(deltas, parts)));
    assertTrue(error.getMessage().contains(why), error.getMessage());
  }

  /** A stream that waits, breaks and starts again, with an event that is nothing known. */
  private static StreamEvent[] again() {
    return new StreamEvent[] {
      event(1).setWaiting(Waiting.newBuilder().setReason(Waiting.Reason.REASON_QUEUED)).build(),
      event(2).addDeltas(text(0, "Lost")).addDeltas(unknown(1)).build(),
      event(3).setRestarted(Restarted.getDefaultInstance()).addDeltas(text(0, "Hel")).build(),
      withNews(event(4).build()),
      event(5).addDeltas(unknown(1)).addDeltas(text(0, "lo")).build(),
      completed(6, List.of(HELLO_PART, unknownPart()))
    };
  }

  @Test
  void forgetsAllPartsWhenTheStreamStartsAgain() {
    Accumulator accumulator = new Accumulator();
    List.of(again()).forEach(accumulator::add);
    assertEquals("Hello", accumulator.text());
    assertEquals(List.of(HELLO_PART, Part.getDefaultInstance()), accumulator.parts());
    assertEquals(HELLO_PART, accumulator.response().getMessage().getParts(0));
  }

  @Test
  void theTextAloneSkipsWhatIsUnknown() throws Exception {
    try (FakeGateway gateway = new FakeGateway();
        GatewayClient client = gateway.client()) {
      gateway.stream(again()).stream(again());
      try (ResponseStream<String> texts = client.streamText(HELLO)) {
        assertEquals(List.of("Lost", "Hel", "lo"), texts.stream().collect(Collectors.toList()));
      }
      Kept<String> kept = new Kept<>(Long.MAX_VALUE);
      client.textPublisher(HELLO).subscribe(kept);
      FakeGateway.await(kept.over);
      assertEquals(List.of("Lost", "Hel", "lo"), kept.items);
    }
  }

  @Test
  void aSecondTurnSendsBackWhatIsUnknown() throws Exception {
    Part call = withNews(Part.newBuilder().setToolCall(withNews(CALL)).build());
    List<Part> parts = List.of(unknownPart(), call);
    List<Delta> deltas = List.of(unknown(0), at(1).setToolCall(CALL).build());
    try (FakeGateway gateway = new FakeGateway();
        GatewayClient client = gateway.client()) {
      gateway.stream(stream(deltas, parts).toArray(new StreamEvent[0]));
      GenerateRequest.Builder request = HELLO.toBuilder();
      try (ResponseStream<StreamEvent> events = client.stream(HELLO)) {
        request.addMessages(Accumulator.accumulate(events).getMessage());
      }
      byte[] history = request.build().toByteArray();
      for (GenerateRequest next : List.of(request.build(), GenerateRequest.parseFrom(history))) {
        gateway.answer("Again");
        client.generate(next);
        GenerateRequest got = gateway.generated.get(gateway.generated.size() - 1);
        assertEquals(bytes(parts), bytes(got.getMessages(1).getPartsList()));
      }
    }
  }

  private static List<ByteString> bytes(List<Part> parts) {
    return parts.stream().map(Part::toByteString).collect(Collectors.toList());
  }
}
