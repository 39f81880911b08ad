"""An interactive chat: it remembers what was said; Ctrl-C ends an answer, Ctrl-D the chat."""

import os
import sys
from contextlib import closing

from llmrpc import GatewayClient, LLMClientError
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default


def main() -> None:
    request = pb.GenerateRequest(model=MODEL)
    # A chat waits for its user, so the blocking twin of the client suits it.
    with GatewayClient(ADDRESS).blocking() as client:
        while question := ask():
            request.messages.add(role=pb.ROLE_USER, content=question)
            try:
                with closing(client.stream(request)) as events:
                    for event in events:
                        for delta in event.deltas:
                            print(delta.text, end="", flush=True)
                        if event.HasField("completed"):  # the last event
                            request.messages.append(event.completed.message)
                print()
            except KeyboardInterrupt:
                del request.messages[-1]
                print("\n(stopped; the provider writes no more)")
            except LLMClientError as error:
                del request.messages[-1]  # the question that had no answer
                print(f"\n{error}", file=sys.stderr)


def ask() -> str:
    """The user's next line; empty at the end."""
    try:
        return input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        return ""


main()
