from __future__ import annotations

import pytest

from rotator.core.cipherstash_forms import (
    Crn,
    bare_key_id,
    is_workspace_id,
    parse_crn,
)
from rotator.core.ids import AccountId

WORKSPACE = "ZVATKW3VHMFG27DY"
CRN = f"crn:ap-southeast-2.aws:{WORKSPACE}"


def test_a_crn_is_taken_apart_and_put_together() -> None:
    crn = parse_crn(CRN)

    assert crn == Crn(region="ap-southeast-2.aws", workspace=AccountId(WORKSPACE))
    assert str(crn) == CRN


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "begin"),
        (WORKSPACE, "begin"),
        (f'"{CRN}"', "begin"),
        (f" {CRN}", "begin"),
        (f"CRN:us-east-1.aws:{WORKSPACE}", "begin"),
        ("crn:us-east-1.aws", "three parts"),
        (f"{CRN}:more", "three parts"),
        (f"crn:us-east-1:{WORKSPACE}", "region"),
        (f"crn::{WORKSPACE}", "region"),
        (f"crn:us-east-1.aws :{WORKSPACE}", "region"),
        ("crn:us-east-1.aws:", "workspace id"),
        (f"{CRN[:-1]}", "workspace id"),
        (f"{CRN}Y", "workspace id"),
        (f"{CRN}\n", "workspace id"),
        (CRN.lower(), "workspace id"),
    ],
)
def test_a_wrong_crn_says_which_part_is_wrong_and_is_not_quoted(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        parse_crn(text)

    assert WORKSPACE not in str(caught.value)


def test_a_workspace_id_has_sixteen_capitals_and_digits() -> None:
    assert is_workspace_id(WORKSPACE)
    assert not is_workspace_id(WORKSPACE.lower())
    assert not is_workspace_id(WORKSPACE[1:])


@pytest.mark.parametrize("text", ["YTREWQ123456", "CSAKYTREWQ123456", "CS|CSAKYTREWQ123456"])
def test_a_key_id_is_the_same_in_every_spelling(text: str) -> None:
    assert bare_key_id(text) == "YTREWQ123456"
