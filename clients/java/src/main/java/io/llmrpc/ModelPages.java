package io.llmrpc;

import io.llmrpc.v1.ListModelsRequest;
import io.llmrpc.v1.ListModelsResponse;
import io.llmrpc.v1.Model;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Function;

/** The models of all pages; a page is asked for when it is reached. */
final class ModelPages implements Iterator<Model> {
  /** The most models that the contract has on a page. */
  private static final int PAGE_SIZE = 1000;

  /** More than any gateway could fill. */
  private static final int MOST_PAGES = 1000;

  private final Function<ListModelsRequest, ListModelsResponse> ask;
  private final String filter;
  private final Set<String> tokens = new HashSet<>();
  private Iterator<Model> page = Collections.emptyIterator();
  private String token = "";
  private boolean last;

  ModelPages(Function<ListModelsRequest, ListModelsResponse> ask, String filter) {
    this.ask = ask;
    this.filter = filter;
  }

  @Override
  public boolean hasNext() {
    while (!page.hasNext() && !last) {
      if (!tokens.add(token)) {
        throw new LLMClientException(
            "the gateway's list of models comes back to a page it had before");
      }
      if (tokens.size() > MOST_PAGES) {
        throw new LLMClientException(
            "the gateway's list of models has more than " + MOST_PAGES + " pages");
      }
      ListModelsResponse next =
          ask.apply(
              ListModelsRequest.newBuilder()
                  .setPageSize(PAGE_SIZE)
                  .setPageToken(token)
                  .setFilter(filter)
                  .build());
      page = next.getModelsList().iterator();
      token = next.getNextPageToken();
      last = token.isEmpty();
    }
    return page.hasNext();
  }

  @Override
  public Model next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return page.next();
  }
}
