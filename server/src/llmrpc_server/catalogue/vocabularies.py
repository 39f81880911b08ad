"""Vocabularies of tokenizers: which file it is, and which texts it cuts in one go.

From `tiktoken_ext/openai_public.py` of tiktoken 0.14.0: addresses, SHA-256 and patterns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One vocabulary, in a file of lines `base64-of-token rank`."""

    files: tuple[str, ...]
    """Its names: its own, and the one in tiktoken's cache, the SHA-1 of its address."""
    sha256: str
    pattern: str
    """What is cut off before tokens are sought in it: a regular expression of tiktoken's."""


_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"

CL100K = Vocabulary(
    files=("cl100k_base.tiktoken", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"),
    sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    pattern=(
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
        r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
    ),
)
O200K = Vocabulary(
    files=("o200k_base.tiktoken", "fb374d419588a4632f3f557e76b4b70aebbca790"),
    sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    pattern=(
        rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]*[{_LOWER}]+{_ENDING}"
        rf"|[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]+[{_LOWER}]*{_ENDING}"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
)
VOCABULARIES: Mapping[str, Vocabulary] = {"cl100k_base": CL100K, "o200k_base": O200K}
"""By tiktoken's names. Which model has which, tiktoken's `encoding_name_for_model` says."""
