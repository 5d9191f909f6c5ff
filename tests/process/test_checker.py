"""The campaign's checker bites: a log in which a promise is broken is found, a good one passes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.process.campaign.checker import Checker, Promise
from tests.process.campaign.leaks import leaks
from tests.process.campaign.wire import Caller

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=UTC)
PROMISE = Promise(
    account="1",
    admin="ADMIN",
    human="HUMAN",
    users=("service",),
    grace_min=3,
    unused_for=2,
    quarantine=1,
    propagation=0.5,
    reach=8,
)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


class Script(Caller):
    """Answers a checker from a list that a test fills."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.keys = {"OLD": "Active"}
        self.versions: dict[str, tuple[str, list[str]]] = {"v0": ("OLD", ["AWSCURRENT"])}

    def ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        if path == "calls":
            return self.calls
        if path.startswith("calls?start="):
            return self.calls[int(path.partition("=")[2]) :]
        return {"now": at(100), "accounts": {"1": {"users": self._users(), **self._rest()}}}

    def _users(self) -> dict[str, Any]:
        keys = [
            {"access_key_id": key, "status": status, "created_at": at(-50)}
            for key, status in self.keys.items()
        ]
        other = [{"access_key_id": "OTHER", "status": "Active", "created_at": at(-50)}]
        return {"service": {"keys": keys}, "bystander": {"keys": other}}

    def _rest(self) -> dict[str, Any]:
        versions = {
            version: {"value": json.dumps({"AccessKeyId": key}), "labels": labels}
            for version, (key, labels) in self.versions.items()
        }
        return {"deleted_keys": [], "secrets": [{"name": "iam/service", "versions": versions}]}

    def call(
        self,
        seconds: float,
        operation: str,
        key: str = "",
        *,
        effect: str = "done",
        **more: str,
    ) -> None:
        self.calls.append(
            {
                "at": at(seconds),
                "operation": operation,
                "caller": more.pop("caller", "ADMIN"),
                "user_agent": more.pop("agent", "Boto3 app/replica0"),
                "user_name": more.pop("user", "service" if key or "Key" in operation else ""),
                "access_key_id": key,
                "secret": more.pop("secret", ""),
                "error": more.pop("error", ""),
                "fault": None,
                "is_effective": effect == "done",
                "parameters": more,
            }
        )

    def mint(self, seconds: float, key: str, **more: str) -> None:
        self.call(seconds, "CreateAccessKey", CreatedAccessKeyId=key, **more)

    def stage(self, seconds: float, version: str, key: str) -> None:
        self.versions[version] = key, []
        told = {"ClientRequestToken": version, "VersionStages": "AWSPENDING"}
        self.call(seconds, "PutSecretValue", secret="iam/service", **told)

    def label(self, seconds: float, label: str, to: str = "", source: str = "") -> None:
        told = {"VersionStage": label, "MoveToVersionId": to, "RemoveFromVersionId": source}
        self.call(
            seconds,
            "UpdateSecretVersionStage",
            secret="iam/service",
            **{name: value for name, value in told.items() if value},
        )

    def disable(self, seconds: float, key: str, **more: str) -> None:
        self.call(seconds, "UpdateAccessKey", key, Status="Inactive", **more)

    def delete(self, seconds: float, key: str, **more: str) -> None:
        self.call(seconds, "DeleteAccessKey", key, **more)

    def use(self, seconds: float, key: str, agent: str = "consumer/service") -> None:
        self.call(seconds, "GetCallerIdentity", caller=key, agent=agent, user="")

    def rotate(self) -> None:
        """Promote NEW at 2, of a key that was used until 1."""
        self.use(1, "OLD")
        self.mint(1, "NEW")
        self.stage(1.1, "v1", "NEW")
        self.label(2, "AWSCURRENT", to="v1", source="v0")
        self.label(2.1, "AWSPENDING", source="v1")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def checker(script: Script) -> Checker:
    return Checker(PROMISE, script)


def broken(checker: Checker) -> list[str]:
    checker.follow()
    return [f"{item.invariant} {item.key}" for item in checker.violations]


def test_a_rotation_that_keeps_every_promise_passes(checker: Checker, script: Script) -> None:
    script.rotate()
    script.disable(6, "OLD")
    script.label(7.4, "AWSPREVIOUS", source="v0")
    script.delete(7.5, "OLD")
    script.keys = {"NEW": "Active"}
    script.versions["v1"] = "NEW", ["AWSCURRENT"]
    script.versions["v0"] = "OLD", []

    assert broken(checker) == []
    assert checker.unsettled() == []
    checker.compare()
    assert checker.violations == []
    assert checker.counts["rotations completed"] == 1


def test_the_published_key_is_neither_disabled_nor_deleted(
    checker: Checker, script: Script
) -> None:
    script.disable(1, "OLD")
    script.delete(9, "OLD")

    assert broken(checker) == ["I1 OLD", "I1 OLD"]


