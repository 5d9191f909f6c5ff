"""Instants as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from rotator.core.ids import instant

if TYPE_CHECKING:
    from rotator.core.ids import Instant


class InstantType(click.ParamType[datetime]):
    """A day or an instant in ISO 8601; UTC where no offset is written."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Instant:
        """Read it, or say what is wrong with it."""
        try:
            read = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not like 2026-11-01 or 2026-11-01T09:30Z", param, ctx)
        return instant(read if read.tzinfo else read.replace(tzinfo=UTC))
