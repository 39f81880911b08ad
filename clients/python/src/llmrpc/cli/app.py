"""The commands. What they do is imported when one runs."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

from typer import Argument, Exit, Option, Typer, echo

from llmrpc.cli.asking import Asking
from llmrpc.cli.settings import Reach, Settings
from llmrpc.cli.shared_options import with_options

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


Prompt = Annotated[
    list[str] | None,
    Argument(help="What to ask; piped input follows it. `-` alone: what is typed."),
]
ShowReasoning = Annotated[
    bool, Option("--show-reasoning", help="Show the model's reasoning, on standard error.")
]


@app.command(epilog=EXIT_CODES)
@with_options
def generate(
    asking: Asking,
    prompt: Prompt = None,
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
            "--json",
            help="An LLMResponse as canonical JSON; with --stream one StreamEvent a line. JSON "
            "leaves out what this version does not know: keep a history as bytes.",
        ),
    ] = False,
    show_reasoning: ShowReasoning = False,
) -> None:
    """Answer one prompt."""
    from llmrpc.cli.generate import run

    code = run(asking, prompt or [], stream=stream, as_json=as_json, reasoning=show_reasoning)
    raise Exit(code)


@app.command(epilog=EXIT_CODES)
@with_options
def chat(asking: Asking, show_reasoning: ShowReasoning = False) -> None:
    """Hold a conversation: Ctrl-C ends an answer, Ctrl-D or /exit the chat."""
    from llmrpc.cli.chat import run

    raise Exit(run(asking, reasoning=show_reasoning))


@app.command(epilog=EXIT_CODES)
@with_options
def count(
    asking: Asking,
    prompt: Prompt = None,
    as_json: Annotated[bool, Option("--json", help="A CountTokensResponse as JSON.")] = False,
) -> None:
    """Count the tokens of a prompt, without sending it to a model."""
    from llmrpc.cli.count import run

    raise Exit(run(asking, prompt or [], as_json=as_json))


@app.command(epilog=EXIT_CODES)
@with_options
def models(
    reach: Reach,
    filter: Annotated[
        str,
        Option("--filter", help='AIP-160, such as: provider = "openai" AND capabilities.tools'),
    ] = "",
    as_json: Annotated[bool, Option("--json", help="One Model as JSON a line.")] = False,
) -> None:
    """List the models that the gateway can call.

    Prices are USD per million tokens; + says that others hold for long prompts or other
    tiers.
    """
    from llmrpc.cli.models import run

    raise Exit(run(reach, filter, as_json=as_json))


@app.command(epilog=EXIT_CODES)
@with_options
def health(
    reach: Reach,
    service: Annotated[
        str, Argument(help="Nothing for the gateway, llmrpc.v1.LLMService, or provider/NAME.")
    ] = "",
    all_services: Annotated[
        bool, Option("--all", help="The gateway, its service, and each provider.")
    ] = False,
    as_json: Annotated[bool, Option("--json", help="Service and status as JSON, one a line.")] = (
        False
    ),
) -> None:
    """Say whether the gateway is serving; exit code 0 only then."""
    from llmrpc.cli.health import run

    raise Exit(run(reach, service, all_services=all_services, as_json=as_json))


@app.command(epilog=EXIT_CODES)
@with_options
def batch(
    settings: Settings,
    given: Annotated[str, Argument(metavar="IN", help="JSON lines; `-` is standard input.")],
    out: Annotated[
        str, Argument(metavar="OUT", help="The results as JSON lines; `-` is standard output.")
    ],
    retry_failed: Annotated[
        bool, Option("--retry-failed", help="Ask again what failed in a run before.")
    ] = False,
    keep_order: Annotated[
        bool, Option("--keep-order", help="Put OUT in IN's order, once all is answered.")
    ] = False,
    progress: Annotated[
        bool | None,
        Option("--progress/--no-progress", help="Show how far it is; by default on a terminal."),
    ] = None,
    as_json: Annotated[
        bool,
        Option("--json", help="The summary as JSON; on standard error where OUT is `-`."),
    ] = False,
) -> None:
    """Answer many requests; the same command goes on where it stopped.

    A line of IN is a prompt as a JSON string, a GenerateRequest, or {"id": …, "generate":
    either}; without an id it is called line-N. --model and the like stand in where a
    request says nothing, --timeout is for all of it. A line of OUT is a BatchResult in
    JSON, which leaves out what this version does not know: keep a history as bytes.
    Nothing is sent before all lines of a file are good; in a pipe a bad line gets an
    error of its own.
    """
    from llmrpc.cli.batch.command import Wishes, run

    wishes = Wishes(
        retry_failed=retry_failed, keep_order=keep_order, progress=progress, as_json=as_json
    )
    raise Exit(run(settings, given, out, wishes))
