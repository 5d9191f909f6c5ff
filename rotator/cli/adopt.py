"""`rotator adopt`: which keys can be managed, and managing them."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from rotator.cli.adopt_views import (
    NARROW_TITLES,
    OBJECT_TITLES,
    TITLES,
    narrow_lines,
    object_cells,
    pasted,
    record,
    wide_lines,
)
from rotator.cli.consent import ask, yes_option
from rotator.cli.finding import configured_account, need_journal
from rotator.cli.invocation import (
    FAILED,
    WAITING,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import print_folded, print_json, print_lines, print_table, without_same
from rotator.core.adoption import OF_OBJECTS, Verdict
from rotator.core.adoption_rules import before, rules_to_paste
from rotator.core.policy import Account
from rotator.errors import NotFoundError, PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.invocation import App, Invocation
    from rotator.core.adoption import AdoptionRow
    from rotator.core.ids import Instant, KeyId
    from rotator.core.policy import Rule

_DOES = (
    "the journal learns which key consumers read, and the audit log who said so. No key is made "
    "and nothing changes in the account; the secret gets its owner tag at the first rotation"
)

_FINE = frozenset({Verdict.MANAGED, Verdict.ADOPTABLE})


@click.command(
    epilog=examples(
        "rotator adopt --plan",
        "rotator adopt --plan --account 111122223333",
        "rotator adopt svc-billing svc-checkout",
        "rotator adopt --yes",
    )
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--plan", "is_plan", is_flag=True, help="Show what could be adopted; change nothing.")
@click.option("--account", metavar="ID_OR_NAME", help="Look at one account or workspace only.")
@yes_option
@json_option
@common_options
@pass_invocation
@click.pass_context
def adopt(
    context: click.Context,
    invocation: Invocation,
    *,
    names: tuple[str, ...],
    is_plan: bool,
    account: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Take keys under management that policy maps and a secret carries.

    With --plan every user is shown: its keys, the secrets that hold them, what would
    be managed, what is only reported and why, and the policy rules to paste for the
    rest. Every secret that may be read is searched for key ids.

    Without NAME everything that can be adopted is. Exits with 3 if something waits
    for a person, and with 1 if an account could not be looked at.
    """
    number = configured_account(invocation.settings(), account) if account else None
    with invocation.app(read_only=True) as app:
        if not is_plan:
            need_journal(app)
        found = app.adoption(number)
        chosen, is_done = _chosen(found, names), True
        if is_plan:
            _show(invocation, found, chosen, now=app.clock.now(), as_json=as_json)
        else:
            unfit = [row for row in chosen if names and row.verdict not in _FINE]
            is_done = _adopt(invocation, app, chosen, yes=yes, as_json=as_json) and not unfit
            for row in unfit:
                print_lines(f"not adopted: {row.name}: {row.finding.why}", err=True)
    unseen = _unseen(found)
    for line in unseen:
        print_lines(f"error: {line}", err=True)
    if unseen or not is_done:
        context.exit(FAILED)
    if any(row.is_waiting for row in chosen):
        context.exit(WAITING)


def _chosen(rows: Sequence[AdoptionRow], names: Sequence[str]) -> Sequence[AdoptionRow]:
    """Keep the rows of the named principals; all without a name.

    Raises:
        NotFoundError: There is no principal of a name.
    """
    known = {row.name for row in rows if row.principal}
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "see `rotator adopt --plan`"
            raise NotFoundError("there is no such principal", subject=name, hint=hint)
    return [row for row in rows if not names or (row.principal and row.name in names)]


def _unseen(rows: Sequence[AdoptionRow]) -> list[str]:
    """Name the accounts of which nobody is seen for something could not be read; not "nobody".

    An account may have several providers, of which one can be read.
    """
    unlisted = {row.account for row in rows if row.is_unlisted}
    seen = {row.account for row in rows if row.verdict not in OF_OBJECTS}
    closed = {
        row.account: row.finding.why
        for row in reversed(rows)
        if row.verdict is Verdict.UNREADABLE and row.account not in seen - unlisted
    }
    return [
        f"{'not everybody' if account in seen else 'nobody'} is seen in account {account}: {why}"
        for account, why in closed.items()
    ]


