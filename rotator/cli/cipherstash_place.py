"""Which workspace a command is about, and whether anything may be changed there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, cast

import click

from rotator.cli.invocation import json_option
from rotator.core.terms import Mode
from rotator.errors import NotFoundError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.cli.invocation import App, Command, Invocation
    from rotator.settings.cipherstash import Workspace
    from rotator.settings.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which workspace a command is about, and in what form it answers.

    Attributes:
        workspace: Its id or name; None takes the only one.
        profile: The profile that is logged in to it, instead.
    """

    workspace: str | None = None
    profile: str | None = None
    as_json: bool = False

    @property
    def is_named(self) -> bool:
        """Whether the command line says which workspace is meant."""
        return bool(self.workspace or self.profile)

    def place(self, invocation: Invocation) -> Workspace:
        """Find the workspace in the configuration; raises as `choose` does."""
        settings, environ = invocation.settings(), invocation.environ
        return choose(settings, self.workspace, self.profile, environ=environ)


def workspace_options(command: Command) -> Command:
    """Give a command ``--profile``, ``--workspace`` and ``--json``, as one `Wanted`."""

    @wraps(command)
    def wrapped(
        *args: object, profile: str | None, workspace: str | None, as_json: bool, **rest: object
    ) -> object:
        wanted = Wanted(workspace=workspace, profile=profile, as_json=as_json)
        return command(*args, wanted=wanted, **rest)

    by_profile = click.option(
        "--profile",
        metavar="NAME",
        help="The workspace that this profile in ~/.cipherstash is logged in to.",
    )
    by_name = click.option(
        "--workspace",
        metavar="ID_OR_NAME",
        help="The workspace, by id or name; needed if there are several.",
    )
    return cast("Command", by_profile(by_name(json_option(wrapped))))


def description_option(command: Command) -> Command:
    """Give a command the option ``--description``, which the service does not do without."""
    return click.option(
        "--description",
        default="created with rotator",
        show_default=True,
        metavar="TEXT",
        help="What it is for; 1 to 256 characters.",
    )(command)


def choose(
    settings: Settings,
    workspace: str | None,
    profile: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> Workspace:
    """Say which configured workspace is meant.

    Args:
        settings: Where the workspaces are.
        workspace: Its id or name; may be left out where there is only one.
        profile: The name of a profile that is logged in to it, instead.
        environ: Where the folder of profiles may be named.

    Raises:
        click.UsageError: Both were given, or none where there are several.
        NotFoundError: The configuration names no such workspace.
    """
    if workspace and profile:
        raise click.UsageError("write --workspace or --profile, not both")
    if profile:
        return _by_profile(settings, profile, environ or {})
    known = settings.workspaces
    if workspace or not known:
        return settings.workspace(workspace or "")
    if len(known) > 1:
        names = ", ".join(title(item) for item in known)
        raise click.UsageError(f"several workspaces are configured: {names}; add --workspace")
    return known[0]


def _by_profile(settings: Settings, profile: str, environ: Mapping[str, str]) -> Workspace:
    from rotator.settings.profiles import profile_workspace
    from rotator.settings.references import UnresolvedError

    try:
        account = profile_workspace(profile, environ)
    except UnresolvedError as error:
        raise NotFoundError(error.problem, subject=profile, hint=error.remedy) from error
    return settings.workspace(account)


def title(workspace: Workspace) -> str:
    """Name a workspace by its id, and by its name if it has one."""
    return f"{workspace.id} ({workspace.name})" if workspace.name else workspace.id


def check_may_change(app: App, settings: Settings) -> None:
    """Refuse to change anything where that cannot be, before anybody is asked.

    What an operator does by hand needs no confirmed account: that word is about
    what the daemon does by itself.

    Raises:
        RejectedError: Plan mode is configured.
        RotatorError: There is no journal to write the deed to.
    """
    from rotator.cli.finding import need_journal

    if settings.mode is Mode.PLAN:
        raise RejectedError("plan mode changes nothing", hint="set `mode: enforce` first")
    need_journal(app)
