"""A compliance report as a document: titles, sentences and tables, whatever form it gets.

Nothing of the present is in it: no time of making, no release.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.cli.printing import NOTHING, clean, span, when
from rotator.core.compliance import FRESH_FOR, UNUSED_AFTER, Part, Status
from rotator.core.controls import CONTROLS
from rotator.core.forms import AWS_IAM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rotator.core.attestation import Attestation
    from rotator.core.compliance import Line, Report
    from rotator.core.controls import Control

TITLE: Final = "Access key compliance"

WORDS: Final[Mapping[Status, str]] = {
    Status.COMPLIANT: "compliant",
    Status.BREACH: "breach",
    Status.UNKNOWN: "unknown",
    Status.REPORTED: "reported only",
    Status.FINDING: "finding",
    Status.EXPLAINED: "explained",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under their titles; every cell is a text that other people may have written."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section.

    Attributes:
        anchor: A word for links to it.
        intro: What it shows, in a sentence or two.
        table: Its lines; None where it has none.
        empty: What to say instead of a table.
    """

    anchor: str
    title: str
    intro: str
    table: Table | None = None
    empty: str = "None."


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report, ready to be set.

    Attributes:
        grounds: What it rests on, as names and values.
        summary: The counts, as names and values.
    """

    title: str
    lead: str
    grounds: tuple[tuple[str, str], ...]
    summary: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


Cell = tuple[str, "Callable[[Line], str]"]

_STATUS: Final[Cell] = ("Status", lambda line: WORDS[line.status])
_NAME: Final[Cell] = ("Principal", lambda line: line.principal or NOTHING)
_PROVIDER: Final[Cell] = ("Provider", lambda line: line.provider)
_KEY: Final[Cell] = ("Key", lambda line: line.key_id or NOTHING)
_ROLE: Final[Cell] = ("Role", lambda line: line.role or NOTHING)
_AGE: Final[Cell] = ("Age", lambda line: span(line.age))
_LIMIT: Final[Cell] = ("Limit", lambda line: span(line.limit))
_MADE: Final[Cell] = ("Made", lambda line: when(line.created_at))
_SINCE: Final[Cell] = ("Since", lambda line: when(line.since))
_RULE: Final[Cell] = ("Rule", lambda line: line.rule or NOTHING)
_CONTACT: Final[Cell] = ("Contact", lambda line: line.contact or NOTHING)
_DETAIL: Final[Cell] = ("Detail", lambda line: line.detail or NOTHING)


def _account(line: Line) -> str:
    # At the top each name stands with its id.
    return line.account_name or line.account


_ACCOUNT: Final[Cell] = ("Account", _account)
_WHO: Final = (_NAME, _ACCOUNT)

_COLUMNS: Final[Mapping[Part, tuple[Cell, ...]]] = {
    Part.AGE: (_STATUS, *_WHO, _KEY, _ROLE, _AGE, _LIMIT, _MADE, _RULE, _DETAIL),
    Part.EXCEPTIONS: (*_WHO, _KEY, _AGE, _LIMIT, _DETAIL),
    Part.REPORTED: (*_WHO, _KEY, _AGE, _MADE, _CONTACT, _DETAIL),
    Part.STRAYS: (_STATUS, *_WHO, _KEY, _AGE, _SINCE, _DETAIL),
    Part.FOREIGN: (*_WHO, _KEY, _AGE, _MADE, _CONTACT, _DETAIL),
    Part.UNUSED: (*_WHO, _KEY, _ROLE, _AGE, _SINCE, _DETAIL),
    Part.TWO_ACTIVE: (_STATUS, *_WHO, _SINCE, _DETAIL),
    Part.PAST_DELETION: (*_WHO, _KEY, _SINCE, _DETAIL),
    Part.ROOT: (_ACCOUNT, _DETAIL),
    Part.UNREAD: (_PROVIDER, _ACCOUNT, _DETAIL),
}

_TITLES: Final[Mapping[Part, tuple[str, str]]] = {
    Part.AGE: (
        "Age against limit",
        (
            "Every enabled key of a principal that policy has rotated. Unknown is what nobody can "
            "vouch for, and is not counted as compliant."
        ),
    ),
    Part.EXCEPTIONS: (
        "Exceptions",
        "Keys that may be older than the rule says, because somebody approved it until a day.",
    ),
    Part.REPORTED: (
        "Reported only",
        (
            "Enabled keys that policy does not rotate. No limit is promised for them, so they are "
            "not called compliant."
        ),
    ),
    Part.STRAYS: (
        "Orphans and suspects",
        "Keys that a rotation left behind, or may have left behind.",
    ),
    Part.FOREIGN: (
        "Unmanaged keys",
        (
            "Enabled keys of rotated principals that rotator neither made nor adopted. It never "
            "touches them."
        ),
    ),
    Part.UNUSED: (
        "Unused keys",
        (
            f"Enabled keys without a use for {UNUSED_AFTER.days} days or more, where the last use "
            f"was read in the {FRESH_FOR.days} days before."
        ),
    ),
    Part.TWO_ACTIVE: (
        "Two active keys",
        (
            "Principals with more than one enabled key. In the grace period of a rotation that is "
            "meant to be so; without a rotation it is a finding."
        ),
    ),
    Part.PAST_DELETION: (
        "Keys that outlive their deletion",
        "Keys that were deleted, and that their provider still lists or lets in.",
    ),
    Part.ROOT: ("Keys of the root user", "Accounts whose root user has access keys."),
    Part.UNREAD: (
        "Accounts that could not be read",
        "What is in them is not in this report, or is in it as it was before.",
    ),
}


def document(report: Report, attested: Attestation | None) -> Document:
    """Set a report.

    Args:
        report: What to tell.
        attested: What vouches for its picture; None for one of now.
    """
    sections = [_section(report, part) for part in Part]
    return Document(
        title=TITLE,
        lead=_lead(report),
        grounds=tuple(_grounds(report, attested)),
        summary=tuple(_summary(report)),
        sections=(*sections, _controls()),
    )


def _lead(report: Report) -> str:
    counts = report.summary
    if not counts.in_scope:
        return "No key is in scope: no principal that policy has rotated has one."
    return (
        f"Keys in scope: {counts.in_scope}. Compliant: {counts.compliant}, in breach: "
        f"{counts.breach}, unknown: {counts.unknown}."
    )


def _grounds(report: Report, attested: Attestation | None) -> list[tuple[str, str]]:
    picture = report.picture
    accounts = ", ".join(f"{item.name} ({item.id})".strip() for item in picture.accounts)
    return [
        ("As of", f"{picture.taken_at.isoformat(timespec='milliseconds')[:-6]}Z"),
        ("Installation", f"{picture.owner}, log {picture.log}"),
        ("Accounts", clean(accounts) or NOTHING),
        ("Mode", picture.mode),
        ("Policy", f"sha256 {picture.policy}"),
        *_attestation(attested),
    ]


def _attestation(attested: Attestation | None) -> list[tuple[str, str]]:
    if attested is None:
        told = "not attested: of now, from the journal; the picture of the day is"
        return [("Evidence", told)]
    record = "not sealed yet"
    if attested.seq is not None:
        record = f"number {attested.seq}, hash {attested.record_hash}"
    return [
        ("Picture", f"of {attested.day}, sha256 {attested.sha256}"),
        ("Audit record", record),
        ("Checkpoint", _checkpoint(attested)),
    ]


def _checkpoint(attested: Attestation) -> str:
    if attested.checkpoint is None:
        return "not covered yet"
    root = base64.b64encode(attested.checkpoint.root).decode()
    told = f"{attested.checkpoint.origin}, {attested.checkpoint.size} records, root {root}"
    return f"{told}; to check its signature: rotator audit verify"


def _summary(report: Report) -> list[tuple[str, str]]:
    counts = report.summary
    return [
        ("In scope", str(counts.in_scope)),
        ("Compliant", str(counts.compliant)),
        ("Breach", str(counts.breach)),
        ("Unknown", str(counts.unknown)),
        ("Excepted", str(counts.excepted)),
        ("Reported only", str(counts.reported)),
        ("Findings", str(counts.findings)),
        ("Use not known", str(counts.use_unknown)),
        ("Unread accounts", "not known" if counts.unread is None else str(counts.unread)),
    ]


def _section(report: Report, part: Part) -> Section:
    title, intro = _TITLES[part]
    lines = report.sections[part]
    return Section(
        anchor=part.value.replace("_", "-"),
        title=title,
        intro=intro,
        table=_table(_COLUMNS[part], lines) if lines else None,
        empty=_nothing(report, part),
    )


def _nothing(report: Report, part: Part) -> str:
    """Say why a section is empty where that is not because all is well."""
    picture = report.picture
    dark = sum(item.root_keys is None and item.provider == AWS_IAM for item in picture.accounts)
    if part is Part.EXCEPTIONS:
        return "None: policy has no exceptions."
    if part is Part.UNUSED and report.summary.use_unknown:
        return f"None known; keys whose use was not read lately: {report.summary.use_unknown}."
    if part is Part.ROOT and dark:
        return f"None known; accounts of which nobody could tell: {dark}."
    if part is Part.UNREAD and picture.unread is None:
        return "Not known: only the daemon's own picture of a day tells."
    return "None."


def _table(columns: Sequence[Cell], lines: Sequence[Line]) -> Table:
    return Table(
        titles=tuple(title for title, _ in columns),
        rows=tuple(tuple(clean(cell(line)) for _, cell in columns) for line in lines),
        statuses=tuple(line.status.value for line in lines),
    )


def _controls() -> Section:
    titles = ("Framework", "Version", "Control", "Asks for", "Answered by", "Evidence", "Note")
    return Section(
        anchor="controls",
        title="Controls",
        intro="Which section answers which control. Their numbers moved from version to version. "
        "Direct: the section is the evidence; partial: for the keys that rotator sees, and no "
        "others; supporting: it helps whoever answers.",
        table=Table(titles=titles, rows=tuple(map(_control, CONTROLS))),
    )


def _control(control: Control) -> tuple[str, ...]:
    doubt = "" if control.is_confirmed else "unconfirmed: check number and text before you use it"
    return (
        control.framework,
        control.version,
        control.number,
        control.text,
        _TITLES[control.part][0],
        control.grade.value,
        "; ".join(filter(None, (control.note, doubt))) or NOTHING,
    )
