"""`rotator audit`: the audit log, for whoever reads, verifies and hands it on."""

from __future__ import annotations

from typing import ClassVar

import click

from rotator.cli.invocation import examples
from rotator.cli.lazy import LazyGroup


class AuditCommands(LazyGroup):
    """Where the commands of the group are."""

    places: ClassVar = {
        "verify": "rotator.cli.audit_verify:verify",
        "tail": "rotator.cli.audit_tail:tail",
        "hash": "rotator.cli.audit_hash:hash_command",
        "prove": "rotator.cli.audit_prove:prove",
        "export": "rotator.cli.audit_export:audit_export",
        "keygen": "rotator.cli.audit_keygen:keygen",
    }


@click.group(
    cls=AuditCommands,
    epilog=examples(
        "rotator audit verify",
        "rotator audit tail -n 20",
        "rotator audit hash < leaked.txt",
    ),
)
def audit() -> None:
    """Verify, read, export and search the audit log.

    Every record is chained to the one before it, and the log is signed: what was
    changed, taken out or cut off is found and named.
    """
