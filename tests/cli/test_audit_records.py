"""`rotator audit tail`, `hash` and `prove`: records as people look for them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rotator.audit.fingerprints import Fingerprinter
from rotator.core.chain import GENESIS, seal
from rotator.core.events import FINGERPRINT, AuditAction, AuditRecord, Stage
from rotator.core.ids import KeyId
from rotator.core.rotation import KeyRecord, Role
from rotator.core.secret import Secret
from rotator.testing.manual_clock import ManualClock
from tests.audit.logs import LOG, SIGNER, STRANGER, as_file, chained, notes, records
from tests.builders import at, audit_record, credential, key_record
from tests.cli.desk import Desk
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEAKED = "wJalrXUtnFEMI-made-up"
KEY = SIGNER.verifier_key
PEPPER = "pepper" * 8


def sealed_too(desk: Desk, *told: AuditRecord) -> None:
    """Append records, and give each its number."""
    journal = desk.app.journal
    journal.append(told)
    for record in journal.unsealed(limit=100):
        head = journal.head()
        seq, prev = (head.seq + 1, head.hash) if head else (0, GENESIS.hash)
        journal.seal(((record.id, seal(record, seq=seq, prev=prev, log=LOG)),))


def made(name: str, minute: int, **changes: Any) -> AuditRecord:  # noqa: ANN401 - any field
    return audit_record(name, at=at(minutes=minute), **changes)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk with an empty journal."""
    return Desk(tmp_path, is_confirmed=False)


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Give a desk with a journal of three sealed records and one that waits."""
    sealed_too(desk, made("a", 1), made("b", 2, error="throttled"), made("c", 3, reason="age"))
    desk.app.journal.append((made("d", 4, actor="operator:ann"),))
    return desk


def test_tail_prints_the_newest_records_one_a_line(told: Desk) -> None:
    lines = told.run("audit", "tail").stdout.splitlines()

    assert len(lines) == 4
    assert lines[1].split() == [
        "2026-01-01", "00:02:00Z", "#1", "daemon", "key.create", "pending", "ci-deployer",
        "throttled",
    ]  # fmt: skip
    assert lines[3].split()[2:4] == ["-", "operator:ann"]


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, 1), (2, 2), (9, 4)])
def test_tail_prints_as_many_as_were_asked_for(told: Desk, count: int, shown: int) -> None:
    assert len(told.run("audit", "tail", "-n", str(count)).stdout.splitlines()) == shown


def test_tail_for_machines_prints_the_lines_of_the_log(told: Desk) -> None:
    lines = told.run("audit", "tail", "-n", "2", "--json").stdout.splitlines()

    sealed = told.app.journal.sealed_after(1, limit=1)[0]
    assert lines[0] == sealed.line
    assert json.loads(lines[1])["prev"] == sealed.hash


def test_tail_for_machines_lets_no_control_character_on_a_terminal(desk: Desk) -> None:
    reason = "\x9b31m\u202e\x7f"
    sealed_too(desk, replace(made("loud", 1), reason=reason))
    desk.is_terminal = True

    (line,) = desk.run("audit", "tail", "--json").stdout.splitlines()

    assert line.isprintable()
    assert json.loads(line)["reason"] == reason


class Interrupting(ManualClock):
    """A clock at which somebody does things between two looks, and then goes home."""

    def __init__(self, *acts: Callable[[], None]) -> None:
        super().__init__(at(days=40))
        self.acts = list(acts)

    def sleep(self, seconds: float) -> None:
        if not self.acts:
            raise KeyboardInterrupt
        self.acts.pop(0)()


def test_tail_follows_and_prints_each_record_once(told: Desk) -> None:
    told.app.clock = Interrupting(
        lambda: None,
        lambda: sealed_too(told),
        lambda: sealed_too(told, made("e", 5)),
        lambda: told.app.journal.append((made("f", 6),)),
    )

    found = told.run("audit", "tail", "-n", "1", "-f")

    assert found.exit_code == 0
    assert [line.split()[1:3] for line in found.stdout.splitlines()] == [
        ["00:04:00Z", "-"],
        ["00:05:00Z", "#4"],
        ["00:06:00Z", "-"],
    ]


def test_tail_of_an_empty_journal_prints_nothing(desk: Desk) -> None:
    assert desk.run("audit", "tail").stdout == ""


def with_fingerprints(desk: Desk) -> Fingerprinter:
    """Configure fingerprint keys, of which the newest is current."""
    lines = ["audit:", "  fingerprints:", "    current: k2", "    keys:"]
    for name in ("k1", "k2"):
        (desk.folder / name).write_text(PEPPER + name)
        lines.append(f"      {name}: file:{desk.folder}/{name}")
    Files(desk.folder).write(CONFIGURATION + "\n".join(lines) + "\n")
    return Fingerprinter({"k1": Secret(PEPPER + "k1")}, "k1")


def keep(desk: Desk, key: KeyRecord | None, **changes: Any) -> None:  # noqa: ANN401 - any field
    """Keep a credential's key, and the record of its making."""
    if key:
        desk.keep(credential(), keys=(key,))
    record = made("made", 1, stage=Stage.OUTCOME, outcome="success", **changes)
    assert record.subject is not None
    sealed_too(desk, replace(record, subject=replace(record.subject, key_id=KeyId("AKIALEAKED"))))


