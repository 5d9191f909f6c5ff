"""The body of a call, read field by field; what nobody asks for is ignored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from rotator.simulators.cipherstash.refusals import RefusalError, malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Fields:
    """A JSON object, or what stands for one."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Read from these values."""
        self._values = values

    def text(self, name: str) -> str:
        """Return a text that must be there.

        Raises:
            RefusalError: It is missing, or something else.
        """
        found = self._values.get(name)
        if not isinstance(found, str):
            raise malformed(f"missing field `{name}`")
        return found

    def told(self, name: str) -> str:
        """Return a text; empty when it is absent or something else."""
        found = self._values.get(name)
        return found if isinstance(found, str) else ""

    def flag(self, name: str) -> bool:
        """Return whether something is asked for; what is absent is not."""
        return self._values.get(name) is True

    def identity(self, name: str) -> str:
        """Return the id or name in a plain text, {"Uuid": ...} or {"Name": ...}; or empty."""
        found = self._values.get(name)
        if isinstance(found, dict):
            found = found.get("Uuid", found.get("Name"))
        if found is not None and not isinstance(found, str):
            raise malformed(f"invalid field `{name}`")
        return found or ""

    def objects(self, name: str) -> list[Fields]:
        """Return a list of objects that must be there."""
        found = self._values.get(name)
        if not isinstance(found, list):
            raise malformed(f"missing field `{name}`")
        return [Fields(item) for item in found if isinstance(item, dict)]

    def identities(self) -> dict[str, str]:
        """Return every text and identity, by field, for faults and the log of calls."""
        found = {}
        for name, value in self._values.items():
            inner = next(iter(value.values()), "") if isinstance(value, dict) else value
            if isinstance(inner, str):
                found[name] = inner
        return found


def read_fields(content_type: str, body: bytes) -> Fields:
    """Read a body, of either kind that clients send; null and nothing are empty objects.

    Raises:
        RefusalError: It is of another kind, or cannot be read.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        return Fields(dict(parse_qsl(body.decode("utf-8", "replace"))))
    if body and kind != JSON:
        raise RefusalError(415, f"Expected request with `Content-Type: {JSON}`")
    try:
        parsed = json.loads(body or b"null")
    except ValueError:
        raise RefusalError(400, "Failed to parse the request body as JSON") from None
    if parsed is not None and not isinstance(parsed, dict):
        raise malformed("the request body is no object")
    return Fields(parsed or {})
