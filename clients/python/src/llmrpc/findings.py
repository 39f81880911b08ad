"""What a client finds wrong with a request, gathered before anything is said."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, Violation


def not_accepted(by: str, what: str) -> str:
    """The words of a warning: `openai does not accept blank text; dropped`."""
    return f"{by} does not accept {what}; dropped"


class Findings:
    """Violations and warnings of one request for one provider and model."""

    __slots__ = ("_invalid", "_unsupported", "model", "provider", "warnings")

    def __init__(self, provider: str, model: str) -> None:
        self.provider = provider
        self.model = model
        self.warnings: list[pb.Warning] = []
        self._invalid: list[Violation] = []
        self._unsupported: list[Violation] = []

    @property
    def clean(self) -> bool:
        """Whether no violation was found so far."""
        return not (self._invalid or self._unsupported)

    def unsupported(self, field: str, why: str = "") -> None:
        """A required field that this provider or model lacks."""
        name = field.rpartition(".")[2]
        why = why or f"{self.provider} has no {name}; leave it out or take another model"
        self._unsupported.append(Violation(field, why))

    def invalid(self, field: str, why: str) -> None:
        """A field whose value no provider could take."""
        self._invalid.append(Violation(field, why))

    def warn(self, field: str, why: str) -> None:
        """Something of the request that is not sent as it was given, and why."""
        self.warnings.append(pb.Warning(field=field, message=why))

    def drop(self, field: str, what: str, by: str = "") -> None:
        """A hint that the provider does not accept; `by` names the model, if that does not."""
        self.warn(field, not_accepted(by or self.provider, what))

    def check(self) -> None:
        """Raises `InvalidRequestError` with every violation, if there is one.

        The reason is FIELD_NOT_SUPPORTED only where another provider could serve
        the request as it stands.
        """
        if self.clean:
            return
        violations = [*self._invalid, *self._unsupported]
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        raise InvalidRequestError(
            f"{first.field}: {first.description}{more}",
            reason=pb.ERROR_REASON_INVALID_REQUEST
            if self._invalid
            else pb.ERROR_REASON_FIELD_NOT_SUPPORTED,
            metadata={"field": first.field, "provider": self.provider, "model": self.model},
            violations=violations,
        )
