"""The compliance report: what a picture shows, held against policy, in sections.

A pure function of one picture. Nothing of the present enters, so that the report on a
past day is the same, byte for byte, whenever it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rotator.core.durations import format_duration
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rotator.core.ids import AccountId, Instant
    from rotator.core.pictures import Picture, PicturedCredential, PicturedKey

UNUSED_AFTER: Final = timedelta(days=45)
"""A key without a use for so long is a finding; the span is that of CIS."""

FRESH_FOR: Final = timedelta(days=7)
"""How old a reading of a last use may be that shows that a key is unused."""

_MISSED_LOOKS = 3
_MANAGED = frozenset({Role.CURRENT.value, Role.PREVIOUS.value, Role.PENDING.value})
_STRAY = frozenset({Role.SUSPECT.value, Role.DISCARD.value})


class Status(StrEnum):
    """What a report says of one key."""

    COMPLIANT = "compliant"
    BREACH = "breach"
    UNKNOWN = "unknown"
    REPORTED = "reported"
    FINDING = "finding"
    EXPLAINED = "explained"


class Part(StrEnum):
    """The sections of a report, in their order."""

    AGE = "age"
    EXCEPTIONS = "exceptions"
    REPORTED = "reported"
    STRAYS = "strays"
    FOREIGN = "foreign"
    UNUSED = "unused"
    TWO_ACTIVE = "two_active"
    PAST_DELETION = "past_deletion"
    ROOT = "root"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a section; what it does not speak of is None.

    Attributes:
        role: What the key is to rotator.
        age: How old the key was.
        limit: How old policy lets it get.
        since: Since when what `detail` says was so.
        detail: In a few words.
    """

    status: Status
    provider: str
    account: AccountId
    account_name: str = ""
    principal: str = ""
    contact: str = ""
    rule: str = ""
    key_id: str = ""
    role: str = ""
    created_at: Instant | None = None
    age: timedelta | None = None
    limit: timedelta | None = None
    last_used_at: Instant | None = None
    since: Instant | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The counts that stand at the top.

    Attributes:
        in_scope: Compliant, breach and unknown together: what policy wants rotated.
        reported: Keys that policy only reports; they are not called compliant.
        excepted: Keys under an exception; policy has none so far.
        unread: Accounts that could not be read; None where nobody had scanned.
        use_unknown: Enabled keys of which nobody could say whether they are used.
    """

    in_scope: int
    compliant: int
    breach: int
    unknown: int
    reported: int
    excepted: int
    findings: int
    unread: int | None
    use_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report.

    Attributes:
        sections: The lines of every part, also of those that are empty.
    """

    picture: Picture
    summary: Summary
    sections: dict[Part, tuple[Line, ...]]

    @property
    def waits_for_person(self) -> bool:
        """Whether something is in breach, or nobody can say that it is not."""
        return bool(self.summary.breach or self.summary.unknown or self.summary.unread)


def report(picture: Picture, accounts: Collection[AccountId] = ()) -> Report:
    """Hold a picture against policy.

    Args:
        picture: What was known at an instant.
        accounts: Only these; empty for all.
    """
    if accounts:
        picture = _only(picture, accounts)
    names = {item.id: item.name for item in picture.accounts}
    found: dict[Part, list[Line]] = {part: [] for part in Part}
    for credential in picture.credentials:
        for part, line in _lines(picture, credential):
            found[part].append(replace(line, account_name=names.get(credential.account, "")))
    for part, line in _of_accounts(picture):
        found[part].append(replace(line, account_name=names.get(line.account, "")))
    sections = {part: tuple(sorted(lines, key=_order)) for part, lines in found.items()}
    return Report(picture=picture, summary=_summary(picture, sections), sections=sections)


def _only(picture: Picture, accounts: Collection[AccountId]) -> Picture:
    unread = picture.unread
    return replace(
        picture,
        accounts=tuple(item for item in picture.accounts if item.id in accounts),
        credentials=tuple(item for item in picture.credentials if item.account in accounts),
        unread=None
        if unread is None
        else tuple(item for item in unread if item.account in accounts),
    )


