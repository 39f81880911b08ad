"""docs/deploying.md: its Secrets, overlay and numbers are those of the manifests."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
from pathlib import Path

import yaml

from llmrpc_server.config.environment import NAMES
from llmrpc_server.interceptors.auth import hash_key
from llmrpc_server.providers.registry import ROWS
from llmrpc_server.rpc.server import ListenSettings
from tests.conftest import StartProcess
from tests.deploy.manifests import Tree
from tests.docs.pages import ROOT, blocks, page, section
from tests.running import GatewayProcess
from tests.tools.programs import tool

PAGE = page("docs/deploying.md")


def commands(text: str, start: str) -> list[list[str]]:
    """The words of the commands that begin so."""
    lines = "\n".join(blocks(text, "sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith(start)]


def test_its_secrets_are_what_the_manifests_refer_to() -> None:
    made = {
        words[4]: [
            word.partition("=")[2].partition("=")[0] for word in words[5:] if "from-" in word
        ]
        for words in commands(PAGE, "kubectl create secret generic")
    }
    tree = Tree("tls")
    referred = {each["secretRef"]["name"] for each in tree.container["envFrom"]}
    mounted = {each["secret"]["secretName"] for each in tree.pod["volumes"] if "secret" in each}
    assert set(made) == referred | mounted
    assert made["llmrpc-callers"] == re.findall(r"\$\{(\w+)\}", tree.configuration)
    assert set(made["llmrpc-providers"]) <= {name for row in ROWS.values() for name in row.key_env}
    paths = " ".join(
        [value for _, value in tree.environment()] + list(map(str, tree.probes.values()))
    )
    assert [name for name in made["llmrpc-tls"] if f"/{name}" in paths] == made["llmrpc-tls"]


def test_its_trees_are_there() -> None:
    for _, path in re.findall(r"(apply -k |^  - \.\./)(deploy/\S+)", PAGE, re.MULTILINE):
        assert (ROOT / path / "kustomization.yaml").exists(), path
    rows = re.findall(
        r"^\| `(\S+)` \| ", section(PAGE, "Kubernetes").split("### ")[0], re.MULTILINE
    )
    found = (ROOT / "deploy/kubernetes").glob("**/kustomization.yaml")
    trees = {path.parent.relative_to(ROOT / "deploy/kubernetes").as_posix() for path in found}
    assert set(rows) == trees


def test_its_overlay_builds(tmp_path: Path) -> None:
    (text,) = blocks(section(PAGE, "An overlay of your own"), "yaml")
    here = os.path.relpath(ROOT, tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(text.replace("../deploy", f"{here}/deploy"))
    (tmp_path / "llmrpc.yaml").write_text("timeout: 99\n")
    built = subprocess.run(
        [tool("kustomize"), "build", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    resources = {each["kind"]: each for each in yaml.safe_load_all(built.stdout)}
    (container,) = resources["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.com/llmrpc-server:0.1.0"
    assert resources["ConfigMap"]["data"] == {"llmrpc.yaml": "timeout: 99\n"}
    assert {each["metadata"]["namespace"] for each in resources.values()} == {"llmrpc"}


def test_its_containers_know_their_environment() -> None:
    (anonymous, keyed) = commands(PAGE, "docker run")
    keys = {name for row in ROWS.values() for name in row.key_env}
    for words in (anonymous, keyed):
        given = [
            words[at + 1].partition("=")[0] for at, word in enumerate(words) if word == "--env"
        ]
        assert set(given) <= keys | {*NAMES, "LLMRPC_CONFIG"}
    assert "LLMRPC_ALLOW_ANONYMOUS=1" not in keyed
    assert "127.0.0.1:50051:50051" in anonymous
    listen = ListenSettings()
    assert int(keyed[keyed.index("--stop-timeout") + 1]) > listen.drain_pause + listen.grace


def test_its_numbers_are_those_of_the_manifests() -> None:
    tree = Tree("base")
    listen = yaml.safe_load(tree.configuration)["listen"]
    stopping = section(PAGE, "Stopping")
    for name in ("drain_pause", "grace"):
        row = f"| `listen.{name}` | {getattr(ListenSettings(), name):g} s | {listen[name]} s |"
        assert row in stopping
    assert f"| {tree.pod['terminationGracePeriodSeconds']} s, above their sum |" in stopping
    probe = tree.probes["livenessProbe"]
    assert f"({probe['failureThreshold']} × {probe['periodSeconds']} s)" in PAGE


async def test_its_probe_answers(gateway_process: StartProcess) -> None:
    (block,) = blocks(section(PAGE, "Probes"), "sh")
    command, said = block.splitlines()
    address = await (await gateway_process()).address()
    _, _, *words = shlex.split(command.replace("localhost:50051", address))
    asking = await GatewayProcess.start(*words)
    assert await asking.ended() == 0
    assert asking.stdout.strip() == said


async def test_its_key_has_a_hash_like_the_one_shown() -> None:
    making = await GatewayProcess.start("new-key", "app")
    assert await making.ended() == 0
    key, digest = re.findall(r"(llmrpc_\S+)|sha256: (\w{64})", making.stdout)
    assert hash_key(key[0]) == digest[1]


async def test_its_commands_make_a_key_and_its_hash() -> None:
    block = next(each for each in blocks(PAGE, "sh") if "HASH=" in each)
    script = "".join(f"{line}\n" for line in block.splitlines() if not line.startswith("kubectl"))
    making = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'{script}echo "$KEY $HASH"'), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await making.communicate()
    key, digest = said.decode().split()
    assert key.startswith("llmrpc_")
    assert hash_key(key) == digest
