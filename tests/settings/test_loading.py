from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from rotator.core.ownership import Ownership
from rotator.core.policy import Account, decide
from rotator.core.terms import IfDrifted, Mode
from tests.builders import ACCOUNT, principal
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANY_FAULTS = """\
apiVersion: rotator/v2
kind: Configuratoin
mode: enfroce
owner: -a
owner: b
journal: {url: [sqlite]}
web: {port: 99999, hsot: x}
engine: {workers: many, sweepInterval: 90, scanInterval: true}
limits: {leasePeriod: 10, mintBudget: 36 h, verifySuccesses: 0}
aws:
  accounts:
    - {id: 12, roleArn: x}
    - 3
  consumerRegions: eu-central-1
  endpointUrl: http://user:hunter2@localhost
  endpointUrls: {s3: http://localhost}
  secretsBudget: {rate: fast, burst: 1.5}
  pathPrefixes: []
polcy: elsewhere.yaml
plan: true
"""
MANY_POLICY_FAULTS = """\
apiVersion: rotator/v1
defaults: none
rules:
  - name: CI!
    action: rotat
    match: {principle: ci-*, principal: [], account: 111122223333, path: {a: b}}
    grace: {max: 0d, ifStillUsed: panic, acceptBlind: perhaps}
    drift: heal
  - action: rotate
    destination: {type: vault, secret: "arn:aws:secretsmanager", fields: {keyid: a}}
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path).write()


def test_two_short_files_are_enough(files: Files) -> None:
    settings = files.load()

    assert settings.owner == settings.policy.owner == settings.log_name == "tests"
    assert settings.mode is settings.policy.mode is Mode.PLAN
    assert settings.journal_url == "sqlite:////var/lib/rotator/rotator.db"
    assert settings.policy.accounts == (Account(id=ACCOUNT, name="prod", region="eu-central-1"),)
    assert settings.policy_digest == sha256(POLICY.encode()).hexdigest()
    assert settings.aws.traits.use_quantum == timedelta(minutes=15)


def test_what_is_written_reaches_the_policy(files: Files) -> None:
    policy = (
        POLICY
        + """\
    rotate: {maxAge: 60d, rotateAfter: 40d, jitter: 2d}
    grace: {min: 1h, unusedFor: 2h, max: 3d, quarantine: 4d, ifStillUsed: disable, acceptBlind: yes}
    drift: repair
  - {name: rest, action: ignore}
"""
    )
    settings = files.write(policy=policy).load()

    decision = decide(settings.policy, principal("ci-a"))

    assert decision.destination is not None
    assert decision.destination.name == "iam/ci-a"
    assert decision.destination.region == "eu-central-1"
    assert decision.schedule.rotate_after == timedelta(days=40)
    assert decision.grace.quarantine_period == timedelta(days=4)
    assert decision.grace.accept_blind
    assert decision.if_drifted is IfDrifted.REPAIR
    assert decide(settings.policy, principal("web")).action is None


def test_a_rule_matches_an_account_by_id_or_by_name(files: Files) -> None:
    policy = POLICY.replace("{principal: ci-*}", "{account: [444455556666, prod]}")

    settings = files.write(policy=policy).load()

    assert decide(settings.policy, principal()).rule == "ci"


def test_paths_are_relative_to_the_configuration(files: Files) -> None:
    (files.folder / "team").mkdir()
    (files.folder / "policy.yaml").rename(files.folder / "team" / "p.yaml")
    configuration = CONFIGURATION + "policy: team/p.yaml\naudit: {file: audit.jsonl}\n"
    (files.folder / "rotator.yaml").write_text(configuration)

    settings = files.load()

    assert settings.audit_file == files.folder / "audit.jsonl"
    assert settings.policy_file == files.folder / "team" / "p.yaml"


# ------------------------------------------------------------------------ references


def journal_at(url: str) -> str:
    return CONFIGURATION + f'journal: {{url: "{url}"}}\n'


def test_a_reference_is_followed_and_never_shown(files: Files) -> None:
    files.write(journal_at("env:JOURNAL"))

    settings = files.load({"JOURNAL": "sqlite:///hunter2.db"})

    assert settings.journal_url == "sqlite:///hunter2.db"
    assert "hunter2" not in repr(settings)


def test_a_reference_to_a_file_is_relative_to_the_configuration(files: Files) -> None:
    files.write(journal_at("file:url"))
    (files.folder / "url").write_text("sqlite:////tmp/x.db\n")

    assert files.load().journal_url == "sqlite:////tmp/x.db"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("env:JOURNAL", "the environment variable `JOURNAL` is not set"),
        ("env:EMPTY", "the environment variable `EMPTY` is not set"),
        ("file:missing", "cannot be read: No such file"),
        ("file:empty", "is empty"),
        ("file:binary", "is not UTF-8 text"),
        ("env:MYSQL", "names neither a file of an SQLite database nor"),
        ("sqlite://", "names neither a file of an SQLite database nor"),
        ("sqlite:///:memory:", "names neither a file of an SQLite database nor"),
        ("postgresql://rotator:hunter2@db", "names neither a file of an SQLite database nor"),
        ("postgresql+asyncpg://rotator@db/x", "names neither a file of an SQLite database nor"),
    ],
)
def test_a_journal_that_cannot_be_kept_is_refused_without_its_secret(
    files: Files, url: str, problem: str
) -> None:
    files.write(journal_at(url))
    (files.folder / "empty").write_text(" \n")
    (files.folder / "binary").write_bytes(b"\xff\xfe")

    (fault,) = files.faults({"EMPTY": " ", "MYSQL": "mysql://root:hunter2@db/x"})

    assert fault.line == 9
    assert fault.field == "journal.url"
    assert problem in fault.problem
    assert fault.remedy
    assert "hunter2" not in str(fault)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://rotator@db.example/rotator",
        "postgresql+psycopg://rotator:hunter2@db.example:5433/rotator?sslmode=verify-full",
        "postgresql://rotator:a/b@/rotator?host=one:5432&host=two:5432",
    ],
)
def test_a_postgresql_journal_is_taken_as_it_is(files: Files, url: str) -> None:
    files.write(journal_at(url))

    assert files.load().journal_url == url


def test_a_postgresql_journal_without_its_driver_is_refused_with_the_extra_to_install(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(journal_at("env:JOURNAL"))
    monkeypatch.setattr("rotator.settings.crosscheck.find_spec", lambda _: None)

    (fault,) = files.faults({"JOURNAL": "postgresql://rotator:hunter2@db.example/rotator"})

    assert "rotator[postgres]" in fault.remedy
    assert "hunter2" not in str(fault)


# ---------------------------------------------------------------------------- faults


def test_every_fault_of_both_files_is_told_at_once(
    files: Files, golden: Callable[[str, str], None]
) -> None:
    files.write(MANY_FAULTS, MANY_POLICY_FAULTS)

    text = files.diagnostics()

    assert "hunter2" not in text
    golden("tests/golden/config_faults.txt", text)


def test_contradictions_between_fields_are_told_at_once(
    files: Files, golden: Callable[[str, str], None]
) -> None:
    configuration = CONFIGURATION.replace(
        "    - id",
        """\
    - {id: "111122223333", name: prod, roleArn: "arn:aws:iam::444455556666:role/x"}
    - {id: "444455556666", roleArn: "arn:aws:iam::444455556666:role/x"}
    - id""",
    )
    policy = (
        POLICY
        + """\
  - {name: ci, match: {principal: ci-a}, action: rotate}
  - name: shared
    action: rotate
    destination: {type: aws-secrets-manager, secret: "all/{who}"}
    rotate: {maxAge: 20d, rotateAfter: 15d}
    grace: {min: 9d}
