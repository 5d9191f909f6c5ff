"""The section `consumers`: who reads a destination, filled in for each principal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.consumers import ConsumerKind, ConsumerRef, Consumers, Restarting, Rung
from rotator.core.consumers_policy import ConsumersTemplate, merged_consumers
from rotator.core.policy import decide, recalled
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs
from tests.builders import principal
from tests.core.policies import policy, rule
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from pathlib import Path

CLUSTER = CONFIGURATION + "kubernetes: {}\n"
DEFAULTS = """\
defaults:
  consumers:
    evidence: refreshed
    externalSecrets: [{namespace: shop, name: everybody}]
    restart: {batch: 2, timeout: 20m}
"""
CONSUMERS = """\
    consumers:
      evidence: restarted
      externalSecrets: [{namespace: shop, name: "{principal}"}]
      workloads:
        - {kind: Deployment, namespace: shop, name: "{principal}-api", restart: true}
        - {kind: StatefulSet, namespace: shop, name: jobs}
      csi: [{namespace: shop, secretProviderClass: aws, object: "iam/{principal}"}]
      restart: {batch: 3}
"""
TWIN = "{namespace: a, secretProviderClass: b}"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def consumers(files: Files) -> Consumers:
    return decide(files.load().policy, principal("ci-web")).consumers


def test_a_policy_without_the_section_names_nobody(files: Files) -> None:
    assert consumers(files.write()) == Consumers()


def test_what_is_written_is_filled_in_for_the_principal(files: Files) -> None:
    files.write(CLUSTER, DEFAULTS_FIRST + CONSUMERS)

    assert consumers(files) == Consumers(
        refs=(
            ConsumerRef(kind=ConsumerKind.EXTERNAL_SECRET, name="ci-web", namespace="shop"),
            ConsumerRef(
                kind=ConsumerKind.DEPLOYMENT, name="ci-web-api", restart=True, namespace="shop"
            ),
            ConsumerRef(kind=ConsumerKind.STATEFUL_SET, name="jobs", namespace="shop"),
            ConsumerRef(kind=ConsumerKind.MOUNT, name="aws", mounts="iam/ci-web", namespace="shop"),
        ),
        evidence=Rung.RESTARTED,
        restarting=Restarting(batch=3, timeout=timedelta(minutes=20)),
    )


DEFAULTS_FIRST = POLICY.replace("rules:\n", DEFAULTS + "rules:\n")


def test_a_rule_that_says_nothing_has_the_consumers_of_the_defaults(files: Files) -> None:
    found = consumers(files.write(CLUSTER, DEFAULTS_FIRST))

    assert [ref.name for ref in found.refs] == ["everybody"]
    assert found.evidence is Rung.REFRESHED


def test_consumers_without_a_cluster_to_ask_are_a_fault_with_its_line(files: Files) -> None:
    first, second = files.write(policy=DEFAULTS_FIRST + CONSUMERS).faults()

    assert (first.field, second.field) == ("defaults.consumers", "rules[0].consumers")
    assert second.line == 13
    assert "kubernetes: {}" in second.remedy


@pytest.mark.parametrize(
    ("written", "field", "problem"),
    [
        ("{evidence: mounted}", "evidence", "no named consumer can show `mounted`"),
        (
            "{externalSecrets: [{namespace: a, name: 'x{rule}'}]}",
            "externalSecrets[0]",
            "`{rule}` is not a placeholder",
        ),
        (
            f"{{csi: [{TWIN}, {TWIN}]}}",
            "csi[1]",
            "SecretProviderClass a/b is named twice",
        ),
    ],
    ids=["evidence", "placeholder", "twice"],
)
def test_a_contradiction_is_told_where_it_stands(
    files: Files, written: str, field: str, problem: str
) -> None:
    (fault,) = files.write(CLUSTER, f"{POLICY}    consumers: {written}\n").faults()

    assert fault.field == f"rules[0].consumers.{field}"
    assert fault.problem == problem
    assert fault.remedy


def test_a_rule_that_does_not_rotate_has_nobody_to_wait_for(files: Files) -> None:
    text = POLICY.replace("rotate", "report") + CONSUMERS
    (fault,) = files.write(CLUSTER, text).faults()

    assert fault.field == "rules[0].consumers"


def test_evidence_of_use_can_be_asked_for_without_naming_anybody(files: Files) -> None:
    files.write(CLUSTER, f"{POLICY}    consumers: {{evidence: used}}\n")

    assert consumers(files).evidence is Rung.USED


def test_layers_are_merged_field_by_field() -> None:
    low = ConsumersTemplate(evidence=Rung.REFRESHED, batch=2)
    high = ConsumersTemplate(evidence=Rung.RESTARTED, external_secrets=())

    assert merged_consumers(low, None, high) == ConsumersTemplate(
        evidence=Rung.RESTARTED, batch=2, external_secrets=()
    )


def test_while_nobody_knows_whose_consumers_count_the_most_careful_answer_holds() -> None:
    tagged = rule("tagged", overrides=replace(rule().overrides, consumers=ConsumersTemplate()))
    asks = replace(
        tagged, match=replace(tagged.match, tags=(TagGlobs(name="team", values=("x",)),))
    )
    careful = recalled(policy(asks), principal(), "a-rule-of-yesterday")
    quiet = recalled(
        policy(replace(asks, overrides=rule().overrides)), principal(), "a-rule-of-yesterday"
    )

    assert careful.action is Action.REPORT
    assert careful.consumers.evidence is Rung.USED
    assert quiet.consumers == Consumers()
