"""Accounts in words: in which mode each is, and what a confirmation would let begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.cli.pause_rows import pause_lines
from rotator.cli.printing import when
from rotator.core.accounts import container_of, effective_mode, find_account, unconfirmed
from rotator.core.rotation import Action
from rotator.core.terms import Mode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rotator.cli.invocation import App
    from rotator.core.accounts import Account, Place
    from rotator.core.ids import Instant
    from rotator.core.rotation import Credential
    from rotator.reconcile.planning import PlanRow

SOON = timedelta(days=30)
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One configured account.

    Attributes:
        mode: ``enforce``, or ``plan`` and why.
        said: What a person said about it last; None if nobody did.
        principals: How many are known, reported ones too.
        managed: How many have a key that rotator looks after.
        held: How many wait for a person.
        due: How many keys' rotations are due by now.
    """

    place: Place
    mode: str
    said: Account | None
    principals: int
    managed: int
    held: int
    due: int

    @property
    def word(self) -> str:
        """Say who confirmed it, or took that back, and when."""
        if self.said is None:
            return ""
        what = "" if self.said.is_confirmed else "withdrawn by "
        why = f": {self.said.reason}" if self.said.reason else ""
        return f"{what}{self.said.operator} {when(self.said.since)}{why}"

    def record(self) -> dict[str, object]:
        """Return the account for machines."""
        said = self.said
        return {
            "account": self.place.account,
            "provider": self.place.provider,
            "name": self.place.name or None,
            "mode": self.mode.partition(":")[0],
            "isConfirmed": said is not None and said.is_confirmed,
            "operator": said.operator if said else None,
            "since": said.since if said else None,
            "reason": said.reason if said else None,
            "principals": self.principals,
            "managed": self.managed,
            "held": self.held,
            "due": self.due,
        }


def account_rows(app: App, configured: Mode) -> list[AccountRow]:
    """List the configured accounts, as of the last look at each."""
    said, credentials = app.journal.accounts(), app.journal.credentials()
    now = app.clock.now()
    return [
        _row(place, configured, said, [row for row in credentials if _is_of(row, place)], now)
        for place in app.places()
    ]


def _row(
    place: Place,
    configured: Mode,
    said: Collection[Account],
    credentials: Collection[Credential],
    now: Instant,
) -> AccountRow:
    managed = [row for row in credentials if row.action is Action.ROTATE and row.current_key_id]
    return AccountRow(
        place=place,
        mode=_mode(place, configured, said),
        said=find_account(said, place.provider, place.account),
        principals=len(credentials),
        managed=len(managed),
        held=sum(row.hold is not None for row in credentials),
        due=sum(row.due_at is not None and row.due_at <= now for row in managed),
    )


def _is_of(credential: Credential, place: Place) -> bool:
    principal = credential.principal
    container = container_of(principal.provider)
    return (container, principal.account) == (place.provider, place.account)


def _mode(place: Place, configured: Mode, said: Collection[Account]) -> str:
    if effective_mode(configured, said, place.provider, place.account) is Mode.ENFORCE:
        return Mode.ENFORCE.value
    why = "not confirmed" if unconfirmed((place,), said) else "by configuration"
    return f"{Mode.PLAN.value}: {why}"


