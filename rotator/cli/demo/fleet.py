"""Where everyone stands, read from the journal at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.cast import CAST
from rotator.cli.demo.character import Ends
from rotator.cli.demo.chat.cast import STAGE5
from rotator.cli.demo.vault.cast import VAULT
from rotator.core.reasons import Reason, explain
from rotator.core.rotation import Action, Phase

if TYPE_CHECKING:
    from rotator.cli.demo.character import Character
    from rotator.core.ids import CredentialId, Instant
    from rotator.core.rotation import Credential, Rotation
    from rotator.ports.journal import Journal


EVERYBODY: Final[tuple[Character, ...]] = (*CAST, *VAULT, *STAGE5)
"""Who takes part, in the order in which they are shown."""

_MOVING = frozenset({Ends.ROTATED, Ends.DUE, Ends.YOUNG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One principal as the journal knows it.

    Attributes:
        credential: None where the daemon does not look after it.
        rotation: The newest one; None before the first.
        completed: How often its key was replaced.
    """

    character: Character
    credential: Credential | None = None
    rotation: Rotation | None = None
    completed: int = 0

    @property
    def ends(self) -> Ends:
        """Return what a person would call its state, were this the last day."""
        if self.credential is None:
            return Ends.LEFT
        if self.credential.action is Action.REPORT:
            return Ends.REPORTED
        if self.credential.hold is not None:
            return Ends.HELD
        if self.completed:
            return Ends.ROTATED
        return Ends.YOUNG if _is_young(self.credential) else Ends.DUE

    @property
    def hold(self) -> Reason | None:
        """Return why it waits; None if it does not."""
        found = self.credential.hold if self.credential else None
        return found.reason if found else None

    @property
    def phase(self) -> Phase | None:
        """Return the phase of its open rotation; None without one."""
        return self.rotation.phase if self.rotation and self.rotation.is_open else None

    @property
    def state(self) -> Ends | Phase:
        """Return its phase while it is being rotated and waits for nobody, else its end."""
        return self.ends if self.ends not in _MOVING or self.phase is None else self.phase

    @property
    def brief(self) -> str:
        """Return its state in a word or two, why it waits if it does."""
        if self.ends is Ends.HELD and self.hold is not None:
            return self.hold.value
        if self.ends in _MOVING and self.credential is not None and self.credential.last_error:
            return f"{self.state.value}, again after: {self.credential.last_error}"
        return self.state.value

    @property
    def reason(self) -> str:
        """Return in a sentence why it is held or only reported; empty otherwise."""
        if self.credential is None:
            return ""
        hold = self.credential.hold
        if hold is None:
            return self.credential.note
        return f"{explain(hold.reason)} ({hold.detail})" if hold.detail else explain(hold.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What there is to be seen at one moment.

    Attributes:
        day: Days since the beginning.
        fleet: Where everyone stands, in the order of `EVERYBODY`.
        calls: What the consumers have called so far, of AWS and of the workspaces.
        refusals: How many of these calls were refused.
    """

    now: Instant
    day: float
    fleet: tuple[Standing, ...]
    calls: int = 0
    refusals: int = 0


def _is_young(credential: Credential) -> bool:
    looked_at = credential.inspected_at
    return credential.due_at is not None and (not looked_at or looked_at < credential.due_at)


def standings(journal: Journal) -> tuple[Standing, ...]:
    """Read where everybody stands now."""
    credentials: dict[tuple[str, str, str], Credential] = {
        (item.principal.provider, item.principal.account, item.principal.name): item
        for item in journal.credentials()
    }
    rotations: dict[CredentialId, list[Rotation]] = {}
    for rotation in journal.rotations():
        rotations.setdefault(rotation.credential_id, []).append(rotation)

    def stand(character: Character) -> Standing:
        credential = credentials.get(character.id)
        own = rotations.get(credential.id, []) if credential else []
        return Standing(
            character=character,
            credential=credential,
            rotation=own[0] if own else None,
            completed=sum(item.phase is Phase.COMPLETED for item in own),
        )

    return tuple(stand(character) for character in EVERYBODY)
