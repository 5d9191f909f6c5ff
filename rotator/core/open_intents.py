"""Intents without an outcome: what was begun, and of which nobody wrote what came of it.

An intent and its outcome have a *thread* in common. What an operator does by hand has an
id of its own. An order to disable, enable or delete is about one key, whether a rotation
or a suspect's timer gave it. Everything else a rotation does once at a time. A record
that its rotation was abandoned or has ended is the outcome of whatever it had begun.

An outcome ``unknown`` of a machine's intent leaves it open: the machine looks, and writes
what it found. Of what an operator did by hand it is the last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.core.events import AuditAction, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Thread = tuple[str, ...]
"""What an intent and its outcome have in common."""

_OF_ONE_KEY: Final = frozenset(
    {
        AuditAction.KEY_DISABLE.value,
        AuditAction.KEY_ENABLE.value,
        AuditAction.KEY_DELETE.value,
        AuditAction.KEY_FOLLOW.value,
    }
)
_ENDS: Final = frozenset({AuditAction.ROTATION_ABANDON.value, AuditAction.ROTATION_FINISH.value})
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """One intent that has no outcome.

    Attributes:
        seq: The record's number.
        time: As the record writes it.
        action: What was begun.
        is_unknown: Whether a record says that no answer came.
    """

    seq: int
    time: str
    action: str
    is_unknown: bool = False


class OpenIntents:
    """Goes through records in their order and keeps those whose outcome has not come yet."""

    def __init__(self) -> None:
        """Begin without any."""
        self._open: dict[Thread, OpenIntent] = {}
        self._of_rotation: dict[str, set[Thread]] = {}
        self._passed_over: list[OpenIntent] = []

    def read(self, seq: int, fields: Mapping[str, object]) -> None:
        """Take the next record."""
        stage = fields.get("stage")
        if stage == Stage.INTENT.value:
            self._begin(seq, fields)
        elif stage == Stage.OUTCOME.value:
            self._answer(fields)
        elif str(fields.get("action")) in _ENDS:
            for thread in self._of_rotation.pop(text_of(fields, "rotation", "id"), ()):
                self._open.pop(thread, None)

    def __iter__(self) -> Iterator[OpenIntent]:
        """Yield those that are open, in the order of the log."""
        yield from sorted((*self._open.values(), *self._passed_over), key=lambda it: it.seq)

    def _begin(self, seq: int, fields: Mapping[str, object]) -> None:
        thread, rotation = thread_of(fields), text_of(fields, "rotation", "id")
        if thread in self._open:
            # The same was begun again, and the answer to come is not that of the first.
            self._passed_over.append(self._open[thread])
        self._open[thread] = OpenIntent(
            seq=seq, time=str(fields.get("time")), action=str(fields.get("action"))
        )
        if rotation:
            self._of_rotation.setdefault(rotation, set()).add(thread)

    def _answer(self, fields: Mapping[str, object]) -> None:
        thread = thread_of(fields)
        found = self._open.get(thread)
        if found is None:
            return
        if fields.get("outcome") == _UNKNOWN and not text_of(fields, "evidence", "deed"):
            self._open[thread] = OpenIntent(
                seq=found.seq, time=found.time, action=found.action, is_unknown=True
            )
            return
        del self._open[thread]
        self._of_rotation.get(text_of(fields, "rotation", "id"), set()).discard(thread)


def thread_of(fields: Mapping[str, object]) -> Thread:
    """Name what an intent and its outcome have in common."""
    deed, action = text_of(fields, "evidence", "deed"), str(fields.get("action"))
    if deed:
        return ("deed", deed)
    if action in _OF_ONE_KEY:
        place = (text_of(fields, "target", it) for it in ("provider", "account", "principal"))
        return (action, *place, text_of(fields, "target", "key_id"))
    return (action, text_of(fields, "rotation", "id"))


def text_of(fields: Mapping[str, object], section: str, name: str) -> str:
    """Read a field of a section of a record; empty where there is none."""
    found = fields.get(section)
    value = found.get(name) if isinstance(found, dict) else None
    return "" if value is None else str(value)
