"""Counts what a piece of work costs, without a clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(work: Callable[[], object]) -> int:
    """The bytecodes that the gateway runs for it, those of generators and loops too."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "llmrpc" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def is_linear(work: Callable[[int], object], size: int = 100) -> bool:
    """Whether twice as much costs twice as much, and not four times."""
    work(1)
    once, twice = steps(lambda: work(size)), steps(lambda: work(2 * size))
    return twice < 3 * once
