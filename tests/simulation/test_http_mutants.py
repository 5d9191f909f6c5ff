"""The judges see: each broken rotator of a described API is reported, by the right invariant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.reasons import Reason
from rotator.core.terms import Grace
from rotator.providers.http.provider import http_provider
from rotator.testing.wire import Failure
from tests.simulation import http_mutants as mutants
from tests.simulation import http_vendors
from tests.simulation.campaign import play
from tests.simulation.http_scenes import STAGE5
from tests.simulation.http_vendors import PAGE
from tests.simulation.mutants import with_sdk_retries
from tests.simulation.scene import Break, Scene

if TYPE_CHECKING:
    from rotator.providers.http.spec import Spec
    from tests.simulation.http_vendors import Make

Mutant = Callable[[Scene], Scene]

BLIND = Grace(accept_blind=True)
JUDGED = replace(STAGE5, judge=mutants.judge)
HELD = replace(JUDGED, may_hold=True)
SLOW = replace(JUDGED, habits=replace(JUDGED.habits, activation_lag=timedelta(seconds=100)))
SHORT = timedelta(days=4)
LOST = replace(JUDGED, breaks=(Break(method="create_key", failure=Failure.LOST_ANSWER),))


def called_by(scene: Scene, spec: Spec, make: Make = http_provider, *, page: int = PAGE) -> Scene:
    return replace(scene, vendors=mutants.stage5_by(spec, make, page=page))


FULL = 4
"""A page that has the key that people made, and no room for ours."""


MISTYPED = called_by(HELD, mutants.with_mistyped_revoke())
POWERFUL = called_by(HELD, mutants.with_more_powers())
BELIEVING = called_by(HELD, mutants.with_mistyped_revoke(), mutants.believing_a_404)
OWN = replace(HELD, vendors=mutants.OWN_UNTOLD, grace=BLIND)

LIVES: dict[str, tuple[Scene, Mutant, str]] = {
    "a 404 is believed": (
        MISTYPED,
        lambda _: replace(BELIEVING, around_provider=mutants.believing_its_own_word),
        "I2",
    ),
    "page one is the list": (
        called_by(LOST, http_vendors.STAGE5, page=FULL),
        lambda it: called_by(replace(it, patience=SHORT), mutants.on_page_one(), page=FULL),
        "I3",
    ),
    "verify is always true": (
        SLOW,
        lambda it: replace(it, around_provider=mutants.accepting_everything),
        "I1",
    ),
    "a mint is repeated": (LOST, lambda it: replace(it, around_provider=with_sdk_retries), "I3"),
    "its own key is ended": (OWN, lambda it: replace(it, vendors=mutants.OWN_ENDED), "own key"),
    "powers are not compared": (
        POWERFUL,
        lambda it: called_by(it, mutants.with_more_powers(), mutants.comparing_nothing),
        "powers",
    ),
}
"""The life in which each is seen, the mutation, and the invariant that it breaks."""


@pytest.mark.parametrize("name", LIVES)
def test_a_mutant_is_seen_and_the_same_life_without_it_is_clean(name: str) -> None:
    scene, mutate, invariant = LIVES[name]
    assert play(scene).violations == []
    seen = {item.invariant for item in play(mutate(scene)).violations}
    assert invariant in seen


def test_a_provider_that_believes_a_404_is_not_believed_by_the_shell() -> None:
    world = play(BELIEVING)
    (credential,) = world.book.credentials()
    assert world.violations == []
    assert credential.hold is not None
    assert credential.hold.reason is Reason.OLD_KEY_LIVES
