"""`llmrpc chat`: a conversation on the terminal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress

from llmrpc.cli import report
from llmrpc.cli.asking import Asking
from llmrpc.cli.attachments import Kind, attachment
from llmrpc.cli.conversation import Conversation
from llmrpc.cli.output import FAILED, NOT_TEXT, OK, Misuse, exit_code
from llmrpc.errors import LLMClientError

HELP = """\
/system TEXT  set the instructions to the model; without a text show them
/model NAME   take another model; without a name show it
/image PATH   show the model a picture with the next question; a URL will do
/file PATH    give it a document, a text or a recording
/reset        forget the conversation
/exit         leave, as Ctrl-D does
//TEXT        say something that begins with a slash
Ctrl-C        end the answer and stay"""

_KINDS: Mapping[str, Kind | None] = {"image": "image", "audio": "audio", "file": None}


def run(asking: Asking, *, reasoning: bool) -> int:
    """Talks until the input ends; the exit code."""
    return exit_code("chat", lambda: _talk(asking, reasoning), asking.address)


def _talk(asking: Asking, reasoning: bool) -> int:
    terminal = sys.stdin.isatty()
    chat = Conversation(asking, reasoning=reasoning)
    if terminal:
        with suppress(ImportError):
            import readline  # noqa: F401 - gives input() its line editing
        if not asking.quiet:
            report.say(f"{asking.address} · Ctrl-C ends an answer, Ctrl-D the chat · /help")
    code = OK
    with asyncio.Runner() as runner:
        try:
            while True:
                try:
                    line = _read(f"{chat.label}> " if terminal else "")
                    if line is None or not _command(chat, line):
                        return OK if terminal else code
                    if text := _said(line):
                        runner.run(chat.say(text))
                except Misuse as error:
                    if not terminal:
                        raise
                    report.say(str(error))
                except KeyboardInterrupt:
                    report.say("interrupted")
                except LLMClientError as error:
                    report.print_error(error, asking.address, chat=True)
                    code = FAILED
        finally:
            runner.run(chat.close())


def _read(prompt: str) -> str | None:
    """The next line; None at the end of the input. `Misuse` for bytes that are no text."""
    try:
        line = input(prompt)
        line.encode()  # in some locales such bytes come as lone surrogates
        return line
    except EOFError:
        if prompt:
            sys.stdout.write("\n")
        return None
    except UnicodeError:
        raise Misuse(NOT_TEXT) from None


def _said(line: str) -> str:
    """What a line says to the model; nothing for a command."""
    if line.startswith("//"):
        return line[1:]
    return "" if line.startswith("/") else line.strip()


def _command(chat: Conversation, line: str) -> bool:
    """Does what a line with one slash says; False for the end of the chat."""
    if not line.startswith("/") or line.startswith("//"):
        return True
    name, _, text = line[1:].strip().partition(" ")
    text = text.strip()
    match name:
        case "exit" | "quit":
            return False
        case "help":
            report.say(HELP)
        case "reset":
            chat.reset()
            report.say("the conversation is forgotten")
        case "system":
            chat.system = text or chat.system
            report.say(f"system: {chat.system or 'none'}")
        case "image" | "file" | "audio":
            _attach(chat, name, text)
        case "model":
            chat.take(text)
            report.say(f"model: {chat.model or 'the default of the gateway'}")
        case _:
            report.say(f"there is no /{name}; /help lists what there is")
    return True


def _attach(chat: Conversation, kind: str, source: str) -> None:
    if source:
        chat.attached.append(attachment(source, _KINDS[kind]))
    number = len(chat.attached)
    go = "1 file goes" if number == 1 else f"{number or 'no'} files go"
    report.say(f"{go} with the next question")
