from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from rotator.audit.signing import Signer, generate
from rotator.core.chain import GENESIS, seal
from rotator.core.checkpoint import Checkpoint, NoteSignature, body, file_of_notes, note
from rotator.core.ids import AccountId, KeyId
from rotator.core.pictures import digest
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase, Role
from rotator.core.snapshots import StoredSnapshot
from rotator.errors import UnavailableError
from tests.builders import (
    ACCOUNT,
    EPOCH,
    NEW_KEY,
    at,
    audit_record,
    credential,
    key_record,
    principal,
    rotation,
)
from tests.cli.desk import Desk
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from click.testing import Result

TODAY = "2026-02-10"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    Files(tmp_path).write(CONFIGURATION + "audit: {file: audit.jsonl, logName: rotator}\n")
    return made


def fill(desk: Desk) -> None:
    """Keep one credential of every kind, as of the fortieth day."""
    seen_at = at(days=40)
    good = credential("ci-good", contact="ann@example.com")
    desk.keep(good, keys=(key_record(good, seen_at=seen_at),))
    busy = credential("ci-busy")
    desk.keep(
        busy,
        keys=(
            key_record(busy, role=Role.PREVIOUS, seen_at=seen_at),
            key_record(busy, NEW_KEY, created_at=at(days=39), seen_at=seen_at),
        ),
        rotation=rotation(busy, phase=Phase.PROMOTED, created_at=at(days=39)),
    )
    late = credential("ci-late", hold=Hold(reason=Reason.SLOTS_FULL, since=EPOCH))
    stranger = KeyId("AKIASTRANGER00000003")
    suspect = KeyId("AKIASUSPECT000000004")
    desk.keep(
        late,
        keys=(
            key_record(late, created_at=at(days=-60), seen_at=seen_at),
            key_record(
                late,
                stranger,
                role=Role.FOREIGN,
                seen_at=seen_at,
                use_read_at=at(days=39),
                last_used_at=at(days=-20),
            ),
            key_record(late, suspect, role=Role.SUSPECT, enabled=False, suspect_since=at(days=38)),
        ),
    )
    jane = credential(
        "jane", action=Action.REPORT, note="a person's", destination=None, current_key_id=None
    )
    desk.keep(jane, keys=(key_record(jane, role=Role.FOREIGN, seen_at=seen_at),))
    desk.keep(credential("new", current_key_id=None))


def keep_picture(desk: Desk, *, sealed: bool = True) -> None:
    """Keep the picture of the fortieth day, and number its record."""
    desk.app.pictures.keep_one_a_day(is_complete=True)
    if sealed:
        chain_up(desk)


def chain_up(desk: Desk) -> None:
    """Number the records that wait."""
    journal = desk.app.journal
    for record in journal.unsealed(limit=100):
        head = journal.head()
        seq, prev = (head.seq + 1, head.hash) if head else (0, GENESIS.hash)
        journal.seal(((record.id, seal(record, seq=seq, prev=prev, log="rotator")),))


def sign(desk: Desk, *sizes: int, origin: str = "rotator") -> None:
    """Write checkpoints of some sizes beside the log."""
    signature = NoteSignature(name=origin, key_id=b"abcd", signature=b"x" * 64)
    notes = [
        note(body(Checkpoint(origin=origin, size=size, root=bytes(32))), signature)
        for size in sizes
    ]
    log = desk.folder / "audit.jsonl.checkpoints"
    log.write_text(file_of_notes(*notes), encoding="utf-8")


def told(result: Result) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def at_noon(desk: Desk) -> None:
    """Let it be the afternoon of the fortieth day, when every picture is taken."""
    desk.app.clock.advance_to(at(days=40, hours=13))


@pytest.mark.parametrize("form", ["markdown", "html", "csv", "json"])
def test_a_report_says_everything(
    desk: Desk, golden: Callable[[str, str], None], form: str
) -> None:
    fill(desk)
    desk.app.failed_scans = {("aws-iam", ACCOUNT): "access_denied"}
    at_noon(desk)
    keep_picture(desk)
    sign(desk, 1, 2, 7)

    result = desk.run("report", "compliance", "--at", TODAY, "--format", form)

    assert result.exit_code == 3
    golden(f"tests/golden/report_compliance.{form.replace('markdown', 'md')}", result.stdout)


