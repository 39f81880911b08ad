package io.llmrpc;

import static io.llmrpc.Deltas.BLOCK;
import static io.llmrpc.Deltas.CALL;
import static io.llmrpc.Deltas.completed;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.util.JsonFormat;
import io.llmrpc.v1.GenerateRequest;
import io.llmrpc.v1.LLMResponse;
import io.llmrpc.v1.Part;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The short forms are the contract's messages. */
class MessagesTest {
  @Test
  void shortFormsAreTheContractsMessages() throws Exception {
    GenerateRequest.Builder written = GenerateRequest.newBuilder();
    JsonFormat.parser()
        .merge(
            """
            {
              "messages": [
                {"role": "ROLE_SYSTEM", "content": "Be brief."},
                {"role": "ROLE_USER", "content": "Hello"},
                {"role": "ROLE_ASSISTANT", "content": "Hello!"},
                {"role": "ROLE_USER", "parts": [
                  {"text": "Look"},
                  {"image": {"data": "AQ==", "mediaType": "image/png"}},
                  {"image": {"uri": "https://example.com/a.png"}},
                  {"audio": {"data": "Aw==", "mediaType": "audio/wav"}},
                  {"document": {"data": "Ag==", "mediaType": "application/pdf", "filename": "a.pdf"}}
                ]},
                {"role": "ROLE_TOOL", "parts": [
                  {"toolResult": {"toolCallId": "c", "name": "f", "content": "rain"}}
                ]},
                {"role": "ROLE_TOOL", "parts": [
                  {"providerBlock": {"provider": "p", "type": "t", "data": "{}"}}
                ]}
              ],
              "tools": [
                {"function": {"name": "f", "description": "d", "parameters": "{}"}},
                {"providerTool": {"provider": "p", "type": "t", "options": "{\\"n\\": 3}"}}
              ]
            }
            """,
            written);
    GenerateRequest.Builder made =
        GenerateRequest.newBuilder()
            .addMessages(Messages.system("Be brief."))
            .addMessages(Messages.user("Hello"))
            .addMessages(Messages.assistant("Hello!"))
            .addMessages(
                Messages.user(
                    Parts.text("Look"),
                    Parts.image(new byte[] {1}, "image/png"),
                    Parts.imageUri("https://example.com/a.png"),
                    Parts.audio(new byte[] {3}, "audio/wav"),
                    Parts.document(new byte[] {2}, "application/pdf", "a.pdf")))
            .addMessages(Messages.toolResult(CALL, "rain"))
            .addMessages(Messages.toolBlocks(BLOCK))
            .addTools(Tools.function("f", "d", "{}"))
            .addTools(Tools.provider("p", "t", "{\"n\": 3}"));
    assertEquals(written.build(), made.build());
  }

  @Test
  void callsAndBlocksAreThoseOfTheResponse() {
    List<Part> parts =
        List.of(
            Parts.text("a"),
            Part.newBuilder().setToolCall(CALL).build(),
            Part.newBuilder().setProviderBlock(BLOCK).build());
    LLMResponse response = completed(1, parts).getCompleted();
    assertEquals(List.of(CALL), Messages.toolCalls(response));
    assertEquals(List.of(BLOCK), Messages.providerBlocks(response));
  }
}
