"""Running the daemon through some weeks: when it has nothing to do, time jumps."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from rotator.app import DRAIN_TIMEOUT, App, open_app
from rotator.cli.demo.character import PROD
from rotator.cli.demo.chat.consumers import Talkers
from rotator.cli.demo.chat.estate import ChatEstate, seed_chat
from rotator.cli.demo.cluster.consumers import Pods
from rotator.cli.demo.cluster.estate import seed_cluster
from rotator.cli.demo.consumers import Consumers
from rotator.cli.demo.estate import DAYS, Estate, seed
from rotator.cli.demo.evidence.keys import WEBHOOK, write_keys
from rotator.cli.demo.evidence.receiver import Receiver, served
from rotator.cli.demo.files import Urls, write_files
from rotator.cli.demo.first_day import confirm, touched
from rotator.cli.demo.fleet import Scene, Standing, standings
from rotator.cli.demo.incidents import Intruder
from rotator.cli.demo.vault.consumers import Workers
from rotator.cli.demo.vault.estate import VaultEstate, seed_vault
from rotator.cli.demo.vault.onboarding import Onboarding
from rotator.cli.demo.vendors import Vendors, vendors
from rotator.core.ids import Instant
from rotator.core.secret import Secret
from rotator.settings.loading import load
from rotator.simulators.clock import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rotator.core.adoption import AdoptionRow
    from rotator.simulators.aws.shapes import Credentials

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(hours=24)
"""How often consumers work, in simulated time."""

SOON = timedelta(hours=1)
"""How far ahead a wait of the daemon is met to the second."""

_ISOLATION = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SESSION_TOKEN": "",
    "AWS_PROFILE": "",
}
"""Nothing of the caller's own AWS set-up may reach the demonstration."""


class Show(Protocol):
    """Who looks at a play."""

    def running(self, play: Play) -> AbstractContextManager[None]:
        """Look at the play for the length of a ``with``, while it runs."""
        ...

    def moved(self, scene: Scene) -> None:
        """Take note of what is to be seen: time is about to jump."""
        ...

    def say(self, line: str) -> None:
        """Tell one thing."""
        ...

    def closing(self, play: Play) -> int:
        """Look at the last day, while the vendors still answer; return the exit code."""
        ...


