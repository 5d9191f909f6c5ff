"""Notices are made of the sealed chain: each change once, on the right channels."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.events import AuditAction, Stage
from rotator.core.notice_routes import Route, Routing
from rotator.core.notices import Noted, Severity
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold
from rotator.ports.journal import Change
from rotator.testing.builders import NEW_KEY, OLD_KEY, an_id, at, credential, key_record
from tests.notify.bench import POLICY, Bench, Listener, done, event

if TYPE_CHECKING:
    from rotator.core.rotation import Claim, KeyRecord

DISABLED = done("off", AuditAction.KEY_DISABLE, rotation_id=an_id("r"))
PROMOTED = done("live", AuditAction.KEY_PROMOTE, rotation_id=an_id("r"), new_key_id=NEW_KEY)


def moved(
    bench: Bench,
    claim: Claim,
    *,
    keys: tuple[KeyRecord, ...] = (),
    **changes: Any,  # noqa: ANN401 - any field of a credential
) -> None:
    """Write a credential's row and its keys."""
    change = Change(
        credential=replace(claim.credential, **changes),
        now=claim.credential.created_at,
        lease_until=claim.lease_until,
        keys=keys,
    )
    bench.journal.release(bench.journal.commit(claim, change))


def make(**parts: Any) -> tuple[Bench, Listener]:  # noqa: ANN401 - any part of a bench
    listener = Listener()
    bench = Bench({"security": listener}, **parts)
    return bench, listener


def test_the_first_start_on_an_old_journal_tells_no_history() -> None:
    bench, listener = make()
    bench.seal(PROMOTED, DISABLED)

    bench.notices.go()
    bench.notices.go()

    assert listener.told == []
    assert bench.outbox.noted() == Noted(until=1, policy=POLICY, day="2026-02-10")


def test_what_happens_later_is_told_in_order() -> None:
    bench, listener = make()
    bench.start()
    bench.seal(PROMOTED, DISABLED)

    bench.notices.go()
    bench.notices.go()

    assert listener.kinds == ["key.published", "key.disabled"]
    _, notice = listener.told[0]
    assert notice.record == 0
    assert OLD_KEY not in notice.summary + notice.what_next


def test_two_replicas_tell_each_change_once() -> None:
    first, listener = make()
    other = Bench(
        {"security": listener}, journal=first.journal, outbox=first.outbox, clock=first.clock
    )
    first.start()
    first.seal(PROMOTED)
    other.notices.noter.note(first.clock.now())
    first.notices.go()
    other.notices.go()

    assert listener.kinds == ["key.published"]


def test_the_loser_of_a_race_writes_nothing() -> None:
    bench, listener = make()
    bench.start()
    bench.seal(PROMOTED)
    stale = bench.outbox.noted()
    bench.notices.noter.note(bench.clock.now())
    bench.outbox.noted = lambda: stale  # type: ignore[method-assign]  # what it had read before

    bench.notices.noter.note(bench.clock.now())

    assert len(bench.outbox.waiting()) == 1
    assert listener.told == []


def test_a_crash_before_telling_loses_nothing() -> None:
    bench, _ = make()
    bench.start()
    bench.seal(PROMOTED)
    bench.notices.noter.note(bench.clock.now())
    again = Listener()

    after = Bench({"security": again}, journal=bench.journal, outbox=bench.outbox)
    after.notices.go()

    assert again.kinds == ["key.published"]


def test_more_records_than_a_batch_are_all_read() -> None:
    bench, _ = make()
    bench.start()
    bench.seal(*(done(number, AuditAction.KEY_STAGE) for number in range(205)), PROMOTED)

    bench.notices.noter.note(bench.clock.now())

    assert bench.outbox.noted().until == 205
    assert len(bench.outbox.waiting()) == 1


def test_a_hold_that_comes_again_for_the_same_reason_is_no_news() -> None:
    bench, listener = make()
    bench.start()
    for number, reason in enumerate(("drift: a", "drift: b", "slots_full", "drift: c")):
        bench.seal(event(number, AuditAction.ROTATION_HOLD, reason=reason))
    bench.seal(event("next", AuditAction.ROTATION_HOLD, reason="drift", at=at(days=1)))

    bench.notices.go()

    assert [notice.reason for _, notice in listener.told] == ["drift: a", "slots_full", "drift"]


