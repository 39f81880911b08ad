"""docs/connect.md names the packages as their own files do, and what stubs need."""

from __future__ import annotations

import json
import re
import tomllib
from xml.etree import ElementTree as ET

import pytest

from docs.descriptors import PROTOS
from llmrpc import channel
from llmrpc_server.rpc.server import ListenSettings
from tests.docs.pages import codes, page, section

PAGE = page("docs/connect.md")
POM = "{http://maven.apache.org/POM/4.0.0}"


def row(language: str) -> str:
    (line,) = (each for each in PAGE.splitlines() if each.startswith(f"| [{language}]"))
    return line


def test_python() -> None:
    project = tomllib.loads(page("clients/python/pyproject.toml"))["project"]
    needs = project["requires-python"].removeprefix(">=")
    assert f"| `{project['name']}` | Python {needs} |" in row("Python")
    assert f"pip install {project['name']}\n" in PAGE


def test_go() -> None:
    module = page("clients/go/go.mod")
    (name,) = re.findall(r"^module (\S+)$", module, re.MULTILINE)
    (needs,) = re.findall(r"^go (\d+\.\d+)", module, re.MULTILINE)
    assert f"| `{name}` | Go {needs} |" in row("Go")
    assert f"go get {name}\n" in PAGE


def test_java() -> None:
    project = ET.fromstring(page("clients/java/pom.xml"))  # noqa: S314 - our own file
    values = {
        each: project.findtext(f"{POM}{each}") for each in ("groupId", "artifactId", "version")
    }
    assert f"| `{values['groupId']}:{values['artifactId']}` |" in row("Java")
    for each, value in values.items():
        assert f"<{each}>{value}</{each}>" in section(PAGE, "Java")


def test_typescript() -> None:
    package = json.loads(page("clients/typescript/package.json"))
    assert f"| `{package['name']}` | Node 20 |" in row("TypeScript")
    assert package["engines"]["node"].startswith(">=20")
    assert f"npm install {package['name']}\n" in PAGE
    assert f"makes `llmrpc-client-{package['version']}.tgz`" in PAGE


def test_what_stubs_import() -> None:
    text = "".join(path.read_text() for path in PROTOS.glob("llmrpc/v1/*.proto"))
    imported = set(re.findall(r'^import "(?!llmrpc/|google/protobuf/)(.*)";$', text, re.MULTILINE))
    assert imported == {"google/rpc/status.proto"}
    assert "`google/rpc/status.proto`" in PAGE


def test_its_numbers() -> None:
    assert f"to {channel.MAX_MESSAGE_BYTES // 2**20} MiB" in PAGE
    assert ListenSettings().min_ping_interval <= 10
    assert f"`{channel.DEFAULT_TARGET}`" in PAGE


@pytest.mark.parametrize("language", ["go", "java", "typescript"])
def test_each_client_is_told_of_by_its_own_words(language: str) -> None:
    own = f"clients/{language}/README.md"
    readme = page("README.md")
    assert f"](../{own})" in PAGE
    (line,) = (each for each in readme.splitlines() if f"]({own})" in each and each[0] == "|")
    install, stream = codes(line)[:2]
    if install.startswith(("go get", "npm install")):
        assert f"{install}\n" in page(own)
    assert stream.removeprefix("client.streamText(request)") in page(own)
