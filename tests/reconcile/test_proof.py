"""The end of an old key: proved by refusal, or said to rest on the listing, or held."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role, Trigger
from rotator.ports.destination import CanReadVersions
from rotator.ports.journal import Change
from rotator.ports.provider import Verdict
from rotator.testing.fake_destination import WriteOnlyFakeDestination
from rotator.testing.fake_provider import (
    SECRET_MARK,
    FakeProvider,
    FakeProviderWithoutDisable,
)
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate
from tests.reconcile.orders_desk import disabled, give, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.core.events import AuditRecord, Scalar
    from rotator.core.facts import Principal
    from rotator.core.ids import KeyId, VersionId
    from rotator.core.secret import KeyMaterial

QUARANTINE = timedelta(days=4)


class SaysDeleted(FakeProvider):
    """A provider that answers a delete and does nothing, as behind a mistyped path."""

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Carry the request, and nothing else."""
        self.wire.write("delete_key", lambda _: None, not_after=not_after)


def records(estate: Estate, action: str) -> list[AuditRecord]:
    found = estate.journal.unsealed(limit=10_000)
    return [item for item in found if item.action.value == action]


def proof(estate: Estate) -> Mapping[str, Scalar]:
    """Read what the auditor is told about the delete that took effect."""
    (done,) = [item for item in records(estate, "key.delete") if item.outcome == "success"]
    return done.evidence


def ended(estate: Estate) -> Estate:
    """Let the quarantine pass, and the delete with its proof."""
    estate.run(QUARANTINE, until=Phase.COMPLETED)
    return estate


@pytest.mark.parametrize("provider", [FakeProvider, FakeProviderWithoutDisable])
def test_an_old_key_ends_refused_and_audit_history_and_metric_say_so(
    provider: type[FakeProvider],
) -> None:
    estate = Estate(provider_type=provider)
    estate.run(timedelta(days=90), until=Phase.COMPLETED)

    told = estate.journal.events(estate.newest.id)[-1]
    assert proof(estate)["proof"] == told.detail["proof"] == "refused"
    assert proof(estate)["refused_at"] == told.detail["refused_at"] == told.at.isoformat()
    assert estate.telemetry.counted("key_ends", provider="aws-iam", proof="refused") == 1
    assert estate.wire.sent.count("read_version") == 1


def test_a_tainted_key_ends_refused_too() -> None:
    estate = Estate()
    estate.run(timedelta(hours=1))
    estate.journal.request(estate.stored.id, Trigger.TAINT, now=estate.clock.now())
    estate.run(timedelta(days=20), until=Phase.COMPLETED)

    assert estate.newest.trigger is Trigger.TAINT
    assert proof(estate)["proof"] == "refused"


def _denied(estate: Estate) -> None:
    estate.wire.break_next("read_version", Failure.DENIED)


def _write_only(estate: Estate) -> None:
    closed = WriteOnlyFakeDestination(estate.clock, wire=estate.wire)
    closed.objects = estate.destination.objects
    estate.destination = closed  # type: ignore[assignment]


def _forgotten(estate: Estate) -> None:
    version = estate.newest.base_version
    assert version is not None
    del estate.destination.objects[estate.ref.id].versions[version]


def _another_key(estate: Estate) -> None:
    kept = estate.destination.objects[estate.ref.id].versions
    base, new = estate.newest.base_version, estate.newest.new_version
    assert base is not None
    assert new is not None
    kept[base] = kept[new]


def _unknown_version(estate: Estate) -> None:
    """Forget which version carried the old key, as a rebuilt journal may."""
    estate.clock.advance_to(estate.stored.next_at)
    now = estate.clock.now()
    claim = estate.journal.acquire(
        estate.stored.id, now=now, lease_until=Instant(now + timedelta(seconds=9))
    )
    assert claim is not None
    change = Change(
        credential=claim.credential,
        now=now,
        lease_until=claim.lease_until,
        rotation=replace(estate.newest, base_version=None),
    )
    estate.journal.release(estate.journal.commit(claim, change))


@pytest.mark.parametrize(
    ("obstacle", "code"),
    [
        (_denied, "access_denied"),
        (_write_only, "no_capability"),
        (_forgotten, "not_found"),
        (_another_key, "other_key"),
        (_unknown_version, "no_version"),
    ],
)
def test_a_key_that_cannot_be_read_back_ends_by_the_listing_and_says_why(
    obstacle: Callable[[Estate], None], code: str
) -> None:
    estate = disabled()
    obstacle(estate)
    ended(estate)

    assert estate.newest.phase is Phase.COMPLETED
    assert {"proof": "listing-only", "not_tried": code}.items() <= proof(estate).items()
    assert estate.telemetry.counted("key_ends", proof="listing-only") == 1