def test_what_is_published_is_a_key_that_works(checker: Checker, script: Script) -> None:
    script.mint(1, "NEW")
    script.stage(1.1, "v1", "NEW")
    script.disable(1.2, "NEW")
    script.label(2, "AWSCURRENT", to="v1", source="v0")

    assert broken(checker) == ["I1 NEW"]


def test_what_is_published_was_accepted_before(checker: Checker, script: Script) -> None:
    script.mint(1, "NEW")
    script.stage(1.1, "v1", "NEW")
    script.label(1.2, "AWSCURRENT", to="v1", source="v0")

    assert broken(checker) == ["I1 NEW"]


def test_a_persons_key_that_was_used_is_left_alone(checker: Checker, script: Script) -> None:
    script.mint(1, "THEIRS", caller="HUMAN", agent="people/1")
    script.use(2, "THEIRS", agent="people/1")
    script.disable(60, "THEIRS")
    script.delete(90, "THEIRS")

    assert broken(checker) == ["I2 THEIRS", "I2 THEIRS"]


def test_a_persons_key_that_was_never_used_may_be_a_suspect(
    checker: Checker, script: Script
) -> None:
    script.mint(1, "THEIRS", caller="HUMAN", agent="people/1")
    script.disable(60, "THEIRS")

    assert broken(checker) == []
    assert len(checker.notes) == 1


def test_a_bystanders_key_is_left_alone(checker: Checker, script: Script) -> None:
    script.disable(1, "OTHER", user="bystander")

    assert broken(checker) == ["I2 OTHER"]


def test_the_old_key_lives_through_the_shortest_grace(checker: Checker, script: Script) -> None:
    script.rotate()
    script.disable(4.5, "OLD")

    assert broken(checker) == ["I4 OLD"]


def test_a_key_in_use_is_not_disabled(checker: Checker, script: Script) -> None:
    script.rotate()
    for tenth in range(30, 200, 4):
        script.use(tenth / 10, "OLD")
    script.disable(20, "OLD")

    assert broken(checker) == ["I4 OLD"]


def test_a_use_after_a_silence_came_too_late_for_the_guard(
    checker: Checker, script: Script
) -> None:
    script.rotate()
    script.use(7.9, "OLD")
    script.disable(8, "OLD")

    assert broken(checker) == []


@pytest.mark.parametrize(("disabled", "deleted"), [(None, 9.0), (6.0, 6.5)])
def test_a_key_is_deleted_after_it_was_disabled_for_a_while(
    checker: Checker, script: Script, disabled: float | None, deleted: float
) -> None:
    script.rotate()
    script.label(5, "AWSPREVIOUS", source="v0")
    if disabled is not None:
        script.disable(disabled, "OLD")
    script.delete(deleted, "OLD")

    assert broken(checker) == ["I4 OLD"]


def test_nobody_can_fall_back_to_a_deleted_key(checker: Checker, script: Script) -> None:
    script.rotate()
    script.disable(6, "OLD")
    script.delete(9, "OLD")

    assert broken(checker) == ["I4 OLD"]


def test_a_consumer_that_reads_often_is_never_refused(checker: Checker, script: Script) -> None:
    script.call(1, "GetSecretValue", agent="consumer/service", caller="HUMAN", secret="iam/service")
    for seconds in (2, 9):
        script.call(
            seconds,
            "GetCallerIdentity",
            effect="none",
            agent="consumer/service",
            caller="OLD",
            error="InvalidClientTokenId",
        )

    assert broken(checker) == ["I1 OLD"]


def test_leftovers_are_named(checker: Checker, script: Script) -> None:
    script.mint(1, "NEW")
    script.stage(1.1, "v1", "NEW")
    script.keys["NEW"] = "Active"

    assert [item.invariant for item in checker.unsettled()] == ["I3", "I3"]


def test_a_replay_that_differs_from_the_simulator_is_told(checker: Checker, script: Script) -> None:
    script.keys["OLD"] = "Inactive"
    script.versions["v0"] = "OLD", ["AWSPREVIOUS"]

    checker.compare()

    assert [item.invariant for item in checker.violations] == ["checker", "checker"]


def test_secrets_are_found_in_plain_and_in_usual_codes(tmp_path: Path) -> None:
    (tmp_path / "plain.log").write_text("a s3cret/key+of=forty b")
    (tmp_path / "coded.log").write_text("czNjcmV0L2tleStvZj1mb3J0eQ==")
    (tmp_path / "quoted.log").write_text("s3cret%2Fkey%2Bof%3Dforty")
    (tmp_path / "clean.log").write_text("s3cret")
    (tmp_path / "rotator.yaml").write_text("s3cret/key+of=forty")

    found = leaks(tmp_path, ["s3cret/key+of=forty"])

    assert [line.split()[0] for line in found] == ["coded.log", "plain.log", "quoted.log"]
