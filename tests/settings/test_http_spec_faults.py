from __future__ import annotations

import re

import pytest

from rotator.settings.http_spec import read_spec
from rotator.settings.http_spec_urls import host_problem
from tests.settings.specs import FILE, REMOVED, changed, check, faults_with, text_of, told

LIST = "operations.list"
CREATE = "operations.create"
VERIFY = "operations.verify"
STEP = "operations.revoke.steps.0"
STEP_FIELD = "operations.revoke.steps[0]"
BODY = f"{CREATE}.request.json"
ON = {"request": {"method": "POST", "path": "/tokens/${key.id}/on"}}


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("apiVersion", "rotator/v2", "is not one of"),
        ("kind", "Provider", "is not one of"),
        ("name", "Example", "does not have the right form"),
        ("name", "a" * 41, "does not have the right form"),
        ("name", "aws-iam", "built in"),
        ("name", "cipherstash-access-key", "built in"),
        ("title", "two\nlines", "line breaks"),
        ("title", "", "is empty"),
        ("title", REMOVED, "is required"),
        ("colour", "red", "unknown key"),
        ("params.user.typ", "string", "unknown key"),
        ("params.user.type", "text", "is not one of"),
        ("params.user.pattern", "(", "no regular expression"),
        ("params.user.default", 5, "is no string"),
        ("params.user", {"type": "integer", "description": "x", "pattern": "1"}, "means nothing"),
        ("params.user", {"type": "integer", "description": "x", "default": True}, "is no integer"),
        ("params.user", {"pattern": "a", "description": "x", "default": "b"}, "of the pattern"),
        ("params.a b", {"description": "x"}, "does not have the right form"),
        ("credentials.admin.description", REMOVED, "is required"),
        ("headers", "Accept", "is not a mapping"),
        ("headers.Bad Name", "x", "a header's name cannot be sent"),
        ("headers.Host", "x", "transport's own"),
        ("headers.content-length", "5", "transport's own"),
        ("headers.X-Test", "a\r\nX-Admin: 1", "characters that cannot be sent"),
        ("headers.X-Test", "a\x07", "characters that cannot be sent"),
        ("headers.X-Test", " a", "characters that cannot be sent"),
        ("headers.X-Test", "€", "characters that cannot be sent"),
        ("headers.X-Test", 5, "is not text"),
        ("headers.X-Test", "${params.user", "not closed"),
        ("network.allowHosts", ["*.example.com"], "not the exact name"),
        ("network.maxPages", 0, "must be greater"),
        ("network.maxPages", "5", "whole number"),
        ("network.maxResponseBytes", 1, "must be greater"),
        ("network.timeouts.total", "6m", "is longer than 5m"),
        ("network.timeouts.connect", "1m", "is longer than `total`"),
        ("network.timeouts.read", 5, "without a unit"),
        ("rateLimit.maxPerSecond", 0, "must be greater"),
        ("rateLimit.retryAfter", {"header": "a b"}, "does not have the right form"),
        ("rateLimit.retryAfter", {"header": "X", "unit": "minutes"}, "is not one of"),
        ("rateLimit.remaining", "X-Left", "has one of `remaining` and `reset`"),
        ("propagation.create", "0s", "no time at all"),
        ("names.longest", 45, "must be greater"),
        ("maxActiveKeys", 0, "must be greater"),
        ("maxActiveKeys", 1, "leaves no room for a successor"),
        ("secretBy", "us", "is not one of"),
        ("ageFrom", "updatedAt", "is not one of"),
        ("evidence", {"kind": "live-server"}, "says no `source`"),
        ("secretForm.prefix", "ä", "characters that no key has"),
        ("secretForm.alphabet", "aab", "a character twice"),
        ("secretForm.alphabet", "a b", "does not have the right form"),
        ("secretForm.length", 4097, "must be less"),
    ],
)
def test_a_field_that_is_wrong_by_itself_is_told(place: str, value: object, problem: str) -> None:
    [(field, said)] = told({place: value})

    assert place.split(".", maxsplit=1)[0] == re.split(r"[.\[]", field)[0]
    assert problem in said


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"prefix": "ex_", "length": 8, "minLength": 9}, "less than `minLength`"),
        ({"prefix": "x" * 10, "length": 10}, "is not more than the prefix"),
    ],
)
def test_the_form_of_a_key_agrees_with_itself(form: object, problem: str) -> None:
    check({"secretForm": form}, "secretForm.length", problem)


