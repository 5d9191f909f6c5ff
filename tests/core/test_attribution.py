from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.attribution import Attribution, attribute
from rotator.core.terms import Terms, Traits
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, OLD_VERSION, an_id, at, intent
from tests.core.worlds import STRAY_KEY, TOKEN, key, listing, open_rotation, state

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState, KeyInfo
    from rotator.core.ids import Instant
    from rotator.core.rotation import Intent

ROTATION = open_rotation()
MINT = intent(known_keys=(OLD_KEY,))
NOBODYS = Attribution(ours=None, suspects=())


def judge(
    *strays: KeyInfo,
    mint: Intent = MINT,
    found: DestinationState | None = None,
    traits: Traits | None = None,
) -> Attribution:
    terms = Terms(traits=traits or Traits())
    return attribute(ROTATION, mint, listing(key(), *strays), found or state(), terms)


def test_a_key_of_the_pre_image_is_never_ours_nor_suspected() -> None:
    assert judge() == NOBODYS


def test_a_mark_with_our_rotation_is_proof_whenever_the_key_was_born() -> None:
    marked = key(NEW_KEY, rotation=ROTATION.id)

    assert judge(marked) == Attribution(ours=NEW_KEY, suspects=())


def test_a_stored_secret_under_our_token_is_proof_even_without_a_label() -> None:
    stored = state(versions=frozenset({OLD_VERSION, TOKEN}))

    assert judge(key(NEW_KEY), found=stored) == Attribution(ours=NEW_KEY, suspects=())


def test_a_proof_clears_the_keys_beside_it() -> None:
    beside = key(STRAY_KEY, created_at=at(seconds=10))

    assert judge(beside, key(NEW_KEY, rotation=ROTATION.id)).suspects == ()


def test_a_mark_that_somebody_copied_proves_nothing_for_we_minted_one_key_at_most() -> None:
    ours, copied = (key(name, rotation=ROTATION.id) for name in (NEW_KEY, STRAY_KEY))

    assert judge(ours, copied) == Attribution(ours=None, suspects=(NEW_KEY, STRAY_KEY))


def test_a_stored_secret_tells_our_key_from_one_with_a_copied_mark() -> None:
    stored = state(versions=frozenset({OLD_VERSION, TOKEN}))
    copied = key(STRAY_KEY, rotation=ROTATION.id)

    assert judge(copied, key(NEW_KEY), found=stored) == Attribution(ours=NEW_KEY, suspects=())


def test_a_key_that_another_rotation_marked_is_not_suspected() -> None:
    assert judge(key(STRAY_KEY, created_at=EPOCH, rotation=an_id("another"))) == NOBODYS


def test_where_keys_carry_our_id_from_birth_one_without_it_is_a_strangers() -> None:
    unmarked = key(STRAY_KEY, created_at=EPOCH)

    assert judge(unmarked, traits=Traits(marks_keys=True)) == NOBODYS


@pytest.mark.parametrize(
    ("born", "is_suspect"),
    [
        (at(minutes=-5, seconds=-1), False),
        (at(minutes=-5), True),
        (at(), True),
        (at(minutes=10, seconds=30), True),
        (at(minutes=10, seconds=31), False),
    ],
)
def test_only_a_birth_while_our_mint_could_land_is_suspicious(
    born: Instant, *, is_suspect: bool
) -> None:
    verdict = judge(key(STRAY_KEY, created_at=born))

    assert verdict.suspects == ((STRAY_KEY,) if is_suspect else ())


def test_births_are_compared_by_the_providers_clock_and_not_by_ours() -> None:
    """Our clock is a day slow; the provider's time at the intent says so."""
    slow = intent(known_keys=(OLD_KEY,), provider_time=at(days=1))

    ours = judge(key(STRAY_KEY, created_at=at(days=1, seconds=10)), mint=slow)
    early = judge(key(STRAY_KEY, created_at=at(seconds=10)), mint=slow)

    assert ours.suspects == (STRAY_KEY,)
    assert early == NOBODYS


def test_without_the_providers_time_the_intents_own_stands_in() -> None:
    bare = intent(known_keys=(OLD_KEY,), provider_time=None)

    assert judge(key(STRAY_KEY, created_at=at(seconds=1)), mint=bare).suspects == (STRAY_KEY,)


def test_the_window_is_as_long_as_the_request_may_travel() -> None:
    quick = Traits(signature_window=timedelta(0))
    late = key(STRAY_KEY, created_at=at(minutes=6))

    assert judge(late, traits=quick) == NOBODYS
    assert judge(late).suspects == (STRAY_KEY,)


@pytest.mark.parametrize(("seen_at", "is_suspected"), [(at(days=3), True), (at(days=-1), False)])
def test_an_undated_key_may_be_ours_however_late_we_first_saw_it(
    seen_at: Instant, *, is_suspected: bool
) -> None:
    """Nobody looked while the daemon was down; its age begins with the first look."""
    undated = key(STRAY_KEY, created_at=seen_at, is_dated=False)

    assert bool(judge(undated).suspects) is is_suspected
