"""What the chart grants in the namespace of the simulated consumers, whole and less one right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.shapes import Rule
from tests.helm.charts import of_kind, render, smallest

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "apps"


def granted(**asked: object) -> tuple[Rule, ...]:
    """Render the chart with these values of `kubernetes`, and read the rules of the one Role."""
    (role,) = of_kind(render(smallest({"kubernetes": asked})), "Role")
    assert role["metadata"]["namespace"] == NAMESPACE
    return tuple(map(Rule.model_validate, role["rules"]))


def each_without_one(rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, ...]]:
    """Take each right away singly."""
    for number, rule in enumerate(rules):
        for verb in rule.verbs:
            others = tuple(other for other in rule.verbs if other != verb)
            less = rule.model_copy(update={"verbs": others})
            yield (*rules[:number], less, *rules[number + 1 :])
