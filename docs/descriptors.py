"""The contract's descriptors with their comments, from buf."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import status_pb2

PROTOS = Path(__file__).parents[1] / "protos"
BUF = str(Path(sys.executable).with_name("buf"))
_CODE = re.compile(r"^( {4,}.*\n?)+", re.MULTILINE)


class Comments:
    """The comments of one file, by the path of numbers that descriptors use."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._text: Mapping[tuple[int, ...], str] = {
            tuple(place.path): re.sub(r"^ ", "", place.leading_comments, flags=re.MULTILINE)
            for place in file.source_code_info.location
            if place.leading_comments
        }

    def paragraphs(self, *path: int) -> Sequence[str]:
        """What is said there, a line each; examples in JSON are left out.

        Raises `ValueError` where nothing is said: the contract says something of
        everything.
        """
        text = _CODE.sub("", self._text.get(path, ""))
        found = [" ".join(each.split()) for each in text.split("\n\n")]
        if not any(found):
            raise ValueError(f"there is no comment at {path}")
        return [each for each in found if each]

    def line(self, *path: int) -> str:
        """The same in one line."""
        return " ".join(self.paragraphs(*path))


@cache
def contract() -> Sequence[FileDescriptorProto]:
    """The files of the contract, with comments. Raises `CalledProcessError` for a faulty one."""
    with workspace() as folder:
        built = subprocess.run(  # noqa: S603 - a program of this very environment
            [BUF, "build", str(folder), "--output", "-"], stdout=subprocess.PIPE, check=True
        )
    files = FileDescriptorSet.FromString(built.stdout).file
    return [each for each in files if each.package.startswith("llmrpc.")]


@contextmanager
def workspace() -> Iterator[Path]:
    """A copy of the contract that buf can build as it stands."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(PROTOS / "llmrpc", folder / "llmrpc")
        # the one import that buf does not bring along, out of the package that has it
        status = Path(status_pb2.__file__).with_name("status.proto")
        (folder / "google/rpc").mkdir(parents=True)
        shutil.copy(status, folder / "google/rpc")
        yield folder
