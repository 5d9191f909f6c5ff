"""What is known when no whole answer comes: nothing was sent, or who knows."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from rotator.errors import OutcomeUnknownError, RotatorError, UnavailableError
from tests.adapters.http.caller import LOOPBACK, Caller, change, read
from tests.adapters.http.servers import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import Answer
    from tests.adapters.http.certificates import Authority
    from tests.adapters.http.servers import Visit

    Send = Callable[[HttpClient, str], Answer]

NAME = "api.example.test"
BOTH = pytest.mark.parametrize("send", [read, change])


def silent(visit: Visit) -> None:
    """Hear, and then wait for the other side to give up."""
    visit.hear()
    visit.socket.recv(1)


def reset_unheard(visit: Visit) -> None:
    """Reset when the request has arrived, and before a byte of it was read."""
    visit.socket.recv(1, socket.MSG_PEEK)
    visit.reset()


def reset_heard(visit: Visit) -> None:
    visit.hear()
    visit.reset()


def reset_within_the_answer(visit: Visit) -> None:
    visit.hear()
    visit.say(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n123")
    visit.reset()


def closed_heard(visit: Visit) -> None:
    visit.hear()


def cut_head(visit: Visit) -> None:
    visit.hear()
    visit.say(b"HTTP/1.1 201 Cre")


def cut_body(visit: Visit) -> None:
    visit.hear()
    visit.say(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n123")


def cut_chunks(visit: Visit) -> None:
    visit.hear()
    visit.say(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n123\r\n")


def no_http(visit: Visit) -> None:
    visit.hear()
    visit.say(b"220 mail.example.test ESMTP ready\r\n\r\n")


def two_lengths(visit: Visit) -> None:
    visit.hear()
    visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12")


BROKEN = [
    silent,
    reset_unheard,
    reset_heard,
    reset_within_the_answer,
    closed_heard,
    cut_head,
    cut_body,
    cut_chunks,
    no_http,
    two_lengths,
]


def patience(serve: Callable[[Visit], None]) -> float:
    """How long to wait for a server; no time where waiting is all that it does."""
    return 0.05 if serve is silent else 15


@pytest.mark.parametrize("serve", BROKEN)
def test_a_change_that_was_sent_without_a_whole_answer_has_an_unknown_outcome(
    caller: Caller, serve: Callable[[Visit], None]
) -> None:
    with Server(serve=serve) as server:
        client = caller.client(server.url, read_timeout_seconds=patience(serve), attempts=3)
        with pytest.raises(OutcomeUnknownError):
            change(client, server.url)

    assert caller.asked == [LOOPBACK]


@pytest.mark.parametrize("serve", BROKEN)
def test_a_reading_without_a_whole_answer_may_be_tried_again(
    caller: Caller, serve: Callable[[Visit], None]
) -> None:
    with Server(serve=serve) as server:
        client = caller.client(server.url, read_timeout_seconds=patience(serve), attempts=3)
        with pytest.raises(UnavailableError):
            read(client, server.url)

    assert caller.asked == [LOOPBACK] * 3


@pytest.mark.parametrize(
    ("serve", "code"),
    [(silent, "timeout"), (reset_heard, "connection_lost"), (cut_body, "broken_answer")],
)
def test_the_code_says_what_went_wrong(
    caller: Caller, serve: Callable[[Visit], None], code: str
) -> None:
    with Server(serve=serve) as server:
        client = caller.client(server.url, read_timeout_seconds=patience(serve))
        with pytest.raises(OutcomeUnknownError) as caught:
            change(client, server.url)

    assert caught.value.code == code
    assert caller.told == [("api:Ask", code, 0.0)]


@BOTH
def test_a_name_that_is_not_resolved_was_not_sent_to(caller: Caller, send: Send) -> None:
    caller.addresses[NAME] = [OSError("no such name")]
    client = caller.client(f"https://{NAME}")

    with pytest.raises(UnavailableError) as caught:
        send(client, f"https://{NAME}/keys")

    assert caught.value.code == "resolve_failed"
    assert NAME in str(caught.value)


@BOTH
def test_a_name_without_addresses_was_not_sent_to(caller: Caller, send: Send) -> None:
    caller.addresses[NAME] = [()]
    client = caller.client(f"https://{NAME}")

    with pytest.raises(UnavailableError) as caught:
        send(client, f"https://{NAME}/keys")

    assert caught.value.code == "connect_failed"


@BOTH
def test_a_server_that_nobody_answers_at_was_not_sent_to(caller: Caller, send: Send) -> None:
    with Server(serve=silent) as server:
        url = server.url
    client = caller.client(url)

    with pytest.raises(UnavailableError) as caught:
        send(client, url)

    assert caught.value.code == "connect_failed"


@BOTH
def test_a_server_that_never_speaks_tls_was_not_sent_to(caller: Caller, send: Send) -> None:
    with Server(serve=silent) as server:
        url = f"https://{LOOPBACK}:{server.port}"
        client = caller.client(url, connect_timeout_seconds=0.05)
        with pytest.raises(UnavailableError) as caught:
            send(client, url)

    assert caught.value.code == "tls_failed"
    assert server.heard == []


@BOTH
def test_when_all_connections_are_taken_nothing_is_sent(caller: Caller, send: Send) -> None:
    inner: list[RotatorError] = []

    def busy(visit: Visit) -> None:
        visit.hear()
        with pytest.raises(UnavailableError) as caught:
            send(client, server.url)
        inner.append(caught.value)
        visit.answer()

    with Server(serve=busy) as server:
        client = caller.client(server.url, max_connections=1, connect_timeout_seconds=0.05)
        send(client, server.url)

    assert [error.code for error in inner] == ["connect_failed"]


@BOTH
def test_a_name_that_takes_all_the_time_leaves_none_to_connect(caller: Caller, send: Send) -> None:
    with Server(serve=silent) as server:
        client = caller.client(server.url, total_seconds=30)
        caller.resolving_seconds = 30
        with pytest.raises(UnavailableError) as caught:
            send(client, server.url)

    assert caught.value.code == "connect_failed"
    assert server.visits == 0


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(
    caller: Caller, authority: Authority
) -> None:
    def once(visit: Visit) -> None:
        visit.hear()
        visit.answer(200, b"{}")

    with Server(serve=once, authority=authority) as server:
        caller.addresses[NAME] = [[LOOPBACK]]
        client = caller.client(server.named_url, ca_file=authority.ca_file)
        for _ in range(3):
            assert read(client, server.named_url).status == 200

    assert server.visits == 3
