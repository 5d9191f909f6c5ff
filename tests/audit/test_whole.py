"""One round of a whole installation with every place for evidence that there is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app
from rotator.audit.reading import lines, notes, notes_of
from rotator.audit.signing import Signer, generate
from rotator.audit.verification import verify
from rotator.errors import UnavailableError
from tests.audit.buckets import make_bucket, opened, session
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

PLACES = """\
  endpointUrl: {url}
journal: {{url: "sqlite:///{folder}/journal.db"}}
audit:
  file: audit.jsonl
  stdout: native
  signingKey: file:key.pem
  checkpoints: {{witness: witness}}
  s3:
    bucket: whole
    prefix: logs/
    region: eu-central-1
    endpointUrl: {url}
    objectLock: {{period: 1d}}
"""


def test_every_place_has_the_whole_log_and_its_signature_when_the_round_is_over(
    s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = session().get_credentials()
    assert key is not None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(key.access_key))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", str(key.secret_key))
    make_bucket(s3_url, "whole", is_locking=True)
    pem = generate()
    (tmp_path / "key.pem").write_text(pem.reveal())
    written = CONFIGURATION + PLACES.format(url=s3_url, folder=tmp_path)
    settings = Files(tmp_path).write(written).load()

    with open_app(settings, read_only=False) as app, pytest.raises(UnavailableError):
        app.once()  # no such account there; evidence is written all the same

    standing = app.sealer.standing()
    assert not any(sink.is_failing for sink in standing.sinks)
    assert standing.is_valid
    kept = list(lines(settings.audit_file))
    bucket = opened(s3_url, "whole")
    objects = [bucket.get(it) or b"" for it in bucket.names_after("").names if "/" not in it]
    assert b"".join(objects) == b"".join(kept)
    assert notes(settings.audit_file) == notes_of(tmp_path / "witness")
    report = verify(
        kept, notes(settings.audit_file), verifiers=(Signer.read(pem, "tests").verifier,)
    )
    assert report.is_clean
    assert report.covered == len(kept)
    assert capsys.readouterr().out.count('{"logger":"audit",') == len(kept)
    assert [it for it in threading.enumerate() if it.name.startswith("audit-")] == []
