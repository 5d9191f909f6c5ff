"""One rotation of the real shell on a real SQLite journal, with an operator beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.reconcile.reconciler import Reconciler
from tests.cli.desk import Desk, StubApp
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.rotation import Phase, Rotation

STEP = timedelta(hours=12)


class Case:
    """An estate whose journal is a file, and a desk at which its operator sits."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder}/journal.db"
        upgrade_journal(url)
        self.estate = Estate()
        self.journal = open_journal(url, chance=self.estate.chance, exclusive=True)
        self.estate.journal = self.journal  # type: ignore[assignment]
        self.estate.register(self.estate.credential())
        self.desk = Desk(
            folder, app=StubApp(journal=self.journal, clock=self.estate.clock), can_ask=True
        )

    @property
    def rotation(self) -> Rotation:
        return self.estate.newest

    def go_on(self, period: timedelta, *, until: Phase | None = None) -> None:
        """Look whenever something is due, while consumers work; stop early at a phase."""
        ends = self.estate.clock.now() + period
        while self.estate.clock.now() < ends:
            self.look()
            assert self.estate.consume(), "a consumer was refused"
            found = self.estate.rotation
            if until is not None and found is not None and found.phase is until:
                return
            self.estate.clock.advance_to(Instant(self.estate.clock.now() + STEP))

    def look(self) -> None:
        """Look once at what is due now."""
        for credential in self.journal.due(now=self.estate.clock.now(), limit=10):
            Reconciler(self.estate.parts()).reconcile(credential)

    def order(self, *words: str) -> str:
        """Type a command, read what it says, answer yes, and let the daemon look."""
        result = self.desk.run(*words, "--reason", "asked the team", answer="y\n")
        assert result.exit_code == 0, result.output
        self.look()
        return result.stdout

    def show(self) -> str:
        """Return what `rotations show` tells of the rotation."""
        return self.desk.run("rotations", "show", self.rotation.id[:8]).stdout

    def listed(self) -> set[str]:
        """Keys that the provider lists, enabled or not."""
        return {key.key_id for key in self.estate.provider.list_keys(self.estate.principal).keys}

    def enabled(self) -> set[str]:
        return self.estate.enabled()
