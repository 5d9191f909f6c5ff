"""One line of the audit log as a mapping, whichever release wrote it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rotator.core.events import SCHEMA
from rotator.core.ids import instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import Instant

_TEXTS = ("id", "log", "prev", "time", "stage", "action", "outcome", "actor")
_NULLABLE_TEXTS = ("error", "reason")
_SECTIONS = ("target", "rotation", "destination", "policy", "evidence", "source")


def read_record(line: str) -> dict[str, Any]:
    """Read a line; a section that it leaves out or that says nothing is an empty mapping.

    Raises:
        ValueError: It is not a record of our schema.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        msg = "the line is not JSON"
        raise ValueError(msg) from error
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        raise ValueError(_not_a_record())
    record = {
        **fields,
        **{name: fields.get(name) for name in _NULLABLE_TEXTS},
        **{name: fields.get(name) or {} for name in _SECTIONS},
        "calls": fields.get("calls") or [],
    }
    if not _is_whole(record):
        raise ValueError(_not_a_record())
    return record


def time_of(record: Mapping[str, Any]) -> Instant:
    """Return when a record was made.

    Raises:
        ValueError: It holds no such time.
    """
    return instant(datetime.fromisoformat(record["time"]))


def _is_whole(record: Mapping[str, Any]) -> bool:
    return (
        type(record.get("seq")) is int
        and all(isinstance(record.get(name), str) for name in _TEXTS)
        and all(isinstance(record[name], dict) for name in _SECTIONS)
        and isinstance(record["calls"], list)
        and all(isinstance(call, dict) for call in record["calls"])
    )


def _not_a_record() -> str:
    return f"the line is not a record of {SCHEMA}"
