"""A `Work` that a test scripts: what is due, what blocks, what raises.

Threads meet at one condition; a test waits for what it expects, not for a time.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotator.core.ids import CredentialId

PATIENCE_SECONDS = 20.0
"""How long a test waits for what must come; only a failing test waits so long."""


class ScriptedWork:
    """Keeps what an engine asked of it; safe to call from any thread."""

    def __init__(self, *due: CredentialId) -> None:
        """Start with some credentials due; one look makes each idle."""
        self.looks: list[CredentialId] = []
        self.scans = 0
        self.seals = 0
        self.notifies = 0
        self.reloads = 0
        self.sweeps = 0
        self.most_at_once = 0
        self.collisions: list[CredentialId] = []
        self._due = list(due)
        self._failures: dict[CredentialId, Exception] = {}
        self._gates: dict[CredentialId, threading.Event] = {}
        self._inside: list[CredentialId] = []
        self._changed = threading.Condition()

    def fail(self, credential: CredentialId, error: Exception) -> None:
        """Make each look at a credential raise."""
        with self._changed:
            self._failures[credential] = error

    def block(self, credential: CredentialId) -> threading.Event:
        """Make looks at a credential wait until the returned event is set."""
        with self._changed:
            return self._gates.setdefault(credential, threading.Event())

    def make_due(self, credential: CredentialId) -> None:
        """Make a credential due once more, even while it is being looked at."""
        with self._changed:
            self._due.append(credential)

    def wait_for(self, condition: Callable[[ScriptedWork], bool]) -> bool:
        """Wait until something is true of this object; False if it never was."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), PATIENCE_SECONDS)

    def wait_inside(self, credential: CredentialId) -> bool:
        """Wait until a look at a credential is under way."""
        return self.wait_for(lambda _: credential in self._inside)

    def due(self, limit: int) -> Sequence[CredentialId]:
        """Name what is due."""
        with self._changed:
            self.sweeps += 1
            self._changed.notify_all()
            return tuple(self._due[:limit])

    def reconcile(self, credential: CredentialId) -> None:
        """Look at one credential as the script says."""
        with self._changed:
            self._enter(credential)
            gate = self._gates.get(credential)
        try:
            if gate is not None and not gate.wait(PATIENCE_SECONDS):
                raise TimeoutError(credential)
            if credential in self._failures:
                raise self._failures[credential]
        finally:
            with self._changed:
                self._inside.remove(credential)
                self._changed.notify_all()

    def scan(self) -> None:
        """Count a scan."""
        with self._changed:
            self.scans += 1
            self._changed.notify_all()

    def seal(self) -> None:
        """Count a round of the sealer."""
        with self._changed:
            self.seals += 1
            self._changed.notify_all()

    def notify(self) -> None:
        """Count a round of telling people."""
        with self._changed:
            self.notifies += 1
            self._changed.notify_all()

    def reload(self) -> None:
        """Count a look at the policy."""
        with self._changed:
            self.reloads += 1
            self._changed.notify_all()

    def _enter(self, credential: CredentialId) -> None:
        if credential in self._inside:
            self.collisions.append(credential)
        if credential in self._due:
            self._due.remove(credential)
        self._inside.append(credential)
        self.looks.append(credential)
        self.most_at_once = max(self.most_at_once, len(self._inside))
        self._changed.notify_all()
