"""The audit chain: canonical lines, hashes, and what is told of a damaged log."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.chain import (
    GENESIS,
    Link,
    canonical,
    leaf_hash,
    read_link,
    seal,
    sealed_at,
    verify_chain,
    verify_line,
)
from rotator.core.events import SealedRecord
from rotator.core.log_findings import FindingKind
from rotator.testing.builders import at, audit_record
from tests.core.make_chain_vectors import LOG, RECORDS, VECTORS, vectors

EMPTY_LEAF = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
"""SHA-256 of the single byte 0x00: RFC 6962's hash of an empty leaf."""


def chain(length: int) -> list[str]:
    """Seal records that differ in their id only."""
    link, lines = GENESIS, []
    for seq in range(length):
        sealed = seal(audit_record(seq), seq=seq, prev=link.hash, log=LOG)
        link = Link(seq=sealed.seq, hash=sealed.hash)
        lines.append(sealed.line)
    return lines


def told(lines: list[str]) -> list[str]:
    """Render every finding as a report would."""
    return [str(finding) for finding in verify_chain(lines).findings]


def test_the_golden_vectors_are_what_the_script_makes() -> None:
    assert VECTORS.read_text() == vectors()


def test_sealing_yields_the_golden_lines_byte_for_byte() -> None:
    rows = [json.loads(row) for row in VECTORS.read_text().splitlines()]
    link = GENESIS

    for record, row in zip(RECORDS, rows, strict=True):
        sealed = seal(record, seq=row["seq"], prev=link.hash, log=LOG)
        assert (sealed.line, sealed.hash) == (row["line"], row["hash"])
        link = Link(seq=sealed.seq, hash=sealed.hash)

    assert verify_chain(row["line"] for row in rows).findings == ()


def test_a_leaf_is_hashed_as_rfc_6962_does() -> None:
    assert leaf_hash("") == EMPTY_LEAF
    assert leaf_hash("{}") == hashlib.sha256(b"\x00{}").hexdigest()


def test_canonical_json_is_that_of_rfc_8785() -> None:
    assert canonical({"b": "\u20ac\n", "a": {"\r": 1, "1": None}}) == (
        '{"a":{"\\r":1,"1":null},"b":"\u20ac\\n"}'
    )


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**30])
def test_a_number_beyond_json_is_written_as_text(number: int) -> None:
    record = replace(audit_record(), evidence={"count": number})

    line = seal(record, seq=0, prev=GENESIS.hash, log=LOG).line

    assert json.loads(line)["evidence"] == {"count": str(number)}
    assert told([line]) == []


@given(text=st.text(st.characters(codec=None, categories=None)), number=st.integers())
def test_no_content_of_a_record_can_stop_the_log(text: str, number: int) -> None:
    record = replace(
        audit_record(), actor=text, reason=text, evidence={text: text, "n": number, "b": False}
    )

    line = seal(record, seq=0, prev=GENESIS.hash, log=text).line

    assert verify_chain([line]).findings == ()


def test_a_line_is_one_line() -> None:
    record = replace(audit_record(), reason="a\nb\r\u2028c")

    assert "\n" not in seal(record, seq=0, prev=GENESIS.hash, log=LOG).line


def test_a_sealed_record_tells_when_it_was_made() -> None:
    record = replace(audit_record(), at=at(seconds=1.5))

    assert sealed_at(seal(record, seq=0, prev=GENESIS.hash, log=LOG)) == at(seconds=1.5)


def test_a_line_without_a_time_is_told() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        sealed_at(SealedRecord(seq=0, line="{}", hash=""))


def test_an_untouched_log_has_no_finding() -> None:
    lines = chain(5)
    verified = verify_chain(lines)

    assert verified.findings == ()
    assert verified.head == Link(seq=4, hash=leaf_hash(lines[-1])) == read_link(lines[-1])


def test_an_empty_log_ends_where_it_began() -> None:
    assert verify_chain([]).head == GENESIS


def test_a_log_can_be_read_on_from_a_known_place() -> None:
    lines = chain(5)

    assert verify_chain(lines[3:], after=read_link(lines[2])).findings == ()


def test_a_changed_record_is_found_at_the_one_after_it() -> None:
    lines = chain(5)
    lines[2] = lines[2].replace('"pending"', '"success"')

    assert told(lines) == ["INVALID  seq=3     prev does not match the record before it"]


def test_a_removed_record_leaves_a_gap() -> None:
    lines = chain(5)
    del lines[2]

    assert told(lines) == ["GAP      seq=2     next record found is 3"]


def test_a_removed_beginning_is_a_gap() -> None:
    assert told(chain(5)[2:]) == ["GAP      seq=0     next record found is 2"]


def test_a_repeated_record_is_invalid() -> None:
    lines = chain(3)

    assert told([*lines[:2], *lines[1:]]) == ["INVALID  seq=1     record 2 should stand here"]


def test_a_record_from_another_log_does_not_fit() -> None:
    lines = chain(3)
    lines[1] = seal(audit_record("other"), seq=1, prev="f" * 64, log="other").line

    assert [finding.seq for finding in verify_chain(lines).findings] == [1, 2]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("", "the line is not JSON"),
        ("{", "the line is not JSON"),
        ("\ud800", "the line is not JSON"),
        ("[NaN]", "the line is not JSON"),
        ("[" * 100_000, "the line is not JSON"),
        ('{"a": 1}', "the line is not canonical JSON"),
        ('{"a":1,"a":1}', "the line is not canonical JSON"),
        ("[]", "the line is not a record of rotator.audit/v1"),
        ('{"schema":"rotator.audit/v2"}', "the line is not a record of rotator.audit/v1"),
        (
            '{"prev":"","schema":"rotator.audit/v1","seq":true}',
            "the line is not a record of rotator.audit/v1",
        ),
        (
            '{"prev":"","schema":"rotator.audit/v1","seq":-1}',
            "the line is not a record of rotator.audit/v1",
        ),
        (
            '{"prev":0,"schema":"rotator.audit/v1","seq":0}',
            "the line is not a record of rotator.audit/v1",
        ),
    ],
)
def test_a_line_that_is_no_record_is_invalid(line: str, detail: str) -> None:
    verified = verify_line(line, after=Link(seq=6, hash="0" * 64))

    assert [(item.kind, item.seq, item.detail) for item in verified.findings] == [
        (FindingKind.INVALID, 7, detail)
    ]
    assert verified.head.seq == 7


@given(data=st.data())
def test_no_change_of_a_single_character_goes_unseen(data: st.DataObject) -> None:
    lines = chain(4)
    index = data.draw(st.integers(0, 2))
    place = data.draw(st.integers(0, len(lines[index]) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda it: it != lines[index][place]))
    lines[index] = lines[index][:place] + letter + lines[index][place + 1 :]

    assert verify_chain(lines).findings != ()
