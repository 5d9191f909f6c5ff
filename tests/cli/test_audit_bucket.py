"""The log's bucket, as commands reach it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.audit.s3_reading import BucketLog
from rotator.cli.audit_place import find_log
from rotator.cli.invocation import Invocation
from rotator.reconcile.checking import AccountCheck
from tests.audit.buckets import make_bucket, s3_server
from tests.builders import ACCOUNT
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.desk import Desk

ROLE = "arn:aws:iam::444455556666:role/rotator-audit"
SECTION = f"""audit:
  s3:
    bucket: audit-example
    region: eu-central-1
    roleArn: {ROLE}
"""


def test_the_configured_bucket_is_read_with_the_role_that_writes_it(tmp_path: Path) -> None:
    """Its policy may admit nobody else; of any other bucket nothing is known."""
    Files(tmp_path).write(CONFIGURATION + SECTION)
    invocation = Invocation(config=tmp_path / "rotator.yaml")

    for place, role in (("s3://audit-example/rotator/", ROLE), ("s3://another/rotator/", None)):
        log = find_log(invocation, place).content
        assert isinstance(log, BucketLog)
        assert log._bucket._config.role_arn == role


@pytest.mark.parametrize(("is_there", "state", "code"), [(True, "ok", 0), (False, "off", 3)])
def test_the_doctor_says_whether_the_bucket_can_be_read(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    is_there: bool,  # noqa: FBT001
    state: str,
    code: int,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    desk.app.checks = (AccountCheck(account=ACCOUNT),)
    with s3_server() as url:
        if is_there:
            make_bucket(url, "audit-of-the-doctor")
        name = "audit-of-the-doctor" if is_there else "audit-that-is-missing"
        section = f"{{bucket: {name}, region: eu-central-1, endpointUrl: '{url}'}}"
        file = desk.folder / "audit.jsonl"
        Files(desk.folder).write(f"{CONFIGURATION}audit: {{file: '{file}', s3: {section}}}\n")

        found = desk.run("doctor", "--json")

    (line,) = [it for it in json.loads(found.stdout) if it["what"] == "audit bucket"]
    assert (line["state"], found.exit_code) == (state, code)
