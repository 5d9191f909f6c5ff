"""Environments are watched with each scan; what cannot be read is no good news."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from rotator.core.environments import Breach
from rotator.core.ids import AccountId
from rotator.core.workspace import AccessRole
from rotator.errors import InvariantError
from rotator.reconcile.apart import EnvironmentCheck
from rotator.reconcile.watches import ScanWatch
from rotator.testing.builders import EPOCH
from rotator.testing.fake_workspace import WORKSPACE, FakeWorkspace
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from rotator.core.events import Scalar

OTHER = AccountId("AAAAKW3VHMFG27DY")
APART = {"production": "orders-production", "staging": "orders-staging"}


@dataclass(slots=True)
class Lines:
    """Keeps what is logged."""

    told: list[tuple[str, dict[str, Scalar]]] = field(default_factory=list)

    def count(self, name: str, /, **labels: str) -> None:
        raise AssertionError((name, labels))

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        raise AssertionError((name, seconds, labels))

    def log(self, level: str, event: str, /, **fields: Scalar) -> None:
        assert level == "warning"
        self.told.append((event, fields))


@pytest.fixture
def lines() -> Lines:
    return Lines()


def workspace(account: AccountId = WORKSPACE) -> FakeWorkspace:
    made = FakeWorkspace(ManualClock(EPOCH), account=account)
    for name in APART.values():
        made.create_keyset(name, "for a test")
    return made


def checking(lines: Lines, seen: ScanWatch, at: FakeWorkspace) -> EnvironmentCheck:
    return EnvironmentCheck(
        environments={at.account: APART},
        workspaces={at.account: at},
        telemetry=lines,
        on_found=seen.found,
    )


def cross(at: FakeWorkspace) -> None:
    """Make a client that reads both environments."""
    one, other = (next(it.id for it in at.keysets() if it.name == name) for name in APART.values())
    made = at.create_client("checkout", "for a test", one)
    at.grant_keyset(other, made.key_id)


def test_environments_that_are_apart_count_nothing_of_every_kind(lines: Lines) -> None:
    seen = ScanWatch()

    checking(lines, seen, workspace()).look(WORKSPACE)

    assert seen.findings == {(WORKSPACE, breach.value): 0 for breach in Breach}
    assert lines.told == []


def test_a_client_of_two_environments_is_counted_and_told(lines: Lines) -> None:
    seen, at = ScanWatch(), workspace()
    cross(at)

    checking(lines, seen, at).look(WORKSPACE)

    assert seen.findings[WORKSPACE, "client_crosses"] == 1
    ((event, fields),) = lines.told
    assert event == "environments not apart"
    assert (fields["account"], fields["kind"]) == (WORKSPACE, "client_crosses")
    assert "checkout" in str(fields["finding"])


def test_a_workspace_that_cannot_be_read_keeps_what_was_found_before(lines: Lines) -> None:
    seen, at = ScanWatch(), workspace()
    seen.found(OTHER, {"client_crosses": 3})
    cross(at)
    check = checking(lines, seen, at)
    check.look(WORKSPACE)
    at.role = AccessRole.MEMBER
    lines.told.clear()

    check.look(WORKSPACE)

    assert seen.findings[WORKSPACE, "client_crosses"] == 1
    assert seen.findings[OTHER, "client_crosses"] == 3
    assert [event for event, _ in lines.told] == ["environments not read"]


def test_a_workspace_without_environments_is_not_asked(lines: Lines) -> None:
    seen = ScanWatch()

    checking(lines, seen, workspace(OTHER)).look(WORKSPACE)

    assert seen.findings == {}


def test_what_must_stop_the_process_is_not_swallowed(lines: Lines) -> None:
    class Broken(FakeWorkspace):
        def clients(self) -> tuple[()]:
            raise InvariantError("a contradiction")

    with pytest.raises(InvariantError):
        checking(lines, ScanWatch(), Broken(ManualClock(EPOCH))).look(WORKSPACE)
