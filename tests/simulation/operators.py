"""Operators who give orders with commands of their own, beside the daemon."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.orders import Order, Pause, Verb
from rotator.errors import RotatorError
from tests.simulation.points import PowerCut

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.ids import CredentialId
    from rotator.ports.journal import Journal
    from tests.simulation.world import World

SOON = timedelta(minutes=1)
DAYS = timedelta(days=2)
NAME = "alice"


def rolls_back(world: World) -> None:
    """Order a rollback, and two days later let what it paused go on."""
    world.do_later(SOON, lambda world: _order(world, Verb.ROLLBACK))
    world.do_later(DAYS, _resumes_the_credential)


def rolls_back_part(number: int) -> Callable[[World], None]:
    """Make an operator who orders one principal's rotation back, of several in the world."""

    def act(world: World) -> None:
        credential = world.subjects[number].checker.credential
        _order(world, Verb.ROLLBACK, credential)
        world.do_later(DAYS, _resumes_the_credential)

    return act


def enables(world: World) -> None:
    """Order the old key to be enabled, and two days later let it be retired."""
    world.do_later(SOON, lambda world: _order(world, Verb.ENABLE))
    world.do_later(DAYS, lambda world: _order(world, Verb.RESUME))


def gives_up(world: World) -> None:
    """Give the newest rotation up, whatever it waits for."""
    _order(world, Verb.ABORT)


def pauses_everything(world: World) -> None:
    """Pause everything for two days."""
    made = Pause(operator=NAME, reason="a freeze", since=world.clock.now())
    _command(world, lambda journal: journal.pause(made))
    world.do_later(DAYS, lambda world: _resume(world, made.scope))


def _resumes_the_credential(world: World) -> None:
    for pause in world.journal.pauses():
        _resume(world, pause.scope)


def _resume(world: World, scope: str) -> None:
    _command(world, lambda journal: journal.unpause(scope))


def _order(world: World, verb: Verb, credential: CredentialId | None = None) -> None:
    newest_first = world.book.rotations()
    about = (item for item in newest_first if credential in {None, item.credential_id})
    rotation = next(about, None)
    if rotation is None:
        return  # the journal was put back to before it
    order = Order(
        id=world.chance.new_id(),
        verb=verb,
        operator=NAME,
        reason="because",
        given_at=world.clock.now(),
        rotation_id=rotation.id,
        key_id=rotation.old_key_id if verb is Verb.ENABLE else None,
    )
    _command(world, lambda journal: journal.instruct(rotation.credential_id, order))


def _command(world: World, act: Callable[[Journal], object]) -> None:
    """Run a command in a process of its own; when that dies, the operator repeats it."""
    while True:
        try:
            act(world.replica.up().journal)
        except (PowerCut, RotatorError):
            continue
        return
