"""What a batch came to: answers, failures by reason, tokens, cost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.errors import LLMClientError
from llmrpc.response import NANO, completion_tokens, prompt_tokens
from llmrpc.status import error_from_status


class Tally:
    """Counts the results of this run, beside those of the runs before."""

    def __init__(self) -> None:
        self.total: int | None = None
        """Items of the input; None for a stream."""
        self.answered = 0
        self.failed = 0
        self.answered_before = 0
        self.failed_before = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.nano_usd = 0
        self.unpriced = 0
        """Answers whose price nobody knows."""
        self.reasons = Counter[str]()
        self._said: dict[str, str] = {}
        self._started = time.monotonic()

    @property
    def done(self) -> int:
        """Items that have a result, of whatever run."""
        return self.answered + self.failed + self.answered_before + self.failed_before

    @property
    def any_failed(self) -> bool:
        """Whether a result is no answer, of whatever run."""
        return self.failed > 0 or self.failed_before > 0

    def add(self, result: pb.BatchResult) -> None:
        """Counts a result of this run."""
        if result.HasField("response"):
            self.answered += 1
            self._use(result.response.prompt_tokens, result.response.completion_tokens)
            self._pay(result.response.cost)
        else:
            self.failed += 1
            self._fail(error_from_status(result.status))

    def add_before(self, *, answered: bool) -> None:
        """Counts an item that has its result from a run before."""
        self.answered_before += answered
        self.failed_before += not answered

    def tokens(self) -> str:
        """The tokens of this run, in words."""
        total = self.prompt_tokens + self.completion_tokens
        return f"{self.prompt_tokens:,} in + {self.completion_tokens:,} out = {total:,} tokens"

    def cost(self) -> str:
        """The price of this run, in words."""
        if self.unpriced and self.unpriced == self.answered:
            return "no price known"
        known = report.dollars(self.nano_usd / NANO)
        return f"{known} + {self.unpriced} of unknown price" if self.unpriced else known

    def lines(self) -> Iterator[str]:
        """The summary for a person."""
        counts = [f"{self.answered:,} answered", f"{self.failed:,} failed"]
        if self.answered_before or self.failed_before:
            counts.append(f"{self.answered_before:,} answered before")
        if self.failed_before:
            counts.append(f"{self.failed_before:,} failed before")
        if self.total is not None and self.done < self.total:
            counts.append(f"{self.total - self.done:,} not asked or unanswered")
        yield " · ".join(counts)
        for reason, times in self.reasons.most_common():
            yield f"{times:,} × {reason}: {self._said[reason]}"  # noqa: RUF001 - it is meant
        if self.answered or self.failed:
            yield f"{self.tokens()} · {self.cost()} · {self.seconds():.1f} s"

    def summary(self) -> dict[str, Any]:
        """The summary for a program."""
        return {
            "answered": self.answered,
            "failed": self.failed,
            "answeredBefore": self.answered_before,
            "failedBefore": self.failed_before,
            "unanswered": None if self.total is None else self.total - self.done,
            "reasons": dict(self.reasons),
            "promptTokens": self.prompt_tokens,
            "completionTokens": self.completion_tokens,
            "costUsd": self.nano_usd / NANO,
            "unpriced": self.unpriced,
            "seconds": round(self.seconds(), 3),
        }

    def seconds(self) -> float:
        """How long this run has taken."""
        return time.monotonic() - self._started

    def _fail(self, error: LLMClientError) -> None:
        self.reasons[error.reason_name] += 1
        self._said.setdefault(error.reason_name, error.message)
        if error.usage is not None:
            self._use(prompt_tokens(error.usage), completion_tokens(error.usage))
        if error.cost is not None:
            self.nano_usd += error.cost.total_nano_usd

    def _use(self, prompt: int, completion: int) -> None:
        self.prompt_tokens += prompt
        self.completion_tokens += completion

    def _pay(self, cost: pb.Cost) -> None:
        self.nano_usd += cost.total_nano_usd
        self.unpriced += not cost.HasField("total_nano_usd")