def _order(line: Line) -> tuple[object, ...]:
    """The worst first, then the oldest; names settle the rest."""
    rank = (Status.BREACH, Status.UNKNOWN, Status.FINDING)
    place = rank.index(line.status) if line.status in rank else len(rank)
    age = -(line.age or timedelta(0))
    return (place, age, line.provider, line.account, line.principal, line.key_id)


def _summary(picture: Picture, sections: dict[Part, tuple[Line, ...]]) -> Summary:
    of_age = [line.status for line in sections[Part.AGE]]
    everything = [line.status for lines in sections.values() for line in lines]
    unread = {line.account for line in sections[Part.UNREAD]}
    return Summary(
        in_scope=len(of_age),
        compliant=of_age.count(Status.COMPLIANT),
        breach=of_age.count(Status.BREACH),
        unknown=of_age.count(Status.UNKNOWN),
        reported=len(sections[Part.REPORTED]),
        excepted=len(sections[Part.EXCEPTIONS]),
        findings=everything.count(Status.FINDING),
        unread=None if picture.unread is None else len(unread),
        use_unknown=sum(
            _unused_since(picture, key) is None and not _is_used(picture, key)
            for credential in picture.credentials
            for key in _active(picture, credential)
        ),
    )


def _lines(picture: Picture, credential: PicturedCredential) -> Iterator[tuple[Part, Line]]:
    if credential.action == Action.ROTATE.value:
        yield from _rotated(picture, credential)
    else:
        for key in _active(picture, credential):
            why = credential.note or "policy only reports it"
            yield Part.REPORTED, _key(picture, credential, key, Status.REPORTED, why)
    for key in credential.keys:
        if key.role in _STRAY:
            yield Part.STRAYS, _stray(picture, credential, key)
    for key in _active(picture, credential):
        unused_since = _unused_since(picture, key)
        if unused_since is not None:
            line = _key(picture, credential, key, Status.FINDING, _unused(key))
            yield Part.UNUSED, replace(line, since=unused_since)
    yield from _two_active(picture, credential)
    if credential.waits_for == Reason.OLD_KEY_LIVES.value:
        yield Part.PAST_DELETION, _past_deletion(picture, credential)


def _rotated(picture: Picture, credential: PicturedCredential) -> Iterator[tuple[Part, Line]]:
    managed = [key for key in _active(picture, credential) if key.role in _MANAGED]
    for key in managed:
        yield Part.AGE, _judged(picture, credential, key)
    is_keyless = credential.waits_for == Reason.NO_KEY.value  # nothing of it gets older
    if not is_keyless and not any(key.role == Role.CURRENT.value for key in managed):
        why = "no key that its provider accepts is known to be the one that consumers read"
        yield Part.AGE, replace(_of(credential, Status.UNKNOWN), rule=credential.rule, detail=why)
    for key in _active(picture, credential):
        if key.role == Role.FOREIGN.value:
            why = "not made by rotator, and not adopted"
            yield Part.FOREIGN, _key(picture, credential, key, Status.FINDING, why)


def _judged(picture: Picture, credential: PicturedCredential, key: PicturedKey) -> Line:
    """Judge a managed key; one that is too old is so however long ago it was seen."""
    limit = timedelta(seconds=credential.max_age)
    unseen_for = picture.taken_at - key.seen_at
    status, why = Status.COMPLIANT, ""
    over = picture.taken_at - key.created_at - limit
    if over > timedelta(0):
        status, why = Status.BREACH, f"older than policy allows, by {_span(over)}"
    elif unseen_for > _MISSED_LOOKS * timedelta(seconds=picture.inspected_every):
        status, why = Status.UNKNOWN, "not seen at its provider for too long"
    line = _key(picture, credential, key, status, _joined(why, _waiting(credential)))
    return replace(line, limit=limit)


def _span(length: timedelta) -> str:
    return f"{length.days}d" if length.days else format_duration(length)


