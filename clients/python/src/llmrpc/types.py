"""Messages and responses in plain Python, for applications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle

from llmrpc import v1 as pb

ROLES = {
    "system": pb.ROLE_SYSTEM,
    "user": pb.ROLE_USER,
    "assistant": pb.ROLE_ASSISTANT,
    "tool": pb.ROLE_TOOL,
}
_ROLE_NAMES = {value: name for name, value in ROLES.items()}


@dataclass(frozen=True, slots=True)
class LLMMessage:
    """One turn of a conversation: a role, and text or ordered parts.

    Raises `ValueError` for an unknown role, for content that is empty or white space
    unless there are parts or the role is assistant, and for content beside parts;
    `TypeError` for content that is not text.
    """

    role: str
    content: str = ""
    parts: Sequence[pb.Part] = ()

    def __post_init__(self) -> None:
        if self.role not in tuple(ROLES):
            raise ValueError(f"role: {self.role!r} is none of {', '.join(ROLES)}")
        if not isinstance(self.content, str):
            kind = type(self.content).__name__
            raise TypeError(f"content: is {kind}, and takes text; anything else goes into parts")
        if not (self.content.strip() or self.parts or self.role == "assistant"):
            what = "white space" if self.content else "empty"
            raise ValueError(f"content: is {what}; give text, or parts")
        if self.content and self.parts:
            raise ValueError("content: give content or parts, not both")

    def to_proto(self) -> pb.LLMMessage:
        """The same message in the contract's type."""
        return pb.LLMMessage(role=ROLES[self.role], content=self.content, parts=self.parts)

    @classmethod
    def from_proto(cls, message: pb.LLMMessage) -> LLMMessage:
        """The same message in plain Python."""
        return cls(
            role=_ROLE_NAMES.get(message.role, ""),
            content=message.content,
            parts=tuple(message.parts),
        )


@dataclass(frozen=True, slots=True)
class LLMResponse:
    """A whole answer. What is not known is None.

    `tokens_used` is filled in where both counts are given. `message` is the
    answer in ordered parts: append it to the conversation as it is. `raw` is the
    contract's response, with usage, cost, attempts and warnings.
    """

    content: str
    provider: str = ""
    model: str = ""
    tokens_used: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_estimate: float | None = None
    """USD."""
    response_time: float | None = None
    """Seconds."""
    finish_reason: str | None = None
    request_id: str = ""
    message: pb.LLMMessage | None = field(default=None, repr=False)
    raw: pb.LLMResponse | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = self.prompt_tokens is not None and self.completion_tokens is not None
        if self.tokens_used is None and known:
            total = (self.prompt_tokens or 0) + (self.completion_tokens or 0)
            object.__setattr__(self, "tokens_used", total)

    @classmethod
    def from_proto(cls, response: pb.LLMResponse) -> LLMResponse:
        """The same response in plain Python."""

        def known(name: str) -> int | None:
            return getattr(response, name) if response.HasField(name) else None  # type: ignore[arg-type]

        cost = response.cost_estimate if response.HasField("cost_estimate") else None
        return cls(
            content=response.content,
            provider=response.provider,
            model=response.model,
            tokens_used=known("tokens_used"),
            prompt_tokens=known("prompt_tokens"),
            completion_tokens=known("completion_tokens"),
            cost_estimate=cost,
            response_time=response.response_time,
            finish_reason=finish_reason_name(response.finish_reason),
            request_id=response.request_id,
            message=response.message if response.HasField("message") else None,
            raw=response,
        )


def finish_reason_name(value: pb.FinishReason.ValueType) -> str | None:
    """`stop` for FINISH_REASON_STOP; None for unspecified, `other` for one of a newer contract."""
    if value == pb.FINISH_REASON_UNSPECIFIED:
        return None
    if value not in pb.FinishReason.values():
        return "other"
    return pb.FinishReason.Name(value).removeprefix("FINISH_REASON_").lower()


def build_conversation(
    system_prompt: str | None, user_messages: str | Sequence[str]
) -> list[LLMMessage]:
    """A system message (unless there is none), then the texts, user and assistant in turn.

    The first text is the user's, the second the assistant's reply, and so on; one text
    alone is the user's.
    """
    texts = [user_messages] if isinstance(user_messages, str) else list(user_messages)
    system = [LLMMessage("system", system_prompt)] if system_prompt else []
    roles = cycle(("user", "assistant"))
    return [*system, *(LLMMessage(role, text) for role, text in zip(roles, texts, strict=False))]
