"""The daemon under exactly the generated policies, and under them with one action less."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from rotator.clients.aws_grants import CHECK_PERMISSIONS
from rotator.core.permissions import State
from rotator.core.rotation import Phase
from tests.permissions.estate import (
    CONFIGURATION,
    MEMBER,
    NAMES,
    OTHERS,
    POLICY,
    document,
    without,
)
from tests.settings.files import Files

if TYPE_CHECKING:
    from rotator.core.rotation import Rotation
    from tests.permissions.estate import Installation

LIFE = timedelta(hours=40)
EVERYBODY = (*NAMES, *OTHERS)
CHECK = CHECK_PERMISSIONS[0]


def generated() -> list[tuple[str, str]]:
    """Name each action of the generated documents, with the statement that grants it."""
    with TemporaryDirectory() as folder:
        Files(Path(folder)).write(CONFIGURATION, POLICY)
        made = document(Path(folder), "member")
    return [
        (statement["Sid"], action)
        for policy in made
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
    ]


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def phase(rotation: Rotation | None) -> Phase | None:
    return rotation.phase if rotation else None


def test_the_generated_policies_let_every_rotation_come_to_its_end(
    installation: Installation,
) -> None:
    installation.live(LIFE)

    ends = {name: phase(installation.rotation(name)) for name in EVERYBODY}
    assert ends == dict.fromkeys(EVERYBODY, Phase.COMPLETED)
    assert installation.refusals == []
    assert {call.operation for call in installation.calls if "Denied" in call.error} == set()


def told(installation: Installation) -> str:
    """Collect what the daemon says of what it may not do: holds, and what its doctor finds."""
    holds = [item.hold.detail for item in installation.app.journal.credentials() if item.hold]
    findings = [
        f"{finding.feature.name}: {', '.join(finding.denied + finding.unknown)}"
        for check in installation.app.check_permissions()
        for finding in check.findings
        if finding.state is not State.OK
    ]
    return "\n".join([*holds, *findings])


def nothing_is_half_done(installation: Installation, action: str) -> None:
    """Every key is published, gone, or part of a rotation that holds by the action's name."""
    for name in EVERYBODY:
        keys, rotation = installation.keys(name), installation.rotation(name)
        published = installation.published(f"{'new' if name in OTHERS else 'iam'}/{name}")
        known = {item.key_id for item in installation.app.journal.keys()}
        assert set(keys) - installation.seeded <= known
        assert published is None or keys[published]
        if phase(rotation) in {None, Phase.COMPLETED, Phase.ROLLED_BACK}:
            assert len(keys) == 1
        else:
            credential = installation.credential(name)
            assert credential is not None
            assert credential.hold is not None
            assert action in credential.hold.detail


@pytest.mark.parametrize("is_checked", [True, False], ids=["checked", "by-experience"])
@pytest.mark.parametrize(("sid", "action"), generated())
def test_an_action_that_is_missing_is_named_and_nothing_is_half_done(
    installation: Installation, sid: str, action: str, *, is_checked: bool
) -> None:
    policies = without(installation.member, sid, action)
    if not is_checked:
        policies = without(policies, "CheckOurselves", CHECK)
    installation.allow(policies)

    installation.live(LIFE)

    assert installation.refusals == []
    assert action in told(installation)
    nothing_is_half_done(installation, action)


def test_an_account_that_cannot_be_entered_is_named(installation: Installation) -> None:
    installation.aws.put_policies("999988887777", "hub", ())

    installation.live(timedelta(hours=4))

    (check,) = installation.app.check_permissions()
    assert (check.account, check.findings, check.is_off) == (MEMBER, (), True)
    assert "sts:AssumeRole" in check.trouble


def test_a_single_run_begins_no_rotation_that_it_may_not_finish(
    installation: Installation,
) -> None:
    denied = "iam:DeleteAccessKey"
    (sid,) = {sid for sid, action in generated() if action == denied}
    installation.allow(without(installation.member, sid, denied))

    installation.app.once()

    assert {name: len(installation.keys(name)) for name in NAMES} == dict.fromkeys(NAMES, 1)
    assert denied in told(installation)
