"""`rotator provider test`: a conformance run, its leave to run, and its report."""

from __future__ import annotations

import signal
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from rotator.cli.acting import Hand
from rotator.cli.api_place import choose_account, find_api_key, title
from rotator.cli.cipherstash_place import check_may_change
from rotator.cli.consent import ask
from rotator.cli.invocation import FAILED, WAITING
from rotator.cli.printing import print_folded, print_json
from rotator.cli.stopping import stop_on_signals
from rotator.core.durations import format_duration
from rotator.core.events import AuditAction
from rotator.errors import NotFoundError
from rotator.providers.http.conformance import Conformance
from rotator.providers.http.conformance_keys import leftovers
from rotator.providers.http.conformance_report import Outcome
from rotator.providers.http.conformance_stand import Wanted
from rotator.providers.http.powers import are_copied, must_have_scopes
from rotator.settings.http_params import can_expire
from rotator.settings.http_spec import load_spec
from rotator.wiring.trials import configured_stand, free_stand

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from pathlib import Path

    from rotator.cli.invocation import Invocation
    from rotator.cli.provider_given import Given
    from rotator.core.api_keys import ApiKey
    from rotator.core.events import Scalar
    from rotator.providers.http.conformance_report import Check, Left, Report
    from rotator.providers.http.conformance_stand import Stand
    from rotator.settings.http import HttpPlace

    Deed = AbstractContextManager[dict[str, Scalar]]
    """What writes down that something is done, and what comes of it."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NONCE: Final = 8
_MADE: Final = 2
_STYLES: Final = {Outcome.PASSED: "green", Outcome.FAILED: "bright_red"}
_WIDTH: Final = max(len(it.value) for it in Outcome)


def try_spec(
    invocation: Invocation, spec: Path | None, given: Given, *, yes: bool, as_json: bool
) -> None:
    """Try a spec on a live API, tell what was seen, and end the command with its verdict.

    Raises:
        click.UsageError: It was not said what to try, or said twice.
        ConfigError: The spec or what was given with it cannot be used.
    """
    if given.account:
        if given.says_where:
            why = "an account has all of it: leave --base-url, --param and --credential out"
            raise click.UsageError(why)
        place = choose_account(invocation.settings(), given.account)
        _check_same(place, spec)
    elif spec is None:
        raise click.UsageError("write a SPEC, or --account to take all from the configuration")
    else:
        place = given.place(load_spec(spec))
    _check_scopes(place, given)
    wanted = Wanted(lifetime=_lifetime(place, given), scopes=given.scopes)
    with (
        _entered(invocation, place, given, wanted) as entered,
        _written_down(invocation, place, given) as deed,
    ):
        listed = entered.keys.api_keys()
        stand = _like(entered, listed, given)
        old = leftovers(listed, stand.clock.now())
        headline = f"make two keys at {_host(place)}, try them, and end them"
        details = _details(place, stand, listed, old)
        ask(invocation, headline, details, yes=yes, as_json=as_json)
        # Only now: whoever says no has done nothing that could be written down.
        report = _run(invocation, stand, old, deed, as_json=as_json)
    try:
        _tell(invocation, place, given, report, as_json=as_json)
    except OSError:
        # Nobody reads it; a key that was left behind shows in the exit code all the same.
        if not report.left:
            raise
    if report.left:
        click.get_current_context().exit(WAITING)
    if not report.has_passed:
        click.get_current_context().exit(FAILED)


def _like(stand: Stand, listed: Sequence[ApiKey], given: Given) -> Stand:
    """Find the key that those of the run are to be like, if one was named."""
    if given.like is None:
        return stand
    account = given.account or "ACCOUNT"
    like = find_api_key(listed, given.like, shown_by=f"rotator keys list --account {account}")
    return replace(stand, wanted=replace(stand.wanted, like=like))


def _check_same(place: HttpPlace, spec: Path | None) -> None:
    """Refuse a file that is not the account's spec: another one would be tried than is meant."""
    if spec is not None and load_spec(spec).name != place.spec.name:
        why = f"account {title(place)} is of {place.spec.name}, and {spec} is another provider's"
        raise click.UsageError(why)


