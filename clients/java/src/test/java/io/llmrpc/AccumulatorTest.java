package io.llmrpc;

import static io.llmrpc.Deltas.BLOCK;
import static io.llmrpc.Deltas.IMAGE;
import static io.llmrpc.Deltas.SOURCE;
import static io.llmrpc.Deltas.at;
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
import java.util.function.BiConsumer;
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

  private static Part part(Random random, int index, List<Delta> deltas) {
    Part.Builder part = Part.newBuilder();
    int kind = random.nextInt(7);
    switch (kind) {
      case 0 -> part.setText(cut(random, index, deltas, Delta.Builder::setText));
      case 1 -> part.setReasoning(cut(random, index, deltas, Delta.Builder::setReasoning));
      case 2 -> part.setRefusal(cut(random, index, deltas, Delta.Builder::setRefusal));
      case 3 -> {
        ToolCall.Builder call = ToolCall.newBuilder().setId("i").setName("n");
        deltas.add(at(index).setToolCall(call).build());
        part.setToolCall(call.setArguments(cut(random, index, deltas, AccumulatorTest::argue)));
      }
      case 4 -> {
        deltas.add(at(index).setRedactedReasoning("r" + index).build());
        part.setRedactedReasoning("r" + index);
      }
      case 5 -> {
        deltas.add(at(index).setProviderBlock(BLOCK).build());
        part.setProviderBlock(BLOCK);
      }
      default -> {
        deltas.add(at(index).setImage(IMAGE).build());
        part.setImage(IMAGE);
      }
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      deltas.add(at(index).setAnnotation(SOURCE).build());
      part.addAnnotations(SOURCE);
    }
    if (random.nextBoolean()) {
      Signature signature = Signature.newBuilder().setData("s" + index).build();
      deltas.add(at(index).setSignature(signature).build());
      part.setSignature(signature);
    }
    return part.build();
  }

  /** A text that arrives in pieces. */
  private static String cut(
      Random random, int index, List<Delta> deltas, BiConsumer<Delta.Builder, String> set) {
    StringBuilder whole = new StringBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      String piece = random.nextInt(4) == 0 ? "" : "😀" + random.nextInt(100);
      whole.append(piece);
      Delta.Builder delta = at(index);
      set.accept(delta, piece);
      deltas.add(delta.build());
    }
    return whole.toString();
  }

  private static void argue(Delta.Builder delta, String piece) {
    delta.setToolCall(ToolCall.newBuilder().setArguments(piece));
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
