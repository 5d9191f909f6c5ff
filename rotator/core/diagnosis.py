"""What each key of a principal is to us, and what proves it: facts for the slot doctor.

Everything rests on one look at the principal, a `Chart`. Nothing is guessed: a reading
that failed is no evidence, and a mark that nothing confirms is only a mark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from rotator.core import orphans
from rotator.core.attribution import attribute
from rotator.core.facts import UNREAD, Known
from rotator.core.rotation import Action, Effect, Phase, Role
from rotator.core.steps import known
from rotator.core.transitions import RELEASED
from rotator.core.ways import ID_SHOWN, utc
from rotator.errors import InvariantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.facts import (
        DestinationState,
        Grants,
        KeyInfo,
        KeyListing,
        LastUsed,
        Reading,
    )
    from rotator.core.idle import Rest, Start
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.core.steps import OrderStep, Wait
    from rotator.core.suspects import Act, Judge
    from rotator.core.terms import Terms


class Part(StrEnum):
    """What a key is to us."""

    CURRENT = "current"
    PREVIOUS = "previous"
    PENDING = "pending"
    DISCARD = "discard"
    SUSPECT = "suspect"
    ORPHAN = "orphan"
    MARKED = "marked"
    ELSEWHERE = "elsewhere"
    RELEASED = "released"
    PUBLISHED = "published"
    FOREIGN = "foreign"


OTHERS = frozenset(
    {Part.MARKED, Part.ELSEWHERE, Part.RELEASED, Part.PUBLISHED, Part.FOREIGN},
)
"""Parts of keys that rotator never touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the machine says to one suspect.

    Attributes:
        is_proved: Whether the provider's log shows that we made it.
    """

    step: Judge | Act | Wait
    is_proved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that one look at a principal has shown; nothing was changed.

    Attributes:
        credential: The credential as policy sees it now, adopted if it would be.
        step: What the machine says to the open rotation, or to the credential without one.
        rotation: The open rotation.
        rotations: Every rotation of the credential, the newest first.
        records: What the journal and this look know of its keys.
        uses: The last use of each listed key.
        suspects: What the machine says to each suspect.
        grants: What both keys of the open rotation are granted.
        own: The key by which the daemon itself is admitted; None where it is none of these.
        gate: What holds back every start, disable and delete; None if nothing does.
        is_ignored: Whether policy ignores the principal.
        is_registered: Whether the journal knew the principal before this look.
    """

    credential: Credential
    terms: Terms
    now: Instant
    step: Start | Rest | OrderStep
    listing: Reading[KeyListing]
    rotation: Rotation | None = None
    rotations: tuple[Rotation, ...] = ()
    records: tuple[KeyRecord, ...] = ()
    destination: Reading[DestinationState] = UNREAD
    published: Reading[KeyId | None] = UNREAD
    uses: Mapping[KeyId, Reading[LastUsed]] = field(default_factory=dict)
    suspects: Mapping[KeyId, Watched] = field(default_factory=dict)
    grants: Reading[Grants] = UNREAD
    own: KeyId | None = None
    gate: Wait | None = None
    is_ignored: bool = False
    is_registered: bool = True

    @property
    def keys(self) -> tuple[KeyInfo, ...]:
        """Every listed key; none where the listing failed."""
        listing = known(self.listing)
        return listing.keys if listing else ()

    @property
    def place(self) -> str:
        """Name the destination; empty when nobody names one."""
        ref = self.rotation.destination if self.rotation else self.credential.destination
        return ref.name if ref else ""

    @property
    def opened(self) -> Rotation:
        """The open rotation.

        Raises:
            InvariantError: None is open.
        """
        if self.rotation is None:
            msg = "no rotation is open"
            raise InvariantError(msg, subject=self.credential.principal.name)
        return self.rotation

    def record(self, key: KeyId | None) -> KeyRecord | None:
        """Return what is known of one key."""
        return next((item for item in self.records if item.key_id == key), None)

    def use(self, key: KeyId) -> Reading[LastUsed]:
        """Return a key's last use as it was read."""
        return self.uses.get(key, UNREAD)

    def do_consumers_read_another(self, key: KeyId) -> bool:
        """Whether the destination's current version was read, and carries another key.

        One without a key id in our field is no proof: the key may stand in another field.
        """
        return known(self.published) not in {None, key}


def part_of(chart: Chart, key: KeyInfo) -> Part:
    """Say what a listed key is to us."""
    found = _in_rotation(chart, key)
    if found is not None:
        return found
    if key.key_id == chart.credential.current_key_id:
        return Part.CURRENT
    record = chart.record(key.key_id)
    if record is not None and record.role is Role.SUSPECT:
        return Part.SUSPECT
    if chart.published == Known(key.key_id):
        return Part.PUBLISHED
    if any(_was_released(item, key.key_id) for item in chart.rotations):
        return Part.RELEASED
    if key.key_id in orphans.lost(chart.records, chart.rotations):
        return _lost(chart, key)
    return Part.FOREIGN


def _in_rotation(chart: Chart, key: KeyInfo) -> Part | None:
    rotation = chart.rotation
    if rotation is None:
        return None
    if rotation.is_old(key.key_id):
        return Part.CURRENT if rotation.is_unpromoted else Part.PREVIOUS
    if key.key_id != rotation.new_key_id:
        return _from_mint(chart, rotation, key)
    if rotation.abandoned is not None:
        return Part.DISCARD
    return Part.PENDING if rotation.is_unpromoted else Part.CURRENT