@pytest.mark.parametrize("form", ["markdown", "html", "csv", "json"])
def test_the_report_on_a_past_day_never_changes(desk: Desk, form: str) -> None:
    fill(desk)
    at_noon(desk)
    keep_picture(desk)
    sign(desk, 2)
    arguments = ("report", "compliance", "--at", TODAY, "--format", form)
    before = desk.run(*arguments)

    desk.app.clock.advance_to(at(days=300))
    desk.keep(credential("ci-younger"))
    keep_picture(desk)
    sign(desk, 2, 3, 400)
    after = desk.run(*arguments)

    assert after.stdout_bytes == before.stdout_bytes


def test_a_report_of_now_says_that_nothing_attests_it(desk: Desk) -> None:
    fill(desk)

    result = desk.run("report", "compliance")

    assert result.exit_code == 3
    assert "not attested" in result.stdout
    assert "Not known: only the daemon's own picture" in result.stdout
    assert told(desk.run("report", "compliance", "--format", "json"))["evidence"] is None
    assert desk.app.snapshots.snapshot_at(at(days=41)) is None


def test_when_all_keys_are_young_the_report_waits_for_nobody(desk: Desk) -> None:
    good = credential("ci-good")
    desk.keep(good, keys=(key_record(good, seen_at=at(days=40)),))

    result = desk.run("report", "compliance")

    assert result.exit_code == 0
    assert "Keys in scope: 1. Compliant: 1, in breach: 0, unknown: 0." in result.stdout


def test_without_a_rotated_principal_it_says_so(desk: Desk) -> None:
    result = desk.run("report", "compliance")

    assert result.exit_code == 0
    assert "No key is in scope" in result.stdout


def test_a_picture_that_was_changed_is_refused(desk: Desk) -> None:
    fill(desk)
    at_noon(desk)
    keep_picture(desk)
    kept = desk.app.snapshots.snapshot_at(at(days=41))
    assert kept is not None
    body = kept.body.replace("ci-late", "ci-fine")
    desk.app.snapshots.replace(replace(kept, body=body, sha256=digest(body)))

    result = desk.run("report", "compliance", "--at", TODAY)

    assert result.exit_code == 1
    assert "not the one that its audit record tells of" in result.stderr
    assert result.stdout == ""


def test_a_picture_of_another_schema_is_refused(desk: Desk) -> None:
    body = '{"schema":"rotator.snapshot/v9"}'
    snapshot = StoredSnapshot(day=TODAY, taken_at=at(days=40), body=body, sha256=digest(body))
    desk.app.snapshots.save_snapshot(snapshot, audit_record("v9"))

    result = desk.run("report", "compliance", "--at", TODAY)

    assert result.exit_code == 1
    assert "not of the schema rotator.snapshot/v1" in result.stderr


def test_a_picture_whose_record_is_not_sealed_yet_says_so(desk: Desk) -> None:
    at_noon(desk)
    keep_picture(desk, sealed=False)

    result = desk.run("report", "compliance", "--at", TODAY)

    assert "| Audit record | not sealed yet |" in result.stdout
    assert "| Checkpoint | not covered yet |" in result.stdout


def test_only_checkpoints_of_this_log_that_reach_the_record_cover_it(desk: Desk) -> None:
    at_noon(desk)
    keep_picture(desk)
    arguments = ("report", "compliance", "--at", TODAY)

    sign(desk, 9, origin="another")
    assert "| Checkpoint | not covered yet |" in desk.run(*arguments).stdout
    sign(desk, 1)
    assert "| Checkpoint | not covered yet |" in desk.run(*arguments).stdout
    sign(desk, 9, 2)
    assert "rotator, 2 records" in desk.run(*arguments).stdout


def test_the_name_that_the_log_has_today_changes_no_report_of_the_past(desk: Desk) -> None:
    at_noon(desk)
    keep_picture(desk)
    sign(desk, 2)
    before = desk.run("report", "compliance", "--at", TODAY).stdout_bytes
    path = desk.folder / "rotator.yaml"
    path.write_text(path.read_text().replace("logName: rotator", "logName: newer"))

    assert desk.run("report", "compliance", "--at", TODAY).stdout_bytes == before


def test_a_damaged_checkpoint_is_not_passed_over(desk: Desk) -> None:
    at_noon(desk)
    keep_picture(desk)
    (desk.folder / "audit.jsonl.checkpoints").write_text("rotator\n2\n", encoding="utf-8")

    result = desk.run("report", "compliance", "--at", TODAY)

    assert result.exit_code == 1
    assert "a checkpoint of the log is damaged" in result.stderr


