// All models of a gateway, page by page.

import { LLMClientError } from "./errors.js";
import type { ListModelsRequest, ListModelsResponse } from "./gen/llmrpc/v1/llm_service_pb.js";
import type { Model } from "./gen/llmrpc/v1/model_pb.js";

/** The most models that the contract has on a page. */
const PAGE_SIZE = 1000;
const MOST_PAGES = 1000;

type Page = Pick<ListModelsRequest, "pageSize" | "pageToken" | "filter">;

/**
 * Every page's models, in their order. Raises where the pages have no end: a token that was
 * there before, or more pages than any gateway could fill.
 */
export async function* allModels(
  ask: (page: Page) => Promise<ListModelsResponse>,
  filter: string,
): AsyncGenerator<Model, void, undefined> {
  const tokens = new Set([""]);
  let pageToken = "";
  while (tokens.size <= MOST_PAGES) {
    const page = await ask({ pageSize: PAGE_SIZE, pageToken, filter });
    yield* page.models;
    pageToken = page.nextPageToken;
    if (pageToken === "") return;
    if (tokens.has(pageToken)) {
      throw new LLMClientError("the gateway's list of models comes back to a page it had before");
    }
    tokens.add(pageToken);
  }
  throw new LLMClientError(`the gateway's list of models has more than ${MOST_PAGES} pages`);
}
