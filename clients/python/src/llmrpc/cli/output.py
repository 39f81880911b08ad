"""How a command ends, and how an answer gets to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO

from google.protobuf import json_format
from google.protobuf.message import Message

from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.waiting import Waiting
from llmrpc.errors import LLMClientError

OK, FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141
"""Exit codes; the last two are what a shell makes of SIGINT and SIGPIPE."""


NOT_TEXT = "standard input is not text in UTF-8; pictures and files go with --image, --file"


class Misuse(Exception):  # noqa: N818 - it is the person's, not the program's
    """The command was used wrongly, as the message says."""


class Answer:
    """Writes an answer piece by piece, at once, with a line's end behind it.

    On a terminal control characters are left out: a model must not move the
    cursor or retitle the window. A pipe gets every character. Reasoning, if it is
    wanted, goes to standard error before the answer. Until something comes, a terminal
    tells that it is waited for.
    """

    def __init__(self, *, reasoning: bool = False, quiet: bool = False) -> None:
        self._terminal = sys.stdout.isatty()
        self._open = False
        self._aside = report.Aside() if reasoning else None
        self._waiting = Waiting(silent=quiet)

    def add(self, delta: pb.Delta) -> None:
        """Shows what a delta adds for a reader."""
        if delta.reasoning and self._aside is not None:
            self._waiting.end()
            self._aside.write(delta.reasoning)
        elif delta.text:
            self.write(delta.text)

    def write(self, text: str) -> None:
        """Shows a piece of the answer."""
        self._waiting.end()
        if self._aside is not None:
            self._aside.end()
        if self._terminal:
            text = report.printable(text)
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()
            self._open = not text.endswith("\n")

    def json(self, message: Message) -> None:
        """Shows a whole response or event as JSON instead."""
        self._waiting.end()
        print_json(message)

    def end(self) -> None:
        """Ends the line, if one is begun, and the wait."""
        self._waiting.end()
        if self._aside is not None:
            self._aside.end()
        if self._open:
            self.write("\n")


def print_json(message: Message, out: TextIO | None = None) -> None:
    """A message as one line of canonical JSON."""
    out = out or sys.stdout
    out.write(json_format.MessageToJson(message, indent=None, ensure_ascii=False) + "\n")
    out.flush()


def exit_code(command: str, work: Callable[[], int], address: str) -> int:
    """Does a command's work, and says what ended it: on standard error, and as a code."""
    try:
        return work()
    except LLMClientError as error:
        report.print_error(error, address)
        return FAILED
    except Misuse as error:
        report.print_misuse(str(error), command)
        return USAGE
    except KeyboardInterrupt:
        report.say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Nothing more goes there, the interpreter's last flush included.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:  # a full disk, say
        report.print_failure(error.strerror or str(error))
        return FAILED
