"""A vendor's limits are minded before it must refuse, and its own words for them read."""

from __future__ import annotations

import threading
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_answers import check, retry_after
from rotator.clients.http_limits import RateLimit, RateUnit
from rotator.errors import ThrottledError
from rotator.testing.manual_clock import BEGINNING
from tests.adapters.http.caller import Caller, change, read
from tests.adapters.http.servers import Server, always, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.http.servers import Visit

NOW = int(BEGINNING.timestamp())
COUNTED = RateLimit(remaining="X-RateLimit-Remaining", reset="X-RateLimit-Reset")
EPOCH = RateLimit(retry_after="X-Retry-After", retry_after_unit=RateUnit.EPOCH)


def saying(status: int = 200, **headers: str) -> Callable[[Visit], None]:
    return lambda visit: visit.answer(status, b"{}", **headers)


def used_up(reset: str = "20") -> Callable[[Visit], None]:
    return saying(X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)


def test_a_reading_waits_until_the_vendor_lets_calls_through_again(caller: Caller) -> None:
    with Server(serve=in_turn(used_up(), saying())) as server:
        client = caller.client(server.url, rate_limit=COUNTED)
        read(client, server.url)
        assert caller.clock.now() == BEGINNING
        read(client, server.url)
        read(client, server.url)

    assert caller.clock.now() - BEGINNING == timedelta(seconds=20)


def test_a_reading_that_would_wait_too_long_is_not_sent(caller: Caller) -> None:
    with Server(serve=in_turn(used_up("30"), saying())) as server:
        client = caller.client(server.url, rate_limit=COUNTED, total_seconds=30)
        read(client, server.url)
        with pytest.raises(ThrottledError) as caught:
            read(client, server.url)

        assert len(server.heard) == 1
    assert caught.value.retry_after == timedelta(seconds=30)
    assert [code for _, code, _ in caller.told] == ["", "throttled"]


def test_a_change_is_refused_before_it_is_sent_and_told_when_to_come_back(caller: Caller) -> None:
    with Server(serve=in_turn(used_up("2"), saying())) as server:
        client = caller.client(server.url, rate_limit=COUNTED)
        read(client, server.url)
        with pytest.raises(ThrottledError) as caught:
            change(client, server.url)
        assert len(server.heard) == 1
        caller.clock.sleep(2)
        assert change(client, server.url).status == 200

    assert caught.value.retry_after == timedelta(seconds=2)


def test_what_a_change_used_up_counts_for_the_next_call_too(caller: Caller) -> None:
    with Server(serve=in_turn(used_up("5"), saying())) as server:
        client = caller.client(server.url, rate_limit=COUNTED)
        change(client, server.url)
        read(client, server.url)

    assert caller.clock.now() - BEGINNING == timedelta(seconds=5)


def test_a_refusal_that_says_when_is_tried_again_exactly_then(caller: Caller) -> None:
    refused = saying(429, X_RateLimit_Remaining="0", X_RateLimit_Reset="7")
    with Server(serve=in_turn(refused, saying())) as server:
        client = caller.client(server.url, rate_limit=COUNTED, attempts=2)
        assert read(client, server.url).status == 200

    assert caller.clock.now() - BEGINNING == timedelta(seconds=7)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_RateLimit_Remaining": "1", "X_RateLimit_Reset": "20"},
        {"X_RateLimit_Remaining": "0"},
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "soon"},
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "-20"},
        {"X_RateLimit_Remaining": "none", "X_RateLimit_Reset": "20"},
        {"X_RateLimit_Reset": "20"},
    ],
)
def test_nobody_waits_for_what_was_not_said(caller: Caller, headers: dict[str, str]) -> None:
    with Server(serve=always(200, b"{}", **headers)) as server:
        client = caller.client(server.url, rate_limit=COUNTED)
        read(client, server.url)
        change(client, server.url)

    assert caller.clock.now() == BEGINNING


def test_limits_are_read_only_where_a_vendors_headers_were_named(caller: Caller) -> None:
    with Server(serve=always(200, b"{}", X_RateLimit_Remaining="0", X_RateLimit_Reset="9")) as one:
        client = caller.client(one.url)
        read(client, one.url)
        change(client, one.url)

    assert caller.clock.now() == BEGINNING