"""
    )
    files.write(configuration + "limits: {mintBudget: 2m}\n", policy)

    golden("tests/golden/config_contradictions.txt", files.diagnostics())


def test_one_file_is_checked_even_if_the_other_is_not_yaml(files: Files) -> None:
    files.write("a: [", MANY_POLICY_FAULTS)

    found = {fault.file.rpartition("/")[2] for fault in files.faults()}

    assert found == {"rotator.yaml", "policy.yaml"}


def test_contradictions_of_the_policy_are_told_even_if_the_other_file_is_wrong(
    files: Files,
) -> None:
    files.write("kind: Configuration\n", POLICY + "    grace: {max: 80d}\n")

    assert any(fault.field == "rules[0].rotate" for fault in files.faults())


def test_a_missing_file_is_a_fault_of_its_own(files: Files) -> None:
    (files.folder / "policy.yaml").unlink()

    (fault,) = files.faults()

    assert fault.line == 0
    assert fault.problem == "the file cannot be read: No such file or directory"


def test_a_file_in_another_encoding_is_refused(files: Files) -> None:
    (files.folder / "rotator.yaml").write_bytes(b"owner: \xff")

    (fault,) = files.faults()

    assert fault.problem == "the file is not UTF-8 text"


def test_an_empty_file_lacks_what_is_required(files: Files) -> None:
    files.write("", "")

    fields = [fault.field for fault in files.faults()]

    assert fields == ["apiVersion", "kind", "owner", "aws", "apiVersion", "kind"]


# ------------------------------------------------------------------------- ownership


def test_rules_may_select_by_tags(files: Files) -> None:
    match = "{principal: ci-*, tags: {team: [payments, checkout-*], cost-center: 4711}}"
    settings = files.write(policy=POLICY.replace("{principal: ci-*}", match)).load()

    of, tags = principal("ci-a"), {"Team": "checkout-eu", "cost-center": "4711"}

    assert decide(settings.policy, of, tags).rule == "ci"
    assert decide(settings.policy, of, {"team": "payments"}).rule != "ci"
    assert decide(settings.policy, of).needs_tags


def test_without_an_ownership_section_the_usual_tags_of_tools_are_known(files: Files) -> None:
    assert files.load().ownership == Ownership()


def test_what_is_written_reaches_the_ownership(files: Files) -> None:
    text = """\
ownership:
  contactTags: [owner, team]
  managedTags: {keys: [Terraform*], stack: "*"}
  managedPrincipals: tf-*
"""
    ownership = files.write(CONFIGURATION + text).load().ownership

    assert ownership.contact({"team": "payments"}) == "payments"
    assert ownership.tagged({"keys": "TERRAFORM 1.9"})
    assert not ownership.tagged({"managed-by": "terraform"})
    assert ownership.listed(principal("tf-a"))


def test_detection_by_tags_can_be_switched_off(files: Files) -> None:
    text = "ownership: {managedTags: {}}\n"

    assert not files.write(CONFIGURATION + text).load().ownership.asks_for_tags
