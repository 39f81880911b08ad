"""One request to a provider: what it is sent as, and how its answer is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec

from llmrpc import v1 as pb
from llmrpc.attempts import Try
from llmrpc.call import Call
from llmrpc.errors import (
    GenerationTimeoutError,
    LLMClientError,
    ProviderNotAvailableError,
    StreamInterruptedError,
    deadline_exceeded,
    stalled,
)
from llmrpc.estimate import CHARACTERS_PER_TOKEN, estimate_prompt, estimate_usage
from llmrpc.response import build_response
from llmrpc_server.frames import drop_frames
from llmrpc_server.providers.dialect import Answer, Defaults, headers_of
from llmrpc_server.providers.dialects import counter
from llmrpc_server.providers.failures import MAX_REQUEST_ID, AnsweredError
from llmrpc_server.providers.kept_json import is_closed
from llmrpc_server.providers.masking import mask_response
from llmrpc_server.providers.provider import Provider

MOST_LETTERS = 256
"""Of a model's name, as in requests."""

NO_TOOL_PRICE = "has no known price, so the cost is without it; `prices` can give it one"


def _name(answer: Answer) -> str:
    """What the provider names its model; nothing for what is too long for a name."""
    return answer.model if len(answer.model) <= MOST_LETTERS else ""


