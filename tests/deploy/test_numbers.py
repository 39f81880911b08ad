"""The manifests' numbers, ports and names are those of the server and the image."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from llmrpc_server.config import Config, load_config
from llmrpc_server.config.environment import NAMES
from llmrpc_server.rpc.health import SERVICE
from llmrpc_server.rpc.server import ListenSettings
from tests.deploy.manifests import DOCKERFILE, IMAGE_ENVIRONMENT, SECRETS, TREES, Tree
from tests.running import ROOT


@pytest.fixture(params=TREES)
def tree(request: pytest.FixtureRequest) -> Tree:
    return Tree(request.param)


@pytest.fixture
def config(tree: Tree, tmp_path: Path) -> Config:
    """The configuration of the ConfigMap, as the pod's server reads it."""
    path = tmp_path / "llmrpc.yaml"
    path.write_text(tree.configuration)
    return load_config(path, {**IMAGE_ENVIRONMENT, **SECRETS})


def drain(listen: ListenSettings) -> float:
    return listen.drain_pause + listen.grace


def test_the_pod_outlives_the_drain(tree: Tree, config: Config) -> None:
    grace = tree.pod["terminationGracePeriodSeconds"]
    assert grace >= drain(config.listen) + 10, "the last log lines and spans need a moment too"
    assert grace > drain(ListenSettings()), "a file that leaves both out is no trap"
    assert config.listen.drain_pause > 0, "endpoints take seconds to hear of it"
    assert "lifecycle" not in tree.container, "the server waits itself, and says NOT_SERVING"


def test_liveness_outlasts_the_drain(tree: Tree, config: Config) -> None:
    probe = tree.probes["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] > drain(config.listen)


def test_readiness_notices_within_the_pause(tree: Tree, config: Config) -> None:
    probe = tree.probes["readinessProbe"]
    for each in tree.probes.values():
        assert each["timeoutSeconds"] >= 1
    if "grpc" in probe:  # a deleted pod's endpoint goes at once; this is for any other signal
        assert probe["periodSeconds"] * probe["failureThreshold"] <= config.listen.drain_pause


def test_each_probe_asks_in_one_way_for_the_gateway_alone(tree: Tree) -> None:
    asked = {}
    for name, probe in tree.probes.items():
        (way,) = {"grpc", "exec", "httpGet", "tcpSocket"} & set(probe)
        speaks_tls = "LLMRPC_TLS_CERTIFICATE" in dict(tree.environment())
        assert way == ("exec" if speaks_tls else "grpc"), "a kubelet's gRPC probe speaks no TLS"
        words = probe[way].get("command", ())
        named = [word.partition("=")[2] for word in words if word.startswith("--service=")]
        asked[name] = "".join(named) or probe[way].get("service", "")
    assert asked == {"startupProbe": SERVICE, "readinessProbe": SERVICE, "livenessProbe": ""}


def test_a_start_may_take_a_minute(tree: Tree) -> None:
    probe = tree.probes["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


def test_connections_are_renewed_and_long_calls_are_not_cut(config: Config) -> None:
    assert config.listen.max_connection_age > 0
    assert config.listen.max_connection_age_grace > config.timeout


def test_the_port_is_one(tree: Tree) -> None:
    (port,) = tree.container["ports"]
    number = port["containerPort"]
    assert re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE) == [str(number)]
    assert IMAGE_ENVIRONMENT["LLMRPC_ADDRESS"] == f"0.0.0.0:{number}"
    for service in tree.of("Service"):
        (each,) = service["spec"]["ports"]
        assert (each["port"], each["targetPort"]) == (number, port["name"])
    (policy,) = tree.of("NetworkPolicy")
    (ingress,) = policy["spec"]["ingress"]
    assert ingress["ports"] == [{"port": port["name"]}]
    for probe in tree.probes.values():
        if "grpc" in probe:
            assert probe["grpc"]["port"] == number
        else:
            assert f"--address=localhost:{number}" in probe["exec"]["command"]


def test_the_user_is_the_images(tree: Tree) -> None:
    security = tree.pod["securityContext"]
    user = f"{security['runAsUser']}:{security['runAsGroup']}"
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == [user]


def test_the_image_is_this_release(tree: Tree) -> None:
    project = tomllib.loads((ROOT / "server/pyproject.toml").read_text())
    assert tree.container["image"] == f"llmrpc-server:{project['project']['version']}"


def test_the_environment_is_known(tree: Tree) -> None:
    assert {name for name, _ in tree.environment()} <= {*NAMES, "LLMRPC_CONFIG"}
    mounts = [each["mountPath"] for each in tree.container["volumeMounts"]]
    for name, value in tree.environment():
        if value.startswith("/"):
            assert str(Path(value).parent) in mounts, name
