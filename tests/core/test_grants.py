"""The new key is never granted less than the old one, and nobody's decision is undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rotator.core.facts import UNREAD, Grants, Known, Observation, Unreadable, What
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Intent, Phase
from rotator.core.steps import Do, Fact, Record, Wait
from rotator.core.terms import Grace, Terms, Traits
from rotator.core.transitions import achieved
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, at
from tests.core.worlds import TOKEN, asks_for, both, effect_of, key, listing, open_rotation, seen
from tests.core.worlds import state as destination_state

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, Reading
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

TERMS = Terms(
    traits=Traits(has_grants=True, can_report_use=False, max_keys=None),
    grace=Grace(accept_blind=True),
)
A, B = "keyset-a", "keyset-b"


def granted(old: set[str], new: set[str]) -> Known[Grants]:
    return Known(Grants(old=frozenset(old), new=frozenset(new)))


def looking(grants: Reading[Grants] = UNREAD, **readings: Any) -> Observation:  # noqa: ANN401
    return replace(seen(**readings), grants=grants)


def step(rotation: Rotation, observation: Observation, now: Instant = EPOCH) -> Step:
    return next_step(rotation, observation, TERMS, now)


STAGED = open_rotation(Phase.STAGED)
VERIFIED = open_rotation(Phase.VERIFIED, granted=(A,))
READY = {"destination": destination_state(), "keys": both()}


class TestBeforeThePivot:
    def test_a_new_key_is_granted_what_the_old_one_has_before_it_is_proved(self) -> None:
        asked = step(STAGED, looking(in_hand=True))
        found = step(STAGED, looking(granted({A, B}, {A}), in_hand=True))

        assert asks_for(asked) is What.GRANTS
        assert isinstance(found, Do)
        assert (found.effect, found.key_id) == (Effect.GRANT, NEW_KEY)
        assert found.grants == {A, B}
        assert found.evidence == {"grants": f"{A}, {B}"}

    def test_a_key_that_has_everything_is_proved(self) -> None:
        found = step(replace(STAGED, granted=(A,)), looking(granted({A}, {A}), in_hand=True))

        assert effect_of(found) is Effect.VERIFY

    def test_what_the_new_key_alone_has_waits_for_the_grace(self) -> None:
        found = step(replace(STAGED, granted=(A,)), looking(granted({A}, {A, B}), in_hand=True))

        assert effect_of(found) is Effect.VERIFY

    def test_a_tenant_that_came_meanwhile_is_granted_before_promote(self) -> None:
        found = step(VERIFIED, looking(granted({A, B}, {A}), **READY))

        assert isinstance(found, Do)
        assert (found.effect, found.key_id, found.grants) == (Effect.GRANT, NEW_KEY, frozenset({B}))

    def test_nothing_is_promoted_while_grants_cannot_be_read(self) -> None:
        later = at(hours=1)
        ready = {"destination": destination_state(), "keys": both(later)}
        found = step(VERIFIED, looking(Unreadable("rejected"), **ready), later)

        assert isinstance(found, Wait)
        assert (found.reason, found.detail) == (Reason.GRANTS_UNREADABLE, "rejected")

    def test_nothing_is_promoted_when_the_old_key_ended_before_its_grants_were_read(self) -> None:
        found = step(STAGED, looking(granted(set(), {A}), in_hand=True))

        assert isinstance(found, Wait)
        assert found.reason is Reason.GRANTS_UNREADABLE
        assert OLD_KEY in found.detail

    def test_an_old_key_that_ended_after_its_grants_were_read_holds_nothing_up(self) -> None:
        found = step(replace(STAGED, granted=(A, B)), looking(granted(set(), {A, B}), in_hand=True))

        assert effect_of(found) is Effect.VERIFY

    def test_a_listing_that_is_behind_is_waited_for(self) -> None:
        found = step(STAGED, looking(Unreadable("not_found"), in_hand=True))

        assert isinstance(found, Wait)
        assert found.reason is Reason.SETTLING

    def test_an_open_grant_is_done_again_for_it_harms_nobody(self) -> None:
        intent = Intent(effect=Effect.GRANT, key_id=NEW_KEY, made_at=EPOCH, not_after=EPOCH)

        assert step(replace(STAGED, intent=intent), looking()) == Record(fact=Fact.INTENT_VOID)

    def test_a_provider_without_grants_is_never_asked_for_them(self) -> None:
        found = next_step(STAGED, looking(in_hand=True), Terms(), EPOCH)

        assert effect_of(found) is Effect.VERIFY


PROMOTED = open_rotation(Phase.PROMOTED, promoted_at=EPOCH, granted=(A,))


class TestInTheGrace:
    @pytest.mark.parametrize(
        ("grants", "key_id", "missing"),
        [
            pytest.param(granted({A, B}, {A}), NEW_KEY, {B}, id="granted-to-the-old"),
            pytest.param(granted({A}, {A, B}), OLD_KEY, {B}, id="granted-to-the-new"),
        ],
    )
    def test_what_one_key_is_granted_meanwhile_both_get(
        self, grants: Known[Grants], key_id: str, missing: set[str]
    ) -> None:
        found = step(PROMOTED, looking(grants))

        assert isinstance(found, Do)
        assert (found.effect, found.key_id, found.grants) == (
            Effect.GRANT,
            key_id,
            frozenset(missing),
        )

    def test_grants_are_looked_at_again_and_again(self) -> None:
        found = step(PROMOTED, looking(granted({A}, {A})))

        assert found == Wait(
            until=at(seconds=TERMS.limits.check_interval.total_seconds()), reason=Reason.GRACE
        )

    def test_what_somebody_took_from_the_new_key_is_not_given_back(self) -> None:
        found = step(PROMOTED, looking(granted({A}, set())))

        assert isinstance(found, Wait)
        assert found.reason is Reason.GRANTS_TAKEN
        assert found.detail == f"{NEW_KEY} has lost {A}"

    def test_what_somebody_took_from_the_old_key_stays_taken(self) -> None:
        found = step(PROMOTED, looking(granted(set(), {A})))

        assert isinstance(found, Wait)
        assert found.reason is Reason.GRACE

    def test_an_old_key_without_any_grant_is_off_and_gets_none(self) -> None:
        found = step(PROMOTED, looking(granted(set(), {A, B})))

        assert isinstance(found, Wait)
        assert found.reason is Reason.GRACE

    def test_the_old_key_is_not_switched_off_before_the_new_one_has_everything(self) -> None:
        later = at(days=2)
        current = destination_state(current=TOKEN)
        late = {"destination": current, "keys": listing(key(), key(NEW_KEY), now=later)}

        blocked = step(PROMOTED, looking(granted({A, B}, {A}), **late), later)
        free = step(PROMOTED, looking(granted({A}, {A}), **late), later)

        assert effect_of(blocked) is Effect.GRANT
        assert effect_of(free) is Effect.DISABLE_KEY

    def test_a_provider_without_grants_is_left_alone_until_the_grace_is_over(self) -> None:
        found = next_step(PROMOTED, looking(), Terms(), EPOCH)

        assert found == Wait(until=at(days=1), reason=Reason.GRACE)


def test_what_was_granted_is_remembered_in_order() -> None:
    first = achieved(STAGED, Do(effect=Effect.GRANT, grants=frozenset({B})), EPOCH)
    second = achieved(first, Do(effect=Effect.GRANT, grants=frozenset({A, B})), EPOCH)

    assert (STAGED.granted, first.granted, second.granted) == (None, (B,), (A, B))
    assert second.phase is Phase.STAGED
    assert timedelta(0) == second.phase_since - STAGED.phase_since


class TestInTheQuarantine:
    OFF = open_rotation(Phase.DISABLED, granted=(A,), disabled_at=EPOCH)

    @staticmethod
    def off(now: Instant = EPOCH) -> KeyListing:
        return listing(key(enabled=False), key(NEW_KEY), now=now)

    def test_what_the_old_key_was_granted_as_it_was_switched_off_the_new_one_gets(self) -> None:
        ready = {"destination": destination_state(current=TOKEN), "keys": self.off()}
        found = step(self.OFF, looking(granted({B}, {A}), **ready))

        assert isinstance(found, Do)
        assert (found.effect, found.key_id, found.grants) == (Effect.GRANT, NEW_KEY, frozenset({B}))

    def test_an_old_key_without_any_grant_only_waits(self) -> None:
        ready = {"destination": destination_state(current=TOKEN), "keys": self.off()}
        found = step(self.OFF, looking(granted(set(), {A}), **ready))

        assert isinstance(found, Wait)
        assert found.reason is Reason.QUARANTINE

    def test_nothing_is_deleted_while_grants_cannot_be_read(self) -> None:
        later = at(days=3)
        ready = {"destination": destination_state(current=TOKEN), "keys": self.off(later)}
        found = step(self.OFF, looking(Unreadable("rejected"), **ready), later)

        assert isinstance(found, Wait)
        assert found.reason is Reason.GRANTS_UNREADABLE


class TestRolledBackByHand:
    """Somebody made the version with the old key current again."""

    BACK: ClassVar[dict[str, Any]] = {
        "destination": destination_state(),
        "published": OLD_KEY,
        "keys": both(),
    }
    WITHDRAWN = open_rotation(Phase.PROMOTED, promoted_at=None, granted=(A, B))

    def test_an_old_key_that_was_half_switched_off_opens_everything_again(self) -> None:
        asked = step(self.WITHDRAWN, looking(**self.BACK))
        found = step(self.WITHDRAWN, looking(granted({A}, {A, B}), **self.BACK))

        assert asks_for(asked) is What.GRANTS
        assert isinstance(found, Do)
        assert (found.effect, found.key_id) == (Effect.GRANT, OLD_KEY)
        assert found.grants == {B}

    @pytest.mark.parametrize("grants", [granted({A, B}, {A, B}), Unreadable("rejected")])
    def test_otherwise_it_waits_for_a_person_as_ever(self, grants: Reading[Grants]) -> None:
        found = step(self.WITHDRAWN, looking(grants, **self.BACK))

        assert isinstance(found, Wait)
        assert found.reason is Reason.ROLLED_BACK_BY_HAND

    def test_an_old_key_that_somebody_keeps_switched_off_is_granted_nothing(self) -> None:
        off = replace(self.WITHDRAWN, phase=Phase.DISABLED)
        found = step(off, looking(granted({A}, {A, B}), **self.BACK))

        assert isinstance(found, Wait)
        assert found.reason is Reason.ROLLED_BACK_BY_HAND

    def test_a_provider_without_grants_is_not_asked(self) -> None:
        found = next_step(self.WITHDRAWN, looking(**self.BACK), Terms(), EPOCH)

        assert isinstance(found, Wait)
        assert found.reason is Reason.ROLLED_BACK_BY_HAND
