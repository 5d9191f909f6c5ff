"""What can happen at a point: to the process, on the wire, in the journal, by people.

Each fault knows where it can strike; a fault and a point make one cell of the
matrix. What people or clocks did wrong is made good later where people would.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.errors import UnavailableError
from rotator.testing.wire import Failure
from tests.simulation import humans
from tests.simulation.points import EFFECTS, EXEMPT, PowerCut, When
from tests.simulation.sealing import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.points import Point
    from tests.simulation.world import World

    Call = Callable[[], object]
    Around = Callable[[Call], object]
    Strike = Callable[[World, Point], Around | None]

OUTAGE = timedelta(hours=6)
"""How long something stays broken that somebody has to repair."""

LONG_OUTAGE = timedelta(days=3)
"""How long a place for evidence stays broken: past the grace, into the end of the old key."""

OFF = timedelta(hours=1)
"""How long a clock stays wrong."""

JUMP = timedelta(days=115)
"""How far a clock is off that somebody set by hand, or a battery let go."""

SLOW = timedelta(minutes=3)
"""How long a commit takes on a sick disk: longer than a lease."""

FREEZE = timedelta(minutes=10)
"""How long a process is stopped: past its lease and the signature window."""


class Fault(StrEnum):
    """Everything that the matrix lets happen."""

    CUT = "power cut"
    SIGTERM = "SIGTERM"
    FROZEN = "frozen past the lease"
    CLOCK_AHEAD = "our clock jumps ahead"
    CLOCK_BEHIND = "our clock jumps back"
    LOST_REQUEST = "request lost"
    LOST_ANSWER = "answer lost"
    HALFWAY = "half of it done"
    LATE = "lands late"
    THROTTLED = "throttled"
    UNAVAILABLE = "5xx"
    DENIED = "access denied"
    ADMIN_REVOKED = "our own credential revoked"
    STALE_LIST = "stale lists for the whole documented delay"
    JOURNAL_FULL = "journal full"
    JOURNAL_LOST_ANSWER = "journal: answer lost"
    JOURNAL_SLOW = "journal slower than a lease"
    JOURNAL_RESTORED = "journal restored from a backup"
    AUDIT_BLOCKED = "audit sink blocked"
    SINK_FAILS = "audit sink fails"
    SINK_HANGS = "audit sink hangs past its deadline"
    SINK_FULL = "audit sink full"
    SINK_SLOW = "audit sink slow"
    FOREIGN_WRITE = "foreign write to the destination"
    CONSOLE_ROLLBACK = "destination rolled back in the console"
    USER_RECREATED = "user deleted and made again under its name"
    OLD_KEY_DELETED = "old key deleted by a human"
    HUMAN_MINTS = "a human mints, and uses the key late"
    RESTORED_FRESH = "journal restored from a fresh backup"
    RESTORED_STALE = "journal restored from the first backup"


WIRE: dict[Fault, Failure] = {
    Fault.LOST_REQUEST: Failure.LOST_REQUEST,
    Fault.LOST_ANSWER: Failure.LOST_ANSWER,
    Fault.HALFWAY: Failure.HALFWAY,
    Fault.LATE: Failure.LATE,
    Fault.THROTTLED: Failure.THROTTLED,
    Fault.UNAVAILABLE: Failure.UNAVAILABLE,
    Fault.DENIED: Failure.DENIED,
}
"""What happens to one request of the very call that the point is before."""

REFUSALS = frozenset({Fault.THROTTLED, Fault.UNAVAILABLE, Fault.DENIED})
JOURNAL = frozenset({Fault.JOURNAL_FULL, Fault.JOURNAL_LOST_ANSWER, Fault.JOURNAL_SLOW})
TWO_REQUESTS = frozenset({"destination.promote", "destination.unstage"})
"""Effects that take a vendor two requests, so that they can be done by half."""

DISTURBING = frozenset(
    {
        Fault.CONSOLE_ROLLBACK,
        Fault.USER_RECREATED,
        Fault.OLD_KEY_DELETED,
        Fault.HUMAN_MINTS,
        Fault.JOURNAL_RESTORED,
        Fault.RESTORED_STALE,
    }
)
"""After these a hold with a reason is as good an end as a rotation."""


def can_strike(fault: Fault, point: Point) -> bool:
    """Whether a fault and a point make a cell."""
    if fault is Fault.CUT:
        return True
    if point.when is When.AFTER:
        return False
    is_vendor = not point.name.startswith("journal.")
    if fault in WIRE:
        if fault is Fault.HALFWAY:
            return point.name in TWO_REQUESTS
        return point.name in EFFECTS or (is_vendor and fault in REFUSALS)
    if fault in JOURNAL:
        return not is_vendor and point.name not in EXEMPT
    return True


def is_station(point: Point) -> bool:
    """Whether people and clocks act here in the matrix of pairs.

    Before an effect is the worst moment: everything was read, the intent is
    durable, the request is about to be sent. `rest` is the long wait between.
    """
    return point.when is When.BEFORE and (point.name in EFFECTS or point.detail == "rest")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A fault at a point."""

    fault: Fault
    point: Point

    def __str__(self) -> str:
        return f"{self.fault.value} {self.point}"


