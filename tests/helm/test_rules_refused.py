"""Values that contradict each other, or would do harm, are refused with a reason."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import helm_python
import pytest

from tests.gates.tree import ROOT
from tests.helm.charts import CHART, HELMS, Helm, Manifest, RefusedError, render, smallest

if TYPE_CHECKING:
    from pathlib import Path

_DATABASE: Manifest = {"type": "postgresql", "existingSecret": "journal"}
_ROLE = "arn:aws:iam::111122223333:role/rotator"
_RULE: Manifest = {"name": "all", "match": {"principal": "*"}, "action": "report"}


_CHANNEL: Manifest = {"name": "chat", "type": "slack", "url": "https://chat.example/T0/B0/abc"}

_SHOP: Manifest = {
    "name": "shop",
    "match": {"principal": "*"},
    "action": "rotate",
    "destination": {"type": "kubernetes-secret", "namespace": "shop", "name": "payments"},
}


def _text(kind: str) -> str:
    return (
        "apiVersion: rotator/v1\nkind: Policy\nrules:\n  - name: all\n    match: {}\n"
        f"    action: rotate\n    destination:\n      type: {kind}\n"
    )


REFUSED: dict[str, Manifest] = {
    "config.policy is set by the chart": {"config": {"policy": "mine.yaml"}},
    "config.journal is set by the chart": {"config": {"journal": {"url": "env:URL"}}},
    "config.web.host must be an address of the pod": {"config": {"web": {"host": "127.0.0.1"}}},
    "config.web.port must be a port that is known beforehand": {"config": {"web": {"port": 0}}},
    "is no name for a spec's file": {"specs": {"rotator.yaml": "x"}},
    "which is not mounted: add its name to `existingSecrets`": {
        "config": {"audit": {"signingKey": "file:/run/secrets/rotator/keys/ed25519.key"}}
    },
    "journal.existingSecret is needed": {"journal": {"type": "postgresql"}},
    "journal.existingSecret is for `journal.type: postgresql`": {
        "journal": {"existingSecret": "journal"}
    },
    "replicaCount above 1 needs `journal.type: postgresql`": {"replicaCount": 2},
    "persistence.enabled: false loses the journal with its pod": {
        "persistence": {"enabled": False},
        "config": {"mode": "enforce"},
    },
    "policy.inline and policy.existingConfigMap are both set": {
        "policy": {"inline": {"rules": [_RULE]}, "existingConfigMap": "policy"}
    },
    "policy.inline publishes in files, which belong to one pod": {
        "journal": _DATABASE,
        "policy": {"inline": _text("file")},
    },
    "policy.inline is no YAML": {"policy": {"inline": "rules: [\n"}},
    "its url is a secret": {"config": {"notifications": {"channels": [_CHANNEL]}}},
    "rotator may not touch what it names": {"policy": {"inline": {"rules": [_SHOP]}}},
    "serviceAccount.name is needed": {"serviceAccount": {"create": False}},
    "aws.irsaRoleArn and aws.existingSecret are both set": {
        "aws": {"irsaRoleArn": _ROLE, "existingSecret": "aws"}
    },
    "aws.irsaRoleArn is an annotation of the ServiceAccount, which is not the chart's": {
        "aws": {"irsaRoleArn": _ROLE},
        "serviceAccount": {"create": False, "name": "theirs"},
    },
    "aws.irsaRoleArn and the annotation eks.amazonaws.com/role-arn are both set": {
        "aws": {"irsaRoleArn": _ROLE},
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": _ROLE}},
    },
    "audit.signing.existingSecret and config.audit.signingKey are both set": {
        "audit": {"signing": {"existingSecret": "signing"}},
        "config": {"audit": {"signingKey": "env:KEY"}},
    },
    "audit.witness.existingClaim and config.audit.checkpoints.witness are both set": {
        "audit": {"witness": {"existingClaim": "witness"}},
        "config": {"audit": {"checkpoints": {"witness": "/mnt/mine"}}},
    },
    "audit.witness.existingClaim is the journal's own claim": {
        "audit": {"witness": {"existingClaim": "data"}},
        "persistence": {"existingClaim": "data"},
    },
    "audit.fingerprints.existingSecret and config.audit.fingerprints are both set": {
        "audit": {"fingerprints": {"existingSecret": "fp", "keys": ["a"], "current": "a"}},
        "config": {"audit": {"fingerprints": {"current": "a", "keys": {"a": "env:KEY"}}}},
    },
    "audit.fingerprints.current must be one of audit.fingerprints.keys": {
        "audit": {"fingerprints": {"existingSecret": "fp", "keys": ["a"], "current": "b"}}
    },
    "audit.fingerprints.existingSecret is needed": {"audit": {"fingerprints": {"keys": ["a"]}}},
    "metrics.serviceMonitor and metrics.podMonitor are both on": {
        "metrics": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}
    },
    "which is no alert of rotator's": {
        "metrics": {"prometheusRule": {"enabled": True, "disabled": ["RotatorMissing"]}}
    },
}

NOTHING = "config.aws needs a region and accounts"

INSTALLED = "persistence: the StatefulSet is there already"
"""Seen in a cluster only: tests/helm/test_cluster.py."""

LOST = ("metrics.prometheusRule: this copy", "metrics.dashboard: this copy")


@pytest.mark.parametrize("helm", HELMS, ids=lambda helm: helm.name)
@pytest.mark.parametrize("reason", REFUSED)
def test_a_contradiction_is_refused_with_its_reason(reason: str, helm: Helm) -> None:
    with pytest.raises(RefusedError, match=re.escape(reason)):
        render(smallest(REFUSED[reason]), helm=helm)


@pytest.mark.parametrize("helm", HELMS, ids=lambda helm: helm.name)
def test_an_installation_without_accounts_is_refused_with_an_example(helm: Helm) -> None:
    with pytest.raises(RefusedError, match=NOTHING):
        render({}, helm=helm)


@pytest.mark.parametrize("reason", LOST)
def test_a_copy_that_lost_its_links_does_not_go_without_alerts(reason: str, tmp_path: Path) -> None:
    """Some tools that carry sources about leave symbolic links behind."""
    chart = tmp_path / "rotator"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("files"))
    part = reason.removeprefix("metrics.").partition(":")[0]
    values = smallest({"metrics": {part: {"enabled": True}}})

    with helm_python.Chart.load(chart) as loaded:  # noqa: SIM117 - what fails is the second
        with pytest.raises(helm_python.HelmRenderError, match=re.escape(reason)):
            loaded.render(values, name="rotator", namespace="keys")


@pytest.mark.parametrize("helm", HELMS, ids=lambda helm: helm.name)
def test_everything_wrong_is_told_at_once(helm: Helm) -> None:
    values = smallest({"replicaCount": 2, "serviceAccount": {"create": False}})

    with pytest.raises(RefusedError, match=r"(?s)replicaCount above 1.*serviceAccount\.name"):
        render(values, helm=helm)


def test_no_reason_goes_untried() -> None:
    text = (ROOT / "helm" / "templates" / "_validate.tpl").read_text(encoding="utf-8")
    reasons = re.findall(r'\$faults = append \$faults (?:\(printf )?"((?:[^"\\]|\\.)*)"', text)
    tried = (*REFUSED, *LOST, NOTHING, INSTALLED)

    assert [said for said in reasons if not any(known in said for known in tried)] == ["  - %s"]


def test_a_try_out_in_plan_mode_needs_no_volume() -> None:
    found = render(smallest({"persistence": {"enabled": False}}))

    (stateful,) = (item for item in found if item["kind"] == "StatefulSet")
    volumes = {item["name"]: item for item in stateful["spec"]["template"]["spec"]["volumes"]}
    assert volumes["data"] == {"name": "data", "emptyDir": {}}


def test_zero_is_a_number_of_pods() -> None:
    for journal in ({"type": "sqlite"}, _DATABASE):
        found = render(smallest({"replicaCount": 0, "journal": journal}))

        (running,) = (item for item in found if item["kind"] in {"StatefulSet", "Deployment"})
        assert running["spec"]["replicas"] == 0


GRANTS: Manifest = {
    "secrets": [{"namespace": "shop", "names": ["payments", "copy"]}],
    "externalSecrets": [{"namespace": "shop", "names": ["orders"]}],
    "workloads": [{"namespace": "shop", "kind": "Deployment", "names": ["front"]}],
    "csi": [{"namespace": "shop", "names": ["invoices"]}],
}


def _needing_everything(**destination: object) -> Manifest:
    """Give a rule that needs each of the grants above."""
    place = {"namespace": "shop"}
    return {
        **_SHOP,
        "destination": {**_SHOP["destination"], **destination},
        "followers": [{"type": "kubernetes-secret", **place, "name": "copy"}],
        "consumers": {
            "externalSecrets": [{**place, "name": "orders"}],
            "workloads": [{**place, "kind": "Deployment", "name": "front"}],
            "csi": [{**place, "secretProviderClass": "invoices"}],
        },
    }


def _of(rule: Manifest, grants: Manifest) -> Manifest:
    """Give the values for one rule; as text, so that the chart's own words refuse it."""
    return smallest({"policy": {"inline": json.dumps({"rules": [rule]})}, "kubernetes": grants})


