"""Day one: which keys can be managed, which are only reported, and why.

What policy maps is asked of `core.idle`, as every pass asks it; this module says the
same in words, and for the rest it says where a key was found and what a rule would
have to name. Nothing is decided here that a pass would decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.core.forms import BUILT_IN, usual_fields
from rotator.core.policy import DestinationTemplate, Match
from rotator.core.reasons import Reason, explain
from rotator.core.survey import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.core.facts import KeyInfo, KeyListing, Principal
    from rotator.core.ids import AccountId, KeyId
    from rotator.core.policy import Account, Policy
    from rotator.core.rotation import Credential, Hold
    from rotator.core.steps import Wait
    from rotator.core.survey import FoundKey, FoundObject
    from rotator.core.terms import Traits


_OUR_FIELDS = 2
_TELLING_LETTERS = 4
"""A shorter name may stand in another one by chance."""


_UNPLACED = {
    True: "no secret that could be read carries its key: find its consumers, let them read it "
    "from a secret, then map that",
    False: "its ids cannot be told at sight, so no secret was searched for them: map the secret "
    "that its consumers read, with its fields",
}
"""Of a key that was found nowhere, by whether its provider is built in."""


class Verdict(StrEnum):
    """What becomes of a principal's keys, or what an object was found to be."""

    MANAGED = "managed"
    ADOPTABLE = "adoptable"
    UNPUBLISHED = "unpublished"
    HELD = "held"
    UNMAPPED = "unmapped"
    UNPLACED = "unplaced"
    REPORTED = "reported"
    IGNORED = "ignored"
    STRAY = "stray"
    UNREADABLE = "unreadable"


WAITING = frozenset({Verdict.UNPUBLISHED, Verdict.HELD, Verdict.UNMAPPED, Verdict.UNPLACED})
"""Verdicts that wait for a person; the others are as they should be, or as policy wants."""

OF_OBJECTS = frozenset({Verdict.STRAY, Verdict.UNREADABLE})
"""Verdicts on objects and accounts rather than on principals."""

OF_RULES = frozenset({Verdict.MANAGED, Verdict.ADOPTABLE, Verdict.UNPUBLISHED, Verdict.HELD})
"""Verdicts on principals that a rule wants rotated."""


class Cause(StrEnum):
    """Why a principal is only reported."""

    PERSON = "person"
    ROOT = "root"
    TOOL = "tool"
    TAGS_UNREAD = "tags_unread"
    RULE = "rule"
    NO_KEY = "no_key"
    KEY_DISABLED = "key_disabled"
    OTHER_ACCOUNT = "other_account"
    FOREIGN_OWNER = "foreign_owner"
    NATIVE_ROTATION = "native_rotation"
    TEXT = "text"
    BINARY = "binary"
    NESTED = "nested"
    UNPAIRED = "unpaired"
    SEVERAL_OBJECTS = "several_objects"
    SEVERAL_KEYS = "several_keys"


NEVER_ROTATED = frozenset({Cause.PERSON, Cause.ROOT, Cause.TOOL})
"""Causes that hold whatever a rule says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a key was found."""

    item: FoundObject
    key: FoundKey

    @property
    def name(self) -> str:
        """The object and the field, for people."""
        field = f" ({self.key.field})" if self.key.field else ""
        return f"{self.item.name}{field}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedKey:
    """One key of a principal, and everywhere it was found.

    Attributes:
        takes_slot: Whether the principal may have so many keys and no more.
    """

    key: KeyInfo
    places: tuple[Place, ...] = ()
    takes_slot: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is to be said of a principal's keys.

    Attributes:
        cause: Why it is only reported; None for the other verdicts.
        why: A sentence for people; what to do, where there is something.
        adopts: The key that would be managed.
        destination: What a rule would have to name; None unless it is unmapped.
    """

    verdict: Verdict
    why: str
    cause: Cause | None = None
    adopts: KeyId | None = None
    destination: DestinationTemplate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionRow:
    """One line of the adoption's plan: a principal, or an object that is none's.

    Attributes:
        name: The principal's name, or the object's.
        principal: None for an object and for an account's root.
        keys: Every listed key with the places in which it was found.
        rule: The policy rule that decided; empty for an object.
        candidate: The credential as policy sees it; None if there is none to manage.
        is_unlisted: Whether it tells of principals of which none could be listed.
    """

    account: AccountId
    name: str
    finding: Finding
    principal: Principal | None = None
    keys: tuple[PlacedKey, ...] = ()
    rule: str = ""
    candidate: Credential | None = None
    is_unlisted: bool = False

    @property
    def provider(self) -> str:
        """The name of the principal's provider; empty for an object and for an account's root."""
        return self.principal.provider if self.principal else ""

    @property
    def verdict(self) -> Verdict:
        """What becomes of it."""
        return self.finding.verdict

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a person."""
        return self.finding.verdict in WAITING


