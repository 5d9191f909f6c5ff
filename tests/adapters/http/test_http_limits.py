"""An answer is bounded, in size and in time."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from rotator.errors import OutcomeUnknownError, RejectedError, RotatorError, UnavailableError
from tests.adapters.http.caller import Caller, change, read
from tests.adapters.http.servers import Server, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import Answer
    from tests.adapters.http.servers import Visit

    Send = Callable[[HttpClient, str], Answer]

MIB = 1 << 20
EITHER = pytest.mark.parametrize(
    ("send", "kind"), [(read, RejectedError), (change, OutcomeUnknownError)]
)


def endless(visit: Visit) -> None:
    visit.hear()
    visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        visit.say(b"10000\r\n" + bytes(65536) + b"\r\n")


LARGE = [
    always(200, bytes(4 * MIB)),
    always(200, bytes(MIB + 1)),
    endless,
    always(200, gzip.compress(bytes(8 * MIB)), Content_Encoding="gzip"),
    always(200, zlib.compress(bytes(MIB + 1)), Content_Encoding="deflate"),
    always(200, b"", X_Large="x" * (32 << 10)),
]


@EITHER
@pytest.mark.parametrize("serve", LARGE)
def test_an_answer_that_is_too_large_is_refused(
    caller: Caller, serve: Callable[[Visit], None], send: Send, kind: type[RotatorError]
) -> None:
    with Server(serve=serve) as server, pytest.raises(kind) as caught:
        send(caller.client(server.url), server.url)

    assert caught.value.code == "too_large"


def test_a_packed_answer_is_not_unpacked_further_than_its_limit(caller: Caller) -> None:
    with Server(
        serve=always(200, gzip.compress(bytes(64 * MIB)), Content_Encoding="gzip")
    ) as server:
        client = caller.client(server.url)
        tracemalloc.start()
        try:
            with pytest.raises(RejectedError):
                read(client, server.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 16 * MIB


def test_headers_without_end_are_refused(caller: Caller) -> None:
    with (
        Server(serve=always(200, b"", X_Large="x" * MIB)) as server,
        pytest.raises(UnavailableError) as caught,
    ):
        read(caller.client(server.url), server.url)

    assert caught.value.code == "broken_answer"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (bytes(MIB), "identity"),
        (gzip.compress(bytes(MIB), mtime=0), "gzip"),
        (gzip.compress(bytes(MIB), mtime=0), "X-GZIP"),
        (zlib.compress(bytes(MIB)), "deflate"),
    ],
)
def test_an_answer_of_the_largest_size_is_read(
    caller: Caller, content: bytes, encoding: str
) -> None:
    with Server(serve=always(200, content, Content_Encoding=encoding)) as server:
        answer = read(caller.client(server.url), server.url)

    assert answer.content == bytes(MIB)


def test_an_empty_body_that_is_called_packed_is_empty(caller: Caller) -> None:
    with Server(serve=always(200, b"", Content_Encoding="gzip")) as server:
        assert read(caller.client(server.url), server.url).content == b""


@EITHER
@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"{}", "br"),
        (b"{}", "gzip, gzip"),
        (b"no gzip", "gzip"),
        (gzip.compress(b"{}" * 100, mtime=0)[:-4], "gzip"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(
    caller: Caller, content: bytes, encoding: str, send: Send, kind: type[RotatorError]
) -> None:
    with (
        Server(serve=always(200, content, Content_Encoding=encoding)) as server,
        pytest.raises(kind) as caught,
    ):
        send(caller.client(server.url), server.url)

    assert caught.value.code == "bad_encoding"


@EITHER
@pytest.mark.parametrize("status", [600, 999])
def test_a_status_that_means_nothing_is_refused(
    caller: Caller, status: int, send: Send, kind: type[RotatorError]
) -> None:
    def odd(visit: Visit) -> None:
        visit.hear()
        visit.say(f"HTTP/1.1 {status} Odd\r\nContent-Length: 0\r\n\r\n".encode())

    with Server(serve=odd) as server, pytest.raises(kind) as caught:
        send(caller.client(server.url), server.url)

    assert caught.value.code == "bad_status"


def test_news_before_the_answer_are_passed_over(caller: Caller) -> None:
    def chatty(visit: Visit) -> None:
        visit.hear()
        visit.say(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
        visit.answer(200, b"{}")

    with Server(serve=chatty) as server:
        assert read(caller.client(server.url), server.url).status == 200


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
@pytest.mark.parametrize(
    ("send", "kind"), [(read, UnavailableError), (change, OutcomeUnknownError)]
)
def test_an_answer_that_drips_does_not_outlive_the_deadline(
    caller: Caller, beginning: bytes, send: Send, kind: type[RotatorError]
) -> None:
    def dripping(visit: Visit) -> None:
        visit.hear()
        visit.say(beginning)
        for _ in range(100):
            caller.clock.sleep(1)
            visit.say(b"H")
        visit.socket.recv(1)

    with Server(serve=dripping) as server, pytest.raises(kind) as caught:
        send(caller.client(server.url, total_seconds=30), server.url)

    assert caught.value.code == "timeout"