def _show(
    invocation: Invocation,
    found: Sequence[AdoptionRow],
    chosen: Sequence[AdoptionRow],
    *,
    now: Instant,
    as_json: bool,
) -> None:
    """Show what was found; rules are drafted from all of it, for they must not select too much."""
    policy = invocation.settings().policy
    rules = [rule for rule in rules_to_paste(found, policy) if _serves(rule, chosen)]
    if as_json:
        print_json(record(chosen, rules, now))
        return
    principals = [row for row in chosen if row.verdict not in OF_OBJECTS]
    objects = [object_cells(row) for row in chosen if row.verdict in OF_OBJECTS]
    _print_principals(invocation, principals, now)
    if objects:
        click.echo()
        print_table(invocation, OBJECT_TITLES, objects)
    if rules:
        top = before(policy)
        where = f", above `{top}`" if top else ", at the end"
        click.echo(f"\npaste into `rules:` of {invocation.settings().policy_file}{where}:\n")
        click.echo(pasted(rules))
    click.echo()
    print_folded(invocation, "", _counted(principals))


def _print_principals(invocation: Invocation, rows: Sequence[AdoptionRow], now: Instant) -> None:
    """Print everything, or on a terminal what fits there."""
    show = narrow_lines if invocation.is_terminal else wide_lines
    cells = [cells for row in rows for cells in show(row, now)]
    if not cells:
        return
    lines = without_same([NARROW_TITLES if invocation.is_terminal else TITLES, *cells], "Provider")
    titles, *shown = without_same(lines, "Account") if invocation.is_terminal else lines
    print_table(invocation, titles, shown)


def _serves(rule: Rule, rows: Sequence[AdoptionRow]) -> bool:
    return any(
        row.principal is not None
        and row.finding.destination is not None
        and rule.match.covers(row.principal, Account(id=row.account))
        for row in rows
    )


def _counted(rows: Sequence[AdoptionRow]) -> str:
    counts = Counter(row.verdict for row in rows)
    told = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]]
    return f"{_number(len(rows), 'principal')}: {', '.join(told) or 'none was found'}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _adopt(
    invocation: Invocation,
    app: App,
    rows: Sequence[AdoptionRow],
    *,
    yes: bool,
    as_json: bool,
) -> bool:
    """Adopt what can be; say whether all of it was."""
    ready = [row for row in rows if row.verdict is Verdict.ADOPTABLE]
    done: list[dict[str, object]] = []
    if ready:
        details = [(_called(row, ready), row.finding.why) for row in ready]
        headline = f"adopt {_number(len(ready), 'key')}: {_DOES}"
        ask(invocation, headline, details, yes=yes, as_json=as_json)
        done = [_one(invocation, app, row) for row in ready]
    if as_json:
        print_json(done)
    else:
        for line in done:
            print_lines(_told(line))
        click.echo(_rest(rows, len(ready)))
    return not any(line["error"] for line in done)


def _called(row: AdoptionRow, rows: Sequence[AdoptionRow]) -> str:
    """Name a principal, with its provider where another one has its name."""
    is_one = sum(other.name == row.name for other in rows) == 1
    return row.name if is_one else f"{row.name} ({row.provider})"


def _one(invocation: Invocation, app: App, row: AdoptionRow) -> dict[str, object]:
    """Adopt one key; what hinders it hinders no other."""
    key: KeyId | None = None
    error = ""
    try:
        key = app.adopt(row, operator=invocation.operator)
    except (PermanentError, TransientError) as refused:
        error = refused.diagnostics()
    return {
        "name": row.name,
        "account": row.account,
        "provider": row.provider,
        "keyId": key,
        "error": error,
    }


def _told(line: dict[str, object]) -> str:
    if line["error"]:
        return f"not adopted: {line['error']}"
    if line["keyId"] is None:
        return f"managed already: {line['name']} in account {line['account']}"
    return f"adopted: {line['keyId']} of {line['name']} in account {line['account']}"


def _rest(rows: Sequence[AdoptionRow], ready: int) -> str:
    managed = sum(row.verdict is Verdict.MANAGED for row in rows)
    waiting = sum(row.is_waiting for row in rows)
    told = [] if ready else ["nothing to adopt"]
    told += [f"{managed} managed already"] if managed else []
    told += [f"{waiting} wait for a person: rotator adopt --plan"] if waiting else []
    return "; ".join(told) or "everything that can be adopted is"
