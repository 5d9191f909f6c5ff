"""Emergencies at the command line: a key is compromised, and evidence may not be written."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, cast

import click

from rotator.cli.consent import optional_reason_option, yes_option
from rotator.core.last_resort import without_us
from rotator.core.rotation import Trigger
from rotator.errors import OutcomeUnknownError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import Command
    from rotator.core.rotation import Credential

_TAINT_HELP = (
    "It is compromised: end the old key, without a grace, as soon as another is published."
)
_HELP = (
    "Do not wait until the audit log can be kept again; needs --reason. The order and every "
    "record are in the journal, flagged `late`, and in the log at once."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """How a rotation is ordered.

    Attributes:
        trigger: Why; one that is a taint ends the old key without a grace.
        reason: The same in the operator's words; may be empty.
        yes: Consent was given beforehand.
    """

    trigger: Trigger
    reason: str
    yes: bool


def ordering_options(command: Command) -> Command:
    """Give a command how a rotation is ordered, as one `Ordering`."""

    @wraps(command)
    def wrapped(
        *args: object, taint: bool, urgent: Trigger, reason: str, yes: bool, **rest: object
    ) -> object:
        if urgent is Trigger.BREAK_GLASS and not taint:
            raise click.UsageError("--break-glass needs --taint")
        trigger = urgent if taint else Trigger.MANUAL
        return command(*args, how=Ordering(trigger=trigger, reason=reason, yes=yes), **rest)

    taint = click.option("--taint", is_flag=True, help=_TAINT_HELP)
    return cast("Command", taint(break_glass_option(optional_reason_option(yes_option(wrapped)))))


def break_glass_option(command: Command) -> Command:
    """Give a command ``--break-glass``, and by it the trigger `urgent` of what it orders."""

    @wraps(command)
    def wrapped(*args: object, breaks_glass: bool, reason: str, **rest: object) -> object:
        if breaks_glass and not reason.strip():
            raise click.UsageError("--break-glass needs --reason")
        urgent = Trigger.BREAK_GLASS if breaks_glass else Trigger.TAINT
        return command(*args, urgent=urgent, reason=reason, **rest)

    option = click.option("--break-glass", "breaks_glass", is_flag=True, help=_HELP)
    return cast("Command", option(wrapped))


@contextmanager
def last_resort(name: str, found: list[Credential]) -> Iterator[None]:
    """Where the journal cannot be used, say how to end a compromised key without rotator.

    Args:
        name: Whose key it is.
        found: Learns the credential as soon as somebody has looked it up.

    Raises:
        UnavailableError: The journal cannot be read or written; nothing was ordered.
        OutcomeUnknownError: Nobody knows whether the order was written.
    """
    try:
        yield
    except (UnavailableError, OutcomeUnknownError) as error:
        who = found[0] if found else None
        provider = who.principal.provider if who else None
        hint = without_us(name, provider, who.current_key_id if who else None)
        raise type(error)(str(error), subject=error.subject, code=error.code, hint=hint) from error
