"""The taxonomy of errors: the class says what the caller must do.

::

    RotatorError               has subject, code, hint; diagnostics() for people
    |-- ConfigError            refuse to start: every fault in one list; exit code 2
    |-- TransientError         surely not done; try again after `retry_after`
    |   |-- ThrottledError
    |   |-- UnavailableError
    |   `-- DestinationBusyError
    |-- OutcomeUnknownError    sent, no answer: observe before anything else
    |-- PermanentError         stop this rotation, tell a person
    |   |-- AccessDeniedError
    |   |-- NotFoundError
    |   |-- QuotaExceededError
    |   `-- RejectedError
    |-- ConflictError          somebody else acted: drop the work and look again
    `-- FatalError             stop the process
        |-- InvariantError     the machine was driven outside its table; inside a
        |                      pass it stops that one credential, for a person
        `-- TamperError        the audit chain does not verify

Messages are lower case, without a full stop, without secrets and without a
vendor's response body: they name what failed, where, and the vendor's error code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


class RotatorError(Exception):
    """Base of every error that rotator raises on purpose.

    Attributes:
        subject: What it happened to, such as a principal or a secret's name.
        code: A short, stable word for journals and metrics, never vendor prose.
        hint: What a person should try; empty when there is nothing to try.
    """

    default_code = "error"

    def __init__(self, message: str, *, subject: str = "", code: str = "", hint: str = "") -> None:
        """Keep the parts apart, so that a terminal and a log can each arrange them."""
        super().__init__(message)
        self.subject = subject
        self.code = code or self.default_code
        self.hint = hint

    def diagnostics(self) -> str:
        """Say in one to three lines what went wrong, where, and what to try."""
        where = f"{self.subject}: " if self.subject else ""
        remedy = f"\n  try: {self.hint}" if self.hint else ""
        return f"{where}{self}{remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in a configuration file.

    Attributes:
        file: The file's path as the user gave it.
        line: 1-based line, or 0 when the fault is about the file as a whole.
        field: Path of the field, such as ``rules[2].grace.max``; may be empty.
        problem: What is wrong.
        remedy: What to write instead.
    """

    file: str
    line: int
    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Render as ``file:line: field: problem (remedy)``, as compilers do."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        field = f"{self.field}: " if self.field else ""
        return f"{place}: {field}{self.problem} ({self.remedy})"


class ConfigError(RotatorError):
    """Configuration cannot be used; carries every fault at once. Exit code 2."""

    default_code = "config"

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Hold one fault or more, in the order of the files."""
        super().__init__(f"{len(faults)} fault(s) in the configuration")
        self.faults = tuple(faults)

    def diagnostics(self) -> str:
        """List every fault on a line of its own."""
        return "\n".join(str(fault) for fault in self.faults)


class TransientError(RotatorError):
    """It surely was not done; the same call may succeed later."""

    default_code = "transient"

    def __init__(
        self,
        message: str,
        *,
        subject: str = "",
        code: str = "",
        hint: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        """Keep the vendor's own delay, if it named one."""
        super().__init__(message, subject=subject, code=code, hint=hint)
        self.retry_after = retry_after


class ThrottledError(TransientError):
    """The vendor refused because we ask too fast."""

    default_code = "throttled"


class UnavailableError(TransientError):
    """The vendor could not be reached, or said that it is down, before the effect."""

    default_code = "unavailable"


class DestinationBusyError(TransientError):
    """Another unpromoted rotation holds this destination object."""

    default_code = "destination_busy"


class OutcomeUnknownError(RotatorError):
    """The request was sent and no answer came: the effect may or may not exist."""

    default_code = "outcome_unknown"


class PermanentError(RotatorError):
    """Trying again will not help; a person must change something first."""

    default_code = "permanent"


class AccessDeniedError(PermanentError):
    """Our own identity may not do this, or is no longer accepted."""

    default_code = "access_denied"


class NotFoundError(PermanentError):
    """The principal, key or destination object does not exist."""

    default_code = "not_found"


class QuotaExceededError(PermanentError):
    """The vendor's limit on the number of things is reached."""

    default_code = "quota_exceeded"


class RejectedError(PermanentError):
    """The vendor understood the request and refuses it as it stands."""

    default_code = "rejected"


class ConflictError(RotatorError):
    """A lost lease or a moved label: somebody else acted; drop the work and look again."""

    default_code = "conflict"


class FatalError(RotatorError):
    """The process cannot go on safely."""

    default_code = "fatal"


class InvariantError(FatalError):
    """The machine was driven outside its table: a bug in rotator."""

    default_code = "invariant"


class TamperError(FatalError):
    """The audit chain does not verify."""

    default_code = "tamper"
