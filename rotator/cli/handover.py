"""Handing a new key to the person who asked for it: once, and nowhere else.

Standard output gets the variables alone, so that a pipe into a secret store carries
nothing but them; whatever else there is to say is said on standard error.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from rotator.cli.printing import print_folded, print_json
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.cli.invocation import Invocation
    from rotator.core.events import Scalar
    from rotator.core.secret import Secret


def hand_over(
    variables: Mapping[str, str | Secret],
    *,
    record: Mapping[str, object] | None,
    told: dict[str, Scalar],
) -> None:
    """Print variables with their values, the secret ones too.

    Args:
        variables: Their names, and what they hold.
        record: What machines are told beside them; None prints for people.
        told: The audit record of the making; learns whether anybody read the key.
    """
    texts = {
        name: value if isinstance(value, str) else value.reveal()
        for name, value in variables.items()
    }
    try:
        if sys.stdout is None:
            told["shown"] = False
        elif record is not None:
            print_json({**record, "variables": texts})
        elif all(map(str.isprintable, texts.values())):
            click.echo("\n".join(f"{name}={text}" for name, text in texts.items()))
        else:
            # No key holds such letters, and they would go to a terminal, or make more lines.
            told["shown"] = False
    except OSError:
        told["shown"] = False


def check_shown(told: Mapping[str, Scalar], *, undo: str) -> None:
    """Check that somebody could read what was handed over.

    Args:
        told: The audit record of the making.
        undo: What to do with a key that nobody has seen.

    Raises:
        UnavailableError: Nobody reads what is printed.
    """
    if told.get("shown") is False:
        why = "it was made, but it could not be printed, so nobody has its secret"
        raise UnavailableError(why, code="not_printed", hint=undo)


def say(invocation: Invocation, *lines: str) -> None:
    """Tell a person something beside standard output, which holds nothing but the key.

    If nobody reads it the command goes on: the key that it is about may be made already.
    """
    with suppress(OSError):
        for line in lines:
            print_folded(invocation, "", line, hang=0, err=True)
