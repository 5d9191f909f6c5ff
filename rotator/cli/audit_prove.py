"""`rotator audit prove`: that one record is in the log, without showing the others."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rotator.cli.invocation import FAILED, common_options, examples, pass_invocation
from rotator.cli.printing import print_json, print_lines
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.audit.signing import Verifier
    from rotator.cli.audit_place import LogPlace
    from rotator.cli.invocation import Invocation
    from rotator.core.checkpoint import Checkpoint

PROOF: Final = "rotator.proof/v1"
"""The schema of a proof."""


@click.command(
    epilog=examples(
        "rotator audit prove 77 > proof.json",
        "rotator audit prove --check proof.json --key 'platform-prod+98ca0cdc+AW...'",
    )
)
@click.argument("seq", type=click.IntRange(min=0), required=False)
@click.argument("place", required=False)
@click.option(
    "--check",
    "proof",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Check a proof that somebody handed over, instead of making one.",
)
@click.option(
    "--key",
    "keys",
    metavar="VERIFIER_KEY",
    multiple=True,
    help="The public key that signed the log; else that of the configured key.",
)
@common_options
@pass_invocation
def prove(
    invocation: Invocation,
    *,
    seq: int | None,
    place: str | None,
    proof: Path | None,
    keys: tuple[str, ...],
) -> None:
    """Prove that record SEQ is in the signed log.

    PLACE is as for `rotator audit verify`. The proof is JSON: the record, the
    signed checkpoint, and the hashes that lead from one to the other. Whoever has
    it and the public key needs nothing else of the log. With --check a proof is
    checked: exits with 1 if it proves nothing.
    """
    from rotator.cli.audit_place import find_log

    if (proof is None) == (seq is None):
        raise click.UsageError("name either the number of a record, or a proof with --check")
    # A proof is checked without a log; of the configuration only its key is wanted.
    log = find_log(invocation, place if proof is None else str(proof))
    verifiers = log.verifiers(keys)
    if not verifiers:
        raise click.UsageError("name the public key with --key: none is configured")
    if proof is not None:
        _check(proof, verifiers)
        return
    assert seq is not None, "one of them was named"  # noqa: S101
    print_json(_proof(log, seq, verifiers))


def _proof(log: LogPlace, seq: int, verifiers: Sequence[Verifier]) -> dict[str, object]:
    """Make a proof.

    Raises:
        RejectedError: No checkpoint covers the record, or the log is not what it signs.
    """
    from rotator.core.chain import leaf_hash
    from rotator.core.tree import Tree, inclusion_proof

    texts = [it.removesuffix(b"\n").decode(errors="replace") for it in log.lines()]
    note, checkpoint = _newest(log.notes(), verifiers)
    if not seq < checkpoint.size <= len(texts):
        newest = f"the newest checkpoint is of {checkpoint.size}"
        msg = f"record {seq} of {len(texts)} is not covered: {newest}"
        raise RejectedError(msg, code="not_covered", hint="run 'rotator audit verify'")
    hashes = [leaf_hash(it) for it in texts[: checkpoint.size]]
    if Tree.empty().extended(hashes).root() != checkpoint.root:
        msg = "the log is not the one that its checkpoint signs"
        raise RejectedError(msg, code="root_differs", hint="run 'rotator audit verify'")
    path = inclusion_proof(hashes, seq)
    return {
        "schema": PROOF,
        "seq": seq,
        "line": texts[seq],
        "proof": [base64.b64encode(it).decode() for it in path],
        "checkpoint": note,
    }


def _newest(notes: Sequence[str], verifiers: Sequence[Verifier]) -> tuple[str, Checkpoint]:
    """Return the checkpoint of the most records that can be believed."""
    found = [(note, it) for note in notes if (it := _believed(note, verifiers))]
    if not found:
        raise RejectedError("there is no checkpoint that can be believed", code="not_covered")
    return max(found, key=lambda it: it[1].size)


def _believed(note: str, verifiers: Sequence[Verifier]) -> Checkpoint | None:
    for verifier in verifiers:
        try:
            return verifier.verify(note)
        except RejectedError:
            continue
    return None


def _check(path: Path, verifiers: Sequence[Verifier]) -> None:
    from rotator.core.chain import leaf_hash
    from rotator.core.tree import verify_inclusion

    try:
        given = _read(path)
        steps = [base64.b64decode(it, validate=True) for it in given["proof"]]
        leaf = leaf_hash(given["line"])
        given["checkpoint"].encode()
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise RejectedError("the file is not a proof", subject=str(path)) from error
    seq, line = given["seq"], given["line"]
    checkpoint = _believed(given["checkpoint"], verifiers)
    if checkpoint is None:
        print_lines("NOT PROVED: the checkpoint is not signed with this key")
        sys.exit(FAILED)
    if not verify_inclusion(leaf, seq, checkpoint.size, steps, checkpoint.root):
        print_lines(f"NOT PROVED: the record is not number {seq} of the log that was signed")
        sys.exit(FAILED)
    print_lines(f"proved: record {seq} of {checkpoint.size} of the log {checkpoint.origin}")
    print_lines(line)


def _read(path: Path) -> dict[str, Any]:
    """Read a proof.

    Raises:
        ValueError: It is none.
    """
    given = json.loads(path.read_bytes())
    is_whole = (
        isinstance(given, dict)
        and given.get("schema") == PROOF
        and type(given.get("seq")) is int
        and all(isinstance(given.get(it), str) for it in ("line", "checkpoint"))
    )
    if not is_whole:
        raise ValueError(path.name)
    return dict(given)
