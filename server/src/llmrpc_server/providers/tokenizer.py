"""OpenAI's tokenizers, where tiktoken is installed and its vocabularies are at hand.

tiktoken itself fetches a vocabulary when it is first used. Here it never does: a
vocabulary is read from a folder, or there is none.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from llmrpc_server.catalogue.vocabularies import VOCABULARIES, Vocabulary

if TYPE_CHECKING:
    from tiktoken import Encoding

logger = logging.getLogger(__name__)

CACHE = "TIKTOKEN_CACHE_DIR"
"""The environment's name for the folder."""
PIECE = 100_000
"""Characters that are cut at a time: a million blanks are too much for tiktoken's regular
expressions. A longer text may so count one token more for each piece."""


class Tokenizers:
    """The tokenizers whose vocabularies lie in a folder; without one there are none.

    Made for threads: reading a vocabulary takes half a second, once, and 60 MB.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if find_spec("tiktoken") else None
        self._read: dict[str, Encoding | None] = {}
        self._lock = Lock()

    def find(self, model: str) -> Encoding | None:
        """The tokenizer of one of OpenAI's models."""
        if self._folder is None:
            return None
        from tiktoken.model import encoding_name_for_model

        try:
            name = encoding_name_for_model(model)
        except KeyError:
            return None
        # the open weights' vocabulary is that of the others, with more special tokens
        name = "o200k_base" if name == "o200k_harmony" else name
        with self._lock:
            if name not in self._read:
                self._read[name] = _read(name, self._folder)
            return self._read[name]

    def count(self, text: str, model: str) -> int | None:
        """The tokens of a text; None without this model's tokenizer."""
        encoding = self.find(model)
        return None if encoding is None else count(encoding, text)


def at_hand() -> Tokenizers:
    """Those of the folder that tiktoken itself would look in, where one is named."""
    folder = os.environ.get(CACHE)
    return Tokenizers(Path(folder) if folder else None)


def count(encoding: Encoding, text: str) -> int:
    """The tokens of a text; what looks like a special token is text too."""
    pieces = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    return sum(len(encoding.encode_ordinary(piece)) for piece in pieces)


def _read(name: str, folder: Path) -> Encoding | None:
    from tiktoken import Encoding

    vocabulary = VOCABULARIES.get(name)
    data = vocabulary and _file(name, vocabulary, folder)
    if not vocabulary or not data:
        return None
    pairs = (line.split() for line in data.splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    return Encoding(name, pat_str=vocabulary.pattern, mergeable_ranks=ranks, special_tokens={})


def _file(name: str, vocabulary: Vocabulary, folder: Path) -> bytes | None:
    """The file's bytes, where it is the right one."""
    for place in vocabulary.files:
        try:
            data = (folder / place).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            logger.warning("the vocabulary %s cannot be read: %s", name, error.strerror)
            continue
        if hashlib.sha256(data).hexdigest() == vocabulary.sha256:
            return data
        logger.warning("the vocabulary %s in %s is another or damaged: not used", name, place)
    return None
