"""JSON from a file that a person named; whatever is wrong is said with the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmrpc.cli.output import Misuse


def read_json(path: str, option: str) -> Any:
    """What the file holds; `Misuse` where it cannot be read or is no JSON."""
    try:
        return json.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Misuse(f"{option} {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Misuse(f"{option} {path}: is not text in UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Misuse(f"{option} {path}: is no JSON: {error.msg} ({place})") from None
    except RecursionError:
        raise Misuse(f"{option} {path}: is nested too deeply") from None
