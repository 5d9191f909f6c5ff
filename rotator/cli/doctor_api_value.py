"""`rotator doctor value --account`: what is wrong with a key of an HTTP API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from rotator.cli.api_place import choose_account, find_api_key, listing, title
from rotator.cli.doctor_value import print_faults
from rotator.cli.invocation import FAILED
from rotator.cli.keys_api import key_record, last_use, status
from rotator.cli.printing import NOTHING, clean, print_fields, print_json, when
from rotator.cli.refusing import read_value
from rotator.core.doctor_api_value import Finding, KeyForm, examine, listed_faults
from rotator.core.secret import Secret
from rotator.core.value_wrapping import ValueFault
from rotator.errors import NotFoundError
from rotator.ports.provider import Verdict
from rotator.providers.http.spec import SecretForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import Invocation
    from rotator.core.api_keys import ApiKey
    from rotator.ports.api_keys import ApiKeys
    from rotator.settings.http import HttpPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about a value.

    Attributes:
        word: Id or name of the key that it is to be; None if nobody says it.
        does_try: Whether it is sent to the API, if nothing is wrong with its text.
    """

    word: str | None = None
    does_try: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What was found out.

    Attributes:
        key: The key that it is to be, as it is listed; None if it was not asked for.
        verdict: What the API said; None if it was not sent.
    """

    finding: Finding
    key: ApiKey | None = None
    verdict: Verdict | None = None


def check(invocation: Invocation, account: str, question: Question, *, as_json: bool) -> None:
    """Read a value, say what is wrong with it, and end the command with 1 if something is."""
    place = choose_account(invocation.settings(), account)
    data = read_value(invocation)
    answer = _Answer(finding=examine(data, _form(place)))
    if question.word or (question.does_try and not answer.finding.faults):
        answer = _asked(invocation, place, question, answer.finding, data)
    if as_json:
        print_json(_record(place, answer))
    else:
        _tell(invocation, place, question, answer)
    if answer.finding.faults:
        click.get_current_context().exit(FAILED)


def _form(place: HttpPlace) -> KeyForm:
    form = place.spec.secret_form
    usual = SecretForm()
    return KeyForm(
        prefix=form.prefix,
        length=form.length,
        min_length=form.min_length,
        # The usual alphabet is for keys that we choose; it says nothing of the vendor's.
        alphabet="" if form.alphabet == usual.alphabet else form.alphabet,
    )


def _asked(
    invocation: Invocation, place: HttpPlace, question: Question, finding: Finding, data: bytes
) -> _Answer:
    """Ask the API what it tells of the key, and whether it lets the value in."""
    with invocation.app(read_only=True) as app:
        keys = app.api_keys(place.id)
        key = _listed(keys, place, question.word) if question.word else None
        faults = [*finding.faults]
        if question.word:
            faults.extend(listed_faults(key, app.clock.now()))
        verdict = None
        if question.does_try and not finding.faults:
            secret = Secret(data.decode().removesuffix("\n"))
            verdict = keys.try_api_key(secret, key.key_id if key else None)
            faults.extend(_refused(place, verdict))
    told = Finding(faults=tuple(faults), notes=finding.notes)
    return _Answer(finding=told, key=key, verdict=verdict)


def _listed(keys: ApiKeys, place: HttpPlace, word: str) -> ApiKey | None:
    try:
        return find_api_key(keys.api_keys(), word, shown_by=listing(place))
    except NotFoundError:
        return None


def _refused(place: HttpPlace, verdict: Verdict) -> Iterator[ValueFault]:
    if verdict is Verdict.NOT_YET:
        remedy = (
            "it may be revoked, expired, or mistyped: look for it with "
            f"`{listing(place)}`, and copy it again"
        )
        yield ValueFault(code="refused", problem=f"is refused at {title(place)}", remedy=remedy)
    elif verdict is not Verdict.ACCEPTED:
        problem = "is let in, and is not the key that it is to be"
        remedy = "look whether two variables were swapped"
        yield ValueFault(code="other_key", problem=problem, remedy=remedy)


def _tell(invocation: Invocation, place: HttpPlace, question: Question, answer: _Answer) -> None:
    key = answer.key
    fields = [
        ("it is to be", f"a key of account {title(place)}, {place.spec.title}"),
        ("key", f"{key.key_id} {key.name}".strip() if key else ""),
        ("status", status(key) if key else ""),
        ("expires", when(key.expires_at) if key else ""),
        ("scopes", " ".join(key.scopes) if key and key.scopes else NOTHING),
        ("last used", last_use(key) if key else ""),
        ("sent", _sent(question, answer)),
    ]
    print_fields(invocation, [(name, clean(text)) for name, text in fields])
    print_faults(invocation, answer.finding.faults, answer.finding.notes)


def _sent(question: Question, answer: _Answer) -> str:
    if not question.does_try:
        return "no; only its text was looked at"
    if answer.verdict is None:
        return "no, for something is wrong with its text"
    return "yes" if answer.verdict is Verdict.NOT_YET else "yes; the API counts that as a use"


def _record(place: HttpPlace, answer: _Answer) -> dict[str, object]:
    finding = answer.finding
    return {
        "account": place.id,
        "isValid": not finding.faults,
        "faults": [
            {"code": it.code, "problem": it.problem, "remedy": it.remedy} for it in finding.faults
        ],
        "notes": list(finding.notes),
        "verdict": answer.verdict.value if answer.verdict else None,
        "key": key_record(place, answer.key, None) if answer.key else None,
    }
