"""The demonstration's last act, without a daemon: edits, the receiver, commands, its verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from rotator.cli.demo.evidence.act import Compliance, Evidence, faults
from rotator.cli.demo.evidence.keys import SIGNING, WEBHOOK, write_keys
from rotator.cli.demo.evidence.receiver import Receiver, served
from rotator.cli.demo.evidence.tampering import Edit, Log, edits
from rotator.cli.demo.evidence.typed import Terminal
from rotator.core.checkpoint import read_notes
from rotator.core.secret import Secret
from rotator.errors import RejectedError
from rotator.notify.signing import signatures
from rotator.testing.manual_clock import ManualClock
from tests.audit.logs import SIGNER, as_file, chained, notes, records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.app import App

SECRET = Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
LINES = chained(records(60))


def test_each_edit_is_found_out_and_the_log_itself_is_left_as_it_is() -> None:
    own = read_notes(notes(LINES, 16, 32, 48, 60))
    log = Log(lines=tuple(as_file(LINES).splitlines(keepends=True)), notes=own, witness=own)

    found = edits(log, SIGNER.verifier)

    assert [edit.findings[0] for edit in found] == [
        "INVALID  seq=31    prev does not match the record before it",
        "GAP      seq=30    next record found is 31",
        "INVALID  seq=30    record 31 should stand here",
        "GAP      seq=30    next record found is 31",
        "MISSING  checkpoint size=60, only 54 records: the log was cut short",
        "INVALID  checkpoint size=32, root differs, and so do 2 after it: the log was rewritten",
        "MISSING  checkpoint size=60, only 54 records: the log was cut short",
    ]
    assert len(found[5].findings) == 1, "chained anew, only the signatures tell"
    assert b"".join(log.lines) == as_file(LINES)


def test_keys_are_made_anew_for_each_demonstration_and_only_their_owner_reads_them(
    tmp_path: Path,
) -> None:
    write_keys(tmp_path)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert (tmp_path / SIGNING).read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert (tmp_path / WEBHOOK).read_text().startswith("whsec_")
    with pytest.raises(RejectedError):
        write_keys(tmp_path)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(SECRET)


@pytest.fixture
def url(receiver: Receiver) -> Iterator[str]:
    with served(receiver, ManualClock().now) as address:
        yield address


def post(url: str, secret: Secret) -> int:
    body = json.dumps({"type": "dev.rotator.key.published.v1"}).encode()
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": "1767225600",
        "webhook-signature": signatures([secret], "1", 1767225600, body),
    }
    with httpx.Client(trust_env=False) as client:
        return client.post(url, content=body, headers=headers).status_code


def test_the_receiver_counts_what_is_signed_and_refuses_what_is_not(
    receiver: Receiver, url: str
) -> None:
    assert post(url, SECRET) == 200
    assert post(url, Secret("whsec_" + "QUJD" * 10)) == 401
    assert (dict(receiver.kinds), receiver.unsigned) == ({"key.published": 1}, 1)


def test_a_command_that_is_typed_prints_what_it_would_print_and_ends_as_it_would(
    tmp_path: Path,
) -> None:
    terminal = Terminal(app=cast("App", None), config=tmp_path / "rotator.yaml")
    log = tmp_path / "audit.jsonl"
    log.write_bytes(as_file(LINES))

    clean = terminal.type("audit", "verify", str(log))
    missing = terminal.type("config", "check")

    assert (clean.text.splitlines()[0][:17], clean.code) == ("clean: 60 records", 0)
    assert missing.code == 2
    assert str(tmp_path) in missing.text


DAY = Compliance(
    day="2026-01-01",
    in_scope=2,
    compliant=0,
    breach=2,
    unknown=0,
    reported=0,
    breaching=(),
)
GOOD = Evidence(
    records=4,
    covered=4,
    findings=(),
    edits=(),
    before=DAY,
    after=replace(DAY, breach=1, breaching=("prod/erp-bridge",)),
    verified="clean",
    recognised="OURS",
    story="made",
    told={},
    report="",
    faults=(),
)


def wrong(found: Evidence, *, untold: int = 0) -> list[str]:
    return list(faults(found, leaked="s3cr3t", held={"prod/erp-bridge"}, untold=untold))


def test_evidence_as_it_should_be_has_no_faults() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (replace(GOOD, findings=("GAP: 3",)), "GAP: 3"),
        (replace(GOOD, covered=1), "no signature vouches for 3 audit records"),
        (replace(GOOD, edits=(Edit(what="cut off", findings=()),)), "not found out: cut off"),
        (replace(GOOD, after=replace(GOOD.after, breach=2)),
         "no fewer keys are too old than on the first day"),
        (replace(GOOD, after=replace(GOOD.after, breaching=("prod/a",))),
         "prod/a has a key that is too old"),
        (replace(GOOD, recognised="not ours"), "a leaked secret of ours was not recognised"),
        (replace(GOOD, story="made s3cr3t"), "a secret was shown"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_the_evidence_is_named(found: Evidence, fault: str) -> None:
    assert wrong(found) == [fault]


def test_a_notice_that_nobody_heard_is_named() -> None:
    assert wrong(GOOD, untold=2) == ["2 notices were not told, or not signed"]
