"""A scan registers what policy wants looked after, and lets go of what it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import credential_id
from rotator.core.policy import Decision
from rotator.core.rotation import Action
from rotator.reconcile.judging import Territory
from rotator.reconcile.scan import IGNORED, VANISHED, Scanner
from rotator.reconcile.watches import ScanWatch
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.wire import Failure
from tests.reconcile.estate import NAME, Estate

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import Principal
    from rotator.core.rotation import Credential
    from rotator.core.tags import Tags

OTHER = credential_id("aws-iam", ACCOUNT, "svc-other")


def scan(
    estate: Estate,
    *ignored: str,
    on_scanned: Callable[[Territory, str], None] = lambda _territory, _code: None,
) -> bool:
    def decide(principal: Principal, tags: Tags | None = None) -> Decision:
        action = None if principal.name in ignored else Action.ROTATE
        return Decision(
            rule="services",
            action=action,
            schedule=estate.terms.schedule,
            grace=estate.terms.grace,
            destination=estate.ref,
        )

    return Scanner(
        territories=(Territory(name="aws-iam", provider=estate.provider, account=ACCOUNT),),
        decide=decide,
        journal=estate.journal,
        clock=estate.clock,
        telemetry=estate.telemetry,
        on_scanned=on_scanned,
    ).scan()


def row(estate: Estate, name: str) -> Credential:
    return next(item for item in estate.journal.credentials() if item.principal.name == name)


def test_a_principal_that_policy_ignores_by_now_is_only_reported_until_policy_changes_again() -> (
    None
):
    estate = Estate()
    estate.look()

    assert scan(estate, NAME)
    ignored = estate.stored
    assert scan(estate)

    assert (ignored.action, ignored.note, ignored.destination) == (Action.REPORT, IGNORED, None)
    assert (estate.stored.action, estate.stored.destination) == (Action.ROTATE, estate.ref)
    assert estate.stored.current_version is not None


def test_a_principal_that_is_gone_is_reported_and_holds_nobody_up() -> None:
    estate = Estate()
    gone = replace(estate.principal, name="svc-gone")
    estate.register(replace(estate.credential(), id=OTHER, principal=gone))

    assert scan(estate)

    assert (row(estate, "svc-gone").action, row(estate, "svc-gone").note) == (
        Action.REPORT,
        VANISHED,
    )
    assert row(estate, NAME).action is Action.ROTATE


def test_a_listing_that_broke_off_or_shows_nobody_lets_go_of_nothing() -> None:
    estate = Estate()
    gone = replace(estate.principal, name="svc-gone")
    elsewhere = replace(estate.principal, provider="another", name="svc-elsewhere")
    estate.register(replace(estate.credential(), id=OTHER, principal=gone))
    estate.wire.break_next("principals", Failure.UNAVAILABLE)

    assert not scan(estate)
    assert row(estate, "svc-gone").action is Action.ROTATE

    empty = Estate()
    empty.register(replace(empty.credential(), id=OTHER, principal=elsewhere))
    assert scan(empty)
    assert row(empty, "svc-elsewhere").action is Action.ROTATE


def test_how_each_scan_ended_is_told_and_remembered_until_it_succeeds() -> None:
    estate, scans = Estate(), ScanWatch()
    scans.note("another", ACCOUNT, "throttled")

    def note(territory: Territory, code: str) -> None:
        scans.note(estate.principal.provider, territory.account, code)

    estate.wire.break_next("principals", Failure.UNAVAILABLE)
    assert not scan(estate, on_scanned=note)
    failed = scans.failed
    assert scan(estate, on_scanned=note)

    other = {("another", ACCOUNT): "throttled"}
    assert failed == other | {(estate.principal.provider, ACCOUNT): "unavailable"}
    assert scans.failed == other


def test_a_key_that_is_looked_after_by_nobody_any_more_is_no_hold() -> None:
    estate = Estate()
    estate.look()
    scan(estate, NAME)
    estate.run(timedelta(days=100))

    assert estate.stored.hold is None
    assert estate.rotation is None