def places(objects: Iterable[FoundObject]) -> dict[KeyId, tuple[Place, ...]]:
    """Say for each key id where it stands."""
    found: dict[KeyId, list[Place]] = {}
    for item in objects:
        for key in item.keys:
            found.setdefault(key.key_id, []).append(Place(item=item, key=key))
    return {key_id: tuple(where) for key_id, where in found.items()}


def placed(
    listing: KeyListing, found: Mapping[KeyId, tuple[Place, ...]], traits: Traits
) -> tuple[PlacedKey, ...]:
    """Join a listing with where its keys were found."""
    takes_slot = traits.max_keys is not None
    return tuple(
        PlacedKey(key=key, places=found.get(key.key_id, ()), takes_slot=takes_slot)
        for key in listing.keys
    )


def is_unmapped(policy: Policy, rule: str) -> bool:
    """Whether nobody spoke of the principal itself: no rule did, or one about everybody."""
    named = policy.rule_named(rule)
    if named is None:
        return True
    return Match(
        principal=named.match.principal, path=named.match.path, tags=named.match.tags
    ).includes(Match())


def managed(current: KeyId, keys: tuple[PlacedKey, ...], hold: Hold | None) -> Finding:
    """Say that a key is managed already."""
    held = f"; it waits: {explain(hold.reason)}" if hold else ""
    why = f"{current} is managed already{_beside(current, keys)}{held}"
    return Finding(verdict=Verdict.MANAGED, why=why, adopts=current)


def adoptable(
    key: KeyId, keys: tuple[PlacedKey, ...], name: str, *, is_published: bool = True
) -> Finding:
    """Say that a pass would adopt a key.

    Args:
        key: The key.
        keys: Every key of its principal.
        name: The object that a rule names.
        is_published: Whether the object carries the key, or is to be filled first.
    """
    why = f"{name} carries {_called(key, keys)}"
    if not is_published:
        where = _where(keys)
        found = f" ({where})" if where else ""
        why = (
            f"{name} carries no key yet{found}: the first rotation publishes there, so let its "
            "consumers read it there"
        )
    return Finding(verdict=Verdict.ADOPTABLE, why=why, adopts=key)


def held(wait: Wait, keys: tuple[PlacedKey, ...], name: str) -> Finding:
    """Say why a pass would not adopt a key although a rule maps it to the object of a name."""
    is_unpublished = wait.reason in {Reason.UNPUBLISHED, Reason.DESTINATION_MISSING}
    detail = f" ({wait.detail})" if wait.detail else ""
    found = _misplaced(keys, name) if is_unpublished else ""
    return Finding(
        verdict=Verdict.UNPUBLISHED if is_unpublished else Verdict.HELD,
        why=f"{explain(wait.reason)}{found or detail}",
    )


def _misplaced(keys: tuple[PlacedKey, ...], name: str) -> str:
    """Say where a mapped key was found instead; empty if that would say nothing new."""
    here = [(item.key, place) for item in keys for place in item.places if place.item.name == name]
    if not here:
        where = _where(keys)
        return f": {where}, and the rule names {name}" if where else ""
    key, place = here[0]
    if not key.enabled:
        return f": {name} carries {key.key_id}, which is disabled"
    field = place.key.field
    return f": {name} holds it in {field}; name that under `fields`" if _is_plain(place) else ""


def _is_plain(place: Place) -> bool:
    return place.item.shape is Shape.FIELDS and place.key.is_addressable


def reported(cause: Cause, why: str) -> Finding:
    """Say that a principal is only reported."""
    return Finding(verdict=Verdict.REPORTED, cause=cause, why=why)


def unmapped(
    principal: Principal, keys: tuple[PlacedKey, ...], *, owner: str, account: Account
) -> Finding:
    """Say what a rule would have to name for a principal that no rule maps, or why none can.

    Args:
        principal: Whose keys they are.
        keys: Its keys, with the places in which they were found.
        owner: This installation's name.
        account: The principal's account: where its objects live when a rule names no region.
    """
    enabled = [item for item in keys if item.key.enabled]
    if not keys:
        return reported(Cause.NO_KEY, "it has no key")
    if not enabled or not any(item.places for item in enabled):
        return _nowhere(principal, keys, is_enabled=bool(enabled))
    carried = [place for item in enabled for place in item.places]
    objects = list(dict.fromkeys((place.item.region, place.item.name) for place in carried))
    if len(objects) > 1:
        names = ", ".join(name for _, name in objects)
        text = f"its keys are in {names}: find out which one its consumers read, and map that"
        return reported(Cause.SEVERAL_OBJECTS, text)
    if len(carried) > 1:
        text = f"{carried[0].item.name} carries keys of it in {len(carried)} fields: leave one"
        return reported(Cause.SEVERAL_KEYS, text)
    obstacle = _obstacle(principal, carried[0], account, owner)
    return obstacle or _mappable(principal, carried[0], keys, account.region)


