"""Who carries "look at id X" to the shell; it may lose, repeat, delay and reorder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rotator.core.ids import CredentialId


class Rounds(Protocol):
    """What is done again and again, whatever is due."""

    def scan(self) -> None:
        """Look for principals in every account; never raises but for a fatal error."""
        ...

    def seal(self) -> None:
        """Number, chain and write waiting audit records."""
        ...

    def notify(self) -> None:
        """Tell people what waits to be told, within a bound; a receiver's failure never raises."""
        ...

    def reload(self) -> None:
        """Take up a policy that has changed; never raises but for a fatal error."""
        ...


class Work(Rounds, Protocol):
    """What an engine drives; `rotator.app` hands it in."""

    def due(self, limit: int) -> Sequence[CredentialId]:
        """Name credentials to look at now."""
        ...

    def reconcile(self, credential: CredentialId) -> None:
        """Look at one credential; never raises but for a fatal error."""
        ...


class Engine(Protocol):
    """Starts passes; holds no truth."""

    def run(self) -> None:
        """Carry work until `drain` is called from another thread or a signal."""
        ...

    def nudge(self, credentials: Sequence[CredentialId]) -> None:
        """Hint that these want to be looked at soon."""
        ...

    def drain(self, timeout: timedelta) -> bool:
        """Stop taking work and wait for what runs; False if some still ran at the end."""
        ...
