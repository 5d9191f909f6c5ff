"""The server listens where it is told to, says where that is, and stops cleanly."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from rotator.errors import FatalError
from rotator.web.server import WebServer

if TYPE_CHECKING:
    from starlette.requests import Request


def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=20)


def web_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name == "rotator-web"]


def test_the_real_port_is_reported_and_serves_at_once() -> None:
    server = WebServer(APP, host="127.0.0.1", port=0)

    port = server.start()

    assert port > 0
    assert get(f"http://127.0.0.1:{port}/").text == "hello"
    server.stop()


def test_it_listens_on_ipv6_too() -> None:
    server = WebServer(APP, host="::1", port=0)

    try:
        port = server.start()
    except FatalError as error:
        pytest.skip(f"no IPv6 on this machine: {error}")

    assert get(f"http://[::1]:{port}/").text == "hello"
    server.stop()


def test_after_a_stop_nothing_is_left() -> None:
    server = WebServer(APP, host="127.0.0.1", port=0)
    port = server.start()
    get(f"http://127.0.0.1:{port}/")

    server.stop()

    assert web_threads() == []
    with pytest.raises(httpx.ConnectError):
        get(f"http://127.0.0.1:{port}/")


def test_a_stop_before_the_thread_is_up_stops_it() -> None:
    server = WebServer(APP, host="127.0.0.1", port=0)
    server.start()

    server.stop()

    assert web_threads() == []


def test_a_server_that_never_started_can_be_stopped() -> None:
    WebServer(APP, host="127.0.0.1", port=0).stop()


def test_a_taken_port_is_fatal_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(FatalError, match=f"cannot listen on 127.0.0.1 port {port}"):
            WebServer(APP, host="127.0.0.1", port=port).start()


def test_requests_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    server = WebServer(APP, host="127.0.0.1", port=0)

    with caplog.at_level(logging.DEBUG, logger="uvicorn"):
        get(f"http://127.0.0.1:{server.start()}/?token=hunter2")
        server.stop()

    told = [it.getMessage() for it in caplog.records if it.name.startswith("uvicorn")]
    assert "hunter2" not in " ".join(told)