def standing(app: App) -> list[str]:
    """Say in a line each what holds more than one credential back: accounts, and pauses."""
    plain = [
        f"plan mode: account {place.account} is not confirmed, so nothing is rotated in it "
        f"(rotator accounts confirm {place.account})"
        for place in unconfirmed(app.places(), app.journal.accounts())
    ]
    return [*plain, *(f"paused: {line}" for line in pause_lines(app.journal))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What enforce mode would do in one account, by the plan's own rows.

    Attributes:
        now: Keys that would be rotated at once.
        soon: Keys that come due within 30 days.
        later: Keys that come due after that.
        open: Rotations that are under way.
        held: What waits for a person.
        reported: Keys that are only reported, or left alone.
    """

    now: tuple[PlanRow, ...]
    soon: tuple[PlanRow, ...]
    later: tuple[PlanRow, ...]
    open: tuple[PlanRow, ...]
    held: tuple[PlanRow, ...]
    reported: tuple[PlanRow, ...]

    def record(self) -> dict[str, object]:
        """Return the numbers for machines."""
        first = _first((*self.now, *self.soon, *self.later))
        return {
            "rotatedNow": len(self.now),
            "rotatedIn30Days": len(self.soon),
            "later": len(self.later),
            "underWay": len(self.open),
            "held": len(self.held),
            "reported": len(self.reported),
            "firstRotationAt": first.when if first else None,
            "destinations": _destinations((*self.now, *self.soon)),
        }


def forecast(rows: Sequence[PlanRow], now: Instant) -> Forecast:
    """Sort the rows of a plan by what they mean for whoever confirms the account."""
    waiting = [row for row in rows if row.what == "wait"]
    ends = now + SOON
    return Forecast(
        now=tuple(row for row in rows if row.what == "rotate"),
        soon=tuple(row for row in waiting if row.when is not None and row.when <= ends),
        later=tuple(row for row in waiting if row.when is None or row.when > ends),
        open=tuple(row for row in rows if row.what.startswith("rotation ")),
        # Of a principal without a known key each key has a row with the same reason.
        held=tuple({row.principal: row for row in rows if row.what == "hold"}.values()),
        reported=tuple(row for row in rows if row.what in {"report", "leave alone"}),
    )


def confirmed(seen: Forecast, place: Place, configured: Mode) -> list[tuple[str, str]]:
    """Say what the confirmation of an account lets begin."""
    held = [f"{row.principal}: {row.reason}" for row in seen.held]
    first = _first((*seen.now, *seen.soon, *seen.later))
    back = f"take this one back with: rotator accounts withdraw {place.account}"
    return [
        ("now", _counted(seen.now, "rotated", "no key is rotated at once")),
        ("in 30 days", _counted(seen.soon, "rotated", "no more keys come due")),
        ("later", _counted(seen.later, "rotated", "")),
        ("first", f"{first.principal}, {when(first.when)}" if first else ""),
        ("writes", _listed(_destinations((*seen.now, *seen.soon)))),
        ("under way", _counted(seen.open, "under way; old keys go past their guards", "")),
        ("held", f"{len(held)} for a person: {_listed(held, mark='; ')}" if held else ""),
        ("reported", f"{_keys(len(seen.reported))} left alone" if seen.reported else ""),
        ("but", "" if configured is Mode.ENFORCE else _WAITS),
        ("afterwards", f"a change of policy needs no new confirmation; {back}"),
    ]


_WAITS = "the configuration says `mode: plan`, so all this waits until it says `mode: enforce`"


def withdrawn(app: App, place: Place) -> list[tuple[str, str]]:
    """Say what the withdrawal of a confirmation will do."""
    rows = {row.id: row for row in app.journal.credentials() if _is_of(row, place)}
    under_way = [
        f"{rows[item.credential_id].principal.name}, {item.phase.value}"
        for item in app.journal.rotations()
        if item.is_open and item.credential_id in rows
    ]
    return [
        ("covers", f"{len(rows)} credential{'' if len(rows) == 1 else 's'}"),
        ("then", "no rotation is started, no key made, and no old key disabled or deleted"),
        ("finished", "what was begun is brought to safety: stored, promoted, or discarded"),
        ("under way", _listed(under_way, mark="; ")),
        ("consumers", "notice nothing; both keys of a rotation under way stay as they are"),
    ]


def _counted(rows: Sequence[PlanRow], what: str, none: str) -> str:
    if not rows:
        return none
    return f"{_keys(len(rows))} {what}: {_listed([row.principal for row in rows])}"


def _keys(count: int) -> str:
    return "1 key is" if count == 1 else f"{count} keys are"


def _listed(names: Sequence[str], *, mark: str = ", ") -> str:
    more = f"{mark}and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{mark.join(names[:_NAMED])}{more}"


def _destinations(rows: Iterable[PlanRow]) -> list[str]:
    return sorted({row.destination for row in rows if row.destination})


def _first(rows: Iterable[PlanRow]) -> PlanRow | None:
    timed = [row for row in rows if row.when is not None]
    return min(timed, key=lambda row: (row.when, row.principal), default=None)