def test_nothing_is_written_twice() -> None:
    hosts = ["a.example", "b.example", "a.example"]

    check({"network.allowHosts": hosts}, "network.allowHosts[2]", "is there twice")
    check({"headers": {"X-A": "1", "x-a": "2"}}, "headers.x-a", "is there twice")
    check({f"{LIST}.expect.status": [200, 200]}, f"{LIST}.expect.status[1]", "is there twice")
    text = text_of(changed({})) + "title: again\n"
    assert "duplicate key" in str(read_spec(FILE, text)[1])


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://api.example.com", "is not https"),
        ("ftp://api.example.com", "is not https"),
        ("api.example.com", "is no URL"),
        ("https://robot@api.example.com", "is no URL"),
        ("https://robot:pass@api.example.com/v1", "is no URL"),
        ("https://api.example.com@169.254.169.254", "is no URL"),
        ("https://api.example.com/v1/", "ends with a slash"),
        ("https://api.example.com/v1?x=1", "has a `?`"),
        ("https://api.example.com/v1#x", "has a `?` or `#`"),
        ("https://api.example.com/../v1", "segment `.` or `..`"),
        ("https://api.example.com/%2e%2e/v1", "segment `.` or `..`"),
        ("https://api.example.com\\x", "is no URL"),
        ("https://API.example.com", "not the exact name"),
        ("https://*.example.com", "not the exact name"),
        ("https://0x7f000001", "unusual form"),
        ("https://2130706433", "unusual form"),
        ("https://127.1", "unusual form"),
        ("https://010.0.0.1", "unusual form"),
        ("https://[::ffff:0:1x]", "is no URL"),
        ("https://[0:0::1]", "is no address"),
        ("https:///v1", "is no URL"),
        ("https://${creds.admin}.example.com", "a hole that is no plain parameter"),
        ("https://${params.user|text}.example.com", "a hole that is no plain parameter"),
        (5, "is not text"),
    ],
)
def test_a_base_url_has_one_reading(url: object, problem: str) -> None:
    check({"baseUrl": url}, "baseUrl", problem)


@pytest.mark.parametrize(
    "url",
    [
        REMOVED,
        "https://api.example.com",
        "https://api.example.com:8443/a/b",
        "https://${params.user}.example.com/x",
        "https://${params.user}",
        "https://192.0.2.1",
        "https://[2001:db8::1]/x",
        "http://127.0.0.1:8080/hub",
        "http://localhost",
        "http://[::1]:80",
    ],
)
def test_usual_base_urls_are_taken(url: object) -> None:
    spec, faults = read_spec(FILE, text_of(changed({"baseUrl": url})))

    assert faults == ()
    assert spec is not None