def test_a_checkpoint_that_no_known_key_signed_covers_nothing(desk: Desk) -> None:
    at_noon(desk)
    keep_picture(desk)
    sign(desk, 2)
    key = Signer.read(generate(), "rotator").verifier_key
    path = desk.folder / "rotator.yaml"
    path.write_text(path.read_text().replace("}", f", formerKeys: ['{key}']}}"))

    result = desk.run("report", "compliance", "--at", TODAY)

    assert result.exit_code == 1
    assert "it is not signed with this key" in result.stderr


def test_a_day_is_its_end_and_an_instant_is_itself(desk: Desk) -> None:
    at_noon(desk)
    keep_picture(desk)
    desk.app.clock.advance_to(at(days=41, hours=13))

    assert desk.run("report", "compliance", "--at", "2026-02-10T13:00:00Z").exit_code == 0
    assert desk.run("report", "compliance", "--at", "2026-02-10T13:00:00").exit_code == 0
    before = desk.run("report", "compliance", "--at", "2026-02-10T12:59:59Z")
    assert before.exit_code == 1
    assert "no picture was kept until then" in before.stderr


def test_an_older_picture_is_taken_with_a_word(desk: Desk) -> None:
    at_noon(desk)
    keep_picture(desk)
    desk.app.clock.advance_to(at(days=60))

    result = desk.run("report", "compliance", "--at", "2026-02-20")

    assert result.exit_code == 0
    assert "note: no picture was kept of 2026-02-20 until then; this is of 2026-02-10" in (
        result.stderr
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("yesterday", "is not like 2026-11-01"),
        ("2026-13-01", "is not like 2026-11-01"),
        ("2026-02-11", "still to come"),
        ("2026-02-10T13:00:00Z", "still to come"),
    ],
)
def test_a_wrong_time_is_told(desk: Desk, text: str, problem: str) -> None:
    result = desk.run("report", "compliance", "--at", text)

    assert result.exit_code == 2
    assert problem in result.stderr


def test_only_the_named_accounts_are_reported(desk: Desk) -> None:
    fill(desk)
    other = credential(principal=principal("ci-other", account=AccountId("444455556666")))
    desk.keep(other, keys=(key_record(other),))
    arguments = ("report", "compliance", "--format", "json", "--account")

    by_name = told(desk.run(*arguments, "prod"))["sections"]
    by_id = told(desk.run(*arguments, "444455556666"))["sections"]

    assert {line["principal"] for line in by_name["age"]} == {
        "ci-good",
        "ci-busy",
        "ci-late",
        "new",
    }
    assert [line["principal"] for line in by_id["age"]] == ["ci-other"]


def test_an_account_that_is_not_in_the_picture_is_refused(desk: Desk) -> None:
    result = desk.run("report", "compliance", "--account", "stage")

    assert result.exit_code == 2
    assert f"no account stage is in the picture; known are {ACCOUNT}" in result.stderr


def test_without_a_journal_there_is_no_report(desk: Desk) -> None:
    desk.app.missing = UnavailableError("there is no journal yet")

    assert desk.run("report", "compliance").exit_code == 1


HOSTILE = "</td><script>alert(1)</script>|[x](https://evil.example)`_*\n# www.evil.example"


def test_a_name_is_never_markup(desk: Desk) -> None:
    bad = credential(principal=principal(HOSTILE), contact="=HYPERLINK(1)", current_key_id=None)
    desk.keep(bad, keys=(key_record(bad, role=Role.FOREIGN),))

    page = desk.run("report", "compliance", "--format", "html").stdout
    text = desk.run("report", "compliance").stdout

    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "a", "img", "link", "iframe"}
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "https://evil" not in text
    assert "www.evil" not in text
    titles = next(line for line in text.splitlines() if "| Limit | Made |" in line)
    row = next(line for line in text.splitlines() if "alert" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == titles.count("|")


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.seen.add(tag)


def test_no_cell_of_the_csv_form_is_a_formula(desk: Desk) -> None:
    for number, start in enumerate("=+-@\t\r"):
        bad = credential(principal=principal(f"{start}cmd{number}"), contact=f"{start}1")
        desk.keep(bad, keys=(key_record(bad),))

    text = desk.run("report", "compliance", "--format", "csv").stdout

    cells = [cell for row in csv.reader(StringIO(text)) for cell in row]
    assert any("cmd0" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_page_loads_nothing_and_runs_nothing(desk: Desk) -> None:
    page = desk.run("report", "compliance", "--format", "html").stdout

    assert "default-src 'none'" in page
    assert not re.search(r"https?://|src=|href=|@import|url\(|\son\w+=", page)
