package io.llmrpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmrpc.v1.ListModelsRequest;
import io.llmrpc.v1.ListModelsResponse;
import io.llmrpc.v1.Model;
import java.util.Iterator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** The models of all pages. */
class ModelsTest {
  @AutoClose private final FakeGateway gateway = new FakeGateway();
  @AutoClose private final GatewayClient client = gateway.client();

  @Test
  void asksForAPageWhenItIsReached() {
    gateway.pages.put("", page("two", "a", "b"));
    gateway.pages.put("two", page("", "c"));
    Iterator<Model> models = client.models("provider = \"x\"").iterator();
    assertEquals("a", models.next().getName());
    assertEquals("b", models.next().getName());
    assertEquals(1, gateway.asked.size());
    assertEquals("c", models.next().getName());
    assertFalse(models.hasNext());
    for (ListModelsRequest asked : gateway.asked) {
      assertEquals("provider = \"x\"", asked.getFilter());
      assertEquals(1000, asked.getPageSize());
    }
    assertNotEquals(gateway.sent(0, "x-request-id"), gateway.sent(1, "x-request-id"));
  }

  @Test
  void refusesPagesWithoutEnd() {
    gateway.pages.put("", page("two", "a"));
    gateway.pages.put("two", page("two", "b"));
    assertThrows(LLMClientException.class, () -> client.models().count());
    gateway.pages.clear();
    for (int i = 0; i < 1100; i++) {
      gateway.pages.put(i == 0 ? "" : "page" + i, page("page" + (i + 1), "a"));
    }
    LLMClientException error =
        assertThrows(LLMClientException.class, () -> client.models().count());
    assertTrue(error.getMessage().contains("more than 1000 pages"), error.getMessage());
  }

  private static ListModelsResponse page(String next, String... names) {
    ListModelsResponse.Builder page = ListModelsResponse.newBuilder().setNextPageToken(next);
    for (String name : names) {
      page.addModels(Model.newBuilder().setName(name));
    }
    return page.build();
  }
}
