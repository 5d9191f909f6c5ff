"""Giving an order about a rotation or a key: refuse, say, ask, write, say how to watch it."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

import click

from rotator.cli.consent import ask
from rotator.cli.printing import print_json, when
from rotator.core.orders import Verb
from rotator.core.policy import recalled
from rotator.core.reasons import Reason
from rotator.core.remedies import credential_options, effect_of, effect_on_suspect, noticed
from rotator.core.rotation import Phase, Role
from rotator.core.terms import Mode
from rotator.core.ways import ID_SHOWN, no_rollback, reason_of, situation
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from rotator.cli.invocation import App, Invocation
    from rotator.core.ids import Instant, KeyId
    from rotator.core.orders import Order
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.settings.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order that is not given yet.

    Attributes:
        rotation: The rotation that it is about; None for a suspect's key.
        key_id: The key that it is about; None for orders about the rotation.
    """

    verb: Verb
    credential: Credential
    rotation: Rotation | None
    keys: tuple[KeyRecord, ...]
    key_id: KeyId | None = None

    @property
    def reason(self) -> Reason | None:
        """Return why the rotation halts or holds."""
        return reason_of(self.credential, self.rotation)

    @property
    def subject(self) -> str:
        """Name what the order is about."""
        principal = self.credential.principal
        what = f"key {self.key_id}" if self.key_id else ""
        if self.rotation is not None and not what:
            what = f"rotation {self.rotation.id[:ID_SHOWN]}"
        return f"{what} of {principal.name} in account {principal.account}"

    def effect(self) -> str:
        """Say what it will do."""
        if self.rotation is None:
            return effect_on_suspect(str(self.key_id))
        pausing = credential_options(self.credential)
        return effect_of(self.verb, self.rotation, self.reason, pausing=pausing)


def give(
    invocation: Invocation, app: App, wish: Wish, *, reason: str, yes: bool, as_json: bool
) -> None:
    """Give an order, after it was said what it will do and nobody objected.

    Raises:
        RejectedError: It is known beforehand that it would be refused.
    """
    settings = invocation.settings()
    _check_mode(wish, settings.mode)
    details = _details(app, wish, settings)
    ask(invocation, f"{wish.verb.value} {wish.subject}", details, yes=yes, as_json=as_json)
    order = app.instruct(
        wish.credential,
        wish.verb,
        operator=invocation.operator,
        reason=reason,
        rotation=wish.rotation,
        key_id=wish.key_id,
    )
    if as_json:
        print_json(_record(wish, order))
        return
    click.echo(f"ordered: {wish.verb.value} {wish.subject}")
    click.echo("the daemon, or the next `rotator once`, carries it out at its next look; watch:")
    click.echo(f"  {_watching(wish)}")


def check_rotation(wish: Wish, rotation: Rotation) -> None:
    """Refuse what is known to be refused.

    Raises:
        RejectedError: The rotation is over, or does not stand where the order needs it.
    """
    id_, name = rotation.id[:ID_SHOWN], wish.credential.principal.name
    show = f"rotator rotations show {id_}"
    if not rotation.is_open:
        again = f"order a new one with `rotator keys rotate {quote(name)}`"
        raise RejectedError(f"the rotation is over: {rotation.outcome}", subject=id_, hint=again)
    if wish.verb is Verb.RESUME and rotation.phase is not Phase.HALTED:
        why = f"the rotation is not halted, it is {rotation.phase.value}"
        raise RejectedError(why, subject=id_, hint=show)
    if rotation.phase is not Phase.HALTED and rotation.abandoned is not None:
        raise RejectedError("the rotation is rolled back already", subject=id_, hint=show)
    if wish.verb is Verb.ROLLBACK and not rotation.is_unpromoted:
        why = no_rollback(rotation, wish.reason, wish.keys)
        if why:
            raise RejectedError(why, subject=id_, hint=f"see the ways out: {show}")


def check_key(wish: Wish, record: KeyRecord) -> None:
    """Refuse to enable a key that is not ours to enable.

    Raises:
        RejectedError: It is enabled or gone, or we neither disabled nor replace it.
    """
    is_old = wish.rotation is not None and record.key_id == wish.rotation.old_key_id
    hint = "see `rotator keys list --all`"
    if record.role is Role.GONE:
        raise RejectedError("the key is gone", subject=record.key_id, hint=hint)
    if record.enabled:
        why = "the key is enabled already, as of the last look"
        raise RejectedError(why, subject=record.key_id, hint=hint)
    if not is_old and not (record.role is Role.SUSPECT and record.disabled_at is not None):
        why = "rotator did not disable this key; only whoever did knows whether it may work again"
        raise RejectedError(why, subject=record.key_id, hint="enable it at the provider")


def _check_mode(wish: Wish, mode: Mode) -> None:
    if mode is Mode.PLAN:
        why = "plan mode changes nothing"
        name = wish.credential.principal.name
        raise RejectedError(why, subject=name, hint="set `mode: enforce` first")


def _details(app: App, wish: Wish, settings: Settings) -> list[tuple[str, str]]:
    credential = wish.credential
    pending = credential.order
    waiting = [
        item.scope
        for item in app.journal.pauses()
        if item.covers(credential.principal.account, credential.id)
    ]
    return [
        ("now", situation(credential, wish.rotation, wish.keys).happened),
        ("then", wish.effect()),
        ("not before", _not_before(wish, settings, app.clock.now())),
        ("consumers", noticed(wish.verb, wish.rotation)),
        ("paused", f"{', '.join(waiting)}: nothing is disabled or deleted yet" if waiting else ""),
        (
            "replaces",
            f"the order to {pending.verb.value} by {pending.operator}, not carried out yet"
            if pending
            else "",
        ),
    ]


def _not_before(wish: Wish, settings: Settings, now: Instant) -> str:
    """Say when the old key may be switched off or deleted, if the order leads there."""
    rotation, credential = wish.rotation, wish.credential
    grace = recalled(settings.policy, credential.principal, credential.rule).grace
    if wish.verb is not Verb.RESUME or rotation is None:
        return ""
    if wish.reason in {Reason.REENABLED, Reason.ENABLED_BY_OPERATOR}:
        return (
            f"{rotation.old_key_id} is disabled at {when(now + grace.min_period)} at the earliest"
        )
    if wish.reason is Reason.USED_WHILE_DISABLED and rotation.disabled_at is not None:
        is_urgent = rotation.expedited_at is not None
        ends = now if is_urgent else max(rotation.disabled_at + grace.quarantine_period, now)
        return f"{rotation.old_key_id} is deleted at {when(ends)} at the earliest"
    return ""


def _watching(wish: Wish) -> str:
    if wish.rotation is not None:
        return f"rotator rotations show {wish.rotation.id[:ID_SHOWN]}"
    return "rotator keys list"


def _record(wish: Wish, order: Order) -> dict[str, object]:
    return {
        "order": order.id,
        "verb": order.verb.value,
        "name": wish.credential.principal.name,
        "account": wish.credential.principal.account,
        "rotationId": order.rotation_id,
        "keyId": order.key_id,
        "operator": order.operator,
        "reason": order.reason,
        "givenAt": order.given_at,
        "effect": wish.effect(),
        "watch": _watching(wish),
    }
