"""One rotation as people ask about it: how far, since when, waiting for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.cli.printing import NOTHING, when
from rotator.core.reasons import explain
from rotator.core.ways import reason_of, situation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.ids import CredentialId, Instant
    from rotator.core.orders import Pause
    from rotator.core.reasons import Reason
    from rotator.core.rotation import Credential, Hold, KeyRecord, Rotation
    from rotator.core.ways import Situation
    from rotator.ports.journal import Journal


@dataclass(frozen=True, slots=True)
class RotationView:
    """A rotation with what it belongs to.

    Attributes:
        keys: The records of the credential's keys.
        pauses: The pauses that cover the credential.
    """

    rotation: Rotation
    credential: Credential
    keys: tuple[KeyRecord, ...] = ()
    pauses: tuple[Pause, ...] = ()

    @property
    def reason(self) -> Reason | None:
        """Return why an open rotation halts or holds; None when it does neither."""
        return reason_of(self.credential, self.rotation) if self.rotation.is_open else None

    @property
    def is_paused(self) -> bool:
        """Whether a pause holds back what an open rotation would start."""
        return self.rotation.is_open and bool(self.pauses)

    @property
    def situation(self) -> Situation:
        """Return what happened, what is safe now, and the ways out."""
        return situation(self.credential, self.rotation, self.keys, self.pauses)

    @property
    def hold(self) -> Hold | None:
        """Return what an open rotation waits for out of the ordinary."""
        return self.credential.hold if self.rotation.is_open else None

    @property
    def needs_person(self) -> bool:
        """Whether it goes on only after a person did something."""
        return self.reason is not None

    @property
    def waits_for(self) -> str:
        """Return the code of what it waits for; empty when nothing holds it."""
        if self.reason is not None:
            return self.reason.value
        return self.hold.reason.value if self.hold else ""

    @property
    def order(self) -> str:
        """Return what an operator ordered and nobody has carried out yet; empty if nothing."""
        given = self.credential.order if self.rotation.is_open else None
        return given.verb.value if given else ""

    def waiting(self) -> str:
        """Return everything that it waits for, in few words."""
        pause = "paused" if self.is_paused and self.waits_for != "paused" else ""
        order = f"order: {self.order}" if self.order else ""
        return ", ".join(filter(None, (self.waits_for, pause, order)))

    def milestones(self) -> dict[str, Instant | None]:
        """Return when each phase was reached; None for those that were not."""
        rotation = self.rotation
        return {
            "planned": rotation.created_at,
            "prepared": rotation.prepared_at,
            "verified": rotation.verified_at,
            "promoted": rotation.promoted_at,
            "disabled": rotation.disabled_at,
            "reversed": rotation.reversed_at,
            "finished": rotation.finished_at,
        }

    def fields(self) -> list[tuple[str, str]]:
        """Return everything there is to say, as names and texts."""
        rotation, principal = self.rotation, self.credential.principal
        place = rotation.destination
        fields = [
            ("rotation", str(rotation.id)),
            ("name", principal.name),
            ("account", str(principal.account)),
            ("phase", f"{rotation.phase.value} since {when(rotation.phase_since)}"),
            ("halted from", rotation.halted_from.value if rotation.halted_from else NOTHING),
            ("outcome", rotation.outcome),
            ("trigger", rotation.trigger.value),
            ("policy", self.credential.rule),
            ("old key", str(rotation.old_key_id)),
            ("new key", str(rotation.new_key_id or NOTHING)),
            ("destination", f"{place.name} ({place.kind}, {place.region})"),
        ]
        fields += [(name, when(moment)) for name, moment in self.milestones().items()]
        if rotation.followed_at is not None:
            fields.append(("followers current", when(rotation.followed_at)))
        return fields + self._waiting_fields()

    def record(self) -> dict[str, object]:
        """Return the same for machines."""
        rotation, principal = self.rotation, self.credential.principal
        return {
            "id": rotation.id,
            "name": principal.name,
            "account": principal.account,
            "phase": rotation.phase.value,
            "phaseSince": rotation.phase_since,
            "haltedFrom": rotation.halted_from.value if rotation.halted_from else None,
            "outcome": rotation.outcome or None,
            "trigger": rotation.trigger.value,
            "policy": self.credential.rule,
            "oldKeyId": rotation.old_key_id,
            "newKeyId": rotation.new_key_id,
            "destination": rotation.destination.name,
            **{f"{name}At": moment for name, moment in self.milestones().items()},
            "followedAt": rotation.followed_at,
            "intent": rotation.intent.effect.value if rotation.intent else None,
            "intentMadeAt": rotation.intent.made_at if rotation.intent else None,
            "waitsFor": self.waits_for or None,
            "waitsSince": self.hold.since if self.hold else None,
            "needsPerson": self.needs_person,
            "isPaused": self.is_paused,
            "order": self.order or None,
        }

    def story(self) -> dict[str, object]:
        """Return what happened, what is safe now, and the ways out, for machines."""
        told = self.situation
        return {
            "happened": told.happened,
            "safeNow": list(told.safe_now),
            "ways": [{"command": way.command or None, "effect": way.effect} for way in told.ways],
        }

    def _waiting_fields(self) -> list[tuple[str, str]]:
        fields = []
        intent = self.rotation.intent
        if intent is not None:
            sent = f"sent not after {when(intent.not_after)}"
            state = "done, and still to be proved" if intent.is_answered else sent
            at = f" at {intent.place}" if intent.place else ""
            fields.append(("open intent", f"{intent.effect.value}{at}, {state}"))
        if self.rotation.abandoned is not None:
            fields.append(("rolled back for", explain(self.rotation.abandoned)))
        if self.hold is not None:
            detail = f" ({self.hold.detail})" if self.hold.detail else ""
            fields.append(("waits for", f"{explain(self.hold.reason)}{detail}"))
            fields.append(("waits since", when(self.hold.since)))
        if self.rotation.is_open:
            fields.append(("next look", when(self.credential.next_at)))
        return fields


def rotation_views(journal: Journal) -> list[RotationView]:
    """Read every rotation, the newest first."""
    credentials = {row.id: row for row in journal.credentials()}
    keys: dict[CredentialId, list[KeyRecord]] = {}
    known = journal.keys()
    for record in known:
        keys.setdefault(record.credential_id, []).append(record)
    pauses = journal.pauses()
    return [
        _view(row, credentials[row.credential_id], keys.get(row.credential_id, []), pauses)
        for row in journal.rotations()
    ]


def _view(
    rotation: Rotation, credential: Credential, keys: list[KeyRecord], pauses: Iterable[Pause]
) -> RotationView:
    account = credential.principal.account
    covering = tuple(item for item in pauses if item.covers(account, credential.id))
    return RotationView(rotation, credential, tuple(keys), covering)