def leaked_key(**changes: Any) -> KeyRecord:  # noqa: ANN401 - any field
    return replace(key_record(key_id=KeyId("AKIALEAKED")), **changes)


def test_a_secret_is_recognised_by_a_fingerprint_of_any_key(desk: Desk) -> None:
    print_of = with_fingerprints(desk).of(Secret(LEAKED))
    keep(desk, leaked_key(), evidence={FINGERPRINT: print_of})

    found = desk.run("audit", "hash", answer=f"{LEAKED}\n")

    assert found.exit_code == 0
    assert found.stdout.startswith("OURS\n")
    assert "AKIALEAKED" in found.stdout
    assert "WORKS" in found.stdout
    assert "rotator keys rotate ci-deployer --account 111122223333" in found.stdout
    assert "--taint" in found.stdout
    assert LEAKED not in found.output


def test_a_key_id_is_recognised_as_it_is(desk: Desk) -> None:
    keep(desk, leaked_key())

    told = json.loads(desk.run("audit", "hash", "--json", answer="AKIALEAKED").stdout)

    assert told["ours"] is True
    assert (told["keyId"], told["principal"]) == ("AKIALEAKED", "ci-deployer")
    assert told["recognised"] == "its id is in the audit log"
    assert told["knowsSecrets"] is False


def test_a_key_that_was_made_by_hand_is_recognised(desk: Desk) -> None:
    evidence = {"key_id": "key-1", "name": "deploy", "account": "hub"}
    by_hand = audit_record("hand", subject=None, action=AuditAction.OPERATOR_CREATE_KEY)
    sealed_too(desk, replace(by_hand, evidence=evidence))

    told = json.loads(desk.run("audit", "hash", "--json", answer="key-1").stdout)

    assert (told["keyId"], told["principal"], told["account"]) == ("key-1", "deploy", "hub")
    assert told["state"] == "unknown: the journal has no record of it"
    assert told["toDo"] == "look for it at the provider: rotator doctor principal deploy"


def test_a_principals_name_is_no_command_to_paste(desk: Desk) -> None:
    evidence = {"key_id": "key-1", "name": "a; rm -rf ~", "account": "hub"}
    by_hand = audit_record("hand", subject=None, action=AuditAction.OPERATOR_CREATE_KEY)
    sealed_too(desk, replace(by_hand, evidence=evidence))

    told = json.loads(desk.run("audit", "hash", "--json", answer="key-1").stdout)

    assert told["toDo"].endswith("rotator doctor principal 'a; rm -rf ~'")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"enabled": False}, "disabled: it can be switched on again"),
        ({"role": Role.GONE, "gone_at": at(days=3)}, "deleted, 2026-01-04 00:00Z"),
    ],
    ids=["disabled", "deleted"],
)
def test_a_key_that_works_no_more_needs_nothing(
    desk: Desk, changes: dict[str, object], state: str
) -> None:
    keep(desk, leaked_key(**changes))

    told = json.loads(desk.run("audit", "hash", "--json", answer="AKIALEAKED").stdout)

    assert told["state"] == state
    assert told["toDo"].startswith("nothing;")


def test_a_strangers_text_is_not_ours(desk: Desk) -> None:
    keep(desk, leaked_key())

    found = desk.run("audit", "hash", answer="something else")
    assert found.exit_code == 1
    assert found.stdout == (
        "not ours: no record knows this text; secrets cannot be recognised: "
        "no audit.fingerprints configured\n"
    )
    with_fingerprints(desk)
    found = desk.run("audit", "hash", answer="something else")
    assert found.stdout == "not ours: no record knows this text\n"
    assert json.loads(desk.run("audit", "hash", "--json", answer="x").stdout)["ours"] is False


