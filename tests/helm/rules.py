"""Every rule that the chart may grant in a cluster, and why. One that is not here fails a test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One rule of a Role, apart from the names that it is limited to.

    Attributes:
        is_named: It is limited to objects by name.
        why: What the daemon cannot do without it.
    """

    group: str
    resource: str
    verbs: frozenset[str]
    is_named: bool
    why: str


def _grant(group: str, resource: str, verbs: str, why: str, *, is_named: bool = True) -> Grant:
    return Grant(
        group=group,
        resource=resource,
        verbs=frozenset(verbs.split()),
        is_named=is_named,
        why=why,
    )


GRANTS = (
    _grant(
        "",
        "secrets",
        "get patch",
        "a new key is written to the Secret that consumers read and to its companion, which"
        " keeps what is staged; both are read to see whose they are",
    ),
    _grant(
        "",
        "secrets",
        "create",
        "a Secret and its companion are made where the values and the policy both say so; an"
        " apply that creates is asked for with the name",
    ),
    _grant(
        "external-secrets.io",
        "externalsecrets",
        "get patch",
        "an ExternalSecret is told to read the new key now, and says when it has",
    ),
    *(
        _grant(
            "apps",
            kind,
            "get patch",
            "a workload that reads its key at the start is restarted, and watched until it has",
        )
        for kind in ("deployments", "statefulsets", "daemonsets")
    ),
    *(
        _grant("apps", kind, "get", "others restart this workload, and it is watched until it has")
        for kind in ("deployments", "statefulsets", "daemonsets")
    ),
    _grant(
        "",
        "pods",
        "list",
        "when the pods of a workload were started says which key they hold; pods have no names"
        " that are known before",
        is_named=False,
    ),
    _grant(
        "secrets-store.csi.x-k8s.io",
        "secretproviderclasspodstatuses",
        "list",
        "a status says which version is mounted in which pod, and is named for the pod",
        is_named=False,
    ),
    _grant(
        "secrets-store.csi.x-k8s.io",
        "secretproviderclasses",
        "get",
        "a class that is not there is a fault of the rule, and not a proof that no pod mounts it",
    ),
)
"""What may be granted, each where its feature is on."""
