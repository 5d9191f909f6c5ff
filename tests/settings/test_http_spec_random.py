from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rotator.settings.http_spec import read_spec
from tests.settings.specs import FILE, SPEC, changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.errors import Fault
    from rotator.providers.http.spec import Spec

CALMLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine with other work is no reason to fail."""

SECRET = "s3cr3t-value"
FRAGMENTS = st.sampled_from(
    [
        "${params.user}",
        "${creds.admin}",
        "${new.ttl|seconds}",
        "${new.ttl}",
        "${old.level|optional}",
        "${key.secret}",
        "${",
        "$${",
        "}",
        "|",
        "/",
        "..",
        "%2e",
        "\r\n",
        "\x00",
        "\\",
        "https://",
        "a.b[*]",
        "[?a=='b']",
        "`1`",
        "(a+)+",
        "FILL IN",
        "é€",
        "&x *x",
        "<<",
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=5), max_size=4).map("".join)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
WORDS = st.sampled_from(["path", "type", "equals", "status", "headers", "json", "const", "time"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | TEXTS, inner, max_size=3),
    max_leaves=6,
)


def places(value: object, at: tuple[str, ...] = ()) -> Iterator[str]:
    """Find the place of every field, and one that is not there in every mapping."""
    if isinstance(value, dict):
        yield ".".join((*at, "unknown"))
        for name, item in value.items():
            yield ".".join((*at, name))
            yield from places(item, (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield ".".join((*at, str(index)))
            yield from places(item, (*at, str(index)))


PLACES = sorted(places(dict(SPEC)))


def read(values: Mapping[str, Any]) -> tuple[Spec | None, tuple[Fault, ...]]:
    """Read values as a spec; JSON is YAML, too."""
    return read_spec(FILE, json.dumps(values))


def check(spec: Spec | None, faults: tuple[Fault, ...]) -> None:
    """See that a spec is taken or refused, and nothing between."""
    assert (spec is None) is bool(faults)
    for fault in faults:
        assert fault.problem
        assert fault.remedy
        assert str(fault).startswith(FILE)
        str(fault).encode()


@CALMLY
@given(st.text())
def test_any_text_is_read_without_a_crash(text: str) -> None:
    check(*read_spec(FILE, text))


@CALMLY
@given(st.lists(FRAGMENTS | st.sampled_from("-:{}[]\n \"'#|>&*!%@,?abc0."), max_size=40))
def test_any_yaml_is_read_without_a_crash(parts: list[str]) -> None:
    check(*read_spec(FILE, "".join(parts)))


@CALMLY
@given(st.dictionaries(st.sampled_from(sorted(SPEC)) | TEXTS, VALUES))
def test_any_mapping_is_read_without_a_crash(values: dict[str, Any]) -> None:
    check(*read(values))


@CALMLY
@given(st.sampled_from(PLACES), VALUES)
def test_a_spec_with_anything_anywhere_is_taken_or_refused(place: str, value: object) -> None:
    check(*read(changed({place: value})))


@CALMLY
@given(st.sampled_from(PLACES), TEXTS, st.sampled_from(["${creds.admin}", "${key.secret}"]))
def test_a_spec_that_is_taken_sends_no_secret_where_it_may_not(
    place: str, text: str, hole: str
) -> None:
    spec, faults = read(changed({place: text + hole}))
    check(spec, faults)
    if spec is None:
        return

    urls = [
        spec.base_url,
        spec.listing.operation.request.path,
        spec.creation.operation.request.path,
    ]
    assert hole not in " ".join(url.text for url in urls if url is not None)
    assert hole not in repr(spec.creation.operation.request.body)
    assert hole not in repr(spec.headers)
    assert "${key.secret}" not in repr(spec.auth)


CLOSED = {"type", "kind", "apiVersion", "time", "unit", "decode", "values", "secretBy", "ageFrom"}
"""Fields of a closed list of words: one that is none of ours is repeated, to be recognised."""

OPEN_PLACES = [place for place in PLACES if not CLOSED.intersection(place.split("."))]


@pytest.mark.parametrize("place", OPEN_PLACES)
def test_a_secret_pasted_anywhere_is_not_repeated(place: str) -> None:
    for text in (SECRET, f"{SECRET}\r\n", f"/{SECRET}?", f"https://x:{SECRET}@y"):
        _, faults = read(changed({place: text}))

        assert SECRET not in "".join(map(str, faults))
