"""What `rotator audit verify` prints: the faults of a log, and what vouches for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.printing import clean, when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import Invocation
    from rotator.core.cloudtrail import TrailVerdict
    from rotator.core.log_check import LogReport
    from rotator.core.log_findings import Finding


def tell(invocation: Invocation, report: LogReport, compared: TrailVerdict | None) -> None:
    """Print every fault as a line, then what the whole comes to."""
    told = [(it.kind.value, str(it)) for it in report.findings]
    told += [(it.kind.value, str(it)) for it in (compared.findings if compared else ())]
    for kind, text in told:
        line = clean(text)
        if invocation.is_terminal and not invocation.is_plain:
            line = click.style(kind, fg="red", bold=True) + line.removeprefix(kind)
        click.echo(line)
    for line in (*_summary(report), *_compared(compared)):
        click.echo(line)


def _summary(report: LogReport) -> Iterator[str]:
    faults = len(report.findings) + report.more
    until = f", the last of {when(report.last_at)}" if report.last_at else ""
    verdict = _count(faults, "fault") if faults else "clean"
    yield f"{verdict}: {_count(report.records, 'record')}{until}"
    yield _coverage(report)
    if report.more:
        yield f"{_count(report.more, 'fault')} more than are shown"
    if report.untold:
        yield f"{_count(report.untold, 'fault')} in earlier records not shown (--since)"
    if report.under_way:
        yield f"{_count(report.under_way, 'intent')} under way at the log's end"


def _compared(verdict: TrailVerdict | None) -> Iterator[str]:
    """Say what came of joining the log with CloudTrail's."""
    if verdict is not None:
        unmatched = _count(len(verdict.findings), "fault")
        yield f"CloudTrail: {_count(verdict.matched, 'request')} in both logs, {unmatched}"
        yield from map(clean, verdict.notes)


def _coverage(report: LogReport) -> str:
    """Say how many records signatures vouch for, and plainly when they vouch for none."""
    if not report.is_signed:
        compared = _count(report.checkpoints, "checkpoint")
        return (
            "NOTHING WAS VERIFIED BY SIGNATURE: no key was given or configured; "
            f"{compared} compared"
        )
    if report.covered == 0:
        return "NOTHING WAS VERIFIED BY SIGNATURE: no checkpoint of these records was found"
    if report.covered < report.records:
        return (
            f"covered by signatures up to {report.covered} of {report.records}: "
            f"no signature vouches for seq={report.covered} and later"
        )
    return f"covered by signatures up to {report.covered} of {report.records}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def report_record(report: LogReport) -> dict[str, object]:
    """Return the JSON answer."""
    return {
        "clean": report.is_clean,
        "records": report.records,
        "lastAt": report.last_at,
        "covered": report.covered if report.is_signed else 0,
        "signed": report.is_signed,
        "checkpoints": report.checkpoints,
        "underWay": report.under_way,
        "findings": [_finding(it) for it in report.findings],
        "more": report.more,
        "notShown": report.untold,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind.value,
        "seq": finding.seq,
        "checkpoint": finding.size,
        "detail": finding.detail,
    }
