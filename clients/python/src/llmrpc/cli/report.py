"""What the command line says besides the answer: on standard error, for a person."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.text import Text

from llmrpc import v1 as pb
from llmrpc.cli.advice import advice
from llmrpc.errors import LLMClientError
from llmrpc.types import finish_reason_name

_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """The text without control characters but line ends and tabs.

    The rest could move the cursor or retitle the window.
    """
    return text.translate(_CONTROLS)


def _console() -> Console:
    """Standard error, with colours where it is a terminal."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(text: str) -> None:
    """A remark beside the answer."""
    _console().print(printable(text), style="dim")


class Aside:
    """Text that streams beside the answer, dim on a terminal: the model's reasoning."""

    def __init__(self) -> None:
        self._dim = sys.stderr.isatty()
        self._open = False

    def write(self, text: str) -> None:
        """Shows a piece at once."""
        if not self._open:
            sys.stderr.write("\x1b[2m" * self._dim)
            self._open = True
        sys.stderr.write(printable(text))
        sys.stderr.flush()

    def end(self) -> None:
        """Ends it with an empty line, if it is begun."""
        if self._open:
            sys.stderr.write("\x1b[0m" * self._dim + "\n\n")
            sys.stderr.flush()
            self._open = False


def print_calls(message: pb.LLMMessage) -> None:
    """The tools that the model asks for, with their arguments: part of the answer."""
    for part in message.parts:
        if part.HasField("tool_call"):
            call = part.tool_call
            text = Text.assemble(("tool   ", "bold cyan"), (printable(call.name), "bold"), " ")
            _console().print(text.append(printable(_arguments(call.arguments, len(text)))))


def _arguments(text: str, indent: int) -> str:
    """The arguments as they are where they fit on the line, else spread over lines."""
    width = shutil.get_terminal_size().columns
    if indent + len(text) <= width and "\n" not in text:
        return text
    try:
        spread = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text
    return spread.replace("\n", "\n       ")


def summary(response: pb.LLMResponse) -> str:
    """One line of who answered, usage, cost and time."""
    parts = [label(response.provider, response.model)]
    if response.HasField("tokens_used"):
        parts.append(
            f"{response.prompt_tokens} in + {response.completion_tokens} out"
            f" = {response.tokens_used} tokens{' (estimated)' * response.usage.estimated}"
        )
    parts.append(
        dollars(response.cost_estimate) if response.HasField("cost_estimate") else "no price known"
    )
    parts.append(f"{response.response_time:.2f} s")
    if response.finish_reason != pb.FINISH_REASON_STOP:
        parts.append(f"ended by {finish_reason_name(response.finish_reason)}")
    return " · ".join(part for part in parts if part)


def label(provider: str, model: str) -> str:
    """`provider/model`, also where the model's name says so already."""
    if not provider or model.startswith(f"{provider}/"):
        return model
    return f"{provider}/{model}" if model else provider


def print_summary(response: pb.LLMResponse) -> None:
    """The summary, a refusal's text, and what the gateway warns of."""
    out = _console()
    for part in response.message.parts:
        if part.refusal:
            out.print(printable(f"refused: {part.refusal}"), style="yellow")
    for warning in response.warnings:
        out.print(printable(f"warning: {warning.field}: {warning.message}"), style="yellow")
    say(summary(response))


def print_misuse(message: str, command: str) -> None:
    """What was used wrongly, and where the command's use is explained."""
    text = Text.assemble(("error  ", "bold red"), printable(message))
    _console().print(text.append(f"\nnext   llmrpc {command} --help"))


def print_failure(message: str) -> None:
    """What failed here, with nothing to be done about it by an option."""
    _console().print(Text.assemble(("error  ", "bold red"), printable(message)))


def print_error(error: LLMClientError, address: str, *, chat: bool = False) -> None:
    """What happened, where, what to do next, and the id to ask about."""
    text = Text()
    text.append("error  ", style="bold red").append(printable(f"{error.message}\n"))
    for name, value in _lines(error, address, chat):
        text.append(f"{name:<7}", style="dim").append(printable(f"{value}\n"))
    _console().print(text, end="")


def _lines(error: LLMClientError, address: str, chat: bool) -> Iterator[tuple[str, str]]:
    wrong = [f"{each.field}: {each.description}" for each in error.violations]
    spent = [f"{each.subject}: {each.description}" for each in error.quota_violations]
    for text in (*wrong, *spent):
        if text != error.message:
            yield "", text
    yield "type", f"{type(error).__name__} ({error.reason_name})"
    where = [
        f"{key} {error.metadata[key]}" for key in ("provider", "model") if key in error.metadata
    ]
    yield "where", ", ".join([f"gateway {address}", *where])
    for text, same in groupby(_attempt(each, error.message) for each in error.attempts):
        times = len(list(same))
        yield "tried", f"{times} × {text}" if times > 1 else text  # noqa: RUF001 - it is meant
    yield "next", advice(error, chat=chat)
    if error.request_id:
        yield "id", error.request_id


def _attempt(attempt: pb.Attempt, said: str) -> str:
    """How a try went, without the words that the error's message has said."""
    known = attempt.outcome in pb.Attempt.Outcome.values()
    outcome = pb.Attempt.Outcome.Name(attempt.outcome) if known else str(attempt.outcome)
    outcome = outcome.removeprefix("OUTCOME_").lower()
    status = f", HTTP {attempt.http_status}" if attempt.HasField("http_status") else ""
    why = f": {attempt.message}" if attempt.message not in said else ""
    return f"{label(attempt.provider, attempt.model)} {outcome}{status}{why}"


def dollars(amount: float) -> str:
    """USD, as exact as small sums need."""
    if amount == 0 or amount >= 0.01:
        return f"${amount:.4f}" if amount else "$0"
    return f"${amount:.6f}" if amount >= 0.000001 else "under $0.000001"