def test_a_host_is_not_longer_than_names_are() -> None:
    assert host_problem(".".join(["a" * 60] * 5)) == "is not the exact name of a host"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("tokens", "does not begin with a slash"),
        ("https://evil.example/x", "does not begin with a slash"),
        ("${params.user}/x", "does not begin with a slash"),
        ("//evil.example/x", "an empty segment"),
        ("/a//b", "an empty segment"),
        ("/a?b=1", "has a `?`"),
        ("/a#b", "has a `?` or `#`"),
        ("/a/../b", "segment `.` or `..`"),
        ("/a/%2e%2E/b", "segment `.` or `..`"),
        ("/a/%252e%252e/b", "segment `.` or `..`"),
        ("/a\\b", "has a backslash"),
        ("/a b", "characters that no path has"),
        ("/a%2", "characters that no path has"),
        ("/a\x00", "characters that no path has"),
        ("/ä", "characters that no path has"),
        ("/${params.user|optional}", "has an optional hole"),
    ],
)
def test_a_path_has_one_reading(path: str, problem: str) -> None:
    faults = faults_with({f"{LIST}.request.path": path})

    assert faults[0].field == f"{LIST}.request.path"
    assert problem in faults[0].problem


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({f"{LIST}.request.method": "get"}, f"{LIST}.request.method", "right form"),
        ({f"{LIST}.request.method": "A B"}, f"{LIST}.request.method", "right form"),
        ({f"{LIST}.request.method": "TRACE"}, f"{LIST}.request.method", "no verb of an API"),
        ({f"{LIST}.expect.status": [600]}, f"{LIST}.expect.status[0]", "no status"),
        ({f"{LIST}.expect.status": [100]}, f"{LIST}.expect.status[0]", "no status"),
        ({f"{LIST}.expect.status": [302]}, f"{LIST}.expect.status[0]", "is a redirect"),
        ({f"{LIST}.expect.status": [404]}, f"{LIST}.expect.status[0]", "no success"),
        ({f"{LIST}.expect.status": []}, f"{LIST}.expect.status", "empty list"),
        ({f"{VERIFY}.expect.status": [401]}, f"{VERIFY}.expect.status[0]", "means refused"),
        ({f"{VERIFY}.rejectStatus": [500]}, f"{VERIFY}.rejectStatus[0]", "is no refusal"),
        ({f"{VERIFY}.rejectStatus": [401, 401]}, f"{VERIFY}.rejectStatus[1]", "is there twice"),
        ({f"{CREATE}.request.form": {"a": "b"}}, f"{CREATE}.request.form", "a second body"),
        ({f"{BODY}.a": "${x.y}"}, f"{BODY}.a", "names no values"),
        ({f"{BODY}.a": ["x", "${new"]}, f"{BODY}.a[1]", "not closed"),
        ({f"{BODY}.a": {"b": None}}, f"{BODY}.a.b", "is null"),
        ({f"{BODY}.a": None}, f"{BODY}.a", "is null"),
        ({f"{LIST}.request.query": {"a": ["b"]}}, f"{LIST}.request.query.a", "is not text"),
        ({f"{LIST}.items": "a["}, f"{LIST}.items", "no path in JMESPath"),
        ({f"{LIST}.items": "${params.user}"}, f"{LIST}.items", "no path in JMESPath"),
        ({f"{LIST}.items": 5}, f"{LIST}.items", "is not text"),
        ({f"{LIST}.items": "nope(a)"}, f"{LIST}.items", "no function"),
        ({"key.id": 5}, "key.id", "neither a path nor a mapping"),
        ({"key.id": {"path": "a", "regex": "(a)(b)"}}, "key.id.regex", "has 2 groups"),
        ({"key.id": {"path": "a", "regex": 5}}, "key.id.regex", "is not text"),
        ({"key.id": {"path": "a", "regex": "(a+)+"}}, "key.id.regex", "repeats a group"),
        ({"key.id": {"path": "a", "decode": "hex"}}, "key.id.decode", "is not one of"),
        ({"key.id": {"decode": "base64"}}, "key.id", "neither `path` nor `const`"),
        ({"key.id": {"const": "x"}}, "key.id.const", "same for every key"),
        ({"key.scopes": {"const": "x", "path": "y"}}, "key.scopes", "or both"),
        (
            {"key.scopes": {"const": "x", "decode": "base64"}},
            "key.scopes.const",
            "beside what it replaces",
        ),
        ({"key.id": {"path": "a", "time": "epoch"}}, "key.id.time", "belongs to times"),
        ({"key.id": {"path": "a", "never": [0]}}, "key.id.never", "belongs to times"),
        ({"key.createdAt": "created"}, "key.createdAt", "form is not told"),
        ({"key.createdAt.time": "iso"}, "key.createdAt.time", "is not one of"),
        ({"key.status.values": {"on": "ok"}}, "key.status.values.on", "is not one of"),
        ({"key.status": {"const": "ok"}}, "key.status.const", "is not one of"),
        ({"key.extra.id": "x"}, "key.extra.id", "a place of its own"),
        ({"key.secret": {"const": "x"}}, "key.secret.const", "the same for every key"),
        ({"key.id": REMOVED}, "key.id", "is required"),
        ({"operations.roll": {"old_key": "immediate"}}, "operations.roll", "is not done"),
        ({"operations.roll": {"old_key": "grace"}}, "operations.roll", "second key"),
        ({"operations.verify": REMOVED}, "operations.verify", "is required"),
        ({f"{VERIFY}.auth": REMOVED}, f"{VERIFY}.auth", "is required"),
        ({"operations.revoke.steps": []}, "operations.revoke.steps", "empty list"),
        ({"operations.disable": ON}, "operations.disable", "without `enable`"),
        ({"operations.enable": ON}, "operations.enable", "without `disable`"),
        (
            {"operations.usage": {"request": {"path": "/tokens/${key.id}"}}},
            "operations.usage",
            "tells nothing",
        ),
        (
            {f"{VERIFY}.expect.assert": {"path": "a"}},
            f"{VERIFY}.expect.assert",
            "does not have exactly one of",
        ),
        (
            {f"{VERIFY}.expect.assert": [{"path": "a", "equals": 1, "exists": True}]},
            f"{VERIFY}.expect.assert[0]",
            "does not have exactly one of",
        ),
        (
            {f"{VERIFY}.expect.assert": {"path": "a[", "exists": True}},
            f"{VERIFY}.expect.assert.path",
            "no path in JMESPath",
        ),
    ],
)
def test_a_part_that_cannot_be_meant_is_told(
    changes: dict[str, object], field: str, problem: str
) -> None:
    check(changes, field, problem)


