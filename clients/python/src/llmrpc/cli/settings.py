"""How the gateway is reached, and whom it is to ask: the options of most commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

if TYPE_CHECKING:
    from llmrpc import GatewayClient
    from llmrpc import v1 as pb
    from llmrpc.requests import Messages

MOST = 2**31 - 1
"""The largest count that the contract can carry."""


def _file(help: str) -> Any:
    return Option(exists=True, dir_okay=False, readable=True, help=help)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where the gateway is, and who calls."""

    address: Annotated[
        str,
        Option("--address", "-a", envvar="LLMRPC_ADDRESS", help="host:port of the gateway."),
    ] = "localhost:50051"
    token: Annotated[
        str,
        Option(
            envvar="LLMRPC_TOKEN",
            help="Bearer key. Other users of this machine see an option, not a variable.",
        ),
    ] = ""
    tls: Annotated[bool, Option("--tls", help="TLS with the public authorities.")] = False
    ca: Annotated[Path | None, _file("TLS with this authority (PEM).")] = None
    cert: Annotated[Path | None, _file("Own certificate (PEM), for mTLS.")] = None
    key: Annotated[Path | None, _file("The certificate's key (PEM).")] = None
    allow_insecure_token: Annotated[
        bool, Option("--allow-insecure-token", help="Send the key unencrypted to other machines.")
    ] = False
    timeout: Annotated[
        float | None, Option(min=0.001, help="Seconds for an answer, or for a whole batch.")
    ] = None
    quiet: Annotated[bool, Option("--quiet", "-q", help="No remarks on standard error.")] = False

    def connect(self) -> GatewayClient:
        """The client for these options; `Misuse` where they contradict each other."""
        from llmrpc import TLS, GatewayClient
        from llmrpc.cli.output import Misuse

        try:
            files = TLS(self.ca, self.cert, self.key)
            return GatewayClient(
                self.address,
                token=self.token,
                tls=files if self.tls or files != TLS() else None,
                timeout=self.timeout,
                allow_insecure_token=self.allow_insecure_token,
            )
        except ValueError as error:
            raise Misuse(f"{error} (on the command line: the options of the same name)") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Reach):
    """Which model to ask, and how it is to answer."""

    model: Annotated[str, Option("--model", "-m", help="provider/model, an alias or a name.")] = ""
    system: Annotated[str, Option("--system", "-s", help="Instructions to the model.")] = ""
    temperature: Annotated[float | None, Option(min=0, max=2, help="Sampling temperature.")] = None
    max_tokens: Annotated[
        int | None, Option(min=1, max=MOST, help="The most tokens of an answer.")
    ] = None

    def request(self, messages: Messages, **fields: Any) -> pb.GenerateRequest:
        """The request for this conversation; `Misuse` for what is no text."""
        from llmrpc.cli.output import Misuse
        from llmrpc.requests import build_request

        try:
            return build_request(messages, self.model, self.temperature, self.max_tokens, fields)
        except (TypeError, ValueError) as error:
            raise Misuse(str(error)) from None
