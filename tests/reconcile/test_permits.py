"""What is known to be denied holds a start back, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId
from rotator.core.permissions import Missing, State
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Trigger
from rotator.core.terms import IfDrifted
from rotator.errors import AccessDeniedError, InvariantError, RejectedError, UnavailableError
from rotator.reconcile.checking import INTERVAL, PermissionRounds
from rotator.reconcile.orders import order
from rotator.reconcile.permits import MEMORY, PermissionBook
from rotator.testing.fake_provider import ACCOUNT, FakeProvider
from rotator.testing.manual_clock import ManualClock
from rotator.testing.memory_evidence import QuietTelemetry
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import LastUsed, Principal
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Credential
    from rotator.errors import RotatorError
    from rotator.reconcile.parts import Parts

OTHER = AccountId("444455556666")
WANTED = {"use": ("x:LastUsed",), "rotate": ("x:Mint", "x:Delete"), "mark": ("x:Tag",)}


def book(clock: ManualClock) -> PermissionBook:
    return PermissionBook(clock, (ACCOUNT, OTHER), lambda _: WANTED)


# ------------------------------------------------------------------------- the book


def test_a_refusal_counts_for_its_account_for_an_hour() -> None:
    clock = ManualClock()
    known = book(clock)
    known.heard(ACCOUNT, "x:Delete", is_allowed=False)

    assert known.denied(ACCOUNT, ("rotate",)) == ("x:Delete",)
    assert known.denied(ACCOUNT, ("mark",)) == ()
    assert known.denied(OTHER, ("rotate",)) == ()
    clock.advance(MEMORY)
    assert known.denied(ACCOUNT, ("rotate",)) == ()


def test_where_keys_of_another_account_are_published_only_publishing_has_to_be_allowed() -> None:
    clock = ManualClock()
    known = PermissionBook(
        clock, (ACCOUNT,), lambda _: WANTED, for_destinations=frozenset({"x:Delete"})
    )
    known.heard(ACCOUNT, "x:Mint", is_allowed=False)
    known.heard(ACCOUNT, "x:Delete", is_allowed=False)

    assert known.denied(ACCOUNT, ("rotate",)) == ("x:Mint", "x:Delete")
    assert known.denied(ACCOUNT, ("rotate",), is_home=True) == ("x:Delete",)


def test_an_account_that_nobody_asks_for_permissions_denies_nothing() -> None:
    assert book(ManualClock()).denied(AccountId("ZVATKW3VHMFG27DY"), ("rotate",)) == ()


def test_a_refusal_met_by_a_clock_that_was_ahead_is_forgotten_when_it_is_set_right() -> None:
    clock = ManualClock()
    known = book(clock)
    clock.advance(timedelta(days=365))
    known.heard(ACCOUNT, "x:Delete", is_allowed=False)
    clock.advance(timedelta(days=-365))

    assert known.denied(ACCOUNT, ("rotate",)) == ()


def test_a_success_ends_a_refusal_whoever_told_of_it() -> None:
    known = book(ManualClock())
    known.heard(ACCOUNT, "x:Mint", is_allowed=False)
    known.checked(ACCOUNT, Missing(denied=frozenset({"x:Mint", "x:Delete"})))
    known.heard(ACCOUNT, "x:Mint", is_allowed=True)

    assert known.denied(ACCOUNT, ("rotate",)) == ("x:Delete",)


def test_a_check_ends_what_it_finds_allowed_and_leaves_what_it_does_not_know() -> None:
    known = book(ManualClock())
    for action in ("x:Mint", "x:Delete"):
        known.heard(ACCOUNT, action, is_allowed=False)
    found = known.checked(ACCOUNT, Missing(unknown=frozenset({"x:Delete", "x:Tag"})))

    assert known.denied(ACCOUNT, ("rotate",)) == ("x:Delete",)
    assert [item.state for item in found] == [State.OK, State.OFF, State.UNKNOWN]


def test_the_metric_says_of_every_account_and_feature_whether_it_is_off() -> None:
    known = book(ManualClock())
    known.heard(OTHER, "x:Tag", is_allowed=False)

    lacks = known.lacks()

    assert {place for place, is_off in lacks.items() if is_off} == {(OTHER, "mark")}
    assert len(lacks) == 6


# ------------------------------------------------------------------------ the rounds


@dataclass
class Answers:
    """A check that answers what a test says."""

    errors: dict[str, RotatorError] = field(default_factory=dict)
    checked: list[str] = field(default_factory=list)

    def missing(self, account: AccountId) -> Missing:
        self.checked.append(account)
        if account in self.errors:
            raise self.errors[account]
        return Missing(denied=frozenset({"x:Tag"}))


def rounds(answers: Answers, clock: ManualClock, telemetry: QuietTelemetry) -> PermissionRounds:
    return PermissionRounds(answers, book(clock), (ACCOUNT, OTHER), clock, telemetry)


def test_checks_that_nobody_asked_for_are_an_hour_apart() -> None:
    clock, answers = ManualClock(), Answers()
    checks = rounds(answers, clock, QuietTelemetry())
    for _ in range(2):
        checks.go_if_due()
    assert answers.checked == [ACCOUNT, OTHER]
    clock.advance(INTERVAL)
    checks.go_if_due()

    assert answers.checked == [ACCOUNT, OTHER] * 2


def test_what_an_unasked_check_finds_is_logged_and_what_was_asked_for_is_not() -> None:
    answers, telemetry = Answers({OTHER: UnavailableError("no route")}), QuietTelemetry()
    checks = rounds(answers, ManualClock(), telemetry)
    checks.go()
    asked = list(telemetry.lines)
    checks.go_if_due()

    assert asked == []
    assert [event for _, event, *_ in telemetry.lines] == [
        "permission missing",
        "permissions not checked",
    ]


def test_an_account_that_cannot_be_entered_keeps_no_other_from_its_check() -> None:
    answers = Answers(errors={ACCOUNT: UnavailableError("no route", subject="sts")})

    first, second = rounds(answers, ManualClock(), QuietTelemetry()).go()

    assert (first.trouble, first.findings, first.is_off) == ("sts: no route", (), True)
    assert [item.state for item in second.findings] == [State.OK, State.OK, State.OFF]
    assert second.is_off


def test_a_contradiction_in_a_check_stops_the_process() -> None:
    answers = Answers(errors={ACCOUNT: InvariantError("bug")})

    with pytest.raises(InvariantError):
        rounds(answers, ManualClock(), QuietTelemetry()).go()


# -------------------------------------------------------------------------- the gate


@dataclass
class LicensedEstate(Estate):
    """An estate whose shell knows what is denied."""

    refused: tuple[str, ...] = ()

    def denied(
        self, account: AccountId, features: object, *, is_home: bool = False
    ) -> tuple[str, ...]:
        del account
        assert isinstance(features, tuple)
        return tuple(item for item in self.refused if "use" in features or item != "x:LastUsed")

    def parts(self) -> Parts:
        return replace(super().parts(), permits=self)


def aged(estate: Estate) -> Credential:
    """Adopt the key, and let it grow old enough."""
    estate.look()
    estate.clock.advance(timedelta(days=80))
    return estate.look()


def test_no_rotation_is_begun_while_an_action_that_it_needs_is_denied() -> None:
    estate = LicensedEstate(refused=("x:Delete",))

    held = aged(estate).hold

    assert estate.rotation is None
    assert held is not None
    assert held.reason is Reason.ACCESS_DENIED
    assert held.detail == (
        f"x:Delete is not allowed in {ACCOUNT}: rotations are off there; see rotator doctor"
    )
    assert len(estate.enabled()) == 1


def test_a_rotation_that_has_begun_goes_on_to_its_end_whatever_is_denied_meanwhile() -> None:
    estate = LicensedEstate()
    estate.due()
    estate.refused = ("x:Mint", "x:Delete")

    estate.run(timedelta(days=20), until=Phase.COMPLETED)

    assert estate.newest.phase is Phase.COMPLETED


def test_a_compromised_key_is_replaced_where_last_uses_cannot_be_read() -> None:
    estate = LicensedEstate(provider_type=SilentProvider, refused=("x:LastUsed",))
    estate.look()
    order(estate.parts(), estate.stored, Trigger.TAINT, operator="a")

    estate.look()

    assert estate.newest.promoted_at is not None


def test_consumers_of_a_deleted_key_get_another_where_last_uses_cannot_be_read() -> None:
    estate = LicensedEstate(provider_type=SilentProvider, refused=("x:LastUsed",))
    estate.terms = replace(estate.terms, if_drifted=IfDrifted.REPAIR)
    estate.look()
    estate.clock.advance(timedelta(hours=2))
    estate.provider.delete_by_hand(estate.principal, estate.old.key_id)
    estate.run(timedelta(days=1))

    assert estate.newest.promoted_at is not None
    assert estate.consume()


class SilentProvider(FakeProvider):
    """A provider whose last uses we may not read."""

    def last_used(self, principal: Principal, key: KeyId) -> LastUsed:
        raise AccessDeniedError("x:LastUsed failed: AccessDenied", subject=key)


class ForgetfulProvider(FakeProvider):
    """A provider that knows nothing of last uses any more."""

    def last_used(self, principal: Principal, key: KeyId) -> LastUsed:
        raise RejectedError("x:LastUsed failed: Gone", subject=key)


def test_no_key_is_made_while_the_old_ones_last_use_may_not_be_read() -> None:
    estate = LicensedEstate(provider_type=SilentProvider)

    held = aged(estate).hold

    assert held is not None
    assert (held.reason, "x:LastUsed" in held.detail) == (Reason.ACCESS_DENIED, True)
    assert len(estate.enabled()) == 1


def test_another_failure_of_that_reading_is_left_to_the_guard() -> None:
    estate = LicensedEstate(provider_type=ForgetfulProvider)

    aged(estate)

    assert estate.newest.promoted_at is not None


def test_no_key_is_made_that_could_not_be_merged_into_its_secret() -> None:
    estate = LicensedEstate(merge=True)
    estate.look()
    estate.clock.advance(timedelta(days=80))
    estate.destination.published_key_id = _refuse  # type: ignore[method-assign]
    estate.refused = ("x:Read",)
    estate.denied = _after_the_gate(estate)  # type: ignore[assignment,method-assign]

    held = estate.look().hold

    assert held is not None
    assert held.reason is Reason.ACCESS_DENIED
    assert held.detail.endswith(f"access_denied (not allowed in {ACCOUNT}: x:Read)")
    assert len(estate.enabled()) == 1


def test_no_key_is_made_for_a_secret_whose_other_fields_cannot_be_kept() -> None:
    estate = LicensedEstate(merge=True)
    estate.look()
    estate.clock.advance(timedelta(days=80))
    estate.destination.published_key_id = _unreadable  # type: ignore[method-assign]

    held = estate.look().hold

    assert "create_key" not in estate.wire.sent
    assert held is not None
    assert (held.reason, held.detail) == (
        Reason.ACCESS_DENIED,
        f"{estate.ref.name} cannot be merged: binary",
    )


def _unreadable(ref: object) -> None:
    raise RejectedError("the value is binary, not text", code="binary")


def _refuse(ref: object) -> None:
    raise AccessDeniedError("x:Read failed: AccessDenied")


def _after_the_gate(estate: LicensedEstate) -> Callable[[AccountId, object], tuple[str, ...]]:
    def denied(account: AccountId, features: object, *, is_home: bool = False) -> tuple[str, ...]:
        assert isinstance(features, tuple)
        return estate.refused if "read_current" in features else ()

    return denied
