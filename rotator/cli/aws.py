"""`rotator aws`: what AWS must allow the daemon, as documents to paste."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.printing import print_fields, print_json
from rotator.core.permissions import FEATURES, OPTIONAL, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotator.cli.invocation import Invocation
    from rotator.core.ids import AccountId
    from rotator.settings.settings import Settings

Command = TypeVar("Command", bound="Callable[..., Any]")

_ARN = r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/.+"
_ANY_ARN = r"arn:aws[a-z-]*:iam::(\d{12}|\*):(role|user)/.+"


def _feature_options(command: Command) -> Command:
    choice = click.Choice(in_order(OPTIONAL))
    for option in (
        click.option("--without", multiple=True, type=choice, help="Leave a feature out."),
        click.option("--with", "extra", multiple=True, type=choice, help="Add a feature."),
    ):
        command = option(command)
    return command


def _kms_option(command: Command) -> Command:
    return click.option(
        "--kms-key",
        "kms_keys",
        multiple=True,
        metavar="ARN",
        callback=_checked(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+", "a KMS key's ARN"),
        help="A key of yours that encrypts secrets; may be repeated.",
    )(command)


def _checked(pattern: str, what: str) -> Callable[..., Any]:
    """Make a callback that lets only such texts pass."""

    def check(_: click.Context, __: click.Parameter, value: Any) -> Any:  # noqa: ANN401 - click's own
        import re

        given = value if isinstance(value, tuple) else (value,)
        for text in given:
            if text and not re.fullmatch(pattern, text):
                msg = f"`{text}` is not {what}"
                raise click.BadParameter(msg)
        return value

    return check


@click.group(epilog=examples("rotator aws features", "rotator aws policy member"))
def aws() -> None:
    """Work out what AWS must allow. Nothing is sent to AWS."""


@aws.command(epilog=examples("rotator aws features", "rotator aws features --json"))
@click.option("--account", metavar="ID", help="The account; needed if there are several.")
@_feature_options
@json_option
@common_options
@pass_invocation
def features(
    invocation: Invocation,
    *,
    account: str | None,
    extra: tuple[str, ...],
    without: tuple[str, ...],
    as_json: bool,
) -> None:
    """List the features, the actions each needs, and what stops without them."""
    from rotator.settings.permissions import permission_grants

    settings = invocation.settings()
    number = _account(settings, account)
    asked = permission_grants(settings, number, extra=extra, without=without)
    records = [
        {
            "feature": feature.name,
            "actions": [a for grant in asked if grant.feature == feature.name for a in grant.names],
            "for": feature.why,
            "withoutIt": feature.without,
        }
        for feature in FEATURES
    ]
    if as_json:
        print_json(records)
        return
    for record in records:
        _tell(invocation, record)


def _tell(invocation: Invocation, record: dict[str, Any]) -> None:
    """Print one feature as a paragraph: its actions are too many for a column."""
    is_on = bool(record["actions"])
    name = record["feature"]
    is_bold = invocation.is_terminal and not invocation.is_plain and is_on
    click.echo(
        click.style(name, bold=True) if is_bold else name + ("" if is_on else "  (not used)")
    )
    lines = (("actions", ", ".join(record["actions"])), ("for", record["for"]))
    print_fields(invocation, (*lines, ("without it", record["withoutIt"])), indent="  ")


@aws.group(
    epilog=examples(
        "rotator aws policy hub",
        "rotator aws policy member --account 111122223333",
        "rotator aws policy trust --hub arn:aws:iam::444455556666:role/rotator-hub",
        "rotator aws policy scp --role arn:aws:iam::111122223333:role/rotator",
    )
)
def policy() -> None:
    """Print least-privilege policy documents for this configuration and policy file.

    Each feature has statements of its own, and only what is switched on is in
    them. Users and secrets are scoped as the rules select and name them.
    """


@policy.command(epilog=examples("rotator aws policy hub > hub.json"))
@_feature_options
@_kms_option
@click.option(
    "--identity",
    metavar="ARN",
    default="",
    callback=_checked(_ARN, "a role's or user's ARN"),
    help="The hub's own role or user, to be allowed to check itself.",
)
@common_options
@pass_invocation
def hub(
    invocation: Invocation,
    *,
    extra: tuple[str, ...],
    without: tuple[str, ...],
    kms_keys: tuple[str, ...],
    identity: str,
) -> None:
    """Print what the identity needs that the daemon runs as.

    It assumes the role of each account that has one. An account without a role is
    worked on by this identity itself, and so its statements are here, too.
    """
    from rotator.clients.aws_policies import hub as make

    settings = invocation.settings()
    roles = [item.role_arn for item in settings.aws.accounts if item.role_arn]
    own = [
        statement
        for item in settings.aws.accounts
        if not item.role_arn
        for statement in _statements(settings, item.id, extra, without, kms_keys, identity)
    ]
    _print(make(roles, own))


@policy.command(epilog=examples("rotator aws policy member --account 111122223333"))
@click.option("--account", metavar="ID", help="The account; needed if there are several.")
@_feature_options
@_kms_option
@common_options
@pass_invocation
def member(
    invocation: Invocation,
    *,
    account: str | None,
    extra: tuple[str, ...],
    without: tuple[str, ...],
    kms_keys: tuple[str, ...],
) -> None:
    """Print what the role in an account needs."""
    from rotator.clients.aws_policies import documents

    settings = invocation.settings()
    number = _account(settings, account)
    _print(documents(_statements(settings, number, extra, without, kms_keys, "")))


@policy.command(
    epilog=examples(
        "rotator aws policy trust --hub arn:aws:iam::444455556666:role/rotator-hub",
        "rotator aws policy trust --hub arn:aws:iam::444455556666:role/rotator-hub --org o-abc123",
    )
)
@click.option(
    "--hub",
    "hub_arn",
    required=True,
    metavar="ARN",
    callback=_checked(_ARN, "a role's or user's ARN"),
    help="The identity that the daemon runs as.",
)
@click.option("--org", metavar="ID", default="", help="Only from within this organization.")
@common_options
def trust(*, hub_arn: str, org: str) -> None:
    """Print the trust policy of a member role: who may assume it."""
    from rotator.clients.aws_policies import trust as make

    _print((make(hub_arn, org),))


@policy.command(
    epilog=examples(
        "rotator aws policy scp --role arn:aws:iam::111122223333:role/rotator",
        "rotator aws policy scp --role arn:aws:iam::*:role/rotator "
        "--except arn:aws:iam::*:role/break-glass",
    )
)
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    metavar="ARN",
    callback=_checked(_ANY_ARN, "a role's or user's ARN"),
    help="The daemon's role; may be repeated, and `*` may stand for any account.",
)
@click.option(
    "--except",
    "exempt",
    multiple=True,
    metavar="ARN",
    callback=_checked(_ANY_ARN, "a role's or user's ARN"),
    help="A role for emergencies, or one that sets the tags; may be repeated.",
)
@common_options
@pass_invocation
def scp(invocation: Invocation, *, roles: tuple[str, ...], exempt: tuple[str, ...]) -> None:
    """Print a service control policy that keeps everybody else's hands off.

    Others may neither make, switch nor delete keys of users whom rules rotate or who
    are tagged `rotator:managed`, nor write secrets that are tagged so, nor set or
    take the tags `rotator:managed` and `rotator:owner`.
    """
    from rotator.clients.aws_grants import guarded
    from rotator.clients.aws_policies import scp as make

    settings, region = invocation.settings(), invocation.settings().aws.region
    prefixes = tuple(settings.aws.path_prefixes)
    users, tagged = guarded(settings.policy, region=region, path_prefixes=prefixes)
    _print(make(users, tagged, [*roles, *exempt], region=region))


def _statements(
    settings: Settings,
    account: str,
    extra: Sequence[str],
    without: Sequence[str],
    kms_keys: Sequence[str],
    identity: str,
) -> Sequence[dict[str, Any]]:
    from rotator.clients.aws_policies import member as make
    from rotator.core.ids import AccountId
    from rotator.settings.permissions import permission_grants, permission_land

    number = AccountId(account)
    asked = permission_grants(settings, number, extra=extra, without=without)
    return make(permission_land(settings, number, identity), asked, kms_keys)


def _account(settings: Settings, account: str | None) -> AccountId:
    from rotator.core.ids import AccountId

    known = [item.id for item in settings.aws.accounts]
    if account is None and len(known) == 1:
        return AccountId(known[0])
    if account is None:
        raise click.UsageError(f"there are several accounts: {', '.join(known)}; add --account")
    if account not in known:
        raise click.UsageError(f"no account {account} is in AWS; known are {', '.join(known)}")
    return AccountId(account)


def _print(made: Sequence[dict[str, Any]]) -> None:
    """Print documents; what AWS takes in parts only is said on standard error."""
    for document in made:
        click.echo(json.dumps(document, indent=2))
    if len(made) > 1:
        click.echo(
            f"{len(made)} documents: together they are larger than AWS takes in one policy; "
            "attach each of them",
            err=True,
        )
