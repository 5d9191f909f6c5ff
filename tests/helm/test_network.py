"""A NetworkPolicy lets through what the daemon needs, and closes everything else."""

from __future__ import annotations

from tests.helm.charts import (
    Manifest,
    case,
    container,
    of_kind,
    only,
    pod,
    render,
    with_values,
    workload,
)

AGENTS = {"169.254.170.23/32", "fd00:ec2::23/128"}


def policy(**values: object) -> Manifest:
    """Render the policy of the case that has one."""
    found = with_values(case("network-policy"), {"networkPolicy": values})
    specification: Manifest = only(render(found), "NetworkPolicy")["spec"]
    return specification


def reached(specification: Manifest) -> set[tuple[str, int]]:
    """List the ports that a pod may call, wherever."""
    return {
        (port["protocol"], port["port"])
        for rule in specification["egress"]
        for port in rule["ports"]
    }


def test_there_is_none_unless_it_is_asked_for() -> None:
    assert of_kind(render(case("default")), "NetworkPolicy") == []


def test_both_ways_are_closed_for_the_pods_of_the_release() -> None:
    found = render(case("network-policy"))
    specification = only(found, "NetworkPolicy")["spec"]

    assert set(specification["policyTypes"]) == {"Ingress", "Egress"}
    assert (
        specification["podSelector"]["matchLabels"]
        == (workload(found)["spec"]["selector"]["matchLabels"])
    )


def test_names_are_resolved_and_clouds_are_called() -> None:
    assert {("UDP", 53), ("TCP", 53), ("TCP", 443)} <= reached(policy())


def test_the_agent_that_gives_pods_their_identity_is_reached_on_both_families() -> None:
    (rule,) = (rule for rule in policy(podIdentity=True)["egress"] if _blocks(rule) & AGENTS)

    assert _blocks(rule) == AGENTS
    assert rule["ports"] == [{"protocol": "TCP", "port": 80}]


def test_the_agent_is_reached_unless_there_is_another_identity() -> None:
    def is_reached(name: str) -> bool:
        rules = only(render(case(name)), "NetworkPolicy")["spec"]["egress"]
        return any(_blocks(rule) & AGENTS for rule in rules)

    assert is_reached("pod-identity")
    assert not is_reached("irsa")
    assert not is_reached("network-policy")


def test_the_database_is_reached_where_there_is_one() -> None:
    found = case("network-policy")
    on_postgresql = with_values(case("postgresql"), {"networkPolicy": found["networkPolicy"]})

    assert ("TCP", 5432) in reached(only(render(on_postgresql), "NetworkPolicy")["spec"])
    assert ("TCP", 5432) not in reached(policy())


def test_no_rule_opens_every_port() -> None:
    assert all(rule.get("ports") for rule in policy()["egress"])
    assert {port for _, port in reached(policy())} <= {53, 80, 443, 6443}


def test_only_metrics_and_probes_are_asked_for() -> None:
    found = render(case("network-policy"))
    ports = [
        port["port"]
        for rule in only(found, "NetworkPolicy")["spec"]["ingress"]
        for port in rule["ports"]
    ]

    assert set(ports) <= {"metrics", container(found)["ports"][0]["containerPort"]}
    assert pod(found).get("hostNetwork", False) is False


def _blocks(rule: Manifest) -> set[str]:
    return {place["ipBlock"]["cidr"] for place in rule.get("to", ()) if "ipBlock" in place}
