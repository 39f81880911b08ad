"""The commands. What they do is imported when one runs."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

from typer import Argument, Exit, Option, Typer, echo

from llmrpc.cli.settings import Settings, with_settings

EXIT_CODES = (
    "Exit codes: 0 answered, 1 failed, 2 used wrongly, 130 interrupted by Ctrl-C, "
    "141 nobody reads the output."
)

app = Typer(
    epilog=EXIT_CODES,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it may print local variables, and so the token
    rich_markup_mode=None,  # drawing the help would cost more than all the rest of it
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, Option("--version", help="Show the version.")] = False,
) -> None:
    """Text from any model, through one gateway."""
    if version:
        echo(f"llmrpc {metadata.version('llmrpc')}")
        raise Exit


@app.command(epilog=EXIT_CODES)
@with_settings
def generate(
    settings: Settings,
    prompt: Annotated[
        list[str] | None,
        Argument(help="What to ask; piped input follows it. `-` alone: what is typed."),
    ] = None,
    stream: Annotated[
        bool | None,
        Option(
            "--stream/--no-stream",
            help="Show the answer as it is written (the default, but for --json), or whole.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        Option(
            "--json", help="An LLMResponse as canonical JSON; with --stream one StreamEvent a line."
        ),
    ] = False,
) -> None:
    """Answer one prompt."""
    from llmrpc.cli.generate import run

    raise Exit(run(settings, prompt or [], stream=stream, as_json=as_json))


@app.command(epilog=EXIT_CODES)
@with_settings
def chat(settings: Settings) -> None:
    """Hold a conversation: Ctrl-C ends an answer, Ctrl-D or /exit the chat."""
    from llmrpc.cli.chat import run

    raise Exit(run(settings))
