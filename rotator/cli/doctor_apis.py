"""`rotator doctor` about accounts of HTTP APIs: are we let in, and may we do our work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rotator.cli.api_place import choose_account
from rotator.cli.doctor_lines import Line, cells, off, record
from rotator.cli.invocation import WAITING
from rotator.cli.printing import print_json, print_table
from rotator.core.permissions import State
from rotator.errors import FatalError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.cli.invocation import App, Invocation
    from rotator.settings.http import HttpPlace
    from rotator.settings.settings import Settings

_TITLES: Final = ("Account", "What", "State", "What that means")
_NO_KEYS: Final = "no key of the account is seen or rotated"


def check_account(invocation: Invocation, account: str, *, as_json: bool) -> None:
    """Check whether an account lets us do our work, and print it.

    Ends the command with exit code 3 if it does not.
    """
    place = choose_account(invocation.settings(), account)
    with invocation.app(read_only=True) as app:
        lines = tuple(_of_account(app, place))
    if as_json:
        print_json([record(line) for line in lines])
    else:
        print_table(invocation, _TITLES, [cells(line) for line in lines])
    if any(line.state is State.OFF for line in lines):
        click.get_current_context().exit(WAITING)


def api_lines(app: App, settings: Settings) -> Iterator[Line]:
    """Check every configured account; the trouble of one hides no other's."""
    for place in settings.http_accounts:
        yield from _of_account(app, place)


def _of_account(app: App, place: HttpPlace) -> Iterator[Line]:
    keys = app.api_keys(place.id)
    admission = _tried("admission", place, keys.check_admission)
    yield admission
    if admission.state is State.OK:
        yield _tried("listing", place, keys.api_keys)
        yield _tried("own key", place, keys.own_key)


def _tried(what: str, place: HttpPlace, read: Callable[[], object]) -> Line:
    """Make a reading call, and say what came of it."""
    try:
        read()
    except FatalError:
        raise
    except RotatorError as error:
        return off(what, error.diagnostics(), _NO_KEYS, account=place.id)
    return Line(what=what, state=State.OK, account=place.id)
