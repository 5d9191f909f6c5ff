"""An id that is given again names another key: nothing meant for the first is done to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotator.core.attribution import Attribution, attribute
from rotator.core.consequences import credential_after, keys_after_effect, keys_after_fact
from rotator.core.facts import What
from rotator.core.instructed import next_for_order
from rotator.core.inventory import is_another, namesakes, reborn, seen, without
from rotator.core.machine import next_step
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase, Role
from rotator.core.steps import Do, Fact, Record, Refuse
from rotator.core.terms import Terms, Traits
from tests.builders import (
    EPOCH,
    OLD_KEY,
    OLD_VERSION,
    an_id,
    at,
    credential,
    intent,
    key_record,
    order,
    rotation,
)
from tests.core import worlds
from tests.core.worlds import SIBLING_VERSION, asks_for, key, listing, open_rotation, reason_of

TERMS = Terms()
SAME = {"new_key_id": OLD_KEY}
PROMOTED = open_rotation(Phase.PROMOTED, **SAME)
GIVEN_UP = open_rotation(Phase.STAGED, abandoned=Reason.VERIFY_FAILED, **SAME)
OLD = key_record(last_used_at=EPOCH, expires_at=EPOCH, gone_at=EPOCH)
FRESH = replace(reborn(OLD, PROMOTED.id, at(hours=1)), role=Role.CURRENT)
YOUNGER = key(created_at=at(days=-1))


def test_an_id_means_the_old_key_only_while_the_new_one_has_another() -> None:
    assert open_rotation(Phase.PROMOTED).is_old(OLD_KEY)
    assert not PROMOTED.is_old(OLD_KEY)


def test_after_promotion_only_the_old_secret_is_tried_and_the_rotation_ends() -> None:
    asked = next_step(PROMOTED, worlds.seen(), TERMS, EPOCH)
    ended = next_step(PROMOTED, worlds.seen(old_refused=True), TERMS, EPOCH)

    assert asks_for(asked) is What.OLD_REFUSED
    assert isinstance(ended, Record)
    assert ended.fact is Fact.FOUND_GONE
    assert ended.evidence["id_given_again"] is True


def test_an_old_secret_that_is_let_in_is_held() -> None:
    held = next_step(PROMOTED, worlds.seen(old_refused=False), TERMS, EPOCH)

    assert reason_of(held) is Reason.OLD_KEY_LIVES


def test_a_discard_is_made_only_where_no_strange_version_carries_the_id() -> None:
    strange = worlds.seen(destination=worlds.state(SIBLING_VERSION), published=OLD_KEY)
    known = worlds.seen(destination=worlds.state(OLD_VERSION))

    assert reason_of(next_step(GIVEN_UP, strange, TERMS, EPOCH)) is Reason.DRIFT
    step = next_step(GIVEN_UP, known, TERMS, EPOCH)
    assert isinstance(step, Do)
    assert (step.effect, step.key_id) == (Effect.DELETE_KEY, OLD_KEY)


@pytest.mark.parametrize("verb", [Verb.ROLLBACK, Verb.ENABLE])
def test_nobody_goes_back_to_a_key_whose_id_is_anothers(verb: Verb) -> None:
    step = next_for_order(order(verb), PROMOTED, worlds.seen(), TERMS, EPOCH)

    assert isinstance(step, Refuse)
    assert "the old key is gone" in step.why


def test_a_key_that_was_born_after_its_delete_was_meant_is_not_that_key() -> None:
    deleting = replace(GIVEN_UP, new_key_id=OLD_KEY, old_key_id=worlds.STRAY_KEY)
    meant = replace(deleting, intent=intent(Effect.DELETE_KEY, key_id=OLD_KEY))
    reused = listing(key(created_at=at(minutes=3)), now=at(hours=1))

    step = next_step(meant, worlds.seen(keys=reused), TERMS, at(hours=1))

    assert step == Record(fact=Fact.INTENT_DONE)


def test_a_mark_from_birth_proves_a_mint_whose_id_stands_in_the_pre_image() -> None:
    planned, mint = open_rotation(), intent(known_keys=(OLD_KEY,))
    marked = listing(key(rotation=planned.id))

    by_birth = attribute(
        planned, mint, marked, worlds.state(), Terms(traits=Traits(marks_keys=True))
    )
    by_tag = attribute(planned, mint, marked, worlds.state(), TERMS)

    assert by_birth == Attribution(ours=OLD_KEY, suspects=())
    assert by_tag == Attribution(ours=None, suspects=())


@pytest.mark.parametrize(
    "changes", [{"created_at": at(hours=2)}, {"is_dated": False}], ids=["in the future", "undated"]
)
def test_a_birth_that_makes_no_sense_proves_nothing(changes: dict[str, Any]) -> None:
    told = intent(Effect.DELETE_KEY, key_id=OLD_KEY)
    meant = replace(GIVEN_UP, old_key_id=worlds.STRAY_KEY, intent=told)
    untold = replace(meant, intent=replace(told, provider_time=None))
    now = at(hours=1)

    for deleting, shown in ((meant, key(**changes)), (untold, key(created_at=at(minutes=3)))):
        step = next_step(deleting, worlds.seen(keys=listing(shown, now=now)), TERMS, now)
        assert step == Record(fact=Fact.INTENT_VOID)


def test_the_old_keys_id_is_never_a_suspects() -> None:
    reused = listing(key(created_at=at(seconds=10)))

    assert attribute(open_rotation(), intent(), reused, worlds.state(), TERMS).suspects == ()


def test_the_record_speaks_of_the_old_key_until_the_new_one_is_promoted() -> None:
    def after(effect: Effect) -> tuple[object, ...]:
        return keys_after_effect(Do(effect=effect, key_id=OLD_KEY), PROMOTED, OLD, OLD, at(hours=1))

    def found(fact: Fact) -> tuple[object, ...]:
        return keys_after_fact(Record(fact=fact), PROMOTED, OLD, OLD, (), at(hours=1))

    assert after(Effect.DELETE_KEY) == found(Fact.ABANDONED) == found(Fact.FOUND_GONE) == ()
    assert after(Effect.PROMOTE) == found(Fact.FOUND_CURRENT) == (FRESH,)


def test_promotion_tells_the_credential_its_version_though_the_id_stays() -> None:
    after = credential_after(credential(current_key_id=OLD_KEY), PROMOTED)

    assert (after.current_key_id, after.current_version) == (OLD_KEY, PROMOTED.new_version)


class TestAListing:
    NOW = at(days=1)

    def test_a_younger_key_is_another_and_where_none_is_dated_its_mark_tells(self) -> None:
        ours = key_record(rotation_id=rotation().id)
        undated = key(is_dated=False)

        assert is_another(key_record(), YOUNGER)
        assert not is_another(key_record(), key())
        assert not is_another(ours, undated)
        assert not is_another(ours, replace(undated, rotation=rotation().id))
        assert is_another(ours, replace(undated, rotation=an_id(77)))

    def test_the_same_mark_outweighs_a_birth_that_is_told_in_two_ways(self) -> None:
        ours = key_record(rotation_id=rotation().id)

        assert not is_another(ours, replace(YOUNGER, rotation=rotation().id))
        assert is_another(ours, replace(YOUNGER, rotation=an_id(77)))

    def test_what_is_known_of_a_key_that_is_looked_after_stays(self) -> None:
        assert (
            seen(OLD.credential_id, (key_record(),), listing(YOUNGER), self.NOW, lag=timedelta())
            == ()
        )

    @pytest.mark.parametrize("role", [Role.GONE, Role.FOREIGN])
    def test_else_a_strangers_life_begins_at_once(self, role: Role) -> None:
        known = replace(OLD, role=role, gone_at=self.NOW)

        (record,) = seen(
            OLD.credential_id, (known,), listing(YOUNGER), self.NOW, lag=timedelta(hours=1)
        )

        assert record == replace(reborn(known, None, self.NOW), created_at=YOUNGER.created_at)

    def test_a_namesake_is_left_out(self) -> None:
        shown = listing(YOUNGER, key(worlds.STRAY_KEY))

        assert namesakes((key_record(),), shown) == (YOUNGER,)
        assert namesakes((key_record(role=Role.GONE),), shown) == ()
        assert without(shown, (YOUNGER,)) == listing(key(worlds.STRAY_KEY))