class Exchange:
    """One try: encoded when it is made, so that a bad request costs no IO."""

    __slots__ = (
        "_billed",
        "_count",
        "_defaults",
        "_stream",
        "attempt",
        "call",
        "dialect",
        "encoded",
        "headers",
        "key",
        "limit",
        "model",
        "provider",
        "redactor",
        "request",
        "stalls",
        "url",
    )

    def __init__(
        self,
        provider: Provider,
        request: pb.GenerateRequest,
        call: Call,
        *,
        stream: bool,
        count: bool = False,
    ) -> None:
        target = call.target
        self.provider, self.request, self.call = provider, request, call
        self.model = target.model if target else request.model.removeprefix(f"{provider.name}/")
        self.attempt = Try(call, provider.name, self.model)
        self.key = (target and target.key) or provider.key
        self.dialect = dialect = provider.dialects.of(self.model)
        self.redactor = provider.redactor(dialect, self.key)
        self._stream, self._count = stream, count
        self._billed = False
        self._defaults = Defaults()
        try:
            if count and (counting := counter(dialect)):
                self.encoded = counting.encode_count(request, self.model)
            else:
                self._encode(provider.defaults_for(self.model))
        except LLMClientError as error:
            self.attempt.fail(error)
            raise
        self.headers = headers_of(dialect, self.key.secret.reveal() if self.key else None)
        self.headers.update(self.encoded.headers)
        self.headers["Content-Type"] = "application/json"
        self.headers.update(call.trace_context)
        path = self.encoded.path
        self.url = provider.url(path)
        stall, remaining = provider.upstream.stall_timeout, call.remaining()
        self.stalls = remaining is None or (stream and stall < remaining)
        self.limit = stall if remaining is None or self.stalls else remaining

    def _encode(self, defaults: Defaults) -> None:
        self._defaults = defaults
        self.encoded = self.dialect.encode(self.request, self.model, defaults, stream=self._stream)
        if more := self.dialect.row.body:
            body = msgspec.json.decode(self.encoded.body, type=dict[str, msgspec.Raw])
            self.encoded.body = msgspec.json.encode({**more, **body})

    def without_default(self, error: LLMClientError) -> bool:
        """Whether an error is about the default temperature; it is sent no more then.

        Nobody asked for it: what it spoils is asked for once more.
        """
        defaults = self._defaults
        if (
            defaults.temperature is None
            or isinstance(error, AnsweredError)
            or self.request.HasField("temperature")
            or error.http_status not in (400, 422)
            or "temperature" not in error.message
        ):
            return False
        self.provider.remember(self.model, takes=False)
        self._encode(replace(defaults, temperature=None))
        return True

    def timed_out(self, answer: Answer) -> GenerationTimeoutError:
        """The error for `limit` seconds without an answer, with what it may have cost so far."""
        if self.stalls:
            return stalled(self.provider.name, self.limit)
        error = deadline_exceeded()
        if self._billed:
            error.usage, error.cost, _ = self._spend(answer)
        return error

    def explain(self, error: LLMClientError) -> LLMClientError:
        """The error of this try, settled as failed: where it was, and no key in it."""
        self.redactor.clean_error(error)
        error.metadata.setdefault("provider", self.provider.name)
        error.metadata.setdefault("model", self.model)
        self.attempt.fail(error)
        return error

    def identified(self, request_id: str) -> None:
        """The provider's own identifier of this try is known."""
        self.attempt.record.provider_request_id = self.redactor.clean(request_id)[:MAX_REQUEST_ID]

    def ended(self, error: AnsweredError, answer: Answer) -> Answer:
        """The answer that an error ends; no key is in what the provider said."""
        drop_frames(error)
        error.refusal = self.redactor.clean(error.refusal)
        return error.settle(answer)

    def too_early(self, error: StreamInterruptedError) -> LLMClientError:
        """An answer that ended before its first delta: another try may do better."""
        return ProviderNotAvailableError(
            error.message, reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID
        )

    def interrupted(self, error: LLMClientError, answer: Answer) -> LLMClientError:
        """A failure after the first delta, with what the answer used so far."""
        if not isinstance(error, StreamInterruptedError | GenerationTimeoutError):
            error = StreamInterruptedError(
                f"{self.provider.name} broke off its stream: {error.message}",
                http_status=error.http_status,
            )
        error.usage, error.cost, _ = self._spend(answer)
        return self.explain(error)

    def unread(self, error: LLMClientError, answer: Answer, body: bytes = b"") -> None:
        """An answer came that cannot be read: what it may have cost is estimated by its length."""
        if answer.usage is None:
            answer.usage = estimate_usage(self.request, answer.parts)
            if is_closed(body):
                answer.usage.output_tokens = len(body) // CHARACTERS_PER_TOKEN
        error.usage, error.cost, _ = self._spend(answer)

    def wasted(self, answer: Answer) -> None:
        """The try broke before its first delta: what the provider began to bill is recorded."""
        if answer.usage is not None or answer.parts.size():
            self._spend(answer)

    def begin(self) -> None:
        """The request goes out: from here on it may be billed. A count never is."""
        self._billed = not self._count

    def abandoned(self, answer: Answer) -> None:
        """The caller went away: what was used so far is recorded, estimated from the prompt."""
        if self._billed:
            self._spend(answer)
        self.attempt.fail(asyncio.CancelledError())

    def start(self, event: pb.StreamEvent, answer: Answer) -> None:
        """Says in the first event of a stream who answers."""
        event.started.provider = self.provider.name
        event.started.model = self.redactor.clean(_name(answer)) or self.model
        event.started.request_id = self.call.request_id

    def respond(self, answer: Answer) -> pb.LLMResponse:
        """The contract's response for a whole answer."""
        self.attempt.succeed()
        answer.parts.rename(self.encoded.names)
        model = _name(answer) or self.model
        usage, cost, unpriced = self._spend(answer)
        left_out = [
            pb.Warning(field=f"usage.tool_uses.{name}", message=NO_TOOL_PRICE) for name in unpriced
        ]
        response = build_response(
            self.call,
            provider=self.provider.name,
            model=model,
            content=answer.parts.content(),
            parts=answer.parts.parts(),
            finish_reason=answer.finish_reason,
            usage=usage,
            cost=cost,
            warnings=[*self.encoded.warnings, *answer.warnings, *left_out],
            provider_finish_reason=answer.provider_finish_reason,
            provider_response_id=answer.response_id,
            provider_metadata=answer.metadata,
        )
        mask_response(self.redactor, response)
        return response

    def _spend(self, answer: Answer) -> tuple[pb.Usage, pb.Cost, list[str]]:
        """What the answer used and cost so far, estimated where the provider is silent.

        The last are the uses of provider tools that the cost leaves out.
        """
        usage = answer.usage
        if usage is None:
            usage = estimate_usage(self.request, answer.parts)
        elif answer.input_uncounted:
            usage.input_tokens = estimate_prompt(self.request)
            usage.estimated = True
        cost, unpriced = self.provider.prices.price(
            self.provider.name,
            self.model,
            usage,
            answered=_name(answer),
            service_tier=answer.service_tier,
        )
        self.attempt.spend(usage, cost)
        return usage, cost, unpriced
