"""Which requests a record names."""

from __future__ import annotations

import threading

from rotator.core.events import ProviderCall
from rotator.telemetry.calls import MOST_KEPT, CallBook
from rotator.testing.memory_evidence import QuietTelemetry


def heard(book: CallBook, operation: str, request_id: str = "r-1", code: str = "") -> None:
    is_change = not operation.startswith(("List", "Get"))
    book.heard("iam", operation, code, request_id, 0.25, is_change=is_change)


def test_what_was_sent_is_told_once_in_its_order() -> None:
    book = CallBook(QuietTelemetry())
    heard(book, "ListAccessKeys")
    heard(book, "CreateAccessKey", "r-2", "LimitExceeded")

    assert book.taken() == (
        ProviderCall(service="iam", operation="ListAccessKeys", request_id="r-1"),
        ProviderCall(
            service="iam", operation="CreateAccessKey", code="LimitExceeded", request_id="r-2"
        ),
    )
    assert book.taken() == ()


def test_every_call_is_counted_and_timed() -> None:
    telemetry = QuietTelemetry()
    heard(CallBook(telemetry), "ListAccessKeys", code="Throttling")

    assert telemetry.counted("provider_calls", operation="ListAccessKeys", code="Throttling") == 1
    assert telemetry.durations == [
        ("provider_call_duration", 0.25, {"operation": "ListAccessKeys"})
    ]


def test_a_thread_is_never_told_of_what_another_one_sent() -> None:
    book = CallBook(QuietTelemetry())
    other = threading.Thread(target=heard, args=(book, "DeleteAccessKey"))
    other.start()
    other.join()
    heard(book, "ListAccessKeys")

    assert [call.operation for call in book.taken()] == ["ListAccessKeys"]


def test_of_very_many_calls_the_newest_are_kept() -> None:
    book = CallBook(QuietTelemetry())
    for number in range(MOST_KEPT + 5):
        heard(book, "GetCallerIdentity", f"r-{number}")

    kept = book.taken()

    assert len(kept) == MOST_KEPT
    assert kept[-1].request_id == f"r-{MOST_KEPT + 4}"


def test_a_change_is_never_pushed_out_by_readings() -> None:
    book = CallBook(QuietTelemetry())
    heard(book, "DeleteAccessKey")
    for number in range(MOST_KEPT):
        heard(book, "GetCallerIdentity", f"r-{number}")

    kept = book.taken()
    assert (len(kept), kept[0].operation) == (MOST_KEPT, "DeleteAccessKey")


def test_changes_are_named_however_many_they_are() -> None:
    book = CallBook(QuietTelemetry())
    for _ in range(2 * MOST_KEPT):
        heard(book, "TagUser")

    assert len(book.taken()) == 2 * MOST_KEPT


def test_whether_a_change_waits_for_its_record_is_known_until_it_is_taken() -> None:
    book = CallBook(QuietTelemetry())
    heard(book, "ListAccessKeys")
    assert not book.has_change()

    heard(book, "TagUser")
    heard(book, "ListAccessKeys")
    assert book.has_change()

    book.taken()
    assert not book.has_change()
