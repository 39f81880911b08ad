"""Models as a table, as wide as the terminal takes.

Where it does not fit, the abilities go below each row; where the rest does not fit
either, a few lines tell of each model. A pipe gets every column whole, parted by two
spaces, `-` for what is unknown.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from llmrpc import v1 as pb
from llmrpc.cli.report import printable
from llmrpc.response import NANO

_HEADER = ("model", "context", "output", "$ in/M", "$ out/M", "can")
_NUMBERS = (1, 2, 3, 4)
_INPUTS = {
    pb.MODALITY_IMAGE: "images",
    pb.MODALITY_AUDIO: "audio",
    pb.MODALITY_DOCUMENT: "documents",
    pb.MODALITY_VIDEO: "videos",
}
_ABILITIES = {
    "tools": "tools",
    "json_schema": "schema",
    "reasoning": "reasoning",
    "prompt_cache": "cache",
}


def print_models(models: Sequence[pb.Model]) -> None:
    """Prints them in their order."""
    if not models:
        return
    rows = [_row(model) for model in models]
    widths = [max(map(cell_len, column)) for column in zip(_HEADER, *rows, strict=True)]
    console = Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    if _needed(widths[:-1]) > width:
        for row in rows:
            _print_narrow(console, row, width)
        return
    below = _needed(widths) > width
    columns = len(widths) - below
    console.print(Text(_line(_HEADER[:columns], widths), "dim"))
    for row in rows:
        line = Text(_line(row[:columns], widths))
        line.stylize("bold", 0, len(row[0]))
        console.print(line)
        if below and row[-1] != "-":
            console.print(Text(f"  {row[-1]}", "dim"))


def _needed(widths: Sequence[int]) -> int:
    """Columns of a terminal for columns of these widths."""
    return sum(widths) + 2 * (len(widths) - 1)


def _row(model: pb.Model) -> tuple[str, ...]:
    price = model.pricing if model.HasField("pricing") else None
    tiered = "+" if price is not None and price.tiered else ""
    return (
        printable(", ".join([model.name, *model.aliases])),
        _size(model.context_tokens) if model.HasField("context_tokens") else "-",
        _size(model.max_output_tokens) if model.HasField("max_output_tokens") else "-",
        "-" if price is None else _dollars(price.input_nano_usd_per_million) + tiered,
        "-" if price is None else _dollars(price.output_nano_usd_per_million) + tiered,
        _abilities(model),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for place, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        space = " " * (width - cell_len(cell))
        padded.append(space + cell if place in _NUMBERS else cell + space)
    return "  ".join(padded).rstrip()


def _print_narrow(console: Console, row: Sequence[str], width: int) -> None:
    """The name, and what is known of it below, broken between facts."""
    name, context, output, input_price, output_price, can = row
    facts = [
        f"{context} context" if context != "-" else "",
        f"{output} output" if output != "-" else "",
        f"${input_price} in, ${output_price} out per M" if input_price != "-" else "unpriced",
        *(can.split(",") if can != "-" else ()),
    ]
    console.print(Text(name, "bold"))
    line = ""
    for fact in filter(None, facts):
        if line and len(line) + 3 + len(fact) > width:
            console.print(Text(line))
            line = ""
        line = f"{line} · {fact}" if line else f"  {fact}"
    console.print(Text(line))


def _abilities(model: pb.Model) -> str:
    if not (model.HasField("capabilities") or model.input_modalities):
        return "-"
    able = [word for value, word in _INPUTS.items() if value in model.input_modalities]
    able += [word for name, word in _ABILITIES.items() if getattr(model.capabilities, name)]
    return ",".join(able) or "text"


def _size(tokens: int) -> str:
    """Tokens in thousands or millions where that is exact enough: 128k, 1.05M."""
    if tokens < 1000:
        return str(tokens)
    if tokens < 1_000_000:
        return f"{tokens / 1000:.3g}k"
    return f"{tokens / 1_000_000:.3g}M"


def _dollars(nano: int) -> str:
    return f"{nano / NANO:.6g}" if nano else "0"
