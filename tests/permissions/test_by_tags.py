"""A rule that selects by tags: the generated permissions reach its users, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app
from rotator.core.rotation import Phase
from tests.permissions import estate
from tests.permissions.estate import MEMBER, POLICY, Installation
from tests.permissions.test_doctor import lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BY_TAGS = POLICY.replace("{path: /svc/*, principal: ci-*}", "{tags: {team: payments}}").replace(
    "  - name: new\n    match: {path: /svc/*, principal: new-*}\n    action: rotate\n"
    '    destination: {type: aws-secrets-manager, secret: "new/{principal}", create: true}\n',
    "",
)


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setattr(estate, "POLICY", BY_TAGS)
    made = Installation(tmp_path)
    made._by_hand("iam").tag_user(UserName="ci-app", Tags=[{"Key": "Team", "Value": "payments"}])
    monkeypatch.setattr("rotator.clients.aws.boto3.Session", made.session)
    with open_app(made.settings, read_only=False, clock=made.clock) as app:
        app.confirm_account(MEMBER, operator="ann")
        made.app = app
        yield made


def test_users_with_the_tags_are_rotated_with_the_permissions_for_them(
    installation: Installation,
) -> None:
    installation.live(timedelta(days=3))

    done = installation.rotation("ci-app")
    assert done is not None
    assert done.phase is Phase.COMPLETED
    assert installation.refusals == []
    minted = [call for call in installation.calls if call.operation == "CreateAccessKey"]
    assert len(minted) == 1


def test_what_the_check_cannot_tell_without_the_tags_is_unknown_and_holds_nothing(
    installation: Installation,
) -> None:
    installation.app.scan()

    states = {name: row["state"] for name, row in lines(installation).items()}
    assert "off" not in states.values()
    assert "unknown" in states.values()