def _stray(picture: Picture, credential: PicturedCredential, key: PicturedKey) -> Line:
    if key.role == Role.DISCARD.value:
        why = "made by rotator and never published; it is being deleted"
        return _key(picture, credential, key, Status.EXPLAINED, why)
    state = "disabled, and deleted if nobody misses it" if key.disabled_at else "watched"
    why = f"may be rotator's own, from a rotation whose answer was lost; {state}"
    line = _key(picture, credential, key, Status.FINDING, why)
    return replace(line, since=key.suspect_since)


def _two_active(picture: Picture, credential: PicturedCredential) -> Iterator[tuple[Part, Line]]:
    active = _active(picture, credential)
    if len(active) < 2:  # noqa: PLR2004 - the section is about two
        return
    rotation = credential.rotation
    keys = ", ".join(f"{key.id} ({key.role})" for key in active)
    if rotation is None or not {key.id for key in active} <= {rotation.old_key, rotation.new_key}:
        line = _of(credential, Status.FINDING)
        detail = f"{len(active)} active keys, and no rotation in progress between them: {keys}"
        yield Part.TWO_ACTIVE, replace(line, detail=detail)
        return
    line = _of(credential, Status.EXPLAINED)
    detail = f"{len(active)} active keys: rotation in progress, {rotation.phase}: {keys}"
    yield Part.TWO_ACTIVE, replace(line, since=rotation.created_at, detail=detail)


def _past_deletion(picture: Picture, credential: PicturedCredential) -> Line:
    rotation = credential.rotation
    key_id = rotation.old_key if rotation else ""
    known = next((key for key in credential.keys if key.id == key_id), None)
    line = _of(credential, Status.FINDING)
    if known is not None:
        line = _key(picture, credential, known, Status.FINDING, "")
    why = "deleted, and its provider still lists it or lets it in"
    return replace(line, key_id=key_id, since=credential.waits_since, detail=why)


def _of_accounts(picture: Picture) -> Iterator[tuple[Part, Line]]:
    for account in picture.accounts:
        if account.root_keys:
            line = Line(status=Status.FINDING, provider=account.provider, account=account.id)
            detail = f"the account's root has {account.root_keys} keys"
            yield Part.ROOT, replace(line, detail=detail)
    for scan in picture.unread or ():
        line = Line(status=Status.UNKNOWN, provider=scan.provider, account=scan.account)
        detail = f"its principals could not all be listed: {scan.code}"
        yield Part.UNREAD, replace(line, detail=detail)


def _active(picture: Picture, credential: PicturedCredential) -> tuple[PicturedKey, ...]:
    """Pick the keys that their provider accepts."""
    at = picture.taken_at
    return tuple(
        key
        for key in credential.keys
        if key.enabled and (key.expires_at is None or key.expires_at > at)
    )


def _is_used(picture: Picture, key: PicturedKey) -> bool:
    last = key.last_used_at or key.created_at
    return picture.taken_at - last < UNUSED_AFTER


def _unused_since(picture: Picture, key: PicturedKey) -> Instant | None:
    """Say since when a key is unused; None if it is not, or nobody can say."""
    if key.use_read_at is None or picture.taken_at - key.use_read_at > FRESH_FOR:
        return None
    return None if _is_used(picture, key) else key.last_used_at or key.created_at


def _unused(key: PicturedKey) -> str:
    return "no use since" if key.last_used_at else "never used since it was made"


def _waiting(credential: PicturedCredential) -> str:
    rotation = credential.rotation
    held = f"held: {credential.waits_for}" if credential.waits_for else ""
    moving = f"rotation in progress, {rotation.phase}" if rotation else ""
    return _joined(moving, held)


def _joined(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def _of(credential: PicturedCredential, status: Status) -> Line:
    return Line(
        status=status,
        provider=credential.provider,
        account=credential.account,
        principal=credential.principal,
        contact=credential.contact,
        rule=credential.rule,
    )


def _key(
    picture: Picture, credential: PicturedCredential, key: PicturedKey, status: Status, detail: str
) -> Line:
    return replace(
        _of(credential, status),
        key_id=key.id,
        role=key.role,
        created_at=key.created_at,
        age=picture.taken_at - key.created_at,
        last_used_at=key.last_used_at,
        detail=detail,
    )
