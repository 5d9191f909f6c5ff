"""The act itself: verify, tamper, report, tell the story of a key, and look for a leaked one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rotator.audit.reading import FileLog, notes_of
from rotator.audit.signing import Signer
from rotator.cli.demo.cast import CAST
from rotator.cli.demo.character import PLACES, PROD, Ends
from rotator.cli.demo.evidence.tampering import Edit, Log, edits
from rotator.cli.demo.evidence.typed import Terminal
from rotator.cli.demo.files import AUDIT_LOG, CONFIGURATION_FILE, REPORT, WITNESS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rotator.audit.signing import Verifier
    from rotator.cli.demo.stage import Play
    from rotator.core.ids import Instant

KNOWN: Final = CAST[0]
"""Whose story is told, and whose new key's secret somebody finds in a public place."""

_ROUNDS: Final = 10
"""Rounds of notices until nothing waits; each tells twenty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """The head of the compliance report of one day.

    Attributes:
        day: As people write it.
        breaching: Whose keys are older than policy allows.
    """

    day: str
    in_scope: int
    compliant: int
    breach: int
    unknown: int
    reported: int
    breaching: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the act showed.

    Attributes:
        records: How many the audit log has.
        covered: How many of them a signature vouches for.
        findings: What is wrong with the log; empty is good.
        edits: What somebody could do to it, each found out.
        before: Compliance on the first day.
        after: Compliance on the last one.
        verified: What `rotator audit verify` printed.
        recognised: What `rotator audit hash` printed of a secret that leaked.
        story: What `rotator history` printed of one credential.
        told: By kind: how many notices a receiver got, and found signed.
        report: Where the report of the last day is.
        faults: What is not as it should be; empty is good.
    """

    records: int
    covered: int
    findings: tuple[str, ...]
    edits: tuple[Edit, ...]
    before: Compliance
    after: Compliance
    verified: str
    recognised: str
    story: str
    told: dict[str, int]
    report: str
    faults: tuple[str, ...]


def gather(play: Play) -> Evidence:
    """Ask everything, once the daemon has stopped."""
    terminal = Terminal(app=play.app, config=play.folder / CONFIGURATION_FILE)
    read = play.estate.reader(play.vendors.aws.url, PROD)
    leaked = json.loads(read(KNOWN.secret))["SecretAccessKey"]
    _tell_all(play)
    facts = json.loads(terminal.type("audit", "verify", "--json").text)
    evidence = Evidence(
        records=facts["records"],
        covered=facts["covered"],
        findings=tuple(f"{item['kind']}: {item['detail']}" for item in facts["findings"]),
        edits=edits(_log(play), _verifier(play)),
        before=_compliance(terminal, play.began),
        after=_compliance(terminal, play.clock.now()),
        verified=terminal.type("audit", "verify").text,
        recognised=terminal.type("audit", "hash", piped=leaked).text,
        story=terminal.type("history", KNOWN.name, "--account", PLACES[PROD]).text,
        told=dict(play.receiver.kinds),
        report=_report(terminal, play),
        faults=(),
    )
    untold = play.receiver.unsigned + len(play.app.notices.waiting())
    wrong = faults(evidence, leaked=leaked, held=_held(play), untold=untold)
    return replace(evidence, faults=tuple(wrong))


def _tell_all(play: Play) -> None:
    """Let the daemon tell what it has not told yet."""
    for _ in range(_ROUNDS):
        play.app.notify()


def _verifier(play: Play) -> Verifier:
    settings = play.app.settings
    assert settings.audit.signing_key is not None, "the demonstration has one"  # noqa: S101
    return Signer.read(settings.audit.signing_key, settings.log_name).verifier


def _log(play: Play) -> Log:
    log = FileLog(play.folder / AUDIT_LOG)
    return Log(lines=tuple(log.lines()), notes=log.notes(), witness=notes_of(play.folder / WITNESS))


def _compliance(terminal: Terminal, at: Instant) -> Compliance:
    day = f"{at:%Y-%m-%d}"
    told: dict[str, Any] = json.loads(
        terminal.type("report", "compliance", "--at", day, "--format", "json").text
    )
    counts, keys = told["summary"], told["sections"]["age"]
    names = {
        f"{PLACES[item['account']]}/{item['principal']}"
        for item in keys
        if item["status"] == "breach"
    }
    return Compliance(
        day=day,
        in_scope=counts["inScope"],
        compliant=counts["compliant"],
        breach=counts["breach"],
        unknown=counts["unknown"],
        reported=counts["reported"],
        breaching=tuple(sorted(names)),
    )


def _held(play: Play) -> set[str]:
    who = (it.character for it in play.fleet if it.ends is Ends.HELD)
    return {f"{PLACES[it.account]}/{it.name}" for it in who}


def _report(terminal: Terminal, play: Play) -> str:
    path, day = str(play.folder / REPORT), f"{play.clock.now():%Y-%m-%d}"
    terminal.type("report", "compliance", "--at", day, "--format", "html", "--output", path)
    return path


def faults(found: Evidence, *, leaked: str, held: Collection[str], untold: int) -> Iterator[str]:
    """Name what is not as it should be.

    Args:
        found: What the act showed.
        leaked: The secret that nobody may see.
        held: Who waits for a person, and so may have a key that is too old.
        untold: How many notices did not arrive, or could not be believed.
    """
    yield from found.findings
    if found.covered != found.records:
        yield f"no signature vouches for {found.records - found.covered} audit records"
    yield from (f"not found out: {edit.what}" for edit in found.edits if not edit.findings)
    if found.before.breach <= found.after.breach:
        yield "no fewer keys are too old than on the first day"
    late = (who for who in found.after.breaching if who not in held)
    yield from (f"{who} has a key that is too old" for who in late)
    if not found.recognised.startswith("OURS"):
        yield "a leaked secret of ours was not recognised"
    if any(leaked in text for text in (found.verified, found.recognised, found.story)):
        yield "a secret was shown"
    if untold:
        yield f"{untold} notices were not told, or not signed"