def test_a_key_that_works_on_is_held_and_completes_by_itself_when_it_is_refused() -> None:
    estate = disabled()
    estate.provider.habits = replace(estate.provider.habits, revocation_lag=timedelta(days=6))
    estate.run(QUARANTINE)
    held = reason(estate), estate.newest.phase
    holds = [item.reason or "" for item in records(estate, "rotation.hold")]
    estate.run(timedelta(days=5), until=Phase.COMPLETED)

    assert held == (Reason.OLD_KEY_LIVES, Phase.DISABLED)
    assert any(f"{estate.old.key_id} is listed no more" in item for item in holds)
    assert estate.newest.phase is Phase.COMPLETED
    assert proof(estate)["proof"] == "refused"


def test_a_refusal_that_takes_a_while_to_spread_is_no_hold() -> None:
    estate = disabled()
    estate.provider.habits = replace(estate.provider.habits, revocation_lag=timedelta(minutes=2))
    ended(estate)

    assert estate.newest.phase is Phase.COMPLETED
    assert records(estate, "rotation.hold") == []


def test_a_delete_that_is_answered_and_not_done_is_held_and_sent_once() -> None:
    estate = Estate(provider_type=SaysDeleted)
    estate.run(timedelta(days=90), until=Phase.DISABLED)
    estate.run(timedelta(days=20))

    assert reason(estate) is Reason.OLD_KEY_LIVES
    assert estate.newest.phase is Phase.DISABLED
    assert estate.wire.sent.count("delete_key") == 1


def test_an_operator_may_leave_a_key_that_lives_on_to_a_person() -> None:
    estate = Estate(provider_type=SaysDeleted)
    estate.run(timedelta(days=90), until=Phase.DISABLED)
    estate.run(QUARANTINE)
    give(estate, Verb.ABORT)
    estate.run(timedelta(hours=1))

    old = next(item for item in estate.journal.keys() if item.key_id == estate.old.key_id)
    assert (estate.newest.phase, estate.newest.outcome) == (Phase.COMPLETED, "released")
    assert old.role is Role.FOREIGN


def test_a_process_that_dies_between_the_delete_and_its_proof_proves_it_all_the_same() -> None:
    estate = disabled()
    estate.wire.break_next("delete_key", Failure.LOST_ANSWER)
    ended(estate)

    (done,) = [item for item in records(estate, "key.delete") if item.outcome == "success"]
    assert done.reason == "found done after a lost answer or a crash"
    assert done.evidence["proof"] == "refused"


def test_a_key_that_a_person_deleted_is_tried_too() -> None:
    estate = disabled()
    estate.provider.delete_by_hand(estate.principal, estate.old.key_id)
    ended(estate)

    (finish,) = records(estate, "rotation.finish")
    assert estate.newest.phase is Phase.COMPLETED
    assert finish.evidence["proof"] == "refused"


def test_a_provider_that_is_down_postpones_the_proof() -> None:
    estate = disabled()
    estate.wire.break_next("read_version", Failure.UNAVAILABLE)
    estate.run(QUARANTINE)

    assert estate.newest.phase is Phase.COMPLETED
    assert proof(estate)["proof"] == "refused"


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.PARTLY, Verdict.WRONG_PRINCIPAL])
def test_only_a_refusal_everywhere_is_a_refusal(verdict: Verdict) -> None:
    estate = disabled()
    estate.provider.verify = lambda *_: verdict  # type: ignore[method-assign]
    estate.run(QUARANTINE)

    assert reason(estate) is Reason.OLD_KEY_LIVES


def test_the_secret_that_is_read_back_for_the_proof_is_nowhere_but_in_memory() -> None:
    estate = disabled()
    read = estate.destination.read_version
    seen: list[KeyMaterial] = []

    def remembering(ref: object, version: VersionId) -> KeyMaterial:
        del ref
        seen.append(read(estate.ref, version))
        return seen[-1]

    estate.destination.read_version = remembering  # type: ignore[method-assign]
    ended(estate)

    assert isinstance(estate.destination, CanReadVersions)
    assert SECRET_MARK in seen[0].secret.reveal()
    kept = [estate.journal.unsealed(limit=10_000), estate.journal.events(estate.newest.id)]
    assert SECRET_MARK not in json.dumps([*map(str, kept), str(estate.telemetry.lines)])