@pytest.mark.parametrize("destination", [{}, {"name": "{principal}-aws"}], ids=["name", "hole"])
def test_a_rule_that_is_granted_all_it_needs_is_taken(destination: Manifest) -> None:
    assert render(_of(_needing_everything(**destination), GRANTS))


@pytest.mark.parametrize("lacking", GRANTS)
def test_a_rule_that_lacks_a_grant_is_refused_with_its_name(lacking: str) -> None:
    grants = {**GRANTS, lacking: [{**GRANTS[lacking][0], "namespace": "elsewhere"}]}

    with pytest.raises(RefusedError, match=rf"rule shop: .* in shop to kubernetes\.{lacking}"):
        render(_of(_needing_everything(), grants))


def test_consumers_of_the_defaults_need_a_grant_too() -> None:
    consumers = {"workloads": [{"namespace": "shop", "kind": "Deployment", "name": "front"}]}
    policy = json.dumps({"defaults": {"consumers": consumers}, "rules": [_RULE]})

    assert render(smallest({"policy": {"inline": policy}, "kubernetes": GRANTS}))
    with pytest.raises(RefusedError, match=r"policy\.inline, defaults: .* front in shop"):
        render(smallest({"policy": {"inline": policy}}))


def test_a_secret_that_is_to_be_made_needs_the_grant_to_make_it() -> None:
    secrets = [{**GRANTS["secrets"][0], "create": True}]
    rule = _needing_everything(create=True)

    assert render(_of(rule, {**GRANTS, "secrets": secrets}))
    with pytest.raises(RefusedError, match=r"payments in shop with `create: true`"):
        render(_of(rule, GRANTS))


def test_a_workload_that_is_to_be_restarted_needs_the_grant_to_do_so() -> None:
    watched = {**GRANTS, "workloads": [{**GRANTS["workloads"][0], "restart": False}]}
    rule = _needing_everything()
    rule["consumers"]["workloads"][0]["restart"] = True

    (apps,) = {
        tuple(granted["verbs"])
        for item in render(_of(_needing_everything(), watched))
        if item["kind"] == "Role"
        for granted in item["rules"]
        if granted["apiGroups"] == ["apps"]
    }
    assert apps == ("get",)
    assert render(_of(rule, GRANTS))
    with pytest.raises(RefusedError, match="front in shop"):
        render(_of(rule, watched))


def test_who_makes_the_roles_oneself_is_not_asked() -> None:
    assert render(smallest({"policy": {"inline": {"rules": [_SHOP]}}, "rbac": {"create": False}}))
