"""What one run of the command line knows: its options, and how to reach the app."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import click

from rotator.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from rotator.core.accounts import Account, Place
    from rotator.core.adoption import AdoptionRow
    from rotator.core.doctor import Examination
    from rotator.core.events import Scalar
    from rotator.core.ids import AccountId, CredentialId, KeyId
    from rotator.core.orders import Order, Pause, Verb
    from rotator.core.rotation import Credential, Rotation, Trigger
    from rotator.core.secret import Secret
    from rotator.errors import RotatorError
    from rotator.notify.notices import Notices
    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.clock import Clock
    from rotator.ports.journal import Journal
    from rotator.ports.workspace import Workspace
    from rotator.reconcile.by_hand import Deed
    from rotator.reconcile.checking import AccountCheck
    from rotator.reconcile.picturing import Pictures
    from rotator.reconcile.planning import PlanRow
    from rotator.reconcile.rebuilding import RebuildRow
    from rotator.settings.settings import Settings

Command = TypeVar("Command", bound="Callable[..., Any]")

FAILED: Final = 1
MISCONFIGURED: Final = 2
WAITING: Final = 3

SEARCHED: Final = (Path("/etc/rotator/rotator.yaml"), Path("config/rotator.yaml"))
"""Where a configuration is looked for that neither option nor environment names."""


class App(Protocol):
    """What commands need of the composition root."""

    @property
    def journal(self) -> Journal:
        """Return the journal."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        ...

    @property
    def pictures(self) -> Pictures:
        """Return what takes pictures of the inventory, and keeps one of each day."""
        ...

    @property
    def notices(self) -> Notices:
        """Return what tells people."""
        ...

    def places(self) -> Sequence[Place]:
        """Name the configured accounts."""
        ...

    def confirm_account(self, account: AccountId, *, operator: str, reason: str = "") -> Account:
        """Let changes be made in an account."""
        ...

    def withdraw_account(self, account: AccountId, *, operator: str, reason: str = "") -> Account:
        """Put an account back into plan mode."""
        ...

    def plan(self, account: AccountId | None = None) -> Sequence[PlanRow]:
        """Say what would happen to each key, of one account or of all; change nothing."""
        ...

    def examine(
        self, name: str, account: AccountId | None = None, provider: str | None = None
    ) -> Examination:
        """Explain every key of one principal; change nothing."""
        ...

    @property
    def missing(self) -> RotatorError | None:
        """Return why there is no journal yet; None if there is one."""
        ...

    @property
    def clock_skew(self) -> timedelta | None:
        """Return how far a provider's clock was ahead of ours when it was last heard."""
        ...

    def check_permissions(self) -> Sequence[AccountCheck]:
        """Check in every account what our own identity may do; change nothing."""
        ...

    def adoption(self, account: AccountId | None = None) -> Sequence[AdoptionRow]:
        """Say for each principal what adopting would come to; change nothing."""
        ...

    def adopt(self, row: AdoptionRow, *, operator: str) -> KeyId | None:
        """Take a principal's published key under management; None if one is already."""
        ...

    def order(
        self, credential: Credential, trigger: Trigger, *, operator: str, reason: str = ""
    ) -> None:
        """Order a rotation in an operator's name."""
        ...

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
        """Give an order about a rotation or a key; the next pass carries it out."""
        ...

    def pause(
        self,
        *,
        operator: str,
        reason: str,
        account: AccountId | None = None,
        credential: CredentialId | None = None,
    ) -> Pause:
        """Pause a credential, an account, or with neither of them everything."""
        ...

    def unpause(self, paused: Pause, *, operator: str, reason: str) -> Pause | None:
        """Lift a pause; None when somebody else has lifted it meanwhile."""
        ...

    def rebuild_plan(self, account: AccountId | None = None) -> Sequence[RebuildRow]:
        """Say what a lost journal would hold after a rebuild; change nothing."""
        ...

    def rebuild(self, rows: Sequence[RebuildRow], *, operator: str) -> Sequence[RebuildRow]:
        """Write down what a plan of a rebuild says; return what was written."""
        ...

    def workspace(self, id_or_name: str, /) -> Workspace:
        """Enter a configured CipherStash workspace, to do there what an operator says."""
        ...

    def api_keys(self, id_or_name: str, /) -> ApiKeys:
        """Enter a configured account of an HTTP API, to do there what an operator says."""
        ...

    def fingerprint(self, secret: Secret, /) -> str | None:
        """Return what a secret is recognised by; None without a key for it."""
        ...

    def by_hand(self, deed: Deed) -> AbstractContextManager[dict[str, Scalar]]:
        """Write down what an operator is about to do, and at the end what came of it."""
        ...

    def once(self) -> int:
        """Do one scan and all due work; return how many credentials wait for a person."""
        ...

    def run(self) -> None:
        """Work until `stop`."""
        ...

    def stop(self) -> None:
        """End `run`, or keep it from starting."""
        ...