def _check_scopes(place: HttpPlace, given: Given) -> None:
    """Refuse a run that could make no key, before it asks anybody for anything."""
    if given.like is not None:
        return
    if given.scopes is None and must_have_scopes(place.spec):
        why = "every key of this spec is made with scopes"
        raise click.UsageError(f"{why}: add --scope, the least that a key may do, or --like KEY")
    if are_copied(place.spec):
        why = "every key of this spec is made to do what another one may"
        raise click.UsageError(f"{why}: add --like KEY, with one that may do little")


def _lifetime(place: HttpPlace, given: Given) -> timedelta | None:
    """Let keys end by themselves wherever they can: even a run that is killed leaves none."""
    from datetime import timedelta

    if given.lifetime or not can_expire(place.spec):
        return given.lifetime
    return place.section.lifetime or timedelta(days=2)


def _entered(
    invocation: Invocation, place: HttpPlace, given: Given, wanted: Wanted
) -> AbstractContextManager[Stand]:
    if given.account:
        return configured_stand(invocation.settings(), place.id, wanted)
    return free_stand(place, invocation.environ, wanted)


@contextmanager
def _written_down(invocation: Invocation, place: HttpPlace, given: Given) -> Iterator[Deed]:
    """Offer a record of the run, where there is a journal: keys are made and ended."""
    if not given.account:
        yield nullcontext({})
        return
    with invocation.app(read_only=True) as app:
        check_may_change(app, invocation.settings())
        hand = Hand(app=app, account=place.id, operator=invocation.operator, reason="")
        look = f"see what is listed: rotator keys list --account {place.id}"
        words = {"provider": place.spec.name}
        yield hand.does(AuditAction.OPERATOR_TEST_PROVIDER, look=look, **words)


def _run(
    invocation: Invocation, stand: Stand, old: Sequence[ApiKey], deed: Deed, *, as_json: bool
) -> Report:
    """Make the run; neither signals nor a screen that is gone keep it from its end."""

    def show(check: Check) -> None:
        try:
            _show(invocation, check, as_json=as_json)
        except OSError:
            stop.wish()

    with stop_on_signals(_SIGNALS) as stop, deed as told:
        stop.calls(_say_stopping)
        _end_leftovers(stand, old, told)
        run = Conformance(stand, _nonce(), must_stop=lambda: stop.is_wished, tell=show)
        report = run.run()
        told.update(_evidence(report))
    return report


def _say_stopping() -> None:
    with suppress(OSError):
        click.echo("stopping: the keys of this run are ended first", err=True)


def _end_leftovers(stand: Stand, old: Sequence[ApiKey], told: dict[str, Scalar]) -> None:
    told["left_over"] = " ".join(key.key_id for key in old) or None
    for key in old:
        with suppress(NotFoundError):
            stand.keys.revoke_api_key(key.key_id)


def _nonce() -> str:
    from rotator.telemetry.clock import SystemChance

    return SystemChance().new_id()[:_NONCE]


def _details(
    place: HttpPlace, stand: Stand, listed: Sequence[ApiKey], old: Sequence[ApiKey]
) -> list[tuple[str, str]]:
    ends = (
        f"they expire by themselves after {format_duration(stand.wanted.lifetime)}, too"
        if (stand.wanted.lifetime)
        else ""
    )
    names = (
        "rotator-test-..."
        if stand.has_names
        else (
            "none, for this API gives none: let nobody else make a key there meanwhile, for if an "
            "answer is lost, nobody can tell which key is ours; what appeared is named at the end"
        )
    )
    found = ", ".join(f"{key.name} ({key.key_id})" for key in old)
    return [
        ("provider", f"{place.spec.name}, {place.spec.title}"),
        ("names", names),
        ("end", ends),
        ("like", _like_whom(stand)),
        ("room", _room(place, len(listed) - len(old))),
        ("others", "no other key is touched"),
        ("waits", f"up to {format_duration(_patience(stand))} wherever the API takes its time"),
        ("left over", f"of earlier runs, which are ended, too: {found}" if old else ""),
    ]