def test_a_hold_that_comes_and_goes_is_told_once_a_day_both_ways() -> None:
    bench, listener = make()
    bench.start()
    for number in range(4):
        bench.seal(event(number, AuditAction.ROTATION_HOLD, reason="drift: a"))
        bench.seal(event(f"{number} over", AuditAction.HOLD_LIFT, reason="drift"))

    bench.notices.go()

    assert [notice.kind for _, notice in listener.told] == ["credential.held", "hold.lifted"]
    assert "not told again today" in listener.told[1][1].what_next


def test_an_order_is_told_once_however_often_it_is_recorded() -> None:
    bench, listener = make()
    bench.start()
    given = {"evidence": {"order": "o1"}, "actor": "operator:ann", "reason": "ticket"}
    bench.seal(
        event("given", AuditAction.OPERATOR_ROLLBACK, **given),
        event("obeyed", AuditAction.OPERATOR_ROLLBACK, **given),
        event("refused", AuditAction.OPERATOR_ROLLBACK, outcome="failure", **given),
    )

    bench.notices.go()

    assert listener.kinds == ["operator.acted", "operator.refused"]


def test_another_policy_is_told_and_the_same_one_is_not() -> None:
    bench, listener = make()
    bench.start()
    for name, sha256 in (("same", POLICY), ("other", "bb" * 32), ("again", "bb" * 32)):
        bench.seal(event(name, AuditAction.POLICY_LOAD, subject=None, reason=f"sha256 {sha256}"))

    bench.notices.go()

    assert listener.kinds == ["policy.changed"]
    assert "bbbbbbbbbbbb instead of aaaaaaaaaaaa" in listener.told[0][1].summary


@pytest.mark.parametrize(
    ("route", "is_told"),
    [
        (Route(owner=("team-pay*",), channels=("b",)), True),
        (Route(owner=("Team-Payments",), channels=("b",)), True),
        (Route(owner=("team-web",), channels=("b",)), False),
        (Route(rule=("ci*",), channels=("b",)), True),
        (Route(account=("prod",), channels=("b",)), True),
        (Route(account=("1111*",), channels=("b",)), True),
        (Route(account=("test",), channels=("b",)), False),
        (Route(severity=(Severity.INFO,), channels=("b",)), True),
        (Route(severity=(Severity.ERROR,), channels=("b",)), False),
        (Route(rule=("ci*",), account=("test",), channels=("b",)), False),
    ],
    ids=lambda value: str(value) if isinstance(value, bool) else "",
)
def test_the_first_route_that_matches_counts_else_the_default(
    route: Route, *, is_told: bool
) -> None:
    ours, default = Listener(), Listener()
    of = credential(contact="team-payments")
    routing = Routing(
        routes=(route, Route(severity=(Severity.ERROR,), channels=())),
        default=("a",),
        accounts={of.principal.account: "prod"},
    )
    bench = Bench({"a": default, "b": ours}, routing=routing)
    bench.journal.register(of)
    bench.start()
    bench.seal(done("live", AuditAction.KEY_PROMOTE, new_key_id=NEW_KEY, rule="ci"))

    bench.notices.go()

    assert (len(ours.told), len(default.told)) == ((1, 0) if is_told else (0, 1))


def test_a_notice_says_whose_it_is_and_when_what_comes_next() -> None:
    bench, listener = make()
    bench.journal.register(credential(contact="team-payments"))
    bench.start()
    bench.seal(PROMOTED, DISABLED)

    bench.notices.go()

    (_, published), (_, disabled) = listener.told
    assert published.owner == "team-payments"
    assert published.next_at == PROMOTED.at + timedelta(hours=24)
    assert disabled.next_at == DISABLED.at + timedelta(hours=48)


def test_without_channels_nothing_is_noted() -> None:
    bench = Bench({})
    bench.seal(PROMOTED)

    bench.notices.go()

    assert bench.outbox.noted() == Noted()


