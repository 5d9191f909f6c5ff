"""Notifications with everything around them in memory, and receivers that keep what they get."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.clients.http import HttpClient
from rotator.core.chain import GENESIS, seal
from rotator.core.events import AuditAction, Stage
from rotator.core.notice_routes import Routing
from rotator.core.terms import Grace, Schedule
from rotator.notify.channel import Verdict
from rotator.notify.courier import Courier
from rotator.notify.noter import Noter
from rotator.notify.notices import Notices
from rotator.notify.posting import posting_config
from rotator.simulators.loopback import LoopbackServer, Site
from rotator.simulators.messages import Answer, HttpRequest
from rotator.testing.builders import at, audit_record
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.memory_outbox import MemoryOutbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.core.events import AuditRecord
    from rotator.core.notices import Notice
    from rotator.core.rotation import Credential
    from rotator.notify.channel import Channel
    from rotator.notify.heartbeat import Heartbeat
    from rotator.ports.journal import Journal

POLICY = "aa" * 32
"""SHA-256 of the policy in force."""

OUTCOME = {"stage": Stage.OUTCOME, "outcome": "success"}


@dataclass
class Listener:
    """A channel that keeps what it was told, and answers as a test says; at last it is fine."""

    verdicts: list[Verdict] = field(default_factory=list)
    told: list[tuple[str, Notice]] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)
    on_try: Callable[[], None] = lambda: None

    @property
    def kinds(self) -> list[str]:
        return [notice.kind for _, notice in self.told]

    def tell(self, notice_id: str, notice: Notice) -> Verdict:
        self.tries.append(notice_id)
        self.on_try()
        verdict = self.verdicts.pop(0) if self.verdicts else Verdict()
        if verdict.is_told:
            self.told.append((notice_id, notice))
        return verdict


@dataclass
class Bench:
    """One replica of notifications; several may share journal and outbox."""

    channels: dict[str, Channel]
    routing: Routing | None = None
    journal: Journal = field(default_factory=lambda: MemoryJournal(SeededChance()))
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    clock: ManualClock = field(default_factory=lambda: ManualClock(at(days=40)))
    telemetry: QuietTelemetry = field(default_factory=QuietTelemetry)
    heartbeat: Heartbeat | None = None
    schedule: Schedule = field(default_factory=Schedule)
    policy: str = POLICY
    notices: Notices = field(init=False)

    def __post_init__(self) -> None:
        chance, outbox = SeededChance(3), self.outbox
        routing = self.routing or Routing(default=tuple(self.channels))
        self.notices = Notices(
            outbox=outbox,
            noter=Noter(
                self.journal,
                outbox,
                routing=routing,
                verdict=self._verdict,
                policy=lambda: self.policy,
            ),
            courier=Courier(
                outbox,
                self.journal,
                self.channels,
                clock=self.clock,
                chance=chance,
                monotonic=lambda: self.clock.now().timestamp(),
                telemetry=self.telemetry,
            ),
            channels=self.channels,
            heartbeat=self.heartbeat,
            clock=self.clock,
            chance=chance,
            telemetry=self.telemetry,
        )

    def _verdict(self, _: Credential) -> tuple[Schedule, Grace]:
        return self.schedule, Grace()

    def seal(self, *records: AuditRecord) -> None:
        """Put records into the chain."""
        self.journal.append(records)
        for record in self.journal.unsealed(limit=1000):
            head = self.journal.head()
            link = (head.seq, head.hash) if head else (GENESIS.seq, GENESIS.hash)
            line = seal(record, seq=link[0] + 1, prev=link[1], log="tests")
            self.journal.seal(((record.id, line),))

    def start(self) -> None:
        """Let the first round be over, which notes nothing of what was before."""
        self.notices.go()


def done(name: object, action: AuditAction, **changes: object) -> AuditRecord:
    """Build the record of something that was done."""
    return audit_record(name, action=action, **{**OUTCOME, **changes})


def event(name: object, action: AuditAction, **changes: object) -> AuditRecord:
    """Build the record of something that was noticed or ordered."""
    return done(name, action, stage=Stage.EVENT, **changes)


@dataclass
class Receiver:
    """A server on the loopback interface that keeps what it gets.

    Attributes:
        answers: What it answers, in turn; 200 once they are used up.
        hang: Requests wait for this, if it is given.
    """

    answers: list[Answer] = field(default_factory=list)
    got: list[HttpRequest] = field(default_factory=list)
    hang: threading.Event | None = None

    def answer(self, request: HttpRequest) -> Answer | None:
        self.got.append(request)
        if self.hang is not None:
            self.hang.wait(20)
            return None
        return self.answers.pop(0) if self.answers else reply(200)

    @contextmanager
    def served(self, clock: ManualClock) -> Iterator[str]:
        """Serve for the length of a block; give the URL."""
        site = Site(answer=self.answer, now=clock.now, id_header="x-request-id")
        server = LoopbackServer(0, site)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            if self.hang is not None:
                self.hang.set()
            server.shutdown()
            server.server_close()
            thread.join(10)


def reply(status: int, **headers: str) -> Answer:
    """Build an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, content_type="text/plain", body=b"ok", headers=named)


@contextmanager
def client(url: str, clock: ManualClock, *, allow_private: bool = True) -> Iterator[HttpClient]:
    """Give the client that a channel has."""
    config = posting_config(url, allow_private=allow_private)
    made = HttpClient(config, clock, SeededChance(), monotonic=lambda: clock.now().timestamp())
    try:
        yield made
    finally:
        made.close()
