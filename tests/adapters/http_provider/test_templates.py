from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rotator.clients.http_guard import Origin
from rotator.clients.http_messages import HttpRequest, json_body
from rotator.clients.http_sending import headers_of, target_of
from rotator.core.secret import Secret
from rotator.errors import RejectedError
from rotator.providers.http.templates import (
    Namespace,
    Template,
    TemplateError,
    Token,
    UnfilledError,
    fill,
    fill_path,
    fill_text,
    fill_tree,
    fill_url,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.providers.http.spec import Tree
    from rotator.providers.http.templates import Values

CALMLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine with other work is no reason to fail."""

AT = datetime(2026, 11, 21, 18, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=2)))
ORIGIN = Origin(scheme="https", host="a.example", port=443)
SECRET = "s3cr3t-value"
VALUES: Values = {
    Namespace.PARAMS: {
        "user": "robot",
        "number": 7,
        "on": True,
        "ratio": 0.5,
        "list": ["a", "b"],
        "mixed": ["a", 1, False],
        "deep": [["a"]],
        "map": {"a": [1, None]},
        "empty": "",
        "null": None,
    },
    Namespace.CREDS: {"admin": Secret(SECRET)},
    Namespace.NEW: {"ttl": timedelta(days=2, hours=5), "expiresAt": AT},
}
TEXTS = st.text() | st.sampled_from(
    [
        "..",
        ".",
        "/",
        "a/../b",
        "%2e%2e",
        "%252e%252e",
        "..\\..",
        "?x=1#y",
        "a\r\nB: c",
        "${creds.admin}",
    ]
)


def values(text: object) -> Values:
    return {Namespace.PARAMS: {"x": text}, Namespace.CREDS: {"admin": Secret(SECRET)}}


def said(act: Callable[[], object]) -> object:
    """Return what an act returns, or the error that refuses it; any other one is a crash."""
    try:
        return act()
    except (TemplateError, UnfilledError, RejectedError) as error:
        return error


def is_told(text: str, error: Exception) -> bool:
    """Whether an error repeats a value; one or two characters stand in any sentence."""
    return len(text) > 2 and text in str(error)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("", ""),
        ("$5 {a} }", "$5 {a} }"),
        ("${params.user}", "robot"),
        ("a ${params.user} b", "a robot b"),
        ("${params.user}${params.number}", "robot7"),
        ("is ${params.on}, ${params.ratio}", "is true, 0.5"),
        ("$${params.user}", "${params.user}"),
        ("$${x} ${params.user}", "${x} robot"),
        ("${params.missing|default:none}", "none"),
        ("${params.null|default:}", ""),
        ("${params.user|default:none}", "robot"),
        ("${params.list|join:, }", "a, b"),
        ("${params.mixed|join:/}", "a/1/false"),
        ("${new.expiresAt|date}", "2026-11-21"),
        ("${new.expiresAt|rfc3339}", "2026-11-21T16:30:15Z"),
    ],
)
def test_a_text_is_filled_in(text: str, filled: str) -> None:
    assert fill(parse(text), VALUES) == filled


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${params.number}", 7),
        ("${params.on}", True),
        ("${params.ratio}", 0.5),
        ("${params.list}", ["a", "b"]),
        ("${params.map}", {"a": [1, None]}),
        ("${params.number|text}", "7"),
        ("${new.ttl|days}", 2),
        ("${new.ttl|hours}", 53),
        ("${new.ttl|minutes}", 3180),
        ("${new.ttl|seconds}", 190_800),
        ("${new.ttl|millis}", 190_800_000),
        ("${new.expiresAt|epoch}", 1_795_278_615),
        ("${new.expiresAt|epoch_ms}", 1_795_278_615_250),
        ("${params.missing|optional}", None),
    ],
)
def test_a_text_that_is_one_hole_keeps_the_type_of_its_value(text: str, filled: object) -> None:
    result = fill(parse(text), VALUES)

    assert result == filled
    assert type(result) is type(filled)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${params.missing}", "has no value"),
        ("${params.null}", "has no value"),
        ("${old.anything}", "has no value"),
        ("${new.ttl}", "no filter says how it is written"),
        ("${new.expiresAt}", "no filter says how it is written"),
        ("${params.user|date}", "is no time"),
        ("${params.user|days}", "is no duration"),
        ("${params.user|join:,}", "is no list"),
        ("${params.deep|join:,}", "cannot be written by the filter `join`"),
        ("${params.list|text}", "cannot be written by the filter `text`"),
        ("${creds.admin|rfc3339}", "is no time"),
        ("x ${params.list}", "is no text"),
        ("x ${params.map}", "is no text"),
    ],
)
def test_a_hole_that_cannot_be_filled_says_why(text: str, problem: str) -> None:
    with pytest.raises(UnfilledError, match=problem) as caught:
        fill(parse(text), VALUES)

    assert str(caught.value).startswith(f"{caught.value.token} ")
    assert caught.value.problem in str(caught.value)


def test_a_lifetime_is_never_written_as_zero_which_means_never_to_many_an_api() -> None:
    short: Values = {Namespace.NEW: {"ttl": timedelta(hours=23)}}

    assert fill(parse("${new.ttl|hours}"), short) == 23
    with pytest.raises(UnfilledError, match="cannot be written by the filter `days`"):
        fill(parse("${new.ttl|days}"), short)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${params.user", "not closed"),
        ("${}", "no hole"),
        ("${params}", "no hole"),
        ("${params.}", "no hole"),
        ("${ params.user }", "no hole"),
        ("${params.a.b}", "no hole"),
        ("${params.${params.user}}", "no hole"),
        ("${env.HOME}", "`env` names no values"),
        ("${params.user|urlpath}", "`urlpath` is no filter"),
        ("${params.user|}", "`` is no filter"),
        ("${params.user|join}", "the filter `join` has another form"),
        ("${params.user|date:%Y}", "the filter `date` has another form"),
        ("${params.user|default:a|text}", "has a filter after"),
        ("${params.user|optional|default:a}", "has a filter after"),
        ("a ${params.user|optional}", "optional hole beside other text"),
        ("${params.user|text|text|text|text|text}", "too many filters"),
        ("a\ud800", "characters that are no text"),
        ("x" * 8193, "is longer than 8192 characters"),
    ],
)
def test_what_is_no_template_is_refused_with_a_remedy(text: str, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem) as caught:
        parse(text)

    assert caught.value.problem
    assert caught.value.remedy


def test_a_template_tells_its_holes() -> None:
    template = parse("${params.user} and ${new.scopes|join:,}")

    assert [str(token) for token in template.tokens] == ["${params.user}", "${new.scopes}"]
    assert not template.tokens[0].is_optional
    assert parse("${old.scopes|optional}").tokens[0].is_optional


@pytest.mark.parametrize("text", ["${creds.admin}", "token ${creds.admin}", "${creds.admin|text}"])
def test_what_has_a_secret_in_it_is_a_secret(text: str) -> None:
    for result in (fill(parse(text), VALUES), fill_text(parse(text), VALUES)):
        assert isinstance(result, Secret)
        assert result.reveal() == text.replace("|text", "").replace("${creds.admin}", SECRET)
    assert isinstance(fill_path(parse(f"/x/{text}"), VALUES), Secret)


def test_a_tree_keeps_its_structure_and_leaves_out_what_is_optional() -> None:
    tree: Tree = {
        "name": parse("${params.user}"),
        "gone": parse("${params.missing|optional}"),
        "nothing": None,
        "list": (parse("${params.number}"), parse("${params.missing|optional}"), 1.5, None, True),
        "inner": {"scopes": parse("${params.list}")},
    }

    assert fill_tree(tree, VALUES) == {
        "name": "robot",
        "nothing": None,
        "list": [7, 1.5, None, True],
        "inner": {"scopes": ["a", "b"]},
    }


def test_a_base_url_takes_parts_of_names_only() -> None:
    template = parse("https://${params.x}.example.com/${params.x}")

    assert fill_url(template, values("eu-1")) == "https://eu-1.example.com/eu-1"
    for text in ("", "a/b", "a@b", "a#", "a?b", "a\\b", "a b", "a:b", "é", "a\n", "[::1]"):
        with pytest.raises(UnfilledError, match="is no part of a URL"):
            fill_url(template, values(text))
    with pytest.raises(UnfilledError, match="would climb"):
        fill_url(template, values(".."))
    assert fill_url(parse("https://api.example.com"), {}) == "https://api.example.com"


@pytest.mark.parametrize(
    "text", ["..", ".", "../../admin", "%2e%2e", "a/../b", "..\\x", "%2e%2e%2fadmin"]
)
def test_a_value_never_climbs_out_of_its_segment(text: str) -> None:
    with pytest.raises(UnfilledError, match="would climb"):
        fill_path(parse("/users/${params.x}/keys"), values(text))


def test_two_values_do_not_make_a_dot_segment_together() -> None:
    with pytest.raises(UnfilledError, match="would climb"):
        fill_path(parse("/${params.x}${params.x}/keys"), values("."))


def test_an_empty_value_never_turns_a_path_into_that_of_all_keys() -> None:
    with pytest.raises(UnfilledError, match="is empty, and stands in a path"):
        fill_path(parse("/keys/${params.x}"), values(""))


@CALMLY
@given(TEXTS)
@example("a/b?c#d%2f\\ é\x00\r\n")
def test_a_value_in_a_path_adds_nothing_to_it(text: str) -> None:
    path = said(lambda: fill_path(parse("/users/${params.x}/keys"), values(text)))
    if isinstance(path, UnfilledError):
        assert not is_told(text, path)
        return

    assert isinstance(path, str)
    url = httpx.URL("https://api.example.com/v1" + path)
    target = target_of(HttpRequest(operation="t", url=""), url).reveal()
    v1, users, value, keys = target.removeprefix("/").split("/")
    assert (v1, users, keys) == ("v1", "users", "keys")
    assert unquote(value, errors="strict") == text
    assert (urlsplit(str(url)).query, urlsplit(str(url)).fragment) == ("", "")


@CALMLY
@given(TEXTS)
@example("x\r\nX-Admin: 1")
@example("x\x00y")
def test_a_value_in_a_header_is_refused_or_stays_inside_of_it(text: str) -> None:
    value = fill_text(parse("token ${params.x} end"), values(text))
    request = HttpRequest(operation="t", url="", headers={"X-Test": value})
    sent = said(lambda: dict(headers_of(request, ORIGIN)))
    if isinstance(sent, RejectedError):
        assert "X-Test" in str(sent)
        assert not is_told(text, sent)
        return

    assert isinstance(sent, dict)
    assert sent[b"x-test"].decode("latin-1") == f"token {text} end"
    assert not set(b"\r\n\x00") & set(sent[b"x-test"])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@CALMLY
@given(JSON.filter(lambda value: value is not None), TEXTS)
def test_a_body_says_exactly_what_was_filled_in(whole: object, part: str) -> None:
    tree: Tree = {
        "whole": parse("${params.whole}"),
        "part": parse("<${params.part}>"),
        "list": (parse("${params.part}"), 1),
        "fixed": True,
    }
    given_values: Values = {Namespace.PARAMS: {"whole": whole, "part": part}}

    body = json.loads(json_body(fill_tree(tree, given_values)).content)

    assert body == {"whole": whole, "part": f"<{part}>", "list": [part, 1], "fixed": True}


@CALMLY
@given(TEXTS)
def test_a_value_is_never_read_as_a_template_again(text: str) -> None:
    value = "${creds.admin}" + text + "$${params.x}"

    assert fill(parse("${params.x}"), values(value)) == value
    assert fill_text(parse("a ${params.x}"), values(value)) == f"a {value}"
    assert SECRET not in str(fill_tree({"a": parse("${params.x}")}, values(value)))


@CALMLY
@given(st.text())
def test_any_text_is_a_template_or_refused(text: str) -> None:
    template = said(lambda: parse(text))

    if isinstance(template, TemplateError):
        assert template.problem
        assert template.remedy
    else:
        assert isinstance(template, Template)
        assert template.text == text


@CALMLY
@given(st.text())
def test_a_text_without_holes_is_itself(text: str) -> None:
    assert fill(parse(text.replace("${", "$${")), {}) == text


@pytest.mark.parametrize("text", ["a\ud800b", Secret("a\ud800b")], ids=["text", "secret"])
def test_half_a_character_is_refused_before_a_library_quotes_it(text: object) -> None:
    for fill_in in (fill, fill_text, fill_path):
        with pytest.raises(UnfilledError, match="characters that are no text") as caught:
            fill_in(parse("/${params.x}"), values(text))
        assert caught.value.__context__ is None


SECRETLY = Secret(f"..\r\n{SECRET}\x00")


@pytest.mark.parametrize(
    "text",
    [
        "${params.x|date}",
        "${params.x|days}",
        "${params.x|join:,}",
        "/${params.x}",
        "/${params.x}/${params.missing}",
    ],
)
def test_no_error_and_no_repr_shows_a_secret(text: str) -> None:
    template = parse(text)
    shown = [repr(template)]
    for fill_in in (fill, fill_text, fill_path, fill_url):
        try:
            shown.append(repr(fill_in(template, values(SECRETLY))))
        except UnfilledError as error:
            shown += [repr(error), str(error), repr(error.__context__), repr(error.token)]

    assert SECRET not in " ".join(shown)


def test_a_token_is_written_as_the_spec_has_it() -> None:
    assert str(Token(namespace=Namespace.KEY, name="id")) == "${key.id}"
