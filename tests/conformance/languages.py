"""The languages that have a runner, and how the runners are built."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.making import alone, make
from tests.running import ROOT

RUNNERS = Path(__file__).parent / "runners"
_LEFT_OUT = re.compile(r"left out: .* \((.*)\)")


class NotBuilt(Exception):  # noqa: N818 - it is told, not raised to a caller
    """A runner that could not be built; the text is what make said."""


class LeftOut(Exception):  # noqa: N818 - as above
    """A runner whose toolchain is missing, and may be; the text says what to install."""


Built = Path | NotBuilt | LeftOut
"""A runner's program, or why there is none."""


def languages() -> list[str]:
    """All that have a runner here, Python first: the other clients were made after it."""
    names = (path.name for path in RUNNERS.iterdir() if path.is_dir())
    return sorted(names, key=lambda name: (name != "python", name))


def build(names: Sequence[str]) -> Mapping[str, Built]:
    """The runners of these languages, built at the same time; what is not old is left as it is."""
    targets = {name: f"conformance-runner-{name}" for name in names}
    with alone():
        # one make knows what they share; what each has to say it says when it is asked alone
        make("-s", "-k", f"-j{len(targets)}", *targets.values())
        return {name: _built(name, target) for name, target in targets.items()}


def _built(name: str, target: str) -> Built:
    done = make("-s", target)
    text = done.stdout.strip()
    if done.returncode:
        return NotBuilt(text)
    if why := _LEFT_OUT.search(text):
        return LeftOut(why[1])
    program = ROOT / ".build" / "conformance" / name
    if not program.is_file():
        return NotBuilt(f"{text}\nmake ended well, but {program} is not there")
    return program
