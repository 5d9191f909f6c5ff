from __future__ import annotations

from base64 import b64encode

import pytest

from rotator.core.cipherstash_forms import Crn
from rotator.core.doctor_value import Kind, examine
from rotator.core.ids import AccountId
from rotator.core.value_reading import LONGEST

ID = "ABCDEFGH23456789"
KEY = f"CSAK{ID}.{'Q7X2' * 12}"
RAW = bytes([0xA4, *range(167)])
CLIENT_KEY = RAW.hex()
CLIENT_ID = "6d1e2f3a-0b4c-4d5e-8f90-a1b2c3d4e5f6"
HERE = Crn(region="us-east-1.aws", workspace=AccountId("ZVATKW3VHMFG27DY"))
CRN = str(HERE)


def codes(text: str | bytes, wanted: Kind | None = None) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    return [fault.code for fault in examine(data, wanted=wanted).faults]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (KEY, Kind.ACCESS_KEY),
        (CLIENT_KEY, Kind.CLIENT_KEY),
        (CLIENT_KEY.upper(), Kind.CLIENT_KEY),
        (CLIENT_ID, Kind.CLIENT_ID),
        (CRN, Kind.CRN),
    ],
)
def test_what_is_right_is_recognised_and_found_right(text: str, kind: Kind) -> None:
    found = examine(text.encode(), wanted=kind)

    assert (found.kind, found.faults, found.notes) == (kind, (), ())


def test_only_an_access_keys_public_id_is_ever_shown() -> None:
    assert examine(KEY.encode()).key_id == ID
    for text in (CLIENT_KEY, CLIENT_ID, CRN, f"CSAK{'Q' * 48}", f"CSAK{'Q' * 33}.X"):
        assert examine(text.encode()).key_id is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"\ufeff{KEY}", "bom"),
        (f"{KEY}\r\n", "carriage_return"),
        (f"{KEY}\r", "carriage_return"),
        (f"{KEY}\n\n", "line_end"),
        (f"\n{KEY}", "line_end"),
        (f"{KEY[:30]}\n{KEY[30:]}", "several_lines"),
        (f"{KEY[:30]}\u00a0{KEY[30:]}", "odd_space"),
        (f"\u2003{KEY}", "odd_space"),
        (f"{KEY[:9]}\u200b{KEY[9:]}", "invisible"),
        (f"{KEY}\x00", "invisible"),
        (f" {KEY}", "space_around"),
        (f"{KEY}\t", "space_around"),
        (f"{KEY[:30]} {KEY[30:]}", "space_inside"),
        (f"{KEY[:30]}\t{KEY[30:]}", "space_inside"),
        (f'"{KEY}"', "quoted"),
        (f"'{KEY}'", "quoted"),
        (f"\u201c{KEY}\u201d", "quoted"),
        (f'"{KEY}', "half_quoted"),
        (f"{KEY}'", "half_quoted"),
        (f"Bearer {KEY}", "bearer"),
        (f"Authorization: bearer {KEY}", "bearer"),
        (f"CS_CLIENT_ACCESS_KEY={KEY}", "assignment"),
        (f"export CS_CLIENT_ACCESS_KEY = {KEY}", "assignment"),
        (f"CS_CLIENT_ACCESS_KEY: {KEY}", "assignment"),
    ],
)
def test_whatever_got_around_a_key_is_named_and_the_key_still_recognised(
    text: str, code: str
) -> None:
    found = examine(text.encode())

    assert found.kind is Kind.ACCESS_KEY
    assert code in [fault.code for fault in found.faults]
    assert found.key_id == ID


def test_several_things_around_a_key_are_all_named_once() -> None:
    assert codes(f'export CS_CLIENT_ACCESS_KEY=" {KEY} "\r\n') == [
        "carriage_return",
        "assignment",
        "quoted",
        "space_around",
    ]


def test_quotes_in_quotes_are_one_fault() -> None:
    assert codes(f"\"'{KEY}'\"") == ["quoted"]


def test_what_is_wrapped_deeper_than_anybody_would_is_soon_given_up() -> None:
    assert codes('"' * LONGEST) == ["quoted", "unknown"]


def test_one_line_end_belongs_to_the_pipe_and_is_mentioned() -> None:
    found = examine(f"{KEY}\n".encode())

    assert found.is_valid
    assert "one line end" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b'""', "empty"),
        (b"CS_CLIENT_KEY=", "empty"),
        (b"${CS_CLIENT_ACCESS_KEY}", "placeholder"),
        (b"$CS_CLIENT_ACCESS_KEY", "placeholder"),
        (b"$(cat key)", "placeholder"),
        (b"{{ .Values.key }}", "placeholder"),
        (b"<your key>", "placeholder"),
        (b"%CS_KEY%", "placeholder"),
        (b"\xff\xfeC\x00S\x00", "not_text"),
        (b"x" * (LONGEST + 1), "too_long"),
    ],
)
def test_what_is_no_value_is_told_whatever_it_was_to_be(text: bytes, code: str) -> None:
    found = examine(text, wanted=Kind.CRN)

    assert found.kind is Kind.NOTHING
    assert code in [fault.code for fault in found.faults]
    assert "other_kind" not in [fault.code for fault in found.faults]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"CSAK{ID}", "cut"),
        (f"CSAK{ID}.", "cut"),
        (f"CSAK.{'Q' * 48}", "cut"),
        (f"{KEY}.{'Q' * 9}", "cut"),
        (f"CSAK{ID}.Q;Q", "cut"),
        (f"CSAK{ID}+.QQ", "cut"),
        (KEY[4:], "cut"),
        (KEY.lower(), "case"),
    ],
)
def test_a_cut_or_mangled_access_key_is_told(text: str, code: str) -> None:
    found = examine(text.encode())

    assert found.kind is Kind.ACCESS_KEY
    assert [fault.code for fault in found.faults] == [code]


