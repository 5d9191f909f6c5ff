"""What a policy says about consumers, before it is filled in for one principal."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from rotator.core.consumers import Consumers, Restarting, Rung

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from rotator.core.consumers import ConsumerRef
    from rotator.core.facts import Principal

_PLACEHOLDER = re.compile(r"\{(principal|account)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumersTemplate:
    """The consumers of a layer of policy; None leaves a field to the layer below.

    Attributes:
        external_secrets: Names may hold ``{principal}`` and ``{account}``, as in the others.
        evidence: The rung that must be reached before the old key goes.
    """

    external_secrets: tuple[ConsumerRef, ...] | None = None
    workloads: tuple[ConsumerRef, ...] | None = None
    mounts: tuple[ConsumerRef, ...] | None = None
    evidence: Rung | None = None
    batch: int | None = None
    gather: timedelta | None = None
    timeout: timedelta | None = None

    @property
    def refs(self) -> tuple[ConsumerRef, ...]:
        """All that are named, in the order in which the key comes to them."""
        return (*(self.external_secrets or ()), *(self.workloads or ()), *(self.mounts or ()))

    def fill(self, principal: Principal) -> Consumers:
        """Say whose they are."""
        values = {"principal": principal.name, "account": str(principal.account)}

        def filled(text: str) -> str:
            return _PLACEHOLDER.sub(lambda found: values[found[1]], text)

        refs = (
            replace(
                ref,
                namespace=filled(ref.namespace),
                name=filled(ref.name),
                mounts=filled(ref.mounts),
            )
            for ref in self.refs
        )
        return Consumers(
            # Several templates may come to the same object.
            refs=tuple(dict.fromkeys(refs)),
            evidence=self.evidence,
            restarting=self._restarting(),
        )

    def _restarting(self) -> Restarting:
        built_in = Restarting()
        return Restarting(
            batch=self.batch or built_in.batch,
            gather=self.gather or built_in.gather,
            timeout=self.timeout or built_in.timeout,
        )


def merged_consumers(*layers: ConsumersTemplate | None) -> ConsumersTemplate:
    """Merge layers field by field, the last one that says something winning."""
    made = ConsumersTemplate()
    for layer in filter(None, layers):
        said = {item.name: getattr(layer, item.name) for item in fields(layer)}
        made = replace(
            made,
            **{name: value for name, value in said.items() if value is not None},
        )
    return made


def consumer_problems(
    own: ConsumersTemplate, merged: ConsumersTemplate
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Name what contradicts itself: the field, the problem, and what to write instead.

    Args:
        own: What a layer says itself.
        merged: The same over what it inherits.
    """
    yield from _holes(own)
    yield from _twins(own)
    evidence, best = merged.evidence, Consumers(refs=merged.refs).best
    if own.evidence is not None and evidence is not None and best < evidence < Rung.USED:
        yield (
            ("evidence",),
            f"no named consumer can show `{evidence.word}`",
            _REMEDIES[evidence],
        )


_REMEDIES = {
    Rung.REFRESHED: "name the ExternalSecrets under `externalSecrets`, or leave `evidence` out",
    Rung.RESTARTED: "name the workloads under `workloads`, or leave `evidence` out",
    Rung.MOUNTED: "name under `csi` the classes that are mounted, and nothing that shows less, "
    "or leave `evidence` out",
}

_LISTS = {
    "external_secrets": "externalSecrets",
    "workloads": "workloads",
    "mounts": "csi",
}


def _holes(own: ConsumersTemplate) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    for name, word in _LISTS.items():
        for index, ref in enumerate(getattr(own, name) or ()):
            text = _PLACEHOLDER.sub("", f"{ref.namespace} {ref.name} {ref.mounts}")
            left = re.findall(r"\{[^{}]*\}|[{}]", text)
            if left:
                yield (
                    (word, index),
                    f"`{left[0]}` is not a placeholder",
                    "use {principal} and {account} only",
                )


def _twins(own: ConsumersTemplate) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    for name, word in _LISTS.items():
        seen = set()
        for index, ref in enumerate(getattr(own, name) or ()):
            key = (ref.kind, ref.namespace, ref.name)
            if key in seen:
                yield (word, index), f"{ref} is named twice", "remove one of the two"
            seen.add(key)
