"""`python -m tests.process.campaign`: kill and freeze real daemons, and judge what they did."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.process.campaign.running import Campaign, Options, Verdict


def main() -> int:
    """Run one campaign; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.process.campaign", description=__doc__)
    parser.add_argument("--journal", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--replicas", type=int, help="daemons; sqlite takes one only")
    parser.add_argument("--users", type=int, default=14)
    parser.add_argument("--seconds", type=float, default=120, help="longest torment")
    parser.add_argument("--kills", type=int, default=0, help="enough kills")
    parser.add_argument("--freezes", type=int, default=0, help="enough freezes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where its files are kept")
    parser.add_argument("--json", type=Path, help="write the verdict into this file, too")
    given = parser.parse_args()
    replicas = given.replicas or (1 if given.journal == "sqlite" else 2)
    if given.journal == "sqlite" and replicas > 1:
        parser.error("an SQLite journal has one daemon")
    options = Options(
        journal=given.journal,
        replicas=replicas,
        users=given.users,
        seconds=given.seconds,
        kills=given.kills,
        freezes=given.freezes,
        seed=given.seed,
    )
    folder = given.folder or Path(tempfile.mkdtemp(prefix="rotator-campaign-"))
    say(f"{options}\nfiles in {folder}")
    verdict = Campaign(options, folder, say).run()
    show(verdict)
    if given.json:
        given.json.write_text(json.dumps(asdict(verdict), indent=1, default=str) + "\n")
    return 0 if verdict.is_clean else 1


def show(verdict: Verdict) -> None:
    """Print the table, and each broken promise with what led to it."""
    for name, count in verdict.counts.items():
        say(f"  {count:8}  {name}")
    for note in verdict.notes:
        say(f"note: {note}")
    for oddity in verdict.oddities:
        say(f"ODD: {oddity}")
    for broken in verdict.violations:
        say(f"VIOLATION {broken.invariant} at {broken.at}: {broken.user} {broken.key}")
        say("\n    ".join((f"  {broken.text}", *broken.lines)))
    settled = f"{verdict.settled_after:.0f} s" if verdict.settled_after is not None else "NEVER"
    say(
        f"seed {verdict.options.seed} {verdict.options.journal}: {len(verdict.violations)}"
        f" violations, {len(verdict.oddities)} oddities in {verdict.seconds:.0f} s;"
        f" settled after {settled}"
    )


def say(text: str) -> None:
    """Print at once, for those who watch."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
