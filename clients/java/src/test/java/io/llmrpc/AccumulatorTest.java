package io.llmrpc;

import static io.llmrpc.FakeGateway.event;
import static io.llmrpc.FakeGateway.events;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.llmrpc.v1.Delta;
import io.llmrpc.v1.LLMMessage;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.Signature;
import io.llmrpc.v1.StreamEvent;
import io.llmrpc.v1.ToolCall;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Events add up to the answer, or it is refused. */
class AccumulatorTest {
  /** Any parts, cut into deltas and events anyhow, come out as they were. */
  @RepeatedTest(50)
  void anyCutGivesTheSameAnswer(RepetitionInfo run) {
    Random random = new Random(run.getCurrentRepetition());
    List<Part> parts = new ArrayList<>();
    List<Delta> deltas = new ArrayList<>();
    int count = random.nextInt(6);
    for (int place = 0; place < count; place++) {
      parts.add(part(random, place, deltas));
    }
    LLMResponse answer =
        LLMResponse.newBuilder()
            .setMessage(LLMMessage.newBuilder().addAllParts(parts))
            .setRequestId("id")
            .build();
    List<StreamEvent> events = new ArrayList<>();
    StreamEvent.Builder event = StreamEvent.newBuilder().setSequence(1);
    for (Delta delta : deltas) {
      if (random.nextInt(3) == 0) {
        events.add(event.build());
        event = StreamEvent.newBuilder().setSequence(events.size() + 1);
      }
      event.addDeltas(delta);
    }
    events.add(event.setCompleted(answer).build());
    assertEquals(answer, Accumulator.accumulate(events));
  }

  private static Part part(Random random, int place, List<Delta> deltas) {
    Delta.Builder delta = Delta.newBuilder().setPartIndex(place);
    Part.Builder part = Part.newBuilder();
    StringBuilder whole = new StringBuilder();
    int kind = random.nextInt(5);
    if (kind == 4) {
      deltas.add(delta.setToolCall(ToolCall.newBuilder().setId("i").setName("n")).build());
    }
    for (int i = random.nextInt(4); i >= 0; i--) {
      String piece = random.nextInt(4) == 0 ? "" : "😀" + random.nextInt(100);
      whole.append(piece);
      switch (kind) {
        case 0 -> delta.setText(piece);
        case 1 -> delta.setReasoning(piece);
        case 2 -> delta.setRefusal(piece);
        case 3 -> delta.setRedactedReasoning(piece);
        default -> delta.setToolCall(ToolCall.newBuilder().setArguments(piece));
      }
      deltas.add(delta.build());
    }
    String text = whole.toString();
    switch (kind) {
      case 0 -> part.setText(text);
      case 1 -> part.setReasoning(text);
      case 2 -> part.setRefusal(text);
      case 3 -> part.setRedactedReasoning(text);
      default -> part.setToolCall(ToolCall.newBuilder().setId("i").setName("n").setArguments(text));
    }
    if (random.nextBoolean()) {
      Signature signature = Signature.newBuilder().setData("s" + place).build();
      deltas.add(delta.setSignature(signature).build());
      part.setSignature(signature);
    }
    return part.build();
  }

  private static void refused(StreamEvent... events) {
    assertThrows(
        StreamInterruptedException.class, () -> Accumulator.accumulate(Arrays.asList(events)));
  }

  @Test
  void refusesWhatIsNotWhole() {
    StreamEvent[] good = events("a", "b", "c");
    refused();
    refused(good[0], good[1]);
    refused(good[0], good[2]);
    refused(good[1], good[2]);
    refused(good[0], good[1], good[2], good[2]);
    refused(good[0], event(2, "other"), good[2]);
  }

  @Test
  void refusesAPartThatSkipsOrChanges() {
    StreamEvent skips =
        StreamEvent.newBuilder()
            .setSequence(1)
            .addDeltas(Delta.newBuilder().setPartIndex(1).setText("a"))
            .build();
    refused(skips);
    StreamEvent changes =
        StreamEvent.newBuilder()
            .setSequence(2)
            .addDeltas(Delta.newBuilder().setReasoning("b"))
            .build();
    refused(event(1, "a"), changes);
    StreamEvent signsNothing =
        StreamEvent.newBuilder()
            .setSequence(1)
            .addDeltas(Delta.newBuilder().setSignature(Signature.getDefaultInstance()))
            .build();
    refused(signsNothing);
  }

  @Test
  void showsTheAnswerAsItStands() {
    Accumulator accumulator = new Accumulator();
    accumulator.add(event(1, "a"));
    accumulator.add(event(2, "b"));
    assertEquals("ab", accumulator.text());
    assertEquals(List.of(Parts.text("ab")), accumulator.parts());
  }
}