def test_a_fingerprint_key_that_was_removed_is_named(desk: Desk) -> None:
    with_fingerprints(desk)
    lost = Fingerprinter({"k0": Secret(PEPPER + "k0")}, "k0").of(Secret(LEAKED))
    keep(desk, leaked_key(), evidence={FINGERPRINT: lost})

    found = desk.run("audit", "hash", answer=LEAKED)

    assert found.exit_code == 1
    assert "BUT audit.fingerprints lacks k0" in found.stdout
    told = json.loads(desk.run("audit", "hash", "--json", answer=LEAKED).stdout)
    assert (told["ours"], told["knowsSecrets"]) == (False, False)


def test_nothing_on_standard_input_is_an_error(desk: Desk) -> None:
    assert desk.run("audit", "hash", answer="\n").exit_code == 2


def test_what_is_too_long_to_be_read_whole_is_never_called_a_strangers(desk: Desk) -> None:
    found = desk.run("audit", "hash", answer="x" * 65_537)

    assert found.exit_code == 2
    assert "longer than 65536 bytes" in found.output


LINES = chained(records(20))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(as_file(LINES))
    (tmp_path / "audit.jsonl.checkpoints").write_text(notes(LINES, 4, 16))
    return path


@pytest.mark.parametrize("seq", [0, 7, 15])
def test_a_record_is_proved_to_somebody_who_has_nothing_but_the_key(
    desk: Desk, log: Path, tmp_path: Path, seq: int
) -> None:
    proof = tmp_path / "proof.json"
    proof.write_text(desk.run("audit", "prove", str(seq), str(log), "--key", KEY).stdout)
    log.unlink()

    found = desk.run("audit", "prove", "--check", str(proof), "--key", KEY)

    assert found.exit_code == 0
    assert found.stdout == f"proved: record {seq} of 16 of the log {LOG}\n{LINES[seq]}\n"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("seq", 8, "the record is not number 8 of the log that was signed"),
        ("line", LINES[8], "the record is not number 7 of the log that was signed"),
        ("proof", [], "the record is not number 7 of the log that was signed"),
        ("checkpoint", "", "the checkpoint is not signed with this key"),
    ],
)
def test_a_changed_proof_proves_nothing(
    desk: Desk, log: Path, tmp_path: Path, field: str, value: object, said: str
) -> None:
    proof = json.loads(desk.run("audit", "prove", "7", str(log), "--key", KEY).stdout)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof | {field: value}))

    found = desk.run("audit", "prove", "--check", str(path), "--key", KEY)

    assert found.exit_code == 1
    assert found.stdout == f"NOT PROVED: {said}\n"


@pytest.mark.parametrize("field", ["line", "checkpoint"])
def test_a_proof_that_is_not_unicode_is_refused(
    desk: Desk, log: Path, tmp_path: Path, field: str
) -> None:
    proof = json.loads(desk.run("audit", "prove", "7", str(log), "--key", KEY).stdout)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof | {field: f"\ud800{proof[field]}"}))

    found = desk.run("audit", "prove", "--check", str(path), "--key", KEY)

    assert found.exit_code == 1
    assert "the file is not a proof" in found.stderr


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"schema":"rotator.proof/v1","seq":"1"}', "[" * 100_000],
    ids=["half", "list", "empty", "wrong types", "deep"],
)
def test_what_is_no_proof_is_refused(desk: Desk, tmp_path: Path, content: str) -> None:
    path = tmp_path / "proof.json"
    path.write_text(content)

    found = desk.run("audit", "prove", "--check", str(path), "--key", KEY)

    assert found.exit_code == 1
    assert "the file is not a proof" in found.stderr


@pytest.mark.parametrize(
    ("seq", "keys", "said"),
    [
        ("16", (KEY,), "record 16 of 20 is not covered: the newest checkpoint is of 16"),
        ("3", (STRANGER.verifier_key,), "there is no checkpoint that can be believed"),
    ],
)
def test_a_record_that_no_checkpoint_covers_is_not_proved(
    desk: Desk, log: Path, seq: str, keys: tuple[str, ...], said: str
) -> None:
    found = desk.run("audit", "prove", seq, str(log), "--key", *keys)

    assert found.exit_code == 1
    assert said in found.stderr


def test_nothing_is_proved_of_a_log_that_was_rewritten(desk: Desk, log: Path) -> None:
    log.write_bytes(as_file([LINES[1], *LINES[1:]]))

    found = desk.run("audit", "prove", "3", str(log), "--key", KEY)

    assert found.exit_code == 1
    assert "the log is not the one that its checkpoint signs" in found.stderr


def test_prove_wants_a_number_or_a_proof_and_a_key(desk: Desk, log: Path) -> None:
    assert desk.run("audit", "prove").exit_code == 2
    assert desk.run("audit", "prove", "3", "--check", str(log)).exit_code == 2
    assert "--key" in desk.run("audit", "prove", "3", str(log)).stderr