class Opener(Protocol):
    """Opens the app; `rotator.app.open_app` is one."""

    def __call__(self, settings: Settings, *, read_only: bool) -> AbstractContextManager[App]:
        """Open the app for the length of a ``with``."""
        ...


def _is_terminal() -> bool:
    # It may be closed, as standard input may be.
    return sys.stdout is not None and sys.stdout.isatty()


def _can_ask() -> bool:
    # A daemon may have closed it.
    return sys.stdin is not None and sys.stdin.isatty()


def _open_app(settings: Settings, *, read_only: bool) -> AbstractContextManager[App]:
    from rotator.app import open_app
    from rotator.telemetry.logs import configure_logs

    # Standard output is for answers; a command that only reads has little to tell besides.
    configure_logs(level="WARNING" if read_only else "INFO")
    return open_app(settings, read_only=read_only)


def _serving(app: Any) -> AbstractContextManager[object]:  # noqa: ANN401 - only the real app has a surface
    from rotator.web.daemon import serving

    return serving(app)


@dataclass(slots=True)
class Invocation:
    """The options that every command has, filled in as they are parsed.

    Attributes:
        config: The configuration file, if an option named it.
        is_terminal: Whether a person looks at the output.
        can_ask: Whether a person can answer a question.
        is_plain: Whether colours are unwelcome.
        environ: The environment.
        opener: Opens the app.
        surface: Serves a running app's probes and metrics.
    """

    config: Path | None = None
    is_terminal: bool = field(default_factory=_is_terminal)
    can_ask: bool = field(default_factory=_can_ask)
    is_plain: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    opener: Opener = _open_app
    surface: Callable[[App], AbstractContextManager[object]] = _serving

    @property
    def operator(self) -> str:
        """Return who runs the command, as the auditor should read it."""
        return self.environ.get("USER", "unknown")

    def settings(self) -> Settings:
        """Load the configuration that applies.

        Raises:
            ConfigError: There is none, or it has faults.
        """
        from rotator.settings.loading import load

        return load(self._config_file(), self.environ)

    def app(self, *, read_only: bool) -> AbstractContextManager[App]:
        """Open the app with the configuration that applies."""
        return self.opener(self.settings(), read_only=read_only)

    def _config_file(self) -> Path:
        named = self.config or self.environ.get("ROTATOR_CONFIG")
        if named:
            return Path(named)
        found = next((path for path in SEARCHED if _is_there(path)), None)
        if found is None:
            remedy = "name it by --config or ROTATOR_CONFIG, or copy config/rotator.yaml there"
            fault = Fault(
                file=str(SEARCHED[0]),
                line=0,
                field="",
                problem="no configuration was found",
                remedy=remedy,
            )
            raise ConfigError([fault])
        return found


def _is_there(path: Path) -> bool:
    """Whether there is such a file; one that we are kept from is, and reading it says so."""
    try:
        return path.is_file()
    except PermissionError:
        return True


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
"""Hand a command its `Invocation`."""


def common_options(command: Command) -> Command:
    """Give a command the options that may stand before or behind any command's name."""
    for option in (
        click.option(
            "--no-color",
            is_flag=True,
            expose_value=False,
            callback=_keep_plain,
            help="No colours; they are used on terminals only anyway.",
        ),
        click.option(
            "--config",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="PATH",
            expose_value=False,
            callback=_keep_config,
            help="The configuration; else $ROTATOR_CONFIG, /etc/rotator/rotator.yaml, "
            "config/rotator.yaml.",
        ),
    ):
        command = option(command)
    return command


def json_option(command: Command) -> Command:
    """Give a command that lists something the option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(
        command
    )


def examples(*lines: str) -> str:
    """Make the end of a help text, with each line kept as it is."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _keep_config(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(Invocation).config = value


def _keep_plain(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        context.ensure_object(Invocation).is_plain = True
