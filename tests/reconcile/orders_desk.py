"""An operator's desk: give orders, let time pass, read what became of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.orders import Order, Verb
from rotator.core.rotation import Phase
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from rotator.core.ids import KeyId
    from rotator.core.reasons import Reason

HOUR = timedelta(hours=1)


def give(estate: Estate, verb: Verb, *, key_id: KeyId | None = None) -> Order:
    """Give an order about the newest rotation, or about a suspect's key."""
    is_suspects = key_id is not None and key_id != estate.newest.old_key_id
    order = Order(
        id=estate.chance.new_id(),
        verb=verb,
        operator="alice",
        reason="because",
        given_at=estate.clock.now(),
        rotation_id=None if is_suspects else estate.newest.id,
        key_id=key_id,
    )
    assert estate.journal.instruct(estate.stored.id, order)
    return order


def run(estate: Estate, period: timedelta) -> None:
    """Let time pass in small steps; what consumers read must work at each."""
    end = estate.clock.now() + period
    while estate.clock.now() < end:
        estate.run(min(timedelta(minutes=20), end - estate.clock.now()))
        assert estate.consume(), estate.clock.now()


def told(estate: Estate, verb: Verb) -> list[tuple[str, str, str | None]]:
    """Read what the auditor is told about an order: outcome, actor, reason."""
    action = f"operator.{verb.value}"
    records = estate.journal.unsealed(limit=10_000)
    return [
        (item.outcome, item.actor, item.reason) for item in records if item.action.value == action
    ]


def why(estate: Estate) -> str:
    """Say what the history's last word about an order is."""
    events = estate.journal.events(estate.newest.id)
    order = [event for event in events if event.kind == "order"][-1]
    return str(order.detail["reason"])


def reason(estate: Estate) -> Reason | None:
    """Name what the credential holds for."""
    return estate.stored.hold.reason if estate.stored.hold else None


def phase(estate: Estate) -> Phase:
    """Say where the newest rotation stands."""
    return estate.newest.phase


def disabled() -> Estate:
    """Build an estate whose old key is disabled, in quarantine."""
    estate = Estate()
    estate.run(timedelta(days=90), until=Phase.DISABLED)
    return estate