@dataclass(slots=True)
class Play:
    """The demonstration while it runs.

    Attributes:
        estate: What was there on the first day.
        vault: What was there of the CipherStash workspace.
        chat: What was there of the Stage5 workspace.
        adoption: What adopting would have come to on the first day.
        fleet: Where everyone stood when time last jumped.
        steps: How often the consumers have called.
        calls_before: How many calls AWS had seen before the daemon's first.
        touched: Calls of the first day, in plan mode, that changed something.
        receiver: Is told of everything.
        began: The first day.
    """

    app: App
    vendors: Vendors
    clock: SteppedClock
    estate: Estate
    vault: VaultEstate
    chat: ChatEstate
    folder: Path
    show: Show
    receiver: Receiver
    began: Instant = field(init=False)
    consumers: Consumers = field(init=False)
    workers: Workers = field(init=False)
    talkers: Talkers = field(init=False)
    pods: Pods = field(init=False)
    intruder: Intruder = field(init=False)
    onboarding: Onboarding = field(init=False)
    adoption: tuple[AdoptionRow, ...] = field(init=False)
    fleet: tuple[Standing, ...] = ()
    steps: int = 0
    calls_before: int = field(init=False)
    touched: tuple[str, ...] = ()
    failure: BaseException | None = None
    next_tick: Instant = field(init=False)

    def __post_init__(self) -> None:
        """Look at everything before the daemon does, and let the consumers begin at once."""
        self.began = self.next_tick = self.clock.now()
        aws, stash, http = self.vendors.aws, self.vendors.stash, self.vendors.http
        self.calls_before = len(aws.calls())
        self.adoption = self.app.adoption()
        self.consumers = Consumers(aws.url, self.estate)
        read = self.estate.reader(aws.url, PROD)
        self.workers = Workers(http, stash.cts_url, self.vault, read)
        self.talkers = Talkers(self.vendors.public_api, self.chat, read)
        self.pods = Pods(self.vendors)
        self.intruder = Intruder(aws.url, self.estate, self.consumers)
        self.onboarding = Onboarding(http, stash.zerokms_url, self.vault, self.workers)

    @property
    def day(self) -> float:
        """Days since the beginning."""
        return (self.clock.now() - Instant(START)).total_seconds() / 86_400

    def jump(self) -> None:
        """Move time to the next timer or the consumers' next call; stop after the last day."""
        try:
            self._jump()
        except BaseException as error:
            self.failure = error
            self.app.engine.drain(timedelta(0))
            raise

    def _jump(self) -> None:
        if self.app.telemetry.last_scan_at() is None:
            return
        scene = self.scene()
        self.fleet = scene.fleet
        self.show.moved(scene)
        # The daemon would by itself, after its hourly scans: those are what time jumps over.
        self.app.pictures.keep_one_a_day(is_complete=True)
        if self.clock.now() >= START + timedelta(days=DAYS):
            self.app.engine.drain(DRAIN_TIMEOUT)
            return
        if self.clock.now() >= self.next_tick:
            self._tick()
        # After the calls: for some seconds nothing accepts a key that was just made.
        self.intruder.watch(self.fleet)
        for line in self.onboarding.watch(scene):
            self.show.say(line)
        # Before time jumps: what waits for the sealer must not grow old by it.
        self.app.seal()
        self.app.notify()
        self.clock.advance_to(self._next())

    def _tick(self) -> None:
        """Let the consumers call; on the second day a person confirms all."""
        if self.steps == 1:
            self.touched = touched(self.vendors, start=self.calls_before)
            for line in confirm(self):
                self.show.say(line)
        self.consumers.step()
        self.workers.step()
        self.talkers.step()
        self.pods.step()
        self.next_tick = Instant(self.next_tick + STEP)
        self.steps += 1

    def _next(self) -> Instant:
        """Choose where time jumps to: past the daemon's waits that end soon, else to the next tick.

        Waits that end at almost the same time are met together, and longer ones
        at the next tick: that costs a tenth of the calls.
        """
        now = self.clock.now()
        timers = [item.credential.next_at for item in self.fleet if item.credential]
        soon = [timer for timer in timers if now < timer < now + SOON]
        return min(max(soon, default=self.next_tick), self.next_tick)

    @property
    def _everyone(self) -> tuple[Consumers | Workers | Talkers | Pods, ...]:
        return self.consumers, self.workers, self.talkers, self.pods

    def scene(self) -> Scene:
        """Read what there is to be seen now."""
        return Scene(
            now=self.clock.now(),
            day=self.day,
            fleet=standings(self.app.journal),
            calls=sum(group.calls for group in self._everyone),
            refusals=sum(group.refusals for group in self._everyone),
        )


def perform(folder: Path, show: Show) -> int:
    """Run the whole demonstration in a folder.

    Args:
        folder: Where configuration, journal and audit log are written.
        show: Looks at it.

    Returns:
        The exit code that `show` gave.
    """
    write_keys(folder)
    receiver = Receiver(Secret((folder / WEBHOOK).read_text(encoding="utf-8")))
    with vendors(START) as sides, ExitStack() as stack:
        clock = SteppedClock(START, on_advance=sides.advance_to)
        siem = stack.enter_context(served(receiver, clock.now))
        urls = Urls(
            aws=sides.aws.url,
            cts=sides.stash.cts_url,
            stage5=sides.stage5.base_url,
            kubernetes=sides.kubernetes.url,
            siem=siem,
        )
        settings = load(write_files(folder, urls), os.environ)
        estate, vault, chat = seed(sides.aws, settings), seed_vault(sides), seed_chat(sides)
        seed_cluster(sides.kubernetes, estate, folder)
        holder: list[Play] = []

        def on_idle() -> None:
            if holder:
                holder[0].jump()

        with (
            _identity(estate.accounts[PROD].admin),
            open_app(settings, read_only=False, clock=clock, on_idle=on_idle) as app,
        ):
            play = Play(app, sides, clock, estate, vault, chat, folder, show, receiver)
            holder.append(play)
            with show.running(play):
                app.run()
            if play.failure is not None:
                raise play.failure
            return show.closing(play)


@contextmanager
def _identity(key: Credentials) -> Iterator[None]:
    """Act as the hub account's administrator, and as nobody else."""
    ours = {
        **_ISOLATION,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
    }
    before = {name: os.environ.get(name) for name in ours}
    for name, value in ours.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old
