"""A reading is tried again, a little; a change never is."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_answers import json_of
from rotator.clients.http_messages import json_body
from rotator.core.ids import instant
from rotator.errors import ConflictError, UnavailableError
from rotator.testing.manual_clock import BEGINNING
from tests.adapters.http.caller import Caller, asking, change, read
from tests.adapters.http.servers import Server, always, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.http.servers import Visit


def saying(status: int, **headers: str) -> Callable[[Visit], None]:
    return lambda visit: visit.answer(status, b"{}", **headers)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_reading_is_tried_again_until_it_succeeds(caller: Caller, status: int) -> None:
    with Server(serve=in_turn(saying(status), saying(status), saying(200))) as server:
        answer = read(caller.client(server.url, attempts=3), server.url)

    assert answer.status == 200
    # 250 ms and 500 ms, each shortened by chance to no less than half.
    pause = caller.clock.now() - BEGINNING
    assert timedelta(milliseconds=375) <= pause <= timedelta(milliseconds=750)
    assert [code for _, code, _ in caller.told] == [""]


def test_a_reading_that_is_tried_again_is_told_of_once_by_its_last_id(caller: Caller) -> None:
    tries = in_turn(saying(503, x_request_id="r-1"), saying(200, x_request_id="r-2"))
    with Server(serve=tries) as server:
        read(caller.client(server.url, attempts=3), server.url)

    assert caller.request_ids == ["r-2"]


def test_a_reading_is_tried_again_only_so_often(caller: Caller) -> None:
    with Server(serve=always(503)) as server:
        answer = read(caller.client(server.url, attempts=3), server.url)

    assert answer.status == 503
    assert len(server.heard) == 3
    assert [code for _, code, _ in caller.told] == ["status_503"]


@pytest.mark.parametrize("status", [200, 204, 400, 401, 402, 403, 404, 405, 409, 422, 501])
def test_a_clear_answer_is_not_asked_for_again(caller: Caller, status: int) -> None:
    with Server(serve=always(status)) as server:
        assert read(caller.client(server.url, attempts=3), server.url).status == status

    assert len(server.heard) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_change_is_sent_once_whatever_is_answered(caller: Caller, status: int) -> None:
    with Server(serve=always(status, b"", Retry_After="0")) as server:
        assert change(caller.client(server.url, attempts=3), server.url).status == status

    assert len(server.heard) == 1
    assert caller.clock.now() == BEGINNING


def test_a_server_that_asks_for_patience_gets_it(caller: Caller) -> None:
    with Server(serve=in_turn(saying(429, Retry_After="7"), saying(200))) as server:
        assert read(caller.client(server.url, attempts=3), server.url).status == 200

    assert caller.clock.now() - BEGINNING == timedelta(seconds=7)


def test_a_server_that_asks_for_more_than_our_time_is_not_waited_for(caller: Caller) -> None:
    with Server(serve=always(429, b"", Retry_After="30")) as server:
        client = caller.client(server.url, attempts=3, total_seconds=30)
        assert read(client, server.url).status == 429

    assert len(server.heard) == 1
    assert caller.clock.now() == BEGINNING


def test_repeats_end_with_the_calls_time(caller: Caller) -> None:
    with Server(serve=always(429, b"", Retry_After="13")) as server:
        client = caller.client(server.url, attempts=10, total_seconds=30)
        assert read(client, server.url).status == 429

    assert len(server.heard) == 3


def test_a_repeat_is_not_sent_after_its_time(caller: Caller) -> None:
    with Server(serve=always(429, b"", Retry_After="7")) as server:
        client = caller.client(server.url, attempts=3)
        with pytest.raises(ConflictError):
            client.read(asking(server.url), not_after=instant(BEGINNING + timedelta(seconds=6)))

    assert len(server.heard) == 1


def test_a_server_that_comes_back_is_found(caller: Caller) -> None:
    with Server(serve=in_turn(lambda visit: visit.reset(), saying(200))) as server:
        assert read(caller.client(server.url, attempts=2), server.url).status == 200


def test_a_name_that_is_resolved_later_is_found(caller: Caller) -> None:
    with Server(serve=always()) as server:
        caller.addresses["127.0.0.1"] = [OSError(), UnicodeError(), ["127.0.0.1"]]
        assert read(caller.client(server.url, attempts=3), server.url).status == 200


def test_the_last_failure_is_the_one_that_is_raised(caller: Caller) -> None:
    with Server(
        serve=in_turn(saying(503, Retry_After="29"), lambda visit: visit.reset())
    ) as server:
        client = caller.client(server.url, attempts=9, total_seconds=29.1)
        with pytest.raises(UnavailableError) as caught:
            read(client, server.url)

    assert caught.value.code == "connection_lost"
    assert len(server.heard) == 2


def test_one_client_serves_many_threads(caller: Caller) -> None:
    def echo(visit: Visit) -> None:
        before = 0
        while True:
            heard = visit.hear()
            if "connection" in heard.headers:
                changes.append(before)
            visit.answer(200, heard.body)
            before += 1

    def work(number: int) -> None:
        for turn in range(20):
            body = json_body([number, turn])
            request = asking(server.url, method="POST", body=body)
            kept = client.read(request, not_after=BEGINNING)
            fresh = client.change(request, not_after=None)
            right.append(json_of(kept) == json_of(fresh) == [number, turn])

    right: list[bool] = []
    changes: list[int] = []
    with Server(serve=echo) as server:
        client = caller.client(server.url, max_connections=4)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)

    assert right == [True] * 160
    assert changes == [0] * 160
