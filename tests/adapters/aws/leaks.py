"""Looks for a secret in everything that an exception shows or drags along."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.errors import RotatorError


def shown(error: RotatorError) -> str:
    """Everything that a log, a terminal or a crash report could print of an error."""
    parts = [error.diagnostics(), *traceback.format_exception(error)]
    seen: list[BaseException] = [error]
    while seen:
        one = seen.pop()
        parts += [str(one), repr(one), repr(one.args), repr(vars(one))]
        seen += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join(parts)
