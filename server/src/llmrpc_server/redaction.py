"""Takes known secrets out of text that leaves the process, encoded or not."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from llmrpc.errors import LLMClientError, Violation
from llmrpc.secret import Secret

MASK = "[redacted]"
SHORTEST = 6
"""A shorter value is no secret worth the name, and would mask ordinary words."""
KEPT = 256
"""Redactors that are kept: one for each key of each provider."""
_PERCENT = re.compile(r"(?<![^\s\"'<>])[^\s\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")
"""Looked for at the start of a run alone: from each of its characters, it would take the square
of its length."""


class Redactor:
    """Replaces secrets by value, wherever they stand.

    The password of a URL is a secret by itself.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        found = {part for secret in secrets for part in _parts(secret.reveal())}
        values = sorted((value for value in found if len(value) >= SHORTEST), key=len)
        self._pattern: re.Pattern[str] | None = None
        if values:
            self._pattern = re.compile("|".join(map(re.escape, reversed(values))))
            self._bytes = re.compile(self._pattern.pattern.encode())
            self._encoded = sorted({form for value in values for form in _encodings(value)})
            self._size = min(map(len, self._encoded))
            self._heads = {form[: self._size] for form in self._encoded}
            self._like_heads = _like(self._heads)
            self._runs = re.compile(rf"[A-Za-z0-9+/_-]{{{self._size},}}")

    def mask(self, text: str) -> str:
        """The text without the secrets as they are: for what no stranger wrote."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def clean(self, text: str) -> str:
        """The text without the secrets in any form.

        A run of characters that holds one in percent-encoding, Base64 or hexadecimal goes
        as a whole.
        """
        if self._pattern is None:
            return text
        text = self._pattern.sub(MASK, text)
        if "%" in text:
            text = _PERCENT.sub(self._unquoted, text)
        if self._like_heads.search(text) is None:  # as nearly always
            return text
        return self._runs.sub(self._decoded, text)

    def clean_error(self, error: LLMClientError) -> None:
        """Takes the secrets out of all texts of an error, its attempts included."""
        clean = self.clean
        error.message = clean(error.message)
        error.metadata = {clean(key): clean(value) for key, value in error.metadata.items()}
        error.violations = tuple(
            Violation(clean(each.field), clean(each.description)) for each in error.violations
        )
        error.provider_request_id = clean(error.provider_request_id)
        for attempt in error.attempts:
            attempt.message = clean(attempt.message)
            attempt.provider_request_id = clean(attempt.provider_request_id)

    def _unquoted(self, found: re.Match[str]) -> str:
        run = found[0]
        return MASK if self._bytes.search(unquote_to_bytes(run)) else run

    def _decoded(self, found: re.Match[str]) -> str:
        run = found[0]
        for like in self._like_heads.finditer(run):
            if like[1] in self._heads:
                return MASK if any(form in run for form in self._encoded) else run
        return run


def _like(heads: set[str]) -> re.Pattern[str]:
    """Finds, in a fast scan, where a text of equal length as these could be one of them."""
    columns = ("".join(sorted(set(column))) for column in zip(*heads, strict=True))
    return re.compile("(?=(" + "".join(f"[{re.escape(each)}]" for each in columns) + "))")


def _parts(value: str) -> Iterator[str]:
    """A secret, and what of it is one alone: the password of a URL, as written and as meant."""
    yield value
    if "://" not in value:
        return
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return
    yield password
    yield unquote(password)


def _encodings(value: str) -> Iterator[str]:
    """What of a value stays the same in Base64 whatever stands around it, and hexadecimal."""
    data = value.encode()
    yield data.hex()
    yield data.hex().upper()
    for before in range(3):
        start, end = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + data).decode()[start:end]


@lru_cache(KEPT)
def redactor_of(values: tuple[str, ...]) -> Redactor:
    """The redactor for these values, made once."""
    return Redactor(map(Secret, values))
