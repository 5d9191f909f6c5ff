"""Where a log is, and the keys and checkpoints that it is measured by."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import click

from rotator.errors import ConfigError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.audit.signing import Verifier
    from rotator.cli.invocation import Invocation
    from rotator.settings.settings import Settings

SCHEME: Final = "s3://"


class Readable(Protocol):
    """A log in whatever keeps it."""

    def lines(self) -> Iterator[bytes]:
        """Yield its lines, each with its line feed."""
        ...

    def notes(self) -> tuple[str, ...]:
        """Return its own checkpoints."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """A log that can be read.

    Attributes:
        name: As a person would write it.
        content: Its lines and checkpoints.
        path: Its file, or the folder of its objects; None where it is in a bucket.
        settings: The configuration, if there is one that applies.
    """

    name: str
    content: Readable
    path: Path | None
    settings: Settings | None

    def lines(self) -> Iterator[bytes]:
        """Yield its lines, each with its line feed; raises where it cannot be read."""
        return self.content.lines()

    def notes(self) -> tuple[str, ...]:
        """Return its own checkpoints; raises where they cannot be read."""
        return self.content.notes()

    @property
    def is_configured(self) -> bool:
        """Whether it is the installation's own log, however its place was written."""
        if self.settings is None:
            return False
        if self.path is not None:
            return self.path.resolve() == self.settings.audit_file.resolve()
        own = self.settings.audit.s3
        return own is not None and self.name.rstrip("/") == (
            f"{SCHEME}{own.bucket}/{own.prefix}".rstrip("/")
        )

    def verifiers(self, keys: Sequence[str]) -> tuple[Verifier, ...]:
        """Return the keys that were given, or else those of the configuration, if there are any."""
        from rotator.audit.signing import Verifier, believed

        if keys:
            try:
                return tuple(map(Verifier.parse, keys))
            except RejectedError as error:
                raise click.BadParameter(str(error), param_hint="--key") from error
        if self.settings is None:
            return ()
        terms = self.settings.audit
        return believed(terms.signing_key, self.settings.log_name, terms.former_keys)


def find_log(invocation: Invocation, place: str | None) -> LogPlace:
    """Find the log at a place; without one the configured log.

    An auditor needs no configuration: one that cannot be read is none for a place
    that was named.
    """
    from rotator.audit.reading import FileLog

    settings: Settings | None = None
    if place is None:
        settings = invocation.settings()
        place = str(settings.audit_file)
    else:
        with suppress(ConfigError):
            settings = invocation.settings()
    if place.startswith(SCHEME):
        from rotator.wiring.audit_bucket import bucket_log

        content = bucket_log(place, settings)
        return LogPlace(name=place, content=content, path=None, settings=settings)
    path = Path(place)
    return LogPlace(name=place, content=FileLog(path), path=path, settings=settings)
