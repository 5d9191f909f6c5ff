"""Running the daemon through 120 days: when it has nothing to do, time jumps."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rotator.app import DRAIN_TIMEOUT, App, open_app
from rotator.cli.demo.consumers import Consumers
from rotator.cli.demo.estate import ACCOUNT, CONFIGURATION, DAYS, OWNER, POLICY, REGION, seed
from rotator.core.ids import Instant
from rotator.settings.loading import load
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.clock import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.aws.shapes import Credentials, SeededAccount, State

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(hours=12)
"""How often the consumers call AWS, in simulated time."""

_ISOLATION = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SESSION_TOKEN": "",
    "AWS_PROFILE": "",
}
"""Nothing of the caller's own AWS set-up may reach the demonstration."""

Watcher = Callable[["Play"], None]
"""Is shown the play after every step."""


@dataclass(slots=True)
class Play:
    """The demonstration while it runs.

    Attributes:
        first: The keys that existed on the first day.
        state: The whole truth at the provider, read at the end.
    """

    app: App
    aws: SimulatedAws
    clock: SteppedClock
    consumers: Consumers
    first: SeededAccount
    folder: Path
    watcher: Watcher
    steps: int = 0
    failure: BaseException | None = None
    next_tick: Instant = field(init=False)

    def __post_init__(self) -> None:
        """Let the consumers begin at once."""
        self.next_tick = self.clock.now()

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
        self.app.seal()
        if self.clock.now() >= START + timedelta(days=DAYS):
            self.app.engine.drain(DRAIN_TIMEOUT)
            return
        if self.clock.now() >= self.next_tick:
            self.consumers.step()
            self.next_tick = Instant(self.next_tick + STEP)
            self.steps += 1
        self.watcher(self)
        timers = [item.next_at for item in self.app.journal.credentials()]
        ahead = [timer for timer in timers if timer > self.clock.now()]
        self.clock.advance_to(min([*ahead, self.next_tick]))

    def truth(self) -> State:
        """Read the whole truth at the provider."""
        return self.aws.state()


def perform(folder: Path, watcher: Watcher, closing: Callable[[Play], int]) -> int:
    """Run the whole demonstration in a folder.

    Args:
        folder: Where configuration, journal and audit log are written.
        watcher: Is shown the play after every step.
        closing: Is shown the play after the last day, while AWS still answers.

    Returns:
        What `closing` returned: the exit code.
    """
    with SimulatedAws(start=START) as aws:
        account = seed(aws)
        clock = SteppedClock(START, on_advance=aws.advance_to)
        file = _write(folder, aws.url)
        holder: list[Play] = []

        def on_idle() -> None:
            if holder:
                holder[0].jump()

        with (
            _identity(account.admin),
            open_app(load(file, os.environ), read_only=False, clock=clock, on_idle=on_idle) as app,
        ):
            consumers = Consumers(aws.url, account.human)
            play = Play(app, aws, clock, consumers, account, folder, watcher)
            holder.append(play)
            app.run()
            if play.failure is not None:
                raise play.failure
            return closing(play)


def _write(folder: Path, url: str) -> Path:
    values = {"owner": OWNER, "folder": folder, "url": url, "account": ACCOUNT, "region": REGION}
    file = folder / "rotator.yaml"
    file.write_text(CONFIGURATION.format(**values), encoding="utf-8")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return file


@contextmanager
def _identity(key: Credentials) -> Iterator[None]:
    """Act as the simulated account's administrator, and as nobody else."""
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
