"""What a question carries beside its words: files, a schema, tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrpc.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmrpc import v1 as pb
    from llmrpc.requests import Messages
    from llmrpc.types import LLMMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Settings):
    """A question with files, a form of its answer, and tools."""

    image: Annotated[
        list[str] | None,
        Option(
            "--image", "-i", metavar="PATH|URL", help="A picture, by path or URL; may be repeated."
        ),
    ] = None
    file: Annotated[
        list[str] | None,
        Option(
            "--file",
            "-f",
            metavar="PATH|URL",
            help="A document, text, picture or recording; may be repeated.",
        ),
    ] = None
    audio: Annotated[
        list[str] | None,
        Option("--audio", metavar="PATH|URL", help="A recording, by path or URL; may be repeated."),
    ] = None
    schema: Annotated[
        str,
        Option(
            "--schema",
            metavar="FILE",
            help="A file with the JSON schema that the answer must follow.",
        ),
    ] = ""
    tools: Annotated[
        str,
        Option(
            "--tools",
            metavar="FILE",
            help="A JSON file, a list of name, description and parameters: what the model may ask "
            "for. It is shown, not called.",
        ),
    ] = ""

    def parts(self) -> list[pb.Part]:
        """The files in the order of a picture, a document, a recording."""
        from llmrpc.cli.attachments import attachment

        return [
            *(attachment(one, "image") for one in self.image or ()),
            *(attachment(one) for one in self.file or ()),
            *(attachment(one, "audio") for one in self.audio or ()),
        ]

    def request(self, messages: Messages, **fields: Any) -> pb.GenerateRequest:
        from llmrpc.cli.definitions import read_schema, read_tools

        if self.schema:
            fields["response_format"] = read_schema(self.schema)
        if self.tools:
            fields["tools"] = read_tools(self.tools)
        # `super()` finds no cell in a class that `slots` has made anew.
        return Settings.request(self, messages, **fields)


def user_message(text: str, parts: Sequence[pb.Part]) -> LLMMessage:
    """What a person says: the files first, since models read the question best behind them."""
    from llmrpc import v1 as pb
    from llmrpc.cli.output import Misuse
    from llmrpc.types import LLMMessage

    if not parts:
        return LLMMessage("user", text)
    try:
        said = [pb.Part(text=text)] if text else []
    except ValueError as error:
        raise Misuse(f"prompt: {error}") from None
    return LLMMessage("user", parts=[*parts, *said])
