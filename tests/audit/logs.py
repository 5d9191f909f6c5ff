"""Logs to damage: a chain of records that a rotation would write, and its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.audit.signing import Signer, generate
from rotator.core.chain import GENESIS, Link, leaf_hash, seal
from rotator.core.checkpoint import Checkpoint, file_of_notes
from rotator.core.events import Stage
from rotator.core.tree import Tree
from rotator.testing.builders import at, audit_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rotator.core.events import AuditRecord

LOG = "audit.example.com/prod"
SIGNER = Signer.read(generate(), LOG)
STRANGER = Signer.read(generate(), LOG)


def records(count: int) -> list[AuditRecord]:
    """Make records a minute apart, none of which needs an outcome."""
    return [
        audit_record(seq, at=at(minutes=seq), stage=Stage.EVENT, outcome="success")
        for seq in range(count)
    ]


def chained(told: Iterable[AuditRecord]) -> list[str]:
    """Seal records as one log."""
    link, lines = GENESIS, []
    for seq, record in enumerate(told):
        sealed = seal(record, seq=seq, prev=link.hash, log=LOG)
        link = Link(seq=seq, hash=sealed.hash)
        lines.append(sealed.line)
    return lines


def note(lines: Sequence[str], size: int, signer: Signer = SIGNER) -> str:
    """Sign the first so many lines."""
    tree = Tree.empty().extended(leaf_hash(line) for line in lines[:size])
    return signer.sign(Checkpoint(origin=LOG, size=size, root=tree.root()))


def notes(lines: Sequence[str], *sizes: int) -> str:
    """Write a file of checkpoints."""
    return file_of_notes(*(note(lines, size) for size in sizes))


def as_file(lines: Iterable[str]) -> bytes:
    """Write lines as a log's file has them."""
    return "".join(f"{line}\n" for line in lines).encode()