def test_a_secret_that_is_shorter_than_usual_is_a_note() -> None:
    found = examine(KEY[:-5].encode())

    assert found.is_valid
    assert "it may be cut" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CLIENT_KEY[:-1], "cut"),
        (CLIENT_KEY[:-2], "length"),
        (CLIENT_KEY + "00", "length"),
        (f"0x{CLIENT_KEY}", "prefix"),
        (b64encode(RAW).decode(), "base64"),
        (b64encode(RAW).decode().rstrip("="), "base64"),
        (b64encode(RAW).decode().replace("+", "-").replace("/", "_"), "base64"),
        (b64encode(RAW).decode()[:70], "base64"),
    ],
)
def test_a_client_key_that_programs_refuse_is_told(text: str, code: str) -> None:
    found = examine(text.encode())

    assert found.kind is Kind.CLIENT_KEY
    assert [fault.code for fault in found.faults] == [code]


def test_a_clients_id_without_its_dashes_is_told() -> None:
    found = examine(CLIENT_ID.replace("-", "").encode())

    assert (found.kind, [it.code for it in found.faults]) == (Kind.CLIENT_ID, ["dashes"])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("AKIAIOSFODNN7EXAMPLE", "AWS key"),
        ("ASIAIOSFODNN7EXAMPLE", "AWS key"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS key"),
        ("arn:aws:iam::111122223333:role/x", "AWS resource"),
        ("ghp_abcdef0123456789", "GitHub"),
        ("xoxb-1-2-3", "Slack"),
        ("sk_live_abcdef", "Stripe"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDUyJ9.c2ln", "token that was made"),
        ("-----BEGIN PRIVATE KEY-----", "PEM"),
        ('{"CS_CLIENT_ID": "x"}', "JSON"),
    ],
)
def test_what_belongs_to_another_system_is_told(text: str, what: str) -> None:
    found = examine(text.encode())

    assert found.kind is Kind.FOREIGN
    assert what in found.what
    assert [fault.code for fault in found.faults][-1] == "foreign"


@pytest.mark.parametrize(
    "text", ["hello", "Q" * 39, "(" * 40, "Z" * 44, b64encode(RAW * 2).decode()]
)
def test_what_is_nothing_known_is_told(text: str) -> None:
    assert codes(text) == ["unknown"]


def test_an_id_alone_is_told() -> None:
    assert codes(ID) == ["id_alone"]
    assert examine(ID.encode()).key_id is None


@pytest.mark.parametrize(
    "text",
    [
        "CRN:us-east-1.aws:ZVATKW3VHMFG27DY",
        "crn:us-east-1.aws",
        "crn:us-east-1:ZVATKW3VHMFG27DY",
        "crn:us-east-1.aws:zvatkw3vhmfg27dy",
        "crn:us-east-1.aws:ZVATKW3VHMFG27D",
    ],
)
def test_a_malformed_crn_names_its_wrong_part(text: str) -> None:
    found = examine(text.encode())

    assert (found.kind, [it.code for it in found.faults]) == (Kind.CRN, ["crn_form"])


def test_a_crn_is_compared_with_the_configured_workspaces() -> None:
    elsewhere = "crn:eu-west-1.aws:ZVATKW3VHMFG27DY"
    another = "crn:us-east-1.aws:AAAABBBBCCCCDDDD"
    nowhere = Crn(region="", workspace=HERE.workspace)

    def found(text: str, *workspaces: Crn) -> list[str]:
        return [it.code for it in examine(text.encode(), workspaces=workspaces).faults]

    assert found(CRN, HERE) == []
    assert found(elsewhere, HERE) == ["other_region"]
    assert found(another, HERE) == ["other_workspace"]
    assert found(elsewhere, nowhere) == []
    assert found(elsewhere) == []


def test_a_value_that_is_something_else_than_wanted_is_told() -> None:
    assert codes(CLIENT_ID, Kind.CLIENT_KEY) == ["other_kind"]
    assert codes("AKIAIOSFODNN7EXAMPLE", Kind.ACCESS_KEY) == ["foreign", "other_kind"]


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f'"{KEY}',
        f"{KEY[:30]} {KEY[30:]}",
        f"CSAK{'Q7X2' * 12}",
        KEY[4:],
        f"{'Q7X2' * 12}.{'Q7X2' * 12}",
        CLIENT_KEY[:-1],
        b64encode(RAW).decode(),
        f"CS_CLIENT_KEY={CLIENT_KEY}",
        f"${{{KEY}}}",
    ],
)
def test_nothing_that_is_said_holds_a_part_of_the_secret(text: str) -> None:
    said = repr(examine(text.encode(), wanted=Kind.CRN, workspaces=[HERE]))

    assert "Q7X2" not in said
    assert CLIENT_KEY[2:14] not in said
    assert b64encode(RAW).decode()[4:16] not in said
