"""Audit lines as rows of a table, for people who read with a spreadsheet.

A spreadsheet runs a cell that begins like a formula, and a principal's or a secret's
name may begin so: such a cell gets an apostrophe in front, as spreadsheets expect it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rotator.core.audit_lines import read_record
from rotator.core.chain import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = (
    "seq",
    "time",
    "stage",
    "action",
    "outcome",
    "actor",
    "provider",
    "account",
    "principal",
    "key_id",
    "new_key_id",
    "rotation",
    "trigger",
    "destination",
    "version_id",
    "rule",
    "max_age",
    "policy_sha256",
    "error",
    "reason",
    "evidence",
    "calls",
    "host",
    "release",
    "id",
    "log",
    "prev",
    "hash",
)
"""Names of the columns, in order; new ones are only added at the end."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_row(line: str) -> tuple[str, ...]:
    """Turn one line of the log into the cells of `COLUMNS`.

    Raises:
        ValueError: The line is not a record of our schema.
    """
    cells = _cells(read_record(line), leaf_hash(line))
    return tuple(harmless(_text(cells[name])) for name in COLUMNS)


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_A_FORMULA) else text


def _cells(record: Mapping[str, Any], line_hash: str) -> dict[str, Any]:
    target, rotation, policy = record["target"], record["rotation"], record["policy"]
    return {
        **{name: record[name] for name in ("seq", "time", "stage", "action", "outcome", "actor")},
        **{name: target.get(name) for name in ("provider", "account", "principal", "key_id")},
        "new_key_id": rotation.get("new_key_id"),
        "rotation": rotation.get("id"),
        "trigger": rotation.get("trigger"),
        "destination": record["destination"].get("resource"),
        "version_id": record["destination"].get("version_id"),
        "rule": policy.get("rule"),
        "max_age": policy.get("max_age"),
        "policy_sha256": policy.get("sha256"),
        "error": record["error"],
        "reason": record["reason"],
        "evidence": json.dumps(record["evidence"], ensure_ascii=False)
        if record["evidence"]
        else "",
        "calls": "; ".join(_call(call) for call in record["calls"]),
        "host": record["source"].get("host"),
        "release": record["source"].get("version"),
        **{name: record[name] for name in ("id", "log", "prev")},
        "hash": line_hash,
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _call(call: Mapping[str, Any]) -> str:
    what = f"{call.get('service', '')}:{call.get('operation', '')}"
    return " ".join(
        str(part) for part in (what, call.get("code") or "ok", call.get("request_id")) if part
    )
