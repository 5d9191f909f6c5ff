"""What became of the keys of one account: its part of the audit log, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.core.events import AuditAction, Stage
from rotator.core.open_intents import text_of, thread_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rotator.core.ids import AccountId

_WORDS: Final = {
    AuditAction.KEY_CREATE: "made",
    AuditAction.OPERATOR_CREATE_KEY: "made by hand",
    AuditAction.OPERATOR_CREATE_CLIENT: "made by hand",
    AuditAction.KEY_ADOPT: "adopted",
    AuditAction.OPERATOR_ROTATE: "rotation ordered",
    AuditAction.KEY_PROMOTE: "published",
    AuditAction.KEY_DISABLE: "disabled",
    AuditAction.KEY_ENABLE: "enabled",
    AuditAction.KEY_DELETE: "revoked",
    AuditAction.OPERATOR_REVOKE_KEY: "revoked by hand",
    AuditAction.OPERATOR_DELETE_CLIENT: "revoked by hand",
}
_ENDINGS: Final = frozenset(
    {
        AuditAction.KEY_DELETE,
        AuditAction.OPERATOR_REVOKE_KEY,
        AuditAction.OPERATOR_DELETE_CLIENT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that was done to a key.

    Attributes:
        at: As the record writes it: ISO 8601, UTC.
        who: ``daemon`` or ``operator:<name>``.
        what: In a few words.
        name: The principal or the key's own name; may be empty.
        key_id: Empty where it is not known, such as of a key whose making failed.
        outcome: ``success``, ``failure``, ``unknown``, or ``pending`` while nobody has
            written what came of it.
        why: The reason or the trigger; may be empty.
        proof: What shows that an ended key is ended; may be empty.
        rotation: The rotation's id; empty without one.
    """

    at: str
    who: str
    what: str
    name: str
    key_id: str
    outcome: str
    why: str
    proof: str
    rotation: str


def deeds(
    records: Iterable[Mapping[str, object]], account: AccountId, *, only_ended: bool
) -> Iterator[Deed]:
    """Yield what was done to the keys of an account, in the order of the records.

    Args:
        records: Audit records as their lines have them.
        account: Whose keys.
        only_ended: Only what was revoked or deleted.
    """
    open_deeds: dict[object, Mapping[str, object]] = {}
    found = []
    for record in records:
        if not _is_of(record, account, only_ended=only_ended):
            continue
        if record["stage"] == Stage.INTENT.value:
            open_deeds[thread_of(record)] = record
            continue
        open_deeds.pop(thread_of(record), None)
        found.append(_deed(record))
    yield from sorted([*found, *map(_deed, open_deeds.values())], key=lambda it: it.at)


def _is_of(record: Mapping[str, object], account: AccountId, *, only_ended: bool) -> bool:
    action = record.get("action")
    known = _ENDINGS if only_ended else _WORDS.keys()
    if action not in {it.value for it in known}:
        return False
    return account in {text_of(record, "target", "account"), text_of(record, "evidence", "account")}


def _deed(record: Mapping[str, object]) -> Deed:
    action = AuditAction(str(record["action"]))
    return Deed(
        at=str(record["time"]),
        who=str(record["actor"]),
        what=_WORDS[action],
        name=text_of(record, "target", "principal") or text_of(record, "evidence", "name"),
        key_id=key_of(record, action),
        outcome=str(record["outcome"]),
        why=str(record.get("reason") or "") or text_of(record, "rotation", "trigger"),
        proof=text_of(record, "evidence", "proof"),
        rotation=text_of(record, "rotation", "id"),
    )


def key_of(record: Mapping[str, object], action: AuditAction) -> str:
    """Name the key that it was done to; of a making and a publishing the new one."""
    if action in {AuditAction.KEY_CREATE, AuditAction.KEY_PROMOTE}:
        new = text_of(record, "rotation", "new_key_id")
        # The rotation learns of its key by the very commit that this record is part of.
        is_made = record["stage"] == Stage.OUTCOME.value and record["outcome"] == "success"
        return new or (text_of(record, "target", "key_id") if is_made else "")
    return text_of(record, "target", "key_id") or text_of(record, "evidence", "key_id")
