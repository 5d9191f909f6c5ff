"""`rotator audit verify` as an auditor meets it: its lines, its words, its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rotator.audit.s3_reading import BucketLog
from rotator.audit.signing import generate, save
from rotator.cli.audit_place import find_log
from rotator.cli.invocation import Invocation
from rotator.core import log_check
from rotator.core.secret import Secret
from rotator.testing.builders import audit_record
from tests.audit.logs import LOG, SIGNER, as_file, chained, notes, records
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.desk import Desk

KEY = SIGNER.verifier_key
LINES = chained(records(60))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write a log, its checkpoints, and those of a witness."""
    path = tmp_path / "audit.jsonl"
    path.write_bytes(as_file(LINES))
    (tmp_path / "audit.jsonl.checkpoints").write_text(notes(LINES, 16, 60))
    (tmp_path / "witness").write_text(notes(LINES, 16, 60))
    return path


def configure(desk: Desk, log: Path, *, witness: bool = False) -> None:
    """Configure the log at the desk, with the key that signed it."""
    desk.folder.joinpath("log.pem").unlink(missing_ok=True)
    save(Secret(pem()), desk.folder / "log.pem")
    section = f"audit:\n  file: {log}\n  logName: {LOG}\n  signingKey: file:{desk.folder}/log.pem\n"
    if witness:
        section += f"  checkpoints:\n    witness: {desk.folder}/witness\n"
    Files(desk.folder).write(CONFIGURATION + section)


def pem() -> str:
    key = SIGNER._key
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_clean_log_exits_with_0_and_says_what_covers_it(desk: Desk, log: Path) -> None:
    found = desk.run("audit", "verify", str(log), "--key", KEY)

    assert found.exit_code == 0
    assert found.stdout == (
        "clean: 60 records, the last of 2026-01-01 00:59Z\ncovered by signatures up to 60 of 60\n"
    )


def test_each_fault_is_a_line_and_the_exit_code_is_1(desk: Desk, log: Path) -> None:
    log.write_bytes(as_file(LINES[:20] + LINES[21:50]))

    found = desk.run("audit", "verify", str(log), "--key", KEY, "--expect-size", "100")

    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        "GAP      seq=20    next record found is 21",
        "MISSING  checkpoint size=60, only 50 records: the log was cut short",
        "MISSING  seq=50    100 records expected, 50 found: the log was cut short",
        "3 faults: 50 records, the last of 2026-01-01 00:49Z",
        "covered by signatures up to 16 of 50: no signature vouches for seq=16 and later",
    ]