def strike(fault: Fault, world: World, point: Point) -> Around | None:
    """Let a fault happen now; the answer says how the call itself is to be made."""
    if fault in WIRE:
        method = point.name.partition(".")[2]
        world.wire.break_next(method, WIRE[fault])
        return None
    return _STRIKES[fault](world, point)


def freezing(period: timedelta) -> Callable[[Fault, World, Point], None]:
    """Make a strike that stops the process for a period of one's own."""

    def freeze(fault: Fault, world: World, point: Point) -> None:
        del fault, point
        world.freeze(period)

    return freeze


def _cut(world: World, point: Point) -> None:
    del world
    raise PowerCut(str(point))


def _sigterm(world: World, point: Point) -> None:
    del point
    world.replica.drain()


def _freeze(world: World, point: Point) -> None:
    del point
    world.freeze(FREEZE)


def _ahead(world: World, point: Point) -> None:
    del point
    _set_clock(world, JUMP)


def _behind(world: World, point: Point) -> None:
    del point
    _set_clock(world, -JUMP)


def _set_clock(world: World, offset: timedelta) -> None:
    clock = world.replica.clock
    clock.offset = offset

    def repair(world: World) -> None:
        del world
        clock.offset = timedelta(0)

    world.do_later(OFF, repair)


def _revoke(world: World, point: Point) -> None:
    del point
    world.wire.break_everything(Failure.DENIED)
    world.do_later(OUTAGE, lambda it: it.wire.break_everything(None))


def _stale(world: World, point: Point) -> None:
    del point
    world.lists_go_stale()


def _full(world: World, point: Point) -> Around:
    del world

    def fail(call: Call) -> object:
        del call
        raise UnavailableError("no space is left", subject=point.name, code="journal_full")

    return fail


def _lose_answer(world: World, point: Point) -> Around:
    del world

    def lose(call: Call) -> object:
        call()
        raise UnavailableError("the connection is gone", subject=point.name, code="journal_lost")

    return lose


def _crawl(world: World, point: Point) -> Around:
    del point

    def crawl(call: Call) -> object:
        result = call()
        world.freeze(SLOW)
        return result

    return crawl


def _restore(world: World, point: Point) -> None:
    """Go back to the last backup, as after the loss of the journal's volume."""
    del point
    world.restore()
    raise PowerCut("the daemon was stopped for the restore")


def _restore_fresh(world: World, point: Point) -> None:
    """Go back to a backup of this very moment, as after a move to another volume."""
    del point
    world.restore_at_once()
    raise PowerCut("the daemon was stopped for the restore")


def _restore_stale(world: World, point: Point) -> None:
    """Go back to before the first rotation, as where nobody looked after the backups."""
    del point
    world.restore(oldest=True)
    raise PowerCut("the daemon was stopped for the restore")


def _block_audit(world: World, point: Point) -> None:
    del point
    world.gate.blocked = True

    def unblock(world: World) -> None:
        world.gate.blocked = False

    world.do_later(OUTAGE, unblock)


def _sink(kind: Trouble) -> Strike:
    def strike(world: World, point: Point) -> None:
        del point
        world.gate.trouble(kind)
        world.do_later(LONG_OUTAGE, _mend)

    return strike


def _mend(world: World) -> None:
    world.gate.trouble(Trouble.NONE)


def _by_hand(act: Callable[[World], None]) -> Strike:
    def do(world: World, point: Point) -> None:
        del point
        act(world)

    return do


_STRIKES: dict[Fault, Strike] = {
    Fault.CUT: _cut,
    Fault.SIGTERM: _sigterm,
    Fault.FROZEN: _freeze,
    Fault.CLOCK_AHEAD: _ahead,
    Fault.CLOCK_BEHIND: _behind,
    Fault.ADMIN_REVOKED: _revoke,
    Fault.STALE_LIST: _stale,
    Fault.JOURNAL_FULL: _full,
    Fault.JOURNAL_LOST_ANSWER: _lose_answer,
    Fault.JOURNAL_SLOW: _crawl,
    Fault.JOURNAL_RESTORED: _restore,
    Fault.AUDIT_BLOCKED: _block_audit,
    Fault.SINK_FAILS: _sink(Trouble.FAILS),
    Fault.SINK_HANGS: _sink(Trouble.HANGS),
    Fault.SINK_FULL: _sink(Trouble.FULL),
    Fault.SINK_SLOW: _sink(Trouble.SLOW),
    Fault.FOREIGN_WRITE: _by_hand(humans.writes_another_field),
    Fault.CONSOLE_ROLLBACK: _by_hand(humans.rolls_back_for_two_days),
    Fault.USER_RECREATED: _by_hand(humans.makes_the_user_again),
    Fault.OLD_KEY_DELETED: _by_hand(humans.deletes_the_old_key),
    Fault.HUMAN_MINTS: _by_hand(humans.mints_a_key),
    Fault.RESTORED_FRESH: _restore_fresh,
    Fault.RESTORED_STALE: _restore_stale,
}
