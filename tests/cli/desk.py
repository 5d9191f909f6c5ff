"""A command line at which a test sits: real files, a journal in memory, a stub of the app."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from click.testing import CliRunner

from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.ports.journal import Change, Journal
from rotator.reconcile import instructions
from rotator.reconcile.orders import order
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_journal import MemoryJournal
from tests.builders import EPOCH, at
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from click.testing import Result

    from rotator.core.events import Event
    from rotator.core.ids import AccountId, CredentialId, KeyId
    from rotator.core.orders import Order, Pause, Verb
    from rotator.core.rotation import Credential, KeyRecord, Rotation, Trigger
    from rotator.reconcile.planning import PlanRow
    from rotator.settings.settings import Settings


@dataclass
class StubApp:
    """The app as commands see it."""

    journal: Journal = field(default_factory=lambda: MemoryJournal(SeededChance()))
    clock: ManualClock = field(default_factory=lambda: ManualClock(at(days=40)))
    rows: Sequence[PlanRow] = ()
    held: int = 0
    calls: list[str] = field(default_factory=list)
    chance: SeededChance = field(default_factory=lambda: SeededChance(8))

    def plan(self) -> Sequence[PlanRow]:
        self.calls.append("plan")
        return self.rows

    def order(self, credential: Credential, trigger: Trigger, *, operator: str) -> None:
        self.calls.append(f"order by {operator}")
        order(self.journal, self.clock, SeededChance(7), credential, trigger, operator=operator)

    def instruct(
        self,
        credential: Credential,
        verb: Verb,
        *,
        operator: str,
        reason: str,
        rotation: Rotation | None = None,
        key_id: KeyId | None = None,
    ) -> Order:
        self.calls.append(f"{verb.value} by {operator}")
        return instructions.instruct(
            self.journal,
            self.clock,
            self.chance,
            credential,
            verb,
            operator=operator,
            reason=reason,
            rotation=rotation,
            key_id=key_id,
        )

    def pause(
        self,
        *,
        operator: str,
        reason: str,
        account: AccountId | None = None,
        credential: CredentialId | None = None,
    ) -> Pause:
        self.calls.append(f"pause by {operator}")
        return instructions.pause(
            self.journal,
            self.clock,
            self.chance,
            operator=operator,
            reason=reason,
            account=account,
            credential=credential,
        )

    def unpause(self, paused: Pause, *, operator: str, reason: str) -> Pause | None:
        self.calls.append(f"unpause by {operator}")
        return instructions.unpause(
            self.journal, self.clock, self.chance, paused, operator=operator, reason=reason
        )

    def once(self) -> int:
        self.calls.append("once")
        return self.held

    def run(self) -> None:
        self.calls.append("run")

    def stop(self) -> None:
        self.calls.append("stop")

    @contextmanager
    def open(self, settings: Settings, *, read_only: bool) -> Iterator[StubApp]:
        self.calls.append(f"open {settings.owner}{' read-only' if read_only else ''}")
        yield self


@dataclass
class Desk:
    """Runs commands and keeps what they may look at."""

    folder: Path
    app: StubApp = field(default_factory=StubApp)
    is_terminal: bool = False
    can_ask: bool = False

    def __post_init__(self) -> None:
        Files(self.folder).write(CONFIGURATION + "mode: enforce\n")

    def run(self, *arguments: str, answer: str = "") -> Result:
        """Run ``rotator`` with arguments, and answer what it asks."""
        invocation = Invocation(
            config=self.folder / "rotator.yaml",
            is_terminal=self.is_terminal,
            can_ask=self.can_ask,
            environ={"USER": "ann"},
            opener=self.app.open,
            surface=nullcontext,
        )
        return CliRunner().invoke(
            cli,
            arguments,
            obj=invocation,
            prog_name="rotator",
            catch_exceptions=False,
            input=answer,
        )

    def keep(
        self,
        credential: Credential,
        *,
        keys: tuple[KeyRecord, ...] = (),
        rotation: Rotation | None = None,
        events: tuple[Event, ...] = (),
    ) -> None:
        """Write the rows of one credential into the journal."""
        journal = self.app.journal
        journal.register(replace(credential, next_at=EPOCH))
        claim = journal.acquire(credential.id, now=EPOCH, lease_until=at(minutes=2))
        assert claim is not None
        change = Change(
            credential=credential,
            now=EPOCH,
            lease_until=at(minutes=2),
            rotation=rotation,
            keys=keys,
            events=events,
        )
        journal.release(journal.commit(claim, change))
