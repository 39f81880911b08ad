"""What a pod may do, and which pods the services and policies mean."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from tests.deploy.manifests import TREES, Tree


@pytest.fixture(params=TREES)
def tree(request: pytest.FixtureRequest) -> Tree:
    return Tree(request.param)


def test_the_container_has_no_privileges(tree: Tree) -> None:
    assert tree.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    security = tree.pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_pod_shares_nothing_with_its_node(tree: Tree) -> None:
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(tree.pod)
    kinds = {kind for volume in tree.pod["volumes"] for kind in set(volume) - {"name"}}
    assert kinds <= {"configMap", "secret", "emptyDir"}
    assert not any("hostPort" in port for port in tree.container["ports"])


def test_no_token_of_kubernetes_is_mounted(tree: Tree) -> None:
    (account,) = tree.of("ServiceAccount")
    assert tree.pod["serviceAccountName"] == account["metadata"]["name"]
    assert tree.pod["automountServiceAccountToken"] is False
    assert account["automountServiceAccountToken"] is False


def test_no_secret_is_in_the_manifests(tree: Tree) -> None:
    assert {each["kind"] for each in tree.resources} == {
        "ConfigMap",
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    }
    references = [each["secretRef"] for each in tree.container["envFrom"]]
    assert references == [{"name": "llmrpc-providers"}, {"name": "llmrpc-callers"}]


def test_memory_is_bounded_and_the_processor_is_not(tree: Tree) -> None:
    resources = tree.container["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}


def test_every_selector_means_the_gateways_pods(tree: Tree) -> None:
    (deployment,) = tree.of("Deployment")
    (disruption,) = tree.of("PodDisruptionBudget")
    (policy,) = tree.of("NetworkPolicy")
    spread = tree.pod.get("topologySpreadConstraints", [])
    by_labels = (
        deployment["spec"]["selector"],
        disruption["spec"]["selector"],
        policy["spec"]["podSelector"],
        *(constraint["labelSelector"] for constraint in spread),
    )
    selectors = [service["spec"]["selector"] for service in tree.of("Service")]
    selectors += [each["matchLabels"] for each in by_labels]
    assert selectors == [tree.labels] * len(selectors)
    assert tree.labels


def test_a_rollout_takes_no_pod_before_the_next_serves(tree: Tree) -> None:
    (deployment,) = tree.of("Deployment")
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_node_can_be_emptied(tree: Tree) -> None:
    (disruption,) = tree.of("PodDisruptionBudget")
    assert disruption["spec"]["maxUnavailable"] == 1
    assert "minAvailable" not in disruption["spec"]


def test_traffic_is_named_both_ways(tree: Tree) -> None:
    (policy,) = tree.of("NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    (ingress,) = policy["spec"]["ingress"]
    labelled = {"namespaceSelector": {"matchLabels": {"llmrpc.io/callers": "true"}}}
    assert ingress["from"] == [{"podSelector": {}}, labelled]
    ports = [
        (port["protocol"], port["port"])
        for rule in policy["spec"]["egress"]
        for port in rule["ports"]
    ]
    assert ports == [("UDP", 53), ("TCP", 53), ("TCP", 443)]


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3", "100.64.1.2", "172.31.1.2", "192.168.1.2", "fd12::1"),
        *("169.254.169.254", "fd00:ec2::254", "fe80::1"),  # clouds' metadata, with credentials
    ],
)
def test_no_private_address_is_reached(tree: Tree, address: str) -> None:
    (policy,) = tree.of("NetworkPolicy")
    meant = ip_address(address)
    for block in (each["ipBlock"] for each in policy["spec"]["egress"][1]["to"]):
        reached = meant in ip_network(block["cidr"])
        assert not reached or any(meant in ip_network(each) for each in block["except"])


def test_one_service_is_headless() -> None:
    addresses = {
        each["metadata"]["name"]: each["spec"].get("clusterIP")
        for each in Tree("base").of("Service")
    }
    assert addresses == {"llmrpc": None, "llmrpc-headless": "None"}


def test_replicas_are_spread() -> None:
    tree = Tree("replicas")
    (deployment,) = tree.of("Deployment")
    assert deployment["spec"]["replicas"] > 1
    constraints = tree.pod["topologySpreadConstraints"]
    assert {each["whenUnsatisfiable"] for each in constraints} == {"ScheduleAnyway"}
    keys = [each["topologyKey"] for each in constraints]
    assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
