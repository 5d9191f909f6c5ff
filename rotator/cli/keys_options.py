"""What commands about keys made by hand are told: which key, where, and how."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, cast

import click

from rotator.cli.api_place import length
from rotator.cli.cipherstash_place import workspace_options
from rotator.cli.consent import optional_reason_option, yes_option
from rotator.cli.emergency import break_glass_option
from rotator.core.api_keys import ApiKeyWish
from rotator.core.ids import KeyId
from rotator.core.rotation import Trigger

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a key is to be ended.

    Attributes:
        reason: Why, in the operator's words; may be empty.
        now: Also if consumers are given it: an outage, which needs a reason.
        proves: The operator has the key's text, by which its refusal is proved.
        yes: Consent was given beforehand.
        urgent: What a successor is ordered for.
    """

    reason: str = ""
    now: bool = False
    proves: bool = False
    yes: bool = False
    urgent: Trigger = Trigger.TAINT


def place_options(command: Command) -> Command:
    """Give a command ``--account`` as `account`, beside what names a workspace."""

    @wraps(command)
    def wrapped(*args: object, account: str | None, wanted: Wanted, **rest: object) -> object:
        if account and wanted.is_named:
            raise click.UsageError("write --account or --workspace, not both")
        return command(*args, account=account, wanted=wanted, **rest)

    by_account = click.option(
        "--account",
        metavar="ID_OR_NAME",
        help="The account of an HTTP API, by id or name; its API is asked.",
    )
    return cast("Command", by_account(workspace_options(wrapped)))


def name_argument(command: Command) -> Command:
    """Give a command a name for something new, as `called`; empty without one."""
    return _called(command, "[NAME]")


def key_argument(command: Command) -> Command:
    """Give a command the name or the id of a key, as `called`; empty without one."""
    return _called(command, "[KEY]")


def _called(command: Command, metavar: str) -> Command:
    """Let it be written as an argument or as ``--name``."""

    @wraps(command)
    def wrapped(*args: object, word: str | None, name: str | None, **rest: object) -> object:
        if word and name:
            raise click.UsageError(f"write {word} or --name, not both")
        return command(*args, called=word or name or "", **rest)

    by_option = click.option("--name", metavar="NAME", help="The same, as an option.")
    by_place = click.argument("word", metavar=metavar, required=False)
    return cast("Command", by_place(by_option(wrapped)))


def wish_options(command: Command) -> Command:
    """Give a command what a new key of an HTTP API is to be, as one `ApiKeyWish`.

    What stands in its `like` is still what was written: an id or a name.
    """

    @wraps(command)
    def wrapped(
        *args: object,
        called: str,
        expires: timedelta | None,
        description: str,
        scopes: tuple[str, ...],
        like: str | None,
        **rest: object,
    ) -> object:
        wish = ApiKeyWish(
            name=called,
            description=description,
            lifetime=expires,
            scopes=scopes or None,
            like=KeyId(like) if like else None,
        )
        return command(*args, wish=wish, **rest)

    for option in (
        click.option(
            "--like",
            metavar="KEY",
            help="With --account: the key that it is to be able to do the same as, by id or name.",
        ),
        click.option(
            "--scope",
            "scopes",
            multiple=True,
            metavar="SCOPE",
            help="With --account: what it may do, in the API's words; may be repeated.",
        ),
        click.option(
            "--description", default="", metavar="TEXT", help="With --account: what it is for."
        ),
        click.option(
            "--expires",
            metavar="PERIOD",
            callback=length,
            help="With --account: when it expires, such as 90d; else as the account's `lifetime`.",
        ),
    ):
        wrapped = option(wrapped)
    return cast("Command", wrapped)


def ending_options(command: Command) -> Command:
    """Give a command how a key is to be ended, as one `Ending`."""

    @wraps(command)
    def wrapped(
        *args: object,
        now: bool,
        proves: bool,
        reason: str,
        yes: bool,
        urgent: Trigger,
        **rest: object,
    ) -> object:
        how = Ending(reason=reason, now=now, proves=proves, yes=yes, urgent=urgent)
        return command(*args, how=how, **rest)

    by_now = click.option(
        "--now",
        is_flag=True,
        help="Revoke a key that consumers are given: an outage, with --reason.",
    )
    by_proof = click.option(
        "--prove",
        "proves",
        is_flag=True,
        help="With --account: read the key from standard input, and wait until it is refused.",
    )
    by_reason = break_glass_option(optional_reason_option(yes_option(wrapped)))
    return cast("Command", by_now(by_proof(by_reason)))
