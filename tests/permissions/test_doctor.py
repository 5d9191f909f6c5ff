"""`rotator doctor`, on an installation whose AWS evaluates policies."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from click.testing import CliRunner

from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.core.rotation import Phase
from rotator.errors import UnavailableError
from tests.permissions.estate import MEMBER, Installation, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from click.testing import Result

    from rotator.app import App
    from rotator.settings.settings import Settings


def doctor(installation: Installation, *arguments: str) -> Result:
    @contextmanager
    def opener(settings: Settings, *, read_only: bool) -> Iterator[App]:
        assert settings.owner == "tests"
        assert read_only
        yield installation.app

    config = installation.folder / "rotator.yaml"
    invocation = Invocation(config=config, environ={}, opener=opener)
    return CliRunner().invoke(cli, ["doctor", *arguments], obj=invocation, catch_exceptions=False)


def lines(installation: Installation) -> dict[str, dict[str, object]]:
    return {item["what"]: item for item in json.loads(doctor(installation, "--json").stdout)}


def test_a_healthy_installation_is_told_so_and_nothing_is_changed(
    installation: Installation,
) -> None:
    result = doctor(installation)

    assert result.exit_code == 0
    assert {row["state"] for row in lines(installation).values()} == {"ok"}
    changing = {c.operation for c in installation.calls if c.service != "sts"}
    assert changing == {"SimulatePrincipalPolicy"}


def test_what_is_off_is_named_with_what_that_means(installation: Installation) -> None:
    action = "iam:DeleteAccessKey"
    installation.allow(without(installation.member, "RotateManagedUsers", action))

    result = doctor(installation)

    assert result.exit_code == 3
    assert f"{MEMBER}  rotate" in result.stdout
    assert f"{action}: no rotation starts" in result.stdout
    assert lines(installation)["rotate"]["missing"] == [action]


def test_where_aws_may_not_be_asked_the_rest_is_unknown_and_neither_missing_nor_fine(
    installation: Installation,
) -> None:
    installation.allow(
        without(installation.member, "CheckOurselves", "iam:SimulatePrincipalPolicy")
    )

    found = lines(installation)

    assert found["check"]["state"] == "off"
    assert found["scan"]["state"] == "ok"
    assert found["rotate"]["state"] == "unknown"
    assert "cannot be found out: iam:CreateAccessKey" in doctor(installation).stdout


def test_a_condition_that_the_check_knows_nothing_of_makes_an_action_unknown(
    installation: Installation,
) -> None:
    (made,) = json.loads(json.dumps(installation.member))
    for statement in made["Statement"]:
        if statement["Sid"] == "RotateManagedUsers":
            statement["Condition"] = {"StringEquals": {"aws:ResourceTag/team": "ci"}}
    installation.allow((made,))

    assert lines(installation)["rotate"]["state"] == "unknown"


def test_an_account_that_cannot_be_entered_is_one_line(installation: Installation) -> None:
    installation.aws.put_policies("999988887777", "hub", ())

    found = lines(installation)

    assert found["access"]["state"] == "off"
    assert "sts:AssumeRole" in str(found["access"]["missing"])
    assert found["clock"]["state"] == "unknown"


def test_a_clock_that_is_off_is_told(installation: Installation) -> None:
    installation.aws.time.offset = timedelta(minutes=-7)

    found = lines(installation)["clock"]

    assert found["state"] == "off"
    assert found["missing"] == ["this host is 420 s ahead"]


def test_an_audit_log_that_cannot_be_written_is_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rotator.cli.doctor_checks.os.access", lambda *_: False)

    assert lines(installation)["audit log"]["state"] == "off"


def test_a_journal_that_is_not_there_yet_is_no_fault(installation: Installation) -> None:
    installation.app.missing = UnavailableError("there is no journal yet")

    found = lines(installation)["journal"]

    assert (found["state"], found["missing"]) == ("unknown", ["there is no journal yet"])


def test_a_journal_that_cannot_be_opened_is_told(installation: Installation) -> None:
    def opener(settings: Settings, *, read_only: bool) -> object:
        raise UnavailableError("no route to the database")

    config = installation.folder / "rotator.yaml"
    invocation = Invocation(config=config, environ={}, opener=opener)  # type: ignore[arg-type]
    result = CliRunner().invoke(cli, ["doctor"], obj=invocation)

    assert result.exit_code == 3
    assert "no route to the database: the daemon does not start" in result.stdout


def test_what_a_check_learns_of_rotated_users_is_about_them_and_not_about_patterns(
    installation: Installation,
) -> None:
    installation.live(timedelta(hours=1))
    (made,) = json.loads(json.dumps(installation.member))
    for statement in made["Statement"]:
        if statement["Sid"] == "RotateManagedUsers":
            statement["Resource"] = [
                f"arn:aws:iam::{MEMBER}:user/svc/{name}" for name in ("ci-app", "new-api")
            ]
    installation.allow((made,))

    assert lines(installation)["rotate"]["state"] == "ok"


def test_one_denied_store_makes_no_second_credential_mint_in_vain(
    installation: Installation,
) -> None:
    denied = without(installation.member, "RotateSecrets", "secretsmanager:PutSecretValue")
    installation.allow(without(denied, "CheckOurselves", "iam:SimulatePrincipalPolicy"))

    installation.live(timedelta(hours=3))

    assert len([c for c in installation.calls if c.operation == "CreateAccessKey"]) == 1
    ended = {phase for name in ("ci-app", "new-api") if (phase := _phase(installation, name))}
    assert Phase.PROMOTED not in ended


def _phase(installation: Installation, name: str) -> Phase | None:
    rotation = installation.rotation(name)
    return rotation.phase if rotation else None