def _from_mint(chart: Chart, rotation: Rotation, key: KeyInfo) -> Part | None:
    """Judge a key beside a mint whose answer is missing, as the machine will."""
    intent, listing, state = rotation.intent, known(chart.listing), known(chart.destination)
    if intent is None or intent.effect is not Effect.CREATE_KEY or not (listing and state):
        return None
    verdict = attribute(rotation, intent, listing, state, chart.terms)
    if key.key_id == verdict.ours:
        return Part.PENDING
    return Part.SUSPECT if key.key_id in verdict.suspects else None


def _was_released(rotation: Rotation, key: KeyId) -> bool:
    return rotation.outcome == RELEASED and key in {rotation.old_key_id, rotation.new_key_id}


def _lost(chart: Chart, key: KeyInfo) -> Part:
    """Judge a key with the mark of a rotation that the journal has lost, as the shell will."""
    record, state, owner = chart.record(key.key_id), known(chart.destination), chart.terms.owner
    if state is not None and state.owner not in {None, owner}:
        return Part.ELSEWHERE
    use = known(chart.use(key.key_id))
    if record is None or not orphans.proof(record, state, chart.credential, owner=owner):
        return Part.MARKED
    if use is None:
        return Part.MARKED
    return Part.FOREIGN if use.at is not None else Part.ORPHAN


def meaning(chart: Chart, key: KeyInfo, part: Part) -> str:
    """Say in a sentence what a key is to us, and if its provider has ended it by itself."""
    text = _role(chart, key, part)
    listing = known(chart.listing)
    if listing is None or not key.has_expired(listing.provider_time):
        return text
    return f"{text}; it expired at {utc(key.expires_at)}, and its provider refuses it since"


def _role(chart: Chart, key: KeyInfo, part: Part) -> str:
    match part:
        case Part.CURRENT:
            text = _current(chart, key)
        case Part.PREVIOUS:
            text = _previous(chart, key)
        case Part.PENDING:
            text = f"the new key of {_rotation(chart)}; consumers do not read it yet"
        case Part.DISCARD:
            text = f"the new key of {_rotation(chart)}, which is given up; consumers do not read it"
        case Part.SUSPECT:
            text = _suspect(chart, key)
        case Part.ORPHAN:
            text = "our orphan: a rotation that the journal has lost made it"
        case Part.MARKED:
            text = (
                f"{_marked(chart)} rotation {key.rotation}, of which the journal knows nothing; "
                "nothing proves that it is ours"
            )
        case Part.ELSEWHERE:
            text = (
                f"{_marked(chart)} rotation {key.rotation}, of which the journal knows nothing, "
                f"and {chart.place} belongs to another installation: taken for that one's"
            )
        case Part.RELEASED:
            text = "left to a person, by the order that ended its rotation"
        case Part.PUBLISHED:
            text = "not managed, and published: consumers read it"
        case Part.FOREIGN:
            text = _foreign(chart, key)
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)
    return text


def _current(chart: Chart, key: KeyInfo) -> str:
    if chart.published == Known(key.key_id):
        return "the current key: consumers read it"
    if isinstance(chart.published, Known):
        return "the key that the journal holds to be current; consumers read something else"
    return "the key that the journal holds to be current; what consumers read could not be read"


def _previous(chart: Chart, key: KeyInfo) -> str:
    since = chart.opened.moved_at
    given = (
        f"consumers read the new key since {utc(since)}"
        if since
        else "they do not read the new one"
    )
    if key.enabled and Phase.DISABLED in {chart.opened.phase, chart.opened.halted_from}:
        return "the previous key, which was disabled, and which somebody enabled again"
    if key.enabled:
        return f"the previous key, in its grace: {given}"
    record = chart.record(key.key_id)
    if record is not None and record.disabled_at is not None:
        return f"the previous key, disabled by rotator at {utc(record.disabled_at)}"
    return "the previous key, disabled by somebody else"


def _suspect(chart: Chart, key: KeyInfo) -> str:
    record = chart.record(key.key_id)
    if key.rotation is not None:
        whose = "our orphan: a rotation that the journal has lost made it"
    else:
        whose = "it may be ours: it was made while a mint of ours, whose answer is lost, could land"
    if record is not None and record.disabled_at is not None:
        return f"{whose}; disabled by rotator at {utc(record.disabled_at)}"
    return whose


def _foreign(chart: Chart, key: KeyInfo) -> str:
    record, use = chart.record(key.key_id), known(chart.use(key.key_id))
    if chart.credential.action is Action.REPORT:
        return "not managed: rotator only looks at it"
    if record is not None and record.role is Role.PREVIOUS:
        return "left to a person: somebody published another key in its place"
    if key.rotation is not None:
        why = "and used" if use is not None and use.at else "and looked into before"
        return f"{_marked(chart)} rotation {key.rotation}, {why}: it counts as somebody's"
    whose = "somebody else's: nothing shows that rotator made it"
    is_unread = chart.do_consumers_read_another(key.key_id)
    return f"{whose}, and consumers do not read it here" if is_unread else whose


def _marked(chart: Chart) -> str:
    """Say how a key shows its rotation: by the ending of its name, or by a tag."""
    return "named for" if chart.terms.traits.marks_keys else "marked by"


def _rotation(chart: Chart) -> str:
    return f"rotation {chart.opened.id[:ID_SHOWN]}, {chart.opened.phase.value}"