@pytest.mark.parametrize(
    ("unit", "text", "seconds"),
    [
        (RateUnit.SECONDS, "7", 7),
        (RateUnit.SECONDS, "0.5", 0.5),
        (RateUnit.SECONDS, "9999999", 86_400),
        (RateUnit.EPOCH, f"{NOW + 7}", 7),
        (RateUnit.EPOCH, f"{NOW + 7}.25", 7.25),
        (RateUnit.EPOCH, f"{NOW - 7}", 0),
        (RateUnit.EPOCH, "9999999999999", 86_400),
        (RateUnit.EPOCH_MS, f"{NOW + 7}500", 7.5),
    ],
)
def test_the_vendors_own_header_says_how_long_to_wait(
    caller: Caller, unit: RateUnit, text: str, seconds: float
) -> None:
    limit = RateLimit(retry_after="X-Retry-After", retry_after_unit=unit)
    with Server(serve=always(429, b"", X_Retry_After=text)) as server:
        answer = change(caller.client(server.url, rate_limit=limit), server.url)
    with pytest.raises(ThrottledError) as caught:
        check(answer)

    assert caught.value.retry_after == timedelta(seconds=seconds)


def test_a_moment_is_measured_from_the_servers_own_time(caller: Caller) -> None:
    fast = format_datetime(BEGINNING + timedelta(minutes=3), usegmt=True)
    with Server(serve=always(429, b"", X_Retry_After=f"{NOW + 187}", Date=fast)) as server:
        answer = change(caller.client(server.url, rate_limit=EPOCH), server.url)

    assert retry_after(answer) == timedelta(seconds=7)


@pytest.mark.parametrize("text", ["", "soon", "1e3", "-1", "१", "9" * 14])
def test_a_number_that_is_none_is_not_guessed(caller: Caller, text: str) -> None:
    with Server(serve=always(429, b"", X_Retry_After=text.encode().decode("latin-1"))) as server:
        answer = change(caller.client(server.url, rate_limit=EPOCH), server.url)

    assert retry_after(answer) is None


def test_the_usual_header_comes_first(caller: Caller) -> None:
    both = {"Retry_After": "3", "X_Retry_After": f"{NOW + 7}"}
    with Server(serve=always(429, b"", **both)) as server:
        answer = change(caller.client(server.url, rate_limit=EPOCH), server.url)

    assert retry_after(answer) == timedelta(seconds=3)


def test_calls_are_spaced_at_our_own_pace(caller: Caller) -> None:
    with Server(serve=always()) as server:
        client = caller.client(server.url, rate_limit=RateLimit(max_per_second=4))
        read(client, server.url)
        change(client, server.url)
        read(client, server.url)
        assert caller.clock.now() - BEGINNING == timedelta(seconds=0.5)
        caller.clock.sleep(10)
        read(client, server.url)

    assert caller.clock.now() - BEGINNING == timedelta(seconds=10.5)


def test_every_try_of_a_reading_takes_a_turn(caller: Caller) -> None:
    with Server(serve=in_turn(saying(503, Retry_After="0"), saying())) as server:
        client = caller.client(server.url, rate_limit=RateLimit(max_per_second=0.5), attempts=2)
        assert read(client, server.url).status == 200

    assert caller.clock.now() - BEGINNING == timedelta(seconds=2)


def test_a_turn_that_comes_too_late_for_its_call_is_not_taken(caller: Caller) -> None:
    with Server(serve=always()) as server:
        limit = RateLimit(max_per_second=0.1)
        client = caller.client(server.url, rate_limit=limit, total_seconds=5)
        read(client, server.url)
        with pytest.raises(ThrottledError) as caught:
            change(client, server.url)
        caller.clock.sleep(10)
        assert change(client, server.url).status == 200

    assert caught.value.retry_after == timedelta(seconds=10)


def test_threads_share_one_pace(caller: Caller) -> None:
    with Server(serve=always()) as server:
        client = caller.client(
            server.url, rate_limit=RateLimit(max_per_second=100), total_seconds=1000
        )
        threads = [threading.Thread(target=read, args=(client, server.url)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(server.heard) == 8
    assert caller.clock.now() - BEGINNING >= timedelta(milliseconds=69)
