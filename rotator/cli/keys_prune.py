"""`rotator keys prune`: ending the keys of an HTTP API that are unused or have expired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from rotator.cli.acting import INTERRUPTED
from rotator.cli.api_place import choose_account, title
from rotator.cli.cipherstash_place import check_may_change
from rotator.cli.consent import ask
from rotator.cli.invocation import FAILED
from rotator.cli.keys_api import key_cells, key_record
from rotator.cli.keys_api_acts import end_key
from rotator.cli.managed import managed
from rotator.cli.printing import print_json, print_lines, print_table
from rotator.core.pruning import judge
from rotator.core.rotation import Role
from rotator.errors import FatalError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.invocation import App, Invocation
    from rotator.cli.managed import Managed
    from rotator.core.api_keys import ApiKey
    from rotator.core.ids import KeyId
    from rotator.core.pruning import Chosen, Judgement
    from rotator.ports.api_keys import ApiKeys
    from rotator.settings.http import HttpPlace

_TITLES = ("Name", "Key ID", "Status", "Created At", "Last Used At", "Expires At", "What")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One key, and what becomes of it."""

    key: ApiKey
    kept: Managed | None
    judgement: Judgement


def prune_keys(
    invocation: Invocation,
    account: str,
    chosen: Chosen,
    *,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Say what becomes of every key, and end what was chosen with consent.

    Ends the command with exit code 1 if one could not be ended.
    """
    place = choose_account(invocation.settings(), account)
    with invocation.app(read_only=True) as app:
        check_may_change(app, invocation.settings())
        keys = app.api_keys(place.id)
        rows = _look(app, keys, place, chosen)
        if not as_json:
            _show(invocation, place, rows)
        ending = [row for row in rows if row.judgement.ends]
        failures: dict[KeyId, str] = {}
        if ending:
            headline = f"revoke {_count(len(ending))} of account {title(place)}, for good"
            then = "whoever has one is refused; nobody can make it work again"
            ask(invocation, headline, [("then", then)], yes=yes, as_json=as_json)
            failures = _end_all(invocation, app, place, ending, chosen, reason=reason)
    _report(place, rows, failures, as_json=as_json)
    if failures:
        click.get_current_context().exit(FAILED)


def _look(app: App, keys: ApiKeys, place: HttpPlace, chosen: Chosen) -> list[_Row]:
    """Judge every key as it is now; what cannot be read ends nothing."""
    own = keys.own_key()
    known = managed(app.journal, place.spec.name, place.id)
    now = app.clock.now()
    rows = []
    for key in keys.api_keys():
        kept = known.get(key.key_id)
        spared = _spared(key, kept, own)
        judgement = judge(key, chosen, now, spared=spared)
        rows.append(_Row(key=key, kept=kept, judgement=judgement))
    return rows


def _spared(key: ApiKey, kept: Managed | None, own: KeyId | None) -> str:
    if key.key_id == own:
        return "rotator is admitted by it"
    if kept is not None and kept.role is not Role.FOREIGN:
        return f"managed: {kept.role.value} of {kept.credential.principal.name}"
    return ""


def _end_all(
    invocation: Invocation,
    app: App,
    place: HttpPlace,
    ending: Sequence[_Row],
    chosen: Chosen,
    *,
    reason: str,
) -> dict[KeyId, str]:
    """End keys, each with its own record; return what could not be ended, and why."""
    keys = app.api_keys(place.id)
    # Somebody may have used one while the question was thought about.
    now = {row.key.key_id: row.judgement for row in _look(app, keys, place, chosen)}
    failures = {}
    for row in ending:
        key = row.key.key_id
        if key in now and now[key].ends:
            trouble = _end(invocation, app, keys, place, row, reason=reason)
        else:
            trouble = f"meanwhile {now[key].why}" if key in now else "it is gone meanwhile"
        if trouble:
            failures[key] = trouble
    return failures


def _end(
    invocation: Invocation,
    app: App,
    keys: ApiKeys,
    place: HttpPlace,
    row: _Row,
    *,
    reason: str,
) -> str:
    """End one key; say what went wrong, for the trouble with one must not spare the others."""
    why = "; ".join(filter(None, (row.judgement.why, reason)))
    try:
        end_key(invocation, app, keys, place, row.key, reason=why)
    except FatalError:
        raise
    except RotatorError as error:
        if error.code == INTERRUPTED:
            raise
        return error.diagnostics()
    return ""


def _show(invocation: Invocation, place: HttpPlace, rows: Sequence[_Row]) -> None:
    if rows:
        print_table(invocation, _TITLES, [_cells(row) for row in rows])
    else:
        click.echo(f"account {title(place)} has no keys")


def _report(
    place: HttpPlace, rows: Sequence[_Row], failures: dict[KeyId, str], *, as_json: bool
) -> None:
    if as_json:
        print_json([_record(place, row, failures) for row in rows])
        return
    for key, trouble in failures.items():
        print_lines(f"not revoked: {key}: {trouble}", err=True)
    ended = sum(row.judgement.ends for row in rows) - len(failures)
    click.echo(f"revoked: {ended}; left alone: {len(rows) - ended}")


def _count(number: int) -> str:
    return "1 key" if number == 1 else f"{number} keys"


def _cells(row: _Row) -> tuple[str, ...]:
    verdict = "revoke" if row.judgement.ends else "keep"
    return (*key_cells(row.key), f"{verdict}: {row.judgement.why}")


def _record(place: HttpPlace, row: _Row, failures: dict[KeyId, str]) -> dict[str, object]:
    trouble = failures.get(row.key.key_id)
    return key_record(place, row.key, row.kept) | {
        "why": row.judgement.why,
        "revoked": row.judgement.ends and trouble is None,
        "trouble": trouble,
    }
