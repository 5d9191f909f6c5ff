"""One rotation as people ask about it: how far, since when, waiting for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.cli.printing import NOTHING, when
from rotator.core.reasons import explain, is_hold
from rotator.core.rotation import Phase

if TYPE_CHECKING:
    from rotator.core.ids import Instant
    from rotator.core.rotation import Credential, Hold, Rotation
    from rotator.ports.journal import Journal


@dataclass(frozen=True, slots=True)
class RotationView:
    """A rotation with the credential that it belongs to."""

    rotation: Rotation
    credential: Credential

    @property
    def hold(self) -> Hold | None:
        """Return what an open rotation waits for out of the ordinary."""
        return self.credential.hold if self.rotation.is_open else None

    @property
    def needs_person(self) -> bool:
        """Whether it goes on only after a person did something."""
        if self.rotation.phase is Phase.HALTED:
            return True
        return self.hold is not None and is_hold(self.hold.reason)

    @property
    def waits_for(self) -> str:
        """Return the code of what it waits for; empty when nothing holds it."""
        return self.hold.reason.value if self.hold else ""

    def milestones(self) -> dict[str, Instant | None]:
        """Return when each phase was reached; None for those that were not."""
        rotation = self.rotation
        return {
            "planned": rotation.created_at,
            "prepared": rotation.prepared_at,
            "verified": rotation.verified_at,
            "promoted": rotation.promoted_at,
            "disabled": rotation.disabled_at,
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
            "intent": rotation.intent.effect.value if rotation.intent else None,
            "intentMadeAt": rotation.intent.made_at if rotation.intent else None,
            "waitsFor": self.waits_for or None,
            "waitsSince": self.hold.since if self.hold else None,
            "needsPerson": self.needs_person,
        }

    def _waiting_fields(self) -> list[tuple[str, str]]:
        fields = []
        intent = self.rotation.intent
        if intent is not None:
            sent = f"sent not after {when(intent.not_after)}"
            fields.append(("open intent", f"{intent.effect.value}, {sent}"))
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
    return [RotationView(row, credentials[row.credential_id]) for row in journal.rotations()]
