"""A command line at which a test sits: real files, a journal in memory, a stub of the app."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from click.testing import CliRunner

from rotator.audit.fingerprints import Fingerprinter
from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.core.accounts import Place
from rotator.core.picturing import Surroundings
from rotator.core.terms import Limits, Schedule, Terms
from rotator.errors import NotFoundError
from rotator.ports.journal import Change, Journal
from rotator.reconcile import by_hand, confirming, instructions
from rotator.reconcile.orders import order
from rotator.reconcile.parts import Parts
from rotator.reconcile.picturing import Pictures
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.memory_snapshots import MemorySnapshots
from tests.builders import ACCOUNT, EPOCH, PROVIDER, account, at, audit_record, sealed
from tests.notify.bench import Bench
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from click.testing import Result

    from rotator.core.accounts import Account
    from rotator.core.adoption import AdoptionRow
    from rotator.core.doctor import Examination
    from rotator.core.events import Event, Scalar
    from rotator.core.ids import AccountId, CredentialId, KeyId
    from rotator.core.orders import Order, Pause, Verb
    from rotator.core.rotation import Credential, KeyRecord, Rotation, Trigger
    from rotator.core.secret import Secret
    from rotator.errors import RotatorError
    from rotator.notify.notices import Notices
    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.workspace import Workspace
    from rotator.reconcile.by_hand import Deed
    from rotator.reconcile.checking import AccountCheck
    from rotator.reconcile.planning import PlanRow
    from rotator.reconcile.rebuilding import RebuildRow
    from rotator.settings.settings import Settings


PLACE = Place(provider=PROVIDER, account=ACCOUNT, name="prod")


def nobody(name: str, _: AccountId | None) -> Examination:
    """Know of no principal."""
    raise NotFoundError("no such principal in the accounts", subject=name)


@dataclass
class StubApp:
    """The app as commands see it."""

    journal: Journal = field(default_factory=lambda: MemoryJournal(SeededChance()))
    clock: ManualClock = field(default_factory=lambda: ManualClock(at(days=40)))
    rows: Sequence[PlanRow] = ()
    held: int = 0
    prospects: Sequence[AdoptionRow] = ()
    adopted: frozenset[str] = frozenset()
    refusals: dict[str, RotatorError] = field(default_factory=dict)
    rebuilt: Sequence[RebuildRow] = ()
    calls: list[str] = field(default_factory=list)
    chance: SeededChance = field(default_factory=lambda: SeededChance(8))
    fingerprint_keys: dict[str, Secret] = field(default_factory=dict)
    failed_scans: Mapping[tuple[str, str], str] | None = None
    snapshots: MemorySnapshots = field(init=False)
    examiner: Callable[[str, AccountId | None], Examination] = nobody
    missing: RotatorError | None = None
    clock_skew: timedelta | None = None
    checks: Sequence[AccountCheck] = ()
    workspaces: Sequence[Workspace] = ()
    http_accounts: Mapping[str, ApiKeys] = field(default_factory=dict)
    notices: Notices = field(default_factory=lambda: Bench({}).notices)

    def __post_init__(self) -> None:
        self.snapshots = MemorySnapshots(self.journal)

    def plan(self, account: AccountId | None = None) -> Sequence[PlanRow]:
        self.calls.append(f"plan {account}" if account else "plan")
        return [row for row in self.rows if account in {None, row.account}]

    def places(self) -> Sequence[Place]:
        entered = (
            Place(provider="cipherstash-access-key", account=it.account) for it in self.workspaces
        )
        return (PLACE, *entered)

    def confirm_account(self, account: AccountId, *, operator: str, reason: str = "") -> Account:
        assert account == PLACE.account
        return confirming.confirm(
            self.journal, self.clock, self.chance, PLACE, operator=operator, reason=reason
        )

    def withdraw_account(self, account: AccountId, *, operator: str, reason: str = "") -> Account:
        assert account == PLACE.account
        return confirming.withdraw(
            self.journal, self.clock, self.chance, PLACE, operator=operator, reason=reason
        )

    def adoption(self, account: AccountId | None = None) -> Sequence[AdoptionRow]:
        self.calls.append(f"adoption {account}" if account else "adoption")
        return self.prospects

    def adopt(self, row: AdoptionRow, *, operator: str) -> KeyId | None:
        self.calls.append(f"adopt {row.name} by {operator}")
        if row.name in self.refusals:
            raise self.refusals[row.name]
        return None if row.name in self.adopted else row.finding.adopts

    def check_permissions(self) -> Sequence[AccountCheck]:
        self.calls.append("check permissions")
        return self.checks

    def examine(
        self, name: str, account: AccountId | None = None, provider: str | None = None
    ) -> Examination:
        at = f" at {provider}" if provider else ""
        self.calls.append(f"examine {name} in {account or 'any account'}{at}")
        return self.examiner(name, account)

    def order(
        self, credential: Credential, trigger: Trigger, *, operator: str, reason: str = ""
    ) -> None:
        self.calls.append(f"order by {operator}")
        order(self.parts, credential, trigger, operator=operator, reason=reason)

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
            self.parts,
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

    def rebuild_plan(self, account: AccountId | None = None) -> Sequence[RebuildRow]:
        self.calls.append(f"rebuild_plan {account}")
        return self.rebuilt

    def rebuild(self, rows: Sequence[RebuildRow], *, operator: str) -> Sequence[RebuildRow]:
        self.calls.append(f"rebuild by {operator}")
        return [row for row in rows if row.rebuilt]

    def workspace(self, id_or_name: str, /) -> Workspace:
        return next(it for it in self.workspaces if it.account == id_or_name)

    def api_keys(self, id_or_name: str, /) -> ApiKeys:
        return self.http_accounts[id_or_name]

    def fingerprint(self, secret: Secret, /) -> str | None:
        return self.parts.fingerprints.of(secret)

    @property
    def parts(self) -> Parts:
        return Parts(
            journal=self.journal,
            providers={},
            destinations={},
            clock=self.clock,
            chance=self.chance,
            terms_for=lambda _: Terms(),
            gate=MemoryGate(),
            telemetry=QuietTelemetry(),
            fingerprints=Fingerprinter(self.fingerprint_keys, "k1"),
        )

    @property
    def pictures(self) -> Pictures:
        return Pictures(
            journal=self.journal,
            snapshots=self.snapshots,
            clock=self.clock,
            chance=self.chance,
            telemetry=QuietTelemetry(),
            surroundings=lambda: Surroundings(
                log="rotator",
                owner="rotator",
                mode="enforce",
                policy="7bd1",
                inspect_interval=Limits().inspect_interval,
                max_age=lambda _: Schedule().max_age,
                places=self.places(),
                failed=self.failed_scans,
            ),
            keep=timedelta(days=400),
        )

    def by_hand(self, deed: Deed) -> AbstractContextManager[dict[str, Scalar]]:
        self.calls.append(f"{deed.action.value} by {deed.operator}")
        return by_hand.recorded(self.journal, self.clock, self.chance, deed)

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
    is_confirmed: bool = True

    def __post_init__(self) -> None:
        Files(self.folder).write(CONFIGURATION + "mode: enforce\n")
        if self.is_confirmed:
            self.confirm(ACCOUNT)

    def confirm(self, of: AccountId) -> None:
        """Confirm an account, long before whatever the test does."""
        journal, record = self.app.journal, audit_record(f"confirmed {of}")
        head = journal.head()
        journal.save_account(account(id=of), record)
        journal.seal(((record.id, sealed(head.seq + 1 if head else 0)),))

    def run(self, *arguments: str, answer: str = "") -> Result:
        """Run ``rotator`` with arguments, and answer what it asks."""
        invocation = Invocation(
            config=self.folder / "rotator.yaml",
            is_terminal=self.is_terminal,
            can_ask=self.can_ask,
            environ={"USER": "ann", "HOME": str(self.folder / "home")},
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
            color=self.is_terminal,
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
