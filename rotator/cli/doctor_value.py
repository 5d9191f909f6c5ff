"""`rotator doctor value`: what one value is, read from standard input and never echoed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import FAILED
from rotator.cli.printing import clean, print_fields, print_folded, print_json, print_table
from rotator.cli.refusing import read_value
from rotator.core.cipherstash_forms import Crn
from rotator.core.doctor_value import Kind, examine
from rotator.core.secret import Secret
from rotator.core.value_wrapping import ValueFault
from rotator.errors import AccessDeniedError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Invocation
    from rotator.core.doctor_value import Diagnosis
    from rotator.core.ids import AccountId
    from rotator.core.workspace import AccessRole, Admitted

_TITLES = ("It", "What to do")
_REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about a value.

    Attributes:
        kind: What it is to be; None takes it as what it looks like.
        does_try: Whether it is sent to the service, if nothing is wrong with it.
        role: The role that the key is to have; None takes any.
    """

    kind: Kind | None = None
    does_try: bool = False
    role: AccessRole | None = None


def check(invocation: Invocation, wanted: Wanted, question: Question) -> None:
    """Read a value, say what it is, and end the command with 1 if something is wrong.

    Raises:
        click.UsageError: It is to be tried, and is no access key; or it is to have a
            role, and is not to be tried.
    """
    if question.role is not None and not question.does_try:
        raise click.UsageError("only the service tells a key's role: add --try")
    data = read_value(invocation)
    found = examine(data, wanted=question.kind)
    if found.kind is Kind.CRN and found.is_valid:
        found = _compared(invocation, wanted, question, data)
    admitted = None
    if question.does_try and found.is_valid:
        found, admitted = _tried(invocation, wanted, question, found, data)
    if wanted.as_json:
        print_json(_record(found, admitted))
    else:
        _tell(invocation, question, found, admitted)
    if not found.is_valid:
        click.get_current_context().exit(FAILED)


def _compared(invocation: Invocation, wanted: Wanted, question: Question, data: bytes) -> Diagnosis:
    """Compare a CRN with the configured workspaces, or with the one that is named."""
    try:
        settings = invocation.settings()
    except ConfigError:
        if wanted.is_named:
            raise
        found = examine(data, wanted=question.kind)
        note = "it was compared with no workspace: no configuration could be read"
        return replace(found, notes=(*found.notes, note))
    places = [wanted.place(invocation)] if wanted.is_named else settings.workspaces
    known = [Crn(region=it.region, workspace=it.id) for it in places]
    return examine(data, wanted=question.kind, workspaces=known)


def _tried(
    invocation: Invocation, wanted: Wanted, question: Question, found: Diagnosis, data: bytes
) -> tuple[Diagnosis, Admitted | None]:
    """Exchange an access key for a token, and judge what that shows."""
    if found.kind is not Kind.ACCESS_KEY:
        raise click.UsageError(f"only an access key can be tried alone; this is {found.what}")
    place = wanted.place(invocation)
    with invocation.app(read_only=True) as app:
        try:
            admitted = app.workspace(place.id).try_access_key(
                Secret(data.decode().removesuffix("\n"))
            )
        except AccessDeniedError:
            return replace(found, faults=(_refused(place.id),)), None
    return replace(found, faults=tuple(_wrong(admitted, place.id, question))), admitted


def _refused(workspace: AccountId) -> ValueFault:
    return ValueFault(
        code=_REFUSED,
        problem=f"is refused where workspace {workspace} is entered",
        remedy="it may be revoked, cut, or of another region: look for its id with `rotator keys "
        f"list --workspace {workspace}`",
    )


def _wrong(admitted: Admitted, workspace: AccountId, question: Question) -> list[ValueFault]:
    faults = []
    if admitted.workspace != workspace:
        problem = f"opens workspace {admitted.workspace}, and not {workspace}"
        remedy = "take a key of the workspace that is meant, or name this one by --workspace"
        faults.append(ValueFault(code="other_workspace", problem=problem, remedy=remedy))
    if question.role is not None and admitted.role is not question.role:
        told = f"role {admitted.role.value}" if admitted.role else "a role that nobody tells"
        problem = f"has {told}, and not {question.role.value}"
        remedy = f"make another one: rotator keys create --name NAME --role {question.role.value}"
        faults.append(ValueFault(code="other_role", problem=problem, remedy=remedy))
    return faults


def _tell(
    invocation: Invocation, question: Question, found: Diagnosis, admitted: Admitted | None
) -> None:
    fields = [
        ("it is", found.what),
        ("key id", found.key_id or ""),
        ("workspace", admitted.workspace if admitted else ""),
        ("role", admitted.role.value if admitted and admitted.role else ""),
        ("sent", _sent(question, found, admitted)),
    ]
    print_fields(invocation, [(name, clean(text)) for name, text in fields])
    print_faults(invocation, found.faults, found.notes)


def print_faults(
    invocation: Invocation, faults: Sequence[ValueFault], notes: Sequence[str]
) -> None:
    """Print what is wrong with a value, or that nothing is."""
    for note in notes:
        print_folded(invocation, "note: ", note)
    if not faults:
        click.echo("nothing is wrong with it")
        return
    click.echo()
    print_table(invocation, _TITLES, [(it.problem, it.remedy) for it in faults])


def _sent(question: Question, found: Diagnosis, admitted: Admitted | None) -> str:
    if not question.does_try:
        return "no; only its text was looked at"
    if admitted is not None:
        return "yes; the service counts that as a use of it"
    is_refused = any(it.code == _REFUSED for it in found.faults)
    return "yes" if is_refused else "no, for something is wrong with its text"


def _record(found: Diagnosis, admitted: Admitted | None) -> dict[str, object]:
    tried = None
    if admitted is not None:
        role = admitted.role.value if admitted.role else None
        tried = {"workspace": admitted.workspace, "role": role}
    return {
        "kind": found.kind.value,
        "what": found.what,
        "keyId": found.key_id,
        "isValid": found.is_valid,
        "faults": [
            {"code": it.code, "problem": it.problem, "remedy": it.remedy} for it in found.faults
        ],
        "notes": list(found.notes),
        "admitted": tried,
    }
