from __future__ import annotations

import pytest

from rotator.core.keyset_names import check_description, check_keyset_name
from rotator.errors import RejectedError


@pytest.mark.parametrize("name", ["a", "tenants/company-a", "Company_A", "x" * 64, "Default"])
def test_what_the_service_takes_is_let_through(name: str) -> None:
    check_keyset_name(name)


@pytest.mark.parametrize("name", ["", "x" * 65, "Company A", "a.b", "é", "a\n", "default"])
def test_what_the_service_refuses_is_refused_with_a_remedy(name: str) -> None:
    with pytest.raises(RejectedError) as caught:
        check_keyset_name(name)

    assert (caught.value.code, bool(caught.value.hint)) == ("keyset_name", True)


def test_a_description_is_neither_empty_nor_endless() -> None:
    check_description("x" * 256)
    for text in ("", "x" * 257):
        with pytest.raises(RejectedError, match=f"this one {len(text)}"):
            check_description(text)