@pytest.mark.parametrize(
    ("page", "fields", "problem"),
    [
        ({"type": "pages"}, [".type"], "is not one of"),
        ({"type": "next_url"}, [""], "needs `next`"),
        ({"type": "page"}, [""], "needs `param`"),
        ({"type": "cursor", "param": "a"}, [""], "needs `next`"),
        ({"type": "none", "next": "n"}, [".next"], "means nothing for `none`"),
        ({"type": "none", "sizeParam": "n", "size": 1}, [".sizeParam", ".size"], "means nothing"),
        ({"type": "link_header", "param": "n"}, [".param"], "means nothing"),
        ({"type": "page", "param": "n", "next": "n"}, [".next"], "means nothing"),
        ({"type": "cursor", "param": "a", "next": "n", "start": 0}, [".start"], "means nothing"),
        ({"type": "page", "param": "n", "start": 2}, [".start"], "must be less"),
        ({"type": "page", "param": "n", "sizeParam": "s"}, [".sizeParam"], "has no size"),
        ({"type": "page", "param": "n", "size": -1}, [".size"], "must be greater"),
        ({"type": "page", "param": "n", "total": "a["}, [".total"], "no path"),
    ],
)
def test_pagination_has_the_fields_of_its_kind(
    page: object, fields: list[str], problem: str
) -> None:
    faults = told({f"{LIST}.paginate": page})

    assert [field for field, _ in faults] == [f"{LIST}.paginate{field}" for field in fields]
    assert all(problem in said for _, said in faults)


@pytest.mark.parametrize(
    ("auth", "field", "problem"),
    [
        ({"type": "digest"}, ".type", "is not one of"),
        ({"type": "header"}, "", "needs `headers`"),
        ({"type": "none", "username": "x"}, ".username", "means nothing for `none`"),
        ({"type": "basic", "username": "x"}, "", "needs `password`"),
        ({"type": "token_exchange", "token": "t", "headers": {}}, "", "needs `request`"),
    ],
)
def test_authentication_has_the_fields_of_its_kind(auth: object, field: str, problem: str) -> None:
    faults = told({"auth": auth})

    assert faults[0][0] == f"auth{field}"
    assert problem in faults[0][1]
