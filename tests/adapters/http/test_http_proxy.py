"""A proxy connects, and neither reads nor decides."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from rotator.errors import ConflictError, OutcomeUnknownError, RejectedError, UnavailableError
from rotator.testing.manual_clock import BEGINNING
from tests.adapters.http.caller import LOOPBACK, Caller, asking, change, read
from tests.adapters.http.servers import Server, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import Answer
    from tests.adapters.http.certificates import Authority
    from tests.adapters.http.servers import Visit

NAME = "api.example.test"
EITHER = pytest.mark.parametrize("send", [read, change])


def carrying_to(
    port: int, *, first: bytes = b"HTTP/1.1 200 Connected\r\n\r\n"
) -> Callable[..., None]:
    """Connect every visitor to one port of this machine, whatever name was asked for."""

    def serve(visit: Visit) -> None:
        visit.hear()
        with socket.create_connection((LOOPBACK, port)) as inner:
            visit.say(first)
            back = threading.Thread(target=_carry, args=(inner, visit.socket), daemon=True)
            back.start()
            _carry(visit.socket, inner)
            back.join()

    return serve


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def saying(data: bytes) -> Callable[[Visit], None]:
    def serve(visit: Visit) -> None:
        visit.hear()
        visit.say(data)

    return serve


def hanging_up(visit: Visit) -> None:
    visit.hear()
    visit.reset()


@EITHER
@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 Connected\r\n\r\n",
        b"HTTP/1.0 200\r\nVia: x\r\n\r\n",
        b"HTTP/1.1 204 Fine\r\n\r\n",
    ],
)
def test_a_call_goes_through_the_proxy_and_only_the_vendor_reads_it(
    caller: Caller, authority: Authority, first: bytes, send: Callable[[HttpClient, str], Answer]
) -> None:
    with (
        Server(serve=always(200, b"[]"), authority=authority) as server,
        Server(serve=carrying_to(server.port, first=first)) as proxy,
    ):
        client = caller.client(server.named_url, ca_file=authority.ca_file, proxy=proxy.url)
        answer = send(client, f"{server.named_url}/marker-of-a-path")

    assert (answer.status, answer.content) == (200, b"[]")
    assert [(it.method, it.target) for it in proxy.heard] == [("CONNECT", f"{NAME}:{server.port}")]
    assert proxy.heard[0].headers == {"host": f"{NAME}:{server.port}"}
    assert server.heard[0].headers["host"] == f"{NAME}:{server.port}"


def test_the_proxy_resolves_the_vendors_name_and_we_only_the_proxys(
    caller: Caller, authority: Authority
) -> None:
    caller.addresses["proxy.example.test"] = [[LOOPBACK]]
    with (
        Server(serve=always(), authority=authority) as server,
        Server(serve=carrying_to(server.port)) as proxy,
    ):
        client = caller.client(
            server.named_url,
            ca_file=authority.ca_file,
            proxy=f"http://proxy.example.test:{proxy.port}",
            allow_private=False,
        )

        assert read(client, server.named_url).status == 200

    assert caller.asked == ["proxy.example.test"]


def test_a_proxy_that_leads_to_another_server_gains_nothing(
    caller: Caller, authority: Authority
) -> None:
    with (
        Server(serve=always(), authority=authority, names=("other.example.test",)) as server,
        Server(serve=carrying_to(server.port)) as proxy,
    ):
        url = f"https://{NAME}:{server.port}"
        client = caller.client(url, ca_file=authority.ca_file, proxy=proxy.url)
        with pytest.raises(UnavailableError) as caught:
            change(client, url)

    assert caught.value.code == "tls_failed"
    assert server.heard == []


@EITHER
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"HTTP/1.1 403 Marker\r\n\r\n", "answered 403"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "answered 407"),
        (b"HTTP/1.1 200 Connected\r\n\r\nmarker", "answered something that is no HTTP"),
        (b"HTTP/1.1 200 Conn", "answered something that is no HTTP"),
        (b"SSH-2.0-marker\r\n\r\n", "answered something that is no HTTP"),
        (b"HTTP/1.1 200 " + b"m" * 20_000, "answered something that is no HTTP"),
    ],
)
def test_a_proxy_that_refuses_is_told_of_and_nothing_was_sent(
    caller: Caller, said: bytes, told: str, send: Callable[[HttpClient, str], Answer]
) -> None:
    with Server(serve=saying(said)) as proxy:
        client = caller.client(f"https://{NAME}", proxy=proxy.url)
        with pytest.raises(UnavailableError) as caught:
            send(client, f"https://{NAME}/keys")

    assert caught.value.code == "proxy_refused"
    assert f"the proxy {told}" in str(caught.value)
    assert "arker" not in caught.value.diagnostics()


def test_a_proxy_that_hangs_up_or_is_not_there_leaves_a_change_undone(caller: Caller) -> None:
    with Server(serve=hanging_up) as proxy:
        client = caller.client(f"https://{NAME}", proxy=proxy.url)
        with pytest.raises(UnavailableError) as hung_up:
            change(client, f"https://{NAME}/keys")
    with pytest.raises(UnavailableError) as gone:
        change(client, f"https://{NAME}/keys")

    assert (hung_up.value.code, gone.value.code) == ("proxy_failed", "connect_failed")


def test_a_proxy_that_drips_does_not_outlive_the_deadline(caller: Caller) -> None:
    def dripping(visit: Visit) -> None:
        visit.hear()
        for _ in range(100):
            caller.clock.sleep(1)
            visit.say(b"H")
        visit.socket.recv(1)

    with Server(serve=dripping) as proxy:
        client = caller.client(f"https://{NAME}", proxy=proxy.url, total_seconds=30)
        with pytest.raises(UnavailableError) as caught:
            change(client, f"https://{NAME}/keys")

    assert caught.value.code == "proxy_failed"


def test_what_breaks_after_the_proxy_leaves_the_outcome_of_a_change_open(
    caller: Caller, authority: Authority
) -> None:
    with (
        Server(serve=hanging_up, authority=authority) as server,
        Server(serve=carrying_to(server.port)) as proxy,
    ):
        client = caller.client(server.named_url, ca_file=authority.ca_file, proxy=proxy.url)
        with pytest.raises(OutcomeUnknownError):
            change(client, server.named_url)


def test_nothing_is_sent_through_a_proxy_after_its_time(
    caller: Caller, authority: Authority
) -> None:
    caller.resolving_seconds = 1
    with (
        Server(serve=always(), authority=authority) as server,
        Server(serve=carrying_to(server.port)) as proxy,
    ):
        client = caller.client(server.named_url, ca_file=authority.ca_file, proxy=proxy.url)
        with pytest.raises(ConflictError):
            client.change(asking(server.named_url, method="POST"), not_after=BEGINNING)

    assert server.heard == []


@pytest.mark.parametrize(
    ("url", "allow_private"),
    [
        ("http://127.0.0.1:8080", True),
        ("https://127.0.0.1", False),
        ("https://169.254.169.254", True),
        ("https://[fe80::1]", True),
    ],
)
def test_a_proxy_is_not_asked_for_what_we_would_not_connect_to_ourselves(
    caller: Caller, url: str, *, allow_private: bool
) -> None:
    with Server(serve=saying(b"")) as proxy:
        client = caller.client(url, proxy=proxy.url, allow_private=allow_private)
        with pytest.raises(RejectedError) as caught:
            read(client, url)

    assert caught.value.code == "address_refused"
    assert proxy.visits == 0


def test_an_address_of_ipv6_is_asked_for_in_brackets(caller: Caller) -> None:
    with Server(serve=saying(b"HTTP/1.1 502 No\r\n\r\n")) as proxy:
        client = caller.client("https://[2606:4700::1111]", proxy=proxy.url)
        with pytest.raises(UnavailableError):
            read(client, "https://[2606:4700::1111]/keys")

    assert proxy.heard[0].target == "[2606:4700::1111]:443"


def test_a_proxys_name_that_leads_to_nobodys_address_is_not_connected_to(caller: Caller) -> None:
    caller.addresses["proxy.example.test"] = [["169.254.169.254"]]
    client = caller.client(f"https://{NAME}", proxy="http://proxy.example.test:3128")
    with pytest.raises(RejectedError) as caught:
        read(client, f"https://{NAME}/keys")

    assert caught.value.code == "address_refused"
    assert "proxy.example.test" in str(caught.value)


@pytest.mark.parametrize(
    ("proxy", "code"),
    [
        ("https://proxy.example.test:3128", "bad_proxy"),
        ("proxy.example.test:3128", "bad_url"),
        ("http://me:marker@proxy.example.test", "user_in_url"),
    ],
)
def test_what_is_no_proxy_is_refused_at_the_start(caller: Caller, proxy: str, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        caller.client(proxy=proxy)

    assert caught.value.code == code
    assert "marker" not in caught.value.diagnostics()