def _nowhere(principal: Principal, keys: tuple[PlacedKey, ...], *, is_enabled: bool) -> Finding:
    """Say what is wrong with keys of which none that works is published."""
    where = _where(keys)
    if where:
        text = f"consumers are given a disabled key: {where}; publish one that works"
        return reported(Cause.KEY_DISABLED, text)
    if not is_enabled:
        return reported(Cause.KEY_DISABLED, "it has disabled keys only; delete them")
    return Finding(verdict=Verdict.UNPLACED, why=_UNPLACED[principal.provider in BUILT_IN])


def _obstacle(principal: Principal, place: Place, account: Account, owner: str) -> Finding | None:
    """Say why no rule can publish where a key was found; None if one can."""
    item, key = place.item, place.key
    fields = "two fields" if usual_fields(principal.provider).key_id else "a field"
    store = f"store the key as {fields} of a JSON object"
    wanted = f"in {account.home}" if account.home else "in the principal's own"
    checks = (
        (
            item.account != (account.home or account.id),
            Cause.OTHER_ACCOUNT,
            f"is in account {item.account}; a rule publishes {wanted}",
        ),
        (
            item.owner not in {None, owner},
            Cause.FOREIGN_OWNER,
            f"belongs to the installation {item.owner}, which is to manage the key",
        ),
        (
            item.is_rotated_natively,
            Cause.NATIVE_ROTATION,
            "has a rotation of its own; switch one of the two off",
        ),
        (item.shape is Shape.BINARY, Cause.BINARY, f"is binary; {store}"),
        (item.shape is not Shape.FIELDS, Cause.TEXT, f"is plain text; {store}"),
        (
            not key.is_addressable,
            Cause.NESTED,
            f"holds the key in {key.field}; a rule names whole fields at the top only",
        ),
        (
            not key.secret_field,
            Cause.UNPAIRED,
            f"has no field that surely holds the secret of {key.field}",
        ),
    )
    for is_so, cause, text in checks:
        if is_so:
            return reported(cause, f"{item.name} {text}")
    return None


def _mappable(
    principal: Principal, place: Place, keys: tuple[PlacedKey, ...], region: str
) -> Finding:
    item, key = place.item, place.key
    usual = usual_fields(principal.provider)
    is_usual = (key.key_id_field, key.secret_field) == (usual.key_id, usual.secret)
    template = DestinationTemplate(
        kind=item.kind,
        name=_templated(item.name, principal),
        region="" if item.region == region else item.region,
        key_id_field=None if is_usual else key.key_id_field,
        secret_field=None if is_usual else key.secret_field,
        merge=item.fields > (_OUR_FIELDS if key.key_id_field else 1),
    )
    return Finding(
        verdict=Verdict.UNMAPPED,
        why=f"paste its rule: {item.name} carries {_called(key.key_id, keys)}",
        adopts=key.key_id,
        destination=template,
    )


def _beside(published: KeyId, keys: tuple[PlacedKey, ...]) -> str:
    """Tell of keys that nobody was told to read, and that may take a slot; empty without any."""
    others = [item for item in keys if item.key.key_id != published]
    named = ", ".join(item.key.key_id for item in others)
    slot = ", which takes a key slot" if any(item.takes_slot for item in others) else ""
    return f"; beside it {named}{slot}" if others else ""


def _called(published: KeyId, keys: tuple[PlacedKey, ...]) -> str:
    """Name a key where there are several, and say what the others are."""
    return "its key" if len(keys) == 1 else f"{published}{_beside(published, keys)}"


def _templated(name: str, principal: Principal) -> str:
    """Put placeholders where an object's name has the principal's or the account's in it."""
    whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(principal.name)}(?![A-Za-z0-9])")
    is_certain = principal.name in name.split("/") or len(principal.name) >= _TELLING_LETTERS
    if is_certain and len(whole.findall(name)) == 1:
        name = whole.sub("{principal}", name)
    return name.replace(principal.account, "{account}")


def _where(keys: tuple[PlacedKey, ...]) -> str:
    """Say which keys were found where; empty if none was."""
    return ", ".join(
        f"{item.key.key_id} is in {place.name}" for item in keys for place in item.places
    )
