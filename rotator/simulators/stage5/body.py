"""The body of a call, read field by field; a field that nobody knows is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rotator.simulators.stage5.refusals import RefusalError, invalid
from rotator.simulators.stage5.scopes import SCOPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.messages import HttpRequest

_LONGEST_NAME, _LONGEST_TEXT = 128, 1000


class Body:
    """A JSON object; what is absent and what is null are the same."""

    def __init__(self, values: Mapping[str, object]) -> None:
        """Read from these values."""
        self._values = values

    def must_know(self, *names: str) -> None:
        """Insist that there are no other fields than these.

        Raises:
            RefusalError: There is one.
        """
        for name in self._values:
            if name not in names:
                raise invalid(name, "there is no such field")

    def text(self, name: str) -> str:
        """Return a text; empty when there is none.

        Raises:
            RefusalError: It is something else, or too long.
        """
        found = self._values.get(name)
        if found is not None and not isinstance(found, str):
            raise invalid(name, "must be a text")
        if len(found or "") > _LONGEST_TEXT:
            raise invalid(name, f"must have {_LONGEST_TEXT} characters at most")
        return found or ""

    def told(self, name: str) -> str:
        """Return a text for the log of calls; empty when it is absent or something else."""
        found = self._values.get(name)
        return found if isinstance(found, str) else ""

    def name(self) -> str:
        """Return the name, which must be there."""
        found = self.text("name")
        if not 1 <= len(found) <= _LONGEST_NAME:
            raise invalid("name", f"must have 1 to {_LONGEST_NAME} characters")
        return found

    def scopes(self) -> tuple[str, ...]:
        """Return the scopes; none when nothing is said, never all."""
        found = self._values.get("scopes") or []
        if not isinstance(found, list) or any(scope not in SCOPES for scope in found):
            raise invalid("scopes", f"must be a list of {', '.join(SCOPES)}")
        return tuple(found)

    def number(self, name: str) -> int | None:
        """Return a whole number of 1 or more; None when there is none."""
        found = self._values.get(name)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            raise invalid(name, "must be a whole number of 1 or more")
        return found

    def instant(self, name: str) -> datetime | None:
        """Return an instant, in UTC; None when there is none."""
        found = self.text(name)
        if not found:
            return None
        try:
            read = datetime.fromisoformat(found)
        except ValueError:
            raise invalid(name, "must be an instant such as 2026-01-31T12:00:00Z") from None
        if read.tzinfo is None:
            raise invalid(name, "must have a time zone")
        return read.astimezone(UTC)


def read_body(request: HttpRequest) -> Body:
    """Read a body; an empty one is an empty object.

    Raises:
        RefusalError: It is no JSON object.
    """
    if not request.body:
        return Body({})
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusalError(415, "unsupported_type", "The body must be application/json.")
    try:
        parsed = json.loads(request.body)
    except ValueError:
        raise RefusalError(400, "malformed", "The body is no JSON.") from None
    if not isinstance(parsed, dict):
        raise RefusalError(400, "malformed", "The body is no JSON object.")
    return Body(parsed)