def _like_whom(stand: Stand) -> str:
    like = stand.wanted.like
    return f"they may do what {like.name or 'the key'} ({like.key_id}) may" if like else ""


def _room(place: HttpPlace, there: int) -> str:
    """Say if the vendor allows no two keys more; where nothing tells, nothing."""
    most = place.spec.max_keys
    if place.spec.principal is None or most is None or there + _MADE <= most:
        return ""
    return (
        f"{there} of {most} keys are there, so the two that are needed cannot be made: end those "
        "that nobody needs, or try it where there are fewer"
    )


def _patience(stand: Stand) -> timedelta:
    told = stand.spec.propagation
    return stand.patience(max(told.create, told.revoke))


def _show(invocation: Invocation, check: Check, *, as_json: bool) -> None:
    """Show a check as soon as it was made; while machines read the answer, beside it."""
    word = check.outcome.value.ljust(_WIDTH)
    if check.outcome in _STYLES and invocation.is_terminal and not invocation.is_plain:
        word = click.style(word, fg=_STYLES[check.outcome])
    text = f"{check.what}: {check.seen}" if check.seen else check.what
    if as_json:
        return
    click.echo(word, nl=False)
    print_folded(invocation, "  ", text, hang=_WIDTH + 2)


def _tell(
    invocation: Invocation, place: HttpPlace, given: Given, report: Report, *, as_json: bool
) -> None:
    if as_json:
        print_json(_record(place, report))
        return
    click.echo()
    for left in report.left:
        print_folded(invocation, "left behind: ", _left(left), hang=4)
        print_folded(invocation, "  end it: ", _ending(place, given, left), hang=4)
    passed, failed = report.count(Outcome.PASSED), report.count(Outcome.FAILED)
    if report.was_stopped:
        click.echo(f"stopped: it shows nothing; {passed} passed before")
    elif report.has_passed:
        odd = report.count(Outcome.NOT_APPLICABLE)
        click.echo(f"passed: {passed} checks; {odd} not applicable")
        click.echo("the spec may say now:")
        click.echo(_evidence_lines(place, report))
    else:
        unmade = report.count(Outcome.NOT_REACHED)
        click.echo(f"failed: {failed} checks; {passed} passed, {unmade} not reached")


def _left(left: Left) -> str:
    return f"{left.key_id or 'a key'} {left.name}: {left.why}"


def _ending(place: HttpPlace, given: Given, left: Left) -> str:
    if given.account and left.key_id:
        return f"rotator keys revoke --account {place.id} {quote(left.key_id)}"
    if place.spec.principal is None:
        return "in the vendor's dashboard; or run this again in half an hour, which offers it"
    return "in the vendor's dashboard"


def _evidence_lines(place: HttpPlace, report: Report) -> str:
    passed = report.count(Outcome.PASSED)
    today = _today()
    return (
        "  evidence:\n"
        "    kind: live-server\n"
        f'    source: "{_host(place)}, {today}"\n'
        f'    note: "rotator provider test: {passed} checks passed"'
    )


def _today() -> str:
    from rotator.telemetry.clock import SystemClock

    return SystemClock().now().date().isoformat()


def _host(place: HttpPlace) -> str:
    return urlsplit(place.base_url).netloc


def _evidence(report: Report) -> dict[str, Scalar]:
    return {
        "passed": report.has_passed,
        "checks_passed": report.count(Outcome.PASSED),
        "checks_failed": report.count(Outcome.FAILED),
        "keys_made": " ".join(report.made) or None,
        "keys_left": " ".join(str(left.key_id or left.name) for left in report.left) or None,
    }


def _record(place: HttpPlace, report: Report) -> dict[str, object]:
    return {
        "provider": place.spec.name,
        "host": _host(place),
        "passed": report.has_passed,
        "stopped": report.was_stopped,
        "refusedAfterSeconds": report.refused_after,
        "checks": [
            {"what": it.what, "outcome": it.outcome.value, "seen": it.seen or None}
            for it in report.checks
        ],
        "leftBehind": [
            {"keyId": it.key_id, "name": it.name or None, "why": it.why} for it in report.left
        ],
    }
