"""`audit:`: where evidence is kept, and every fault of it at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.audit.signing import Signer, generate
from rotator.settings.audit import Copies, LockMode
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
audit:
  file: audit.jsonl
  logName: prod
  deadline: 2s
  stdout: ocsf
  s3:
    bucket: audit-example
    prefix: rotator/prod/
    region: eu-central-1
    objectLock: {mode: governance, period: 30d}
  signingKey: file:signing.pem
  checkpoints: {every: 10, after: 5s, witness: far/witness}
  fingerprints: {current: k2, keys: {k1: "file:k1", k2: "env:K2"}}
  verifyInterval: 6h
  snapshotPeriod: 30d
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "signing.pem").write_text(generate().reveal())
    (tmp_path / "k1").write_text("1" * 32)
    return Files(tmp_path)


def test_left_out_it_is_a_file_without_signatures(files: Files) -> None:
    audit = files.write().load().audit

    assert (audit.signing_key, audit.s3, audit.witness) == (None, None, None)
    assert dict(audit.fingerprint_keys) == {}
    assert (audit.deadline, audit.stdout) == (timedelta(seconds=5), Copies.OFF)


def test_what_is_written_is_looked_up(files: Files) -> None:
    settings = files.write(CONFIGURATION + WHOLE).load({"K2": "2" * 40})
    audit = settings.audit

    assert audit.signing_key is not None
    assert Signer.read(audit.signing_key, settings.log_name).verifier.name == "prod"
    assert audit.witness == files.folder / "far" / "witness"
    assert (audit.sign_every, audit.sign_after) == (10, timedelta(seconds=5))
    assert audit.s3 is not None
    assert audit.s3.object_lock is not None
    assert audit.s3.object_lock.mode is LockMode.GOVERNANCE
    assert (audit.stdout, sorted(audit.fingerprint_keys)) == (Copies.OCSF, ["k1", "k2"])
    assert audit.fingerprint_current == "k2"


def test_what_earlier_keys_signed_is_believed_too(files: Files) -> None:
    key = Signer.read(generate(), "prod").verifier_key

    audit = files.write(f"{CONFIGURATION}audit: {{formerKeys: ['{key}']}}\n").load().audit

    assert [str(it) for it in audit.former_keys] == [key]


@pytest.mark.parametrize("off", ["off", "false", '"off"'])
def test_off_is_off_however_yaml_was_written(files: Files, off: str) -> None:
    assert files.write(f"{CONFIGURATION}audit: {{stdout: {off}}}\n").load().audit.stdout is (
        Copies.OFF
    )


def test_everything_wrong_is_told_at_once_with_line_and_field(files: Files) -> None:
    (files.folder / "signing.pem").write_text("no key at all")
    wrong = """\
audit:
  file: audit.jsonl
  deadline: 5m
  signingKey: file:signing.pem
  formerKeys: [nonsense]
  checkpoints: {witness: audit.jsonl.checkpoints, after: 31m}
  fingerprints: {current: k9, keys: {k1: "file:missing", k2: "env:K2"}}
"""
    faults = files.write(CONFIGURATION + wrong).faults({"K2": "hunter2"})

    first = CONFIGURATION.count("\n")
    assert [(fault.line - first, fault.field) for fault in faults] == [
        (3, "audit.deadline"),
        (4, "audit.signingKey"),
        (5, "audit.formerKeys[0]"),
        (6, "audit.checkpoints.after"),
        (6, "audit.checkpoints.witness"),
        (7, "audit.fingerprints.current"),
        (7, "audit.fingerprints.keys.k1"),
        (7, "audit.fingerprints.keys.k2"),
    ]
    assert all(fault.remedy for fault in faults)
    assert "no key at all" not in str(faults)
    assert "hunter2" not in str(faults)


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("{s3: {bucket: audit-example}}", "audit.s3.region"),
        ("{s3: {bucket: Audit, region: eu-central-1}}", "audit.s3.bucket"),
        ("{s3: {bucket: audit-example, region: eu-central-1, prefix: a}}", "audit.s3.prefix"),
        ("{signingKey: MC4CAQAwBQYDK2VwBCIEIA}", "audit.signingKey"),
        ("{signingKey: 'file:missing.pem'}", "audit.signingKey"),
        ("{stdout: loud}", "audit.stdout"),
    ],
    ids=["no region", "no bucket's name", "no slash", "the key itself", "no file", "no form"],
)
def test_what_cannot_work_is_refused(files: Files, section: str, field: str) -> None:
    faults = files.write(f"{CONFIGURATION}audit: {section}\n").faults()

    assert [fault.field for fault in faults] == [field]
