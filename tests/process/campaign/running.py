"""One campaign from its start to its verdict."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC
from random import Random  # noqa: TID251 - seeded, and the seed is an argument
from typing import TYPE_CHECKING

from rotator.simulators.aws.process import SimulatedAws
from rotator.telemetry.clock import SystemClock, monotonic_seconds
from tests.process.campaign import estate as told
from tests.process.campaign.checker import Checker, Promise, Violation
from tests.process.campaign.estate import Estate
from tests.process.campaign.journals import opened
from tests.process.campaign.leaks import leaks, secrets_of
from tests.process.campaign.mishaps import Tally, Tormentor, World
from tests.process.campaign.population import (
    QUICK_REFRESH,
    SLOW_REFRESH,
    Consumer,
    People,
)
from tests.process.campaign.replica import Replica
from tests.process.campaign.wire import Caller

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.postgres import Server

_BYSTANDERS = ("bystander-1", "bystander-2")
_MOST_CALLS = 450_000
_LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to do, and when it is enough: after `seconds`, or all counts if one is given."""

    journal: str = "sqlite"
    replicas: int = 1
    users: int = 14
    seconds: float = 120
    kills: int = 0
    freezes: int = 0
    completed: int = 0
    seed: int = 1
    settle_seconds: float = 240


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What came of a campaign."""

    options: Options
    counts: dict[str, int]
    violations: list[Violation]
    oddities: list[str]
    notes: list[str]
    seconds: float = 0
    settled_after: float | None = None

    @property
    def is_clean(self) -> bool:
        return not self.violations and not self.oddities


@dataclass(slots=True)
class Campaign:
    """Everything that runs."""

    options: Options
    folder: Path
    tell: Callable[[str], None]
    server: Server | None = None
    tally: Tally = field(default_factory=Tally)
    over: threading.Event = field(default_factory=threading.Event)
    calm: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Verdict:
        """Run it, let it settle, and judge it."""
        started = monotonic_seconds()
        options = self.options
        with ExitStack() as stack:
            now = SystemClock().now().astimezone(UTC)
            aws = stack.enter_context(SimulatedAws(start=now, is_ticking=True))
            # Its start took a while, and its clock began where it was told to.
            aws.advance_to(SystemClock().now())
            journal = opened(options.journal, self.folder / "installation", self.server)
            url, hidden, dump = stack.enter_context(journal)
            estate = self._estate(aws, url)
            source = Caller(aws.url, "checker")
            stack.callback(source.close)
            checker = Checker(_promise(estate), source)
            people = People(estate, Random(f"{options.seed}:people"), self.over)  # noqa: S311
            consumers = _consumers(estate, self.calm)
            replicas = [Replica(estate, f"replica{n}") for n in range(options.replicas)]
            try:
                self._torment(estate, checker, people, consumers, replicas)
                settled_after = self._settle(estate, checker, replicas, people)
            finally:
                self.over.set()
                self.calm.set()
                for replica in replicas:
                    replica.thaw()
                    replica.kill()
            for consumer in consumers:
                consumer.join()
            dump()
            checker.compare()
            if not checker.counts["rotations completed"]:
                self.tally.tell("no rotation was completed, so nothing was shown")
            self._search(checker, estate, hidden)
        verdict = self._verdict(checker, people, consumers, replicas)
        verdict.settled_after = settled_after
        verdict.seconds = monotonic_seconds() - started
        return verdict

    def _estate(self, aws: SimulatedAws, url: str) -> Estate:
        users = tuple(f"service-{number:02}" for number in range(self.options.users))
        return Estate(aws, self.folder / "installation", url, users, _BYSTANDERS)

    def _torment(
        self,
        estate: Estate,
        checker: Checker,
        people: People,
        consumers: list[Consumer],
        replicas: list[Replica],
    ) -> None:
        world = World(estate, self.tally, self.over, lambda: checker.seen, people.wishes.put)
        seed = self.options.seed
        tormentors = [Tormentor(world, it, f"{seed}:{it.name}") for it in replicas]
        for thread in (*consumers, people, *tormentors):
            thread.start()
        started, told_at = monotonic_seconds(), 0.0
        while not self._is_enough(monotonic_seconds() - started, checker):
            self.over.wait(_LOOK_EVERY)
            checker.follow()
            passed = monotonic_seconds() - started
            if passed - told_at >= 10:
                told_at = passed
                self.tell(self._progress(passed, checker, consumers))
        self.over.set()
        for thread in (people, *tormentors):
            thread.join()

    def _is_enough(self, passed: float, checker: Checker) -> bool:
        counts, wanted = self.tally.counts, self.options
        if passed >= wanted.seconds or checker.seen >= _MOST_CALLS:
            return True
        pairs = (
            (wanted.kills, counts["kills"]),
            (wanted.freezes, counts["freezes"]),
            (wanted.completed, checker.counts["rotations completed"]),
        )
        return any(wish for wish, _ in pairs) and all(done >= wish for wish, done in pairs)

    def _settle(
        self, estate: Estate, checker: Checker, replicas: list[Replica], people: People
    ) -> float | None:
        """Leave it alone, with nothing new due, until there is nothing left to be done."""
        people.join()
        estate.aws.clear_faults()
        estate.write_policy(is_busy=False)
        for replica in replicas:
            replica.start()
        for replica in replicas:
            if not replica.is_started():
                self.tally.tell(f"{replica.name} did not start\n{replica.last_words()}")
        started = monotonic_seconds()
        rest = checker.unsettled()
        quiet = 0
        while monotonic_seconds() - started < self.options.settle_seconds:
            self.calm.wait(_LOOK_EVERY)
            rest = checker.unsettled()
            quiet = 0 if rest else quiet + 1
            if quiet > told.LEASE:
                break
        passed = monotonic_seconds() - started
        checker.violations += rest
        for replica in replicas:
            replica.scrape()
            replica.ask_to_end()
        for replica in replicas:
            code = replica.wait()
            if code != 0:
                words = replica.last_words()
                self.tally.tell(f"{replica.name} ended with {code} when all was done\n{words}")
        return None if rest else passed

    def _search(self, checker: Checker, estate: Estate, hidden: set[str]) -> None:
        state = estate.aws.state(account_id=told.ACCOUNT).model_dump(mode="json")
        secrets = secrets_of(state["accounts"][told.ACCOUNT])
        secrets |= {told.MARK, estate.admin.secret, *hidden}
        checker.counts["secrets looked for"] = len(secrets)
        for leak in leaks(estate.folder, secrets):
            checker.violations.append(
                Violation(at=state["now"], invariant="I5", key="", user="", text=leak)
            )

    def _progress(self, passed: float, checker: Checker, consumers: list[Consumer]) -> str:
        mishaps, seen = self.tally.counts, checker.counts
        refused = sum(len(it.record.refused) for it in consumers)
        return (
            f"{passed:5.0f} s  kills {mishaps['kills']}  freezes {mishaps['freezes']}"
            f"  terms {mishaps['terms']}  minted {seen['CreateAccessKey']}"
            f"  promoted {seen['promotions']}  completed {seen['rotations completed']}"
            f"  consumer calls {seen['consumer calls']}  refused {refused}"
            f"  violations {len(checker.violations)}  oddities {len(self.tally.oddities)}"
        )

    def _verdict(
        self,
        checker: Checker,
        people: People,
        consumers: list[Consumer],
        replicas: list[Replica],
    ) -> Verdict:
        records = [consumer.record for consumer in consumers]
        counts = {
            **dict(sorted(self.tally.counts.items())),
            "daemon starts": sum(replica.starts for replica in replicas),
            "keys made by people": people.minted,
            "refusals that consumers recorded": sum(len(it.refused) for it in records),
            "calls that consumers sent too late": sum(it.late for it in records),
            "calls of consumers without an answer": sum(it.unanswered for it in records),
            "refusals that people recorded": len(people.refused),
            **dict(sorted(checker.counts.items())),
        }
        return Verdict(
            options=self.options,
            counts=counts,
            violations=checker.violations,
            oddities=self.tally.oddities,
            notes=checker.notes,
        )


def _promise(estate: Estate) -> Promise:
    return Promise(
        account=told.ACCOUNT,
        admin=estate.admin.key_id,
        human=estate.human.key_id,
        users=estate.users,
        grace_min=told.GRACE_MIN,
        unused_for=told.UNUSED_FOR,
        quarantine=told.QUARANTINE,
        propagation=told.PROPAGATION,
        reach=told.LEASE + told.WINDOW + 1,
    )


def _consumers(estate: Estate, over: threading.Event) -> list[Consumer]:
    return [
        Consumer(estate, user, SLOW_REFRESH if number % 3 == 2 else QUICK_REFRESH, over)
        for number, user in enumerate(estate.users)
    ]
