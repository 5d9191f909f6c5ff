"""What an answer must say, and what counts as the same."""

from __future__ import annotations

import pytest

from rotator.core.secret import Secret
from rotator.providers.http.conditions import holds, is_same
from rotator.providers.http.templates import Namespace
from tests.adapters.http_provider.by_hand import condition

VALUES = {
    Namespace.KEY: {"id": "7", "secret": Secret("s3cret")},
    Namespace.PARAMS: {"user": "robot", "n": 7, "all": ["a", 1]},
}

BODY = {"id": 7, "name": "robot-1", "ok": True, "none": None, "tags": ["a", "1"], "s": "s3cret"}


@pytest.mark.parametrize(
    ("path", "wanted", "is_met"),
    [
        ("id", {"equals": "${key.id}"}, True),
        ("id", {"equals": 7}, True),
        ("id", {"equals": "8"}, False),
        ("id", {"one_of": ["1", "${params.n}"]}, True),
        ("id", {"one_of": ["1", "2"]}, False),
        ("name", {"starts_with": "${params.user}-"}, True),
        ("name", {"starts_with": "other"}, False),
        ("id", {"starts_with": "7"}, False),
        ("s", {"starts_with": "${key.secret}"}, True),
        ("s", {"equals": "${key.secret}"}, True),
        ("name", {"equals": "${key.secret}"}, False),
        ("id", {"equals": "${key.secret}"}, False),
        ("ok", {"equals": True}, True),
        ("ok", {"equals": "true"}, False),
        ("id", {"equals": True}, False),
        ("tags", {"equals": "${params.all}"}, True),
        ("none", {"exists": False}, True),
        ("none", {"exists": True}, False),
        ("id", {"exists": True}, True),
        ("nothing", {"equals": "x"}, False),
        ("length(id)", {"exists": True}, False),
        ("length(id)", {"exists": False}, True),
    ],
)
def test_a_condition_is_met_or_not(path: str, wanted: dict[str, object], *, is_met: bool) -> None:
    assert holds(condition(path, **wanted), BODY, VALUES) is is_met


@pytest.mark.parametrize(
    ("found", "wanted", "is_alike"),
    [
        ({"a": [1, {"b": None}]}, {"a": ["1", {"b": None}]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        (1.5, 1.5, True),
        (None, None, True),
        (None, "", False),
        (0, False, False),
    ],
)
def test_json_values_are_compared_as_a_whole(
    found: object, wanted: object, *, is_alike: bool
) -> None:
    assert is_same(found, wanted) is is_alike