class TestDigest:
    """The daily look ahead."""

    def prepared(self, **changes: Any) -> tuple[Bench, Listener]:  # noqa: ANN401
        bench, listener = make()
        of = credential(**changes)
        bench.journal.register(of)
        return bench, listener

    def digests(self, bench: Bench, listener: Listener, *days: float) -> list[list[str]]:
        told = []
        for day in days:
            bench.clock.advance_to(at(days=day))
            bench.notices.go()
            bench.notices.go()
            told.append([line for _, it in listener.told for line in it.items])
            listener.told.clear()
        return told

    def test_each_threshold_is_told_once(self) -> None:
        bench, listener = self.prepared(due_at=at(days=100))

        told = self.digests(bench, listener, 50, 69, 70, 71, 92, 93, 94, 98.5, 99.5, 100.5, 101.5)

        assert [len(lines) for lines in told] == [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]
        assert told[2] == ["2026-04-11 ci-deployer in 111122223333: is rotated"]

    def test_a_new_date_is_told_anew(self) -> None:
        bench, listener = self.prepared(due_at=at(days=100))
        assert len(self.digests(bench, listener, 71)[0]) == 1
        claim = bench.journal.acquire(
            credential().id, now=bench.clock.now(), lease_until=at(days=72)
        )
        assert claim is not None
        moved(bench, claim, due_at=at(days=101))

        assert len(self.digests(bench, listener, 72.5)[0]) == 1

    def test_nothing_new_is_no_digest(self) -> None:
        bench, listener = self.prepared(due_at=at(days=400))

        assert self.digests(bench, listener, 50, 51) == [[], []]
        assert listener.told == []

    def test_of_what_is_only_reported_the_age_limit_is_told(self) -> None:
        bench, listener = self.prepared(action=Action.REPORT, current_key_id=None)
        claim = bench.journal.acquire(credential().id, now=at(days=1), lease_until=at(days=2))
        assert claim is not None
        moved(bench, claim, keys=(key_record(credential()),))

        (lines,) = self.digests(bench, listener, 85)

        (line,) = lines
        assert "gets older than policy allows; it is only reported" in line

    def test_of_a_hold_the_end_by_the_provider_is_told(self) -> None:
        bench, listener = self.prepared()
        claim = bench.journal.acquire(credential().id, now=at(days=1), lease_until=at(days=2))
        assert claim is not None
        held = Hold(reason=Reason.SLOTS_FULL, since=at(days=1))
        keys = (key_record(credential(), expires_at=at(days=58)),)
        moved(bench, claim, keys=keys, hold=held)

        (lines,) = self.digests(bench, listener, 56)

        (line,) = lines
        assert line.startswith("2026-02-28")
        assert "is ended by its provider; it is on hold, so somebody must act" in line

    def test_a_long_list_is_cut_and_counted(self) -> None:
        bench, listener = make()
        for number in range(45):
            bench.journal.register(credential(f"user-{number:02d}", due_at=at(days=60)))

        (lines,) = self.digests(bench, listener, 55)

        assert len(lines) == 41
        assert lines[-1] == "and 5 more: rotator keys list"

    def test_what_appears_after_the_digest_is_told_the_next_day(self) -> None:
        bench, listener = self.prepared(due_at=at(days=60))
        assert len(self.digests(bench, listener, 55)[0]) == 1
        bench.journal.register(credential("fresh", due_at=at(days=61)))

        same_day, next_day = self.digests(bench, listener, 55.4, 56.2)

        assert same_day == []
        assert ["fresh" in line for line in next_day] == [True]

    def test_of_two_replicas_one_makes_the_digest(self) -> None:
        bench, listener = self.prepared(due_at=at(days=60))
        bench.start()
        seen = bench.outbox.noted()
        bench.clock.advance_to(at(days=55))
        bench.notices.go()
        bench.outbox.noted = lambda: seen  # type: ignore[method-assign]  # what it had read before

        assert not bench.notices.noter.look_ahead(bench.clock.now())
        assert len(listener.told) == 2


def test_pending_and_unknown_records_are_told_to_nobody() -> None:
    bench, listener = make()
    bench.start()
    bench.seal(
        done("p", AuditAction.KEY_PROMOTE, stage=Stage.INTENT, outcome="pending"),
        done("f", AuditAction.KEY_PROMOTE, outcome="failure"),
        event("t", AuditAction.OPERATOR_TEST_PROVIDER, actor="operator:ann"),
        event("n", AuditAction.NOTIFICATION_FAIL, subject=None),
    )

    bench.notices.go()

    assert listener.told == []