def test_a_witness_catches_a_log_that_was_cut_with_its_newest_checkpoint(
    desk: Desk, log: Path
) -> None:
    log.write_bytes(as_file(LINES[:50]))
    log.with_name("audit.jsonl.checkpoints").write_text(notes(LINES, 16))
    command = ("audit", "verify", str(log), "--key", KEY)

    assert desk.run(*command).exit_code == 0
    for option in ("--witness", "--checkpoints"):
        found = desk.run(*command, option, str(log.with_name("witness")))
        assert found.exit_code == 1
        assert "MISSING  checkpoint size=60, only 50 records" in found.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing-here",),
        ("audit.jsonl", "--witness", "nothing-here"),
        ("audit.jsonl", "--checkpoints", "nothing-here"),
        ("audit.jsonl", "--cloudtrail", "nothing-here"),
    ],
)
def test_what_cannot_be_read_exits_with_2(
    desk: Desk, log: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(log.parent)

    found = desk.run("audit", "verify", *arguments, "--key", KEY)

    assert found.exit_code == 2
    assert "nothing-here" in found.stderr
    assert found.stdout == ""


def test_a_key_that_is_none_exits_with_2(desk: Desk, log: Path) -> None:
    found = desk.run("audit", "verify", str(log), "--key", KEY[:-1])

    assert found.exit_code == 2
    assert "--key" in found.stderr


def test_without_a_key_it_says_plainly_that_no_signature_was_verified(
    desk: Desk, log: Path
) -> None:
    found = desk.run("audit", "verify", str(log))

    assert found.exit_code == 0
    assert found.stdout.splitlines()[1] == (
        "NOTHING WAS VERIFIED BY SIGNATURE: no key was given or configured; 2 checkpoints compared"
    )


def test_a_log_without_checkpoints_is_not_called_signed(desk: Desk, log: Path) -> None:
    log.write_bytes(as_file(LINES[:1]))
    log.with_name("audit.jsonl.checkpoints").unlink()

    found = desk.run("audit", "verify", str(log), "--key", KEY)

    assert found.exit_code == 0
    assert found.stdout == (
        "clean: 1 record, the last of 2026-01-01 00:00Z\n"
        "NOTHING WAS VERIFIED BY SIGNATURE: no checkpoint of these records was found\n"
    )


def test_the_configured_log_is_verified_with_the_configured_key(desk: Desk, log: Path) -> None:
    configure(desk, log)

    found = desk.run("audit", "verify")

    assert found.exit_code == 0
    assert "covered by signatures up to 60 of 60" in found.stdout


def test_the_configured_witness_is_read_and_its_loss_is_not_passed_over(
    desk: Desk, log: Path
) -> None:
    configure(desk, log, witness=True)
    log.write_bytes(as_file(LINES[:50]))
    log.with_name("audit.jsonl.checkpoints").write_text(notes(LINES, 16))

    assert desk.run("audit", "verify").exit_code == 1

    log.with_name("witness").unlink()
    found = desk.run("audit", "verify")
    assert found.exit_code == 2
    assert "witness" in found.stderr

    log.with_name("audit.jsonl.checkpoints").unlink()
    log.write_bytes(as_file(LINES[:1]))
    assert desk.run("audit", "verify").exit_code == 0


def test_the_configured_witness_is_read_however_the_place_was_written(
    desk: Desk, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(desk, log, witness=True)
    log.write_bytes(as_file(LINES[:50]))
    log.with_name("audit.jsonl.checkpoints").write_text(notes(LINES, 16))
    monkeypatch.chdir(log.parent)

    assert desk.run("audit", "verify", "audit.jsonl").exit_code == 1
    log.rename("copy.jsonl")
    assert desk.run("audit", "verify", "copy.jsonl").exit_code == 0, "it may be another log"


def test_the_configured_bucket_is_known_by_its_address(desk: Desk) -> None:
    section = "{bucket: audit-example, region: eu-central-1, prefix: prod/}"
    Files(desk.folder).write(f"{CONFIGURATION}audit: {{s3: {section}}}\n")
    invocation = Invocation(config=desk.folder / "rotator.yaml", environ={})

    assert find_log(invocation, "s3://audit-example/prod").is_configured
    assert not find_log(invocation, "s3://audit-example/test/").is_configured
    nowhere = Invocation(config=desk.folder / "none.yaml", environ={})
    assert not find_log(nowhere, "s3://audit-example/prod/").is_configured
    assert find_log(nowhere, "s3://audit-example/prod/").verifiers(()) == ()


def test_what_a_former_key_signed_is_believed_by_its_place_in_the_configuration(
    desk: Desk, log: Path
) -> None:
    configure(desk, log)
    save(generate(), desk.folder / "new.pem")
    path = desk.folder / "rotator.yaml"
    path.write_text(path.read_text().replace("log.pem", "new.pem"))
    assert desk.run("audit", "verify").exit_code == 1

    path.write_text(f"{path.read_text()}  formerKeys: ['{KEY}']\n")

    found = desk.run("audit", "verify")
    assert found.exit_code == 0
    assert "covered by signatures up to 60 of 60" in found.stdout


def test_only_findings_since_a_time_are_told(desk: Desk, log: Path) -> None:
    log.write_bytes(as_file(LINES[:20] + LINES[21:40] + LINES[41:]))
    log.with_name("audit.jsonl.checkpoints").unlink()

    found = desk.run("audit", "verify", str(log), "--since", "2026-01-01T00:30")

    assert found.stdout.splitlines()[:3] == [
        "GAP      seq=40    next record found is 41",
        "1 fault: 60 records, the last of 2026-01-01 00:59Z",
        "NOTHING WAS VERIFIED BY SIGNATURE: no key was given or configured; 0 checkpoints compared",
    ]
    assert found.stdout.splitlines()[3:] == ["1 fault in earlier records not shown (--since)"]
    assert desk.run("audit", "verify", str(log), "--since", "2026-01-02").exit_code == 0
    assert desk.run("audit", "verify", str(log), "--since", "soon").exit_code == 2


def test_the_answer_for_machines_says_the_same(desk: Desk, log: Path) -> None:
    log.write_bytes(as_file(LINES[:50]))

    found = desk.run("audit", "verify", str(log), "--key", KEY, "--json")

    assert json.loads(found.stdout) == {
        "clean": False,
        "records": 50,
        "lastAt": "2026-01-01T00:49:00Z",
        "covered": 16,
        "signed": True,
        "checkpoints": 2,
        "underWay": 0,
        "findings": [
            {
                "kind": "MISSING",
                "seq": None,
                "checkpoint": 60,
                "detail": "only 50 records: the log was cut short",
            }
        ],
        "more": 0,
        "notShown": 0,
    }


def test_an_intent_under_way_and_findings_beyond_what_is_shown_are_counted(
    desk: Desk, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_check, "MOST_FINDINGS", 1)
    log.write_bytes(as_file([*chained([audit_record()]), "{", "{"]))

    told = desk.run("audit", "verify", str(log)).stdout.splitlines()

    assert told[-2:] == ["2 faults more than are shown", "1 intent under way at the log's end"]


def test_on_a_terminal_the_kind_stands_out(desk: Desk, log: Path) -> None:
    desk.is_terminal = True
    log.write_bytes(as_file(LINES[1:]))

    coloured = desk.run("audit", "verify", str(log)).stdout
    plain = desk.run("audit", "verify", str(log), "--no-color").stdout

    assert coloured.startswith("\x1b[31m\x1b[1mGAP\x1b[0m      seq=0")
    assert plain.startswith("GAP      seq=0")


def event(request_id: str) -> dict[str, object]:
    """Write one event as CloudTrail delivers it."""
    arn = "arn:aws:sts::111122223333:assumed-role/rotator/pod"
    return {
        "eventVersion": "1.11",
        "eventTime": "2026-01-01T00:30:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "DeleteAccessKey",
        "awsRegion": "us-east-1",
        "readOnly": False,
        "requestID": request_id,
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "AssumedRole", "arn": arn},
        "requestParameters": {"userName": "ci-deployer", "accessKeyId": "AKIAOLD"},
    }


def test_a_call_that_the_log_does_not_name_is_unlogged(
    desk: Desk, log: Path, tmp_path: Path
) -> None:
    trail = tmp_path / "trail"
    trail.mkdir()
    (trail / "one.json").write_text(json.dumps({"Records": [event("abc-1")]}))
    command = ("audit", "verify", str(log), "--key", KEY, "--cloudtrail", str(trail))
    ours = ("--identity", "*/rotator/*")

    found = desk.run(*command, *ours)
    assert found.exit_code == 1
    assert found.stdout.startswith("UNLOGGED 2026-01-01T00:30:00Z DeleteAccessKey")
    assert "CloudTrail: 0 requests in both logs, 1 fault" in found.stdout
    told = json.loads(desk.run(*command, *ours, "--json").stdout)["cloudtrail"]
    assert [(it["kind"], it["seq"]) for it in told["findings"]] == [("UNLOGGED", None)]
    assert desk.run(*command, *ours, "--since", "2026-01-01T00:31").exit_code == 0


def test_keygen_makes_a_key_that_the_configuration_takes(desk: Desk, log: Path) -> None:
    path = desk.folder / "new.pem"

    found = desk.run("audit", "keygen", "--output", str(path), "--name", "my-log")

    assert found.exit_code == 0
    assert found.stdout.startswith("my-log+")
    assert f"signingKey: file:{path}" in found.stderr
    assert desk.run("audit", "keygen", "--output", str(path)).exit_code == 1
    configure(desk, log)
    named = desk.run("audit", "keygen", "--output", str(desk.folder / "third.pem"))
    assert named.stdout.startswith(f"{LOG}+")
    assert generate().reveal() != path.read_text()


@pytest.mark.parametrize(
    ("place", "prefix", "region"),
    [
        ("s3://audit-example/rotator/prod", "rotator/prod/", "eu-central-1"),
        ("s3://audit-example", "", "eu-central-1"),
        ("s3://another/rotator/", "rotator/", "eu-west-3"),
    ],
)
def test_a_bucket_is_opened_where_the_configuration_or_the_environment_says(
    desk: Desk, place: str, prefix: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    section = "audit:\n  s3:\n    bucket: audit-example\n    region: eu-central-1\n"
    Files(desk.folder).write(CONFIGURATION + section)
    invocation = Invocation(config=desk.folder / "rotator.yaml", environ={})

    found = find_log(invocation, place)

    assert isinstance(found.content, BucketLog)
    config = found.content._bucket._config
    assert (config.prefix, config.region) == (prefix, region)
    assert (found.name, found.path) == (place, None)


def test_a_bucket_needs_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    invocation = Invocation(config=tmp_path / "none.yaml", environ={})

    found = find_log(invocation, "s3://audit-example/rotator")

    assert isinstance(found.content, BucketLog)
    assert found.content._bucket._config.region == "us-east-1"


def test_an_unknown_command_of_the_group_is_refused(desk: Desk) -> None:
    assert desk.run("audit", "no-such-command").exit_code == 2
    assert "verify" in desk.run("audit", "--help").stdout
