"""The section `consumers` of `policy.yaml`: who reads a destination in the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rotator.core.consumers import ConsumerKind, ConsumerRef, Rung
from rotator.core.consumers_policy import ConsumersTemplate
from rotator.settings.fields import Duration, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.errors import Fault
    from rotator.settings.document import Document
    from rotator.settings.policy import PolicyFile

ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9{]([a-z0-9.{}-]{0,251}[a-z0-9}])?$")]
"""A name in a cluster, in which placeholders may stand."""


class NamedSection(Section):
    """One object of the cluster."""

    namespace: ObjectName = Field(description="Its namespace.", examples=["shop"])
    name: ObjectName = Field(
        description="Its name; `{principal}` and `{account}` are filled in.",
        examples=["payments-db"],
    )


class WorkloadSection(NamedSection):
    """One workload whose pods read the secret."""

    kind: Literal["Deployment", "StatefulSet", "DaemonSet"] = Field(
        description="What it is.", examples=["Deployment"]
    )
    restart: bool = Field(
        default=False,
        description="Restart it after promotion. Otherwise somebody else does, such as "
        "Reloader, and its pods are only watched.",
        examples=[True],
    )


class MountSection(Section):
    """One class of the Secrets Store CSI driver through which pods mount the secret."""

    namespace: ObjectName = Field(description="Its namespace.", examples=["shop"])
    secret_provider_class: ObjectName = Field(
        description="Its name; `{principal}` and `{account}` are filled in.", examples=["payments"]
    )
    object: str = Field(
        default="",
        max_length=512,
        description="`objectAlias` of the secret in that class, or its `objectName`; the "
        "destination's name if left out.",
        examples=["iam/{principal}"],
    )


class RestartSection(Section):
    """How gently workloads are restarted."""

    batch: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="Workloads that roll at once. Built in: 1.", examples=[1]
    )
    gather: Duration | None = Field(
        default=None,
        description="How long to wait after the key arrived, so that keys which follow share the "
        "restart. Built in: 5m.",
        examples=["5m"],
    )
    timeout: Duration | None = Field(
        default=None,
        description="How long one rollout or refresh may take before it is told and no further "
        "workload is restarted. Built in: 15m.",
        examples=["15m"],
    )


class ConsumersSection(Section):
    """Who reads the destination, and what they must have shown before the old key goes."""

    evidence: Literal["refreshed", "restarted", "mounted", "used"] | None = Field(
        default=None,
        description="What is needed before the old key is disabled and deleted: ExternalSecrets "
        "have the new key (`refreshed`), pods have started since (`restarted`), pods have it "
        "mounted (`mounted`), somebody has used it as well (`used`). Built in: the highest that "
        "the named consumers can show.",
        examples=["restarted"],
    )
    external_secrets: tuple[NamedSection, ...] | None = Field(
        default=None,
        description="ExternalSecrets that take the secret over; each is told to refresh.",
        examples=[[]],
    )
    workloads: tuple[WorkloadSection, ...] | None = Field(
        default=None,
        description="Workloads whose pods read it, in the order in which they are restarted.",
        examples=[[]],
    )
    csi: tuple[MountSection, ...] | None = Field(
        default=None,
        description="Classes of the Secrets Store CSI driver that mount it.",
        examples=[[]],
    )
    restart: RestartSection = Field(
        default=RestartSection(), description="How gently workloads are restarted."
    )

    def template(self) -> ConsumersTemplate:
        """Turn it into the core's."""
        return ConsumersTemplate(
            external_secrets=_feeds(self.external_secrets),
            workloads=_workloads(self.workloads),
            mounts=_mounts(self.csi),
            evidence=Rung[self.evidence.upper()] if self.evidence else None,
            batch=self.restart.batch,
            gather=self.restart.gather,
            timeout=self.restart.timeout,
        )


def _feeds(sections: tuple[NamedSection, ...] | None) -> tuple[ConsumerRef, ...] | None:
    kind = ConsumerKind.EXTERNAL_SECRET
    return (
        None
        if sections is None
        else tuple(
            ConsumerRef(kind=kind, namespace=item.namespace, name=item.name) for item in sections
        )
    )


def _workloads(sections: tuple[WorkloadSection, ...] | None) -> tuple[ConsumerRef, ...] | None:
    return (
        None
        if sections is None
        else tuple(
            ConsumerRef(
                kind=ConsumerKind(item.kind),
                namespace=item.namespace,
                name=item.name,
                restart=item.restart,
            )
            for item in sections
        )
    )


def _mounts(sections: tuple[MountSection, ...] | None) -> tuple[ConsumerRef, ...] | None:
    return (
        None
        if sections is None
        else tuple(
            ConsumerRef(
                kind=ConsumerKind.MOUNT,
                namespace=item.namespace,
                name=item.secret_provider_class,
                mounts=item.object,
            )
            for item in sections
        )
    )


def unreachable(document: Document, policy: PolicyFile) -> Iterator[Fault]:
    """Refuse a policy that names consumers where no cluster is configured to ask about them."""
    layers: list[tuple[tuple[str | int, ...], ConsumersSection | None]]
    layers = [(("defaults",), policy.defaults.consumers)]
    layers += [(("rules", index), rule.consumers) for index, rule in enumerate(policy.rules)]
    for at, section in layers:
        if section is not None and section.template().refs:
            yield document.fault(
                (*at, "consumers"),
                "names consumers in a cluster, and none is configured",
                "add `kubernetes: {}` to the configuration, or remove the consumers",
            )
