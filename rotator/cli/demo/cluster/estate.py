"""The simulated cluster: one application, the Secret that it reads, and what rotator may do."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from rotator.cli.demo.cast import SHOP
from rotator.cli.demo.files import KUBERNETES_TOKEN
from rotator.simulators.kubernetes.shapes import (
    AccountSeed,
    ClusterSeed,
    FaultKind,
    FaultRule,
    ObjectSeed,
    Rule,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rotator.cli.demo.estate import Estate
    from rotator.simulators.kubernetes.process import SimulatedKubernetes

NAMESPACE: Final = "shop"
SECRET: Final = f"{SHOP.name}-aws"
_COMPANION: Final = f"{SECRET}-rotator"
ID_FIELD: Final = "AWS_ACCESS_KEY_ID"
KEY_FIELD: Final = "AWS_SECRET_ACCESS_KEY"
"""What the fields of the Secret are called that carry the key."""

OTHERS: Final[Mapping[str, str]] = {"CURRENCY": "EUR", "SESSION_SECRET": "not-ours-to-touch"}
"""What stands in the Secret beside the key, and must still stand there at the end."""

OTHERS_OWNER: Final = "helm"
PODS: Final = 3
MANIFESTS: Final = "shop.yaml"
"""A file in the demonstration's folder."""

_AGE: Final = 3600.0
_RULES: Final = (
    Rule(
        api_groups=("",),
        resources=("secrets",),
        verbs=("get", "patch"),
        resource_names=(SECRET, _COMPANION),
    ),
    Rule(
        api_groups=("apps",),
        resources=("deployments",),
        verbs=("get", "patch"),
        resource_names=(SHOP.name,),
    ),
    Rule(api_groups=("",), resources=("pods",), verbs=("list",)),
)
"""What the chart grants for one Secret and one workload."""

_BUSY: Final = FaultRule(
    kind=FaultKind.UNAVAILABLE, operation="apply-secrets", name=_COMPANION, times=9
)
"""The API server is away for some minutes just when the new key is to follow."""


def seed_cluster(cluster: SimulatedKubernetes, estate: Estate, folder: Path) -> None:
    """Fill the cluster; write the daemon's token, and manifests that somebody is to check.

    Args:
        cluster: What is filled.
        estate: Whose key is published.
        folder: Where the daemon's files are.
    """
    key = estate.published(SHOP)
    fields = {ID_FIELD: key.access_key_id, KEY_FIELD: key.secret_access_key, **OTHERS}
    objects = (_secret(SECRET, fields), _secret(_COMPANION, {}), _deployment(SHOP.name))
    seeded = cluster.seed(
        ClusterSeed(
            namespaces=(NAMESPACE,),
            accounts=(AccountSeed(namespace="rotator", name="rotator", roles={NAMESPACE: _RULES}),),
            objects=tuple(
                ObjectSeed(manifest=item, manager=OTHERS_OWNER, age_seconds=_AGE)
                for item in objects
            ),
        )
    )
    cluster.add_fault(_BUSY)
    token = folder / KUBERNETES_TOKEN
    token.touch(mode=0o600)
    token.write_text(seeded.tokens["rotator/rotator"], encoding="utf-8")
    found = {"apiVersion": "v1", "kind": "List", "items": [objects[-1], _deployment("newsletter")]}
    (folder / MANIFESTS).write_text(json.dumps(found, indent=2), encoding="utf-8")


def _secret(name: str, fields: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": {field: b64encode(text.encode()).decode() for field, text in fields.items()},
    }


def _deployment(name: str) -> dict[str, Any]:
    """Describe a workload whose pods have every field of the Secret in their environment."""
    container = {
        "name": name,
        "image": f"registry.example/{name}:1",
        "envFrom": [{"secretRef": {"name": SECRET}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": PODS,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container]},
            },
        },
    }
