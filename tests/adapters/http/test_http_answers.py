"""What an answer means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rotator.clients.http_answers import (
    check,
    failure_of,
    json_of,
    object_of,
    provider_time,
    request_id_of,
    retry_after,
    text_of,
    unusable,
)
from rotator.clients.http_messages import Answer
from rotator.core.ids import instant
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    ThrottledError,
    TransientError,
    UnavailableError,
)
from tests.adapters.aws.leaks import shown

AT = instant(datetime(2026, 11, 21, 14, 0, 0, tzinfo=UTC))
DATE = "Sat, 21 Nov 2026 14:00:00 GMT"


def answer(
    status: int = 200, content: bytes = b"", *, is_change: bool = False, **headers: str
) -> Answer:
    return Answer(
        operation="api:Ask",
        subject="vault",
        host="api.example.test",
        is_change=is_change,
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        content=content,
        received_at=AT,
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize("is_change", [False, True])
def test_a_success_is_returned(status: int, *, is_change: bool) -> None:
    given = answer(status, is_change=is_change)

    assert check(given) is given
    assert failure_of(given) is None


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, RejectedError, "bad_request"),
        (401, AccessDeniedError, "unauthenticated"),
        (402, RejectedError, "payment_required"),
        (403, AccessDeniedError, "forbidden"),
        (404, NotFoundError, "not_found"),
        (405, RejectedError, "method_not_allowed"),
        (406, RejectedError, "status_406"),
        (409, RejectedError, "vendor_conflict"),
        (410, NotFoundError, "not_found"),
        (413, RejectedError, "request_too_large"),
        (422, RejectedError, "bad_request"),
        (425, UnavailableError, "status_425"),
        (429, ThrottledError, "throttled"),
        (451, RejectedError, "status_451"),
        (501, RejectedError, "status_501"),
        (505, RejectedError, "status_505"),
    ],
)
@pytest.mark.parametrize("is_change", [False, True])
def test_a_refusal_is_one_whatever_was_asked(
    status: int, kind: type[RotatorError], code: str, *, is_change: bool
) -> None:
    with pytest.raises(kind) as caught:
        check(answer(status, is_change=is_change))

    assert (type(caught.value), caught.value.code, caught.value.subject) == (kind, code, "vault")
    assert str(caught.value) == f"api:Ask failed: status {status} from api.example.test"


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 507, 599])
def test_trouble_leaves_the_outcome_of_a_change_open_and_a_reading_unavailable(
    status: int,
) -> None:
    with pytest.raises(UnavailableError) as reading:
        check(answer(status))
    with pytest.raises(OutcomeUnknownError) as change:
        check(answer(status, is_change=True))

    assert reading.value.code == change.value.code == f"status_{status}"


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "credential that works"), (402, "not at fault"), (403, "let"), (405, "has changed")],
)
def test_what_a_person_can_do_is_said(status: int, word: str) -> None:
    failure = failure_of(answer(status))

    assert failure is not None
    assert word in failure.hint


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("0", DATE, 0),
        (" 120 ", DATE, 120),
        ("86401", DATE, 86400),
        ("9" * 400, DATE, 86400),
        ("Sat, 21 Nov 2026 14:02:00 GMT", DATE, 120),
        ("Sat, 21 Nov 2026 14:02:00 GMT", "Sat, 21 Nov 2026 14:01:00 GMT", 60),
        ("Sat, 21 Nov 2026 14:02:00 GMT", "", 120),
        ("Saturday, 21-Nov-26 14:02:00 GMT", DATE, 120),
        ("Sat Nov 21 14:02:00 2026", DATE, 120),
        ("Sat, 21 Nov 2026 13:00:00 GMT", DATE, 0),
        ("Sat, 21 Nov 2099 13:00:00 GMT", DATE, 86400),
        ("", DATE, None),
        ("soon", DATE, None),
        ("-1", DATE, None),
        ("1.5", DATE, None),
        ("٣", DATE, None),
        ("Sat, 21 Nov 99999 14:02:00 GMT", DATE, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_a_server_asks_for_is_read_in_both_forms(
    status: int, text: str, date: str, seconds: int | None
) -> None:
    given = answer(status, retry_after=text, date=date)
    wait = None if seconds is None else timedelta(seconds=seconds)

    assert retry_after(given) == wait
    failure = failure_of(given)
    assert isinstance(failure, TransientError)
    assert failure.retry_after == wait


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (DATE, AT),
        ("Sat, 21 Nov 2026 15:00:00 +0100", AT),
        ("Sat, 21 Nov 2026 14:00:00 -0000", AT),
        ("", None),
        ("2026-11-21T14:00:00Z", None),
        ("Sat, 41 Nov 2026 14:00:00 GMT", None),
        ("Mon, 01 Jan 0100 00:00:00 +9900", None),
    ],
)
def test_the_servers_own_time_is_read_where_it_can_be(text: str, at: datetime | None) -> None:
    assert provider_time(answer(date=text)) == at


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"null", None),
        (b"[]", []),
        (b' {"a": {"b": 1.5}} ', {"a": {"b": 1.5}}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        ('"schlüssel"'.encode(), "schlüssel"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
    ],
)
def test_json_is_decoded(content: bytes, value: object) -> None:
    assert json_of(answer(content=content)) == value


NO_JSON = [
    b"",
    b"<html>marker</html>",
    b'{"marker": 1',
    b'{"marker": NaN}',
    b'["marker", -Infinity]',
    b'["marker", 1e999]',
    b'{"marker": "\xff"}',
    b'"marker \\ud800"',
    b'{"marker": ' + b"9" * 5000 + b"}",
    b"[" * 100_000 + b"]" * 100_000,
    "\ufeff{}".encode(),
    '{"marker": 1}'.encode("utf-16"),
]


@pytest.mark.parametrize("content", NO_JSON)
@pytest.mark.parametrize("decode", [json_of, object_of])
@pytest.mark.parametrize(
    ("is_change", "kind"), [(False, RejectedError), (True, OutcomeUnknownError)]
)
def test_what_is_no_json_is_not_quoted_and_leaves_a_change_open(
    content: bytes, decode: object, kind: type[RotatorError], *, is_change: bool
) -> None:
    assert callable(decode)
    with pytest.raises(kind) as caught:
        decode(answer(content=content, is_change=is_change))

    assert caught.value.code == "not_json"
    assert caught.value.__context__ is None
    assert "marker" not in shown(caught.value)


def test_an_object_is_told_from_other_json() -> None:
    assert object_of(answer(content=b'{"a": []}')) == {"a": []}
    for content in (b"[]", b"1", b'"{}"', b"null"):
        with pytest.raises(RejectedError) as caught:
            object_of(answer(content=content))
        assert caught.value.code == "not_json"


NO_TEXT = b"marker \xff"


def test_a_text_is_decoded_or_refused_without_being_quoted() -> None:
    assert text_of(answer(content="schlüssel".encode())) == "schlüssel"
    with pytest.raises(RejectedError) as reading:
        text_of(answer(content=NO_TEXT))
    with pytest.raises(OutcomeUnknownError) as change:
        text_of(answer(content=NO_TEXT, is_change=True))

    assert reading.value.code == change.value.code == "not_text"
    assert "marker" not in shown(reading.value) + shown(change.value)


def test_a_success_that_lacks_something_is_told_as_such() -> None:
    reading = unusable(answer(), "its body has no keyId", code="bad_answer")
    change = unusable(answer(is_change=True), "its body has no accessKey", code="bad_answer")

    assert isinstance(reading, RejectedError)
    assert isinstance(change, OutcomeUnknownError)
    assert str(change) == "api:Ask: api.example.test answered, but its body has no accessKey"
    assert change.subject == "vault"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"x-request-id": "4f1c-77"}, "4f1c-77"),
        ({"request-id": "req_011", "x-amzn-requestid": "other"}, "req_011"),
        ({"cf-ray": "8a1b-FRA"}, "8a1b-FRA"),
        ({"x-request-id": " ", "x-trace-id": "abc/0+1="}, "abc/0+1="),
        ({"x-request-id": "a" * 129}, ""),
        ({"x-request-id": "two words"}, ""),
        ({"authorization": "secret"}, ""),
        ({}, ""),
    ],
)
def test_the_vendors_own_id_of_a_request_is_read_where_vendors_write_it(
    headers: dict[str, str], found: str
) -> None:
    assert request_id_of(replace(answer(), headers=headers)) == found
