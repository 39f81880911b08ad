"""What kustomize makes of deploy/kubernetes, by kind, and what the image says beside it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from tests.running import ROOT
from tests.tools.programs import tool

RULES = (ROOT / "deploy/rules.mk").read_text()
TREES = {
    tree.rpartition("/")[2]: ROOT / "deploy/kubernetes" / tree
    for tree in re.findall(r"^TREES := (.*)$", RULES, re.MULTILINE)[0].split()
}
"""The folders that `make check-deploy` validates, by their last names."""
Resource = Mapping[str, Any]


@cache
def built(tree: str) -> tuple[Resource, ...]:
    """The resources of a tree."""
    made = subprocess.run(
        [tool("kustomize"), "build", str(TREES[tree])], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return tuple(yaml.safe_load_all(made.stdout))


class Tree:
    """The resources of one tree."""

    def __init__(self, name: str) -> None:
        self.resources = built(name)

    def of(self, kind: str) -> list[Resource]:
        """All of a kind; there is at least one."""
        found = [each for each in self.resources if each["kind"] == kind]
        assert found, kind
        return found

    @property
    def template(self) -> Resource:
        """The pod that the one Deployment makes."""
        (deployment,) = self.of("Deployment")
        template: Resource = deployment["spec"]["template"]
        return template

    @property
    def pod(self) -> Resource:
        pod: Resource = self.template["spec"]
        return pod

    @property
    def labels(self) -> Mapping[str, str]:
        """The pod's."""
        labels: Mapping[str, str] = self.template["metadata"]["labels"]
        return labels

    @property
    def container(self) -> Resource:
        """The pod's one container."""
        (container,) = self.pod["containers"]
        assert not self.pod.get("initContainers")
        result: Resource = container
        return result

    @property
    def probes(self) -> Mapping[str, Resource]:
        names = ("startupProbe", "readinessProbe", "livenessProbe")
        return {name: self.container[name] for name in names}

    @property
    def configuration(self) -> str:
        """The file in the ConfigMap that the pod mounts."""
        (volume,) = (each for each in self.pod["volumes"] if each["name"] == "config")
        (config,) = self.of("ConfigMap")
        assert volume["configMap"]["name"] == config["metadata"]["name"]
        text: str = config["data"]["llmrpc.yaml"]
        return text

    def environment(self) -> Iterator[tuple[str, str]]:
        """What the image sets, then what the manifest does."""
        yield from IMAGE_ENVIRONMENT.items()
        for each in self.container["env"]:
            yield each["name"], each["value"]


DOCKERFILE = (ROOT / "Dockerfile").read_text()
IMAGE_ENVIRONMENT: Mapping[str, str] = dict(
    re.findall(r"\b(LLMRPC_\w+)=(\S+)", DOCKERFILE.split("\nENV ")[-1])
)
"""The settings that the image makes."""
SECRETS = {"OPENAI_API_KEY": "a-key-for-openai", "LLMRPC_CALLER_APP_SHA256": 64 * "0"}
"""What the two Secrets of the base hold, as docs/deploying.md makes them."""
