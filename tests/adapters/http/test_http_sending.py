"""How a request is written, and what is refused before anything is sent."""

from __future__ import annotations

import pytest

from rotator.clients.http_messages import Body, basic, bearer, form_body, json_body
from rotator.core.secret import Secret
from rotator.errors import (
    RejectedError,
)
from tests.adapters.http.caller import Caller, asking, change, read
from tests.adapters.http.servers import Server, always


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        (
            json_body({"accessKey": Secret("marker"), "n": 1, "all": [None, True, "ü"]}),
            "application/json",
            b'{"accessKey":"marker","n":1,"all":[null,true,"\\u00fc"]}',
        ),
        (
            form_body({"grant": "a b&c", "secret": Secret("ü=")}),
            "application/x-www-form-urlencoded",
            b"grant=a+b%26c&secret=%C3%BC%3D",
        ),
        (Body(content_type="application/cbor", content=b"\xa0"), "application/cbor", b"\xa0"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
def test_every_verb_may_carry_every_kind_of_body(
    caller: Caller, method: str, body: Body, content_type: str, content: bytes
) -> None:
    with Server(serve=always()) as server:
        change(caller.client(server.url), server.url, method=method, body=body)

    (heard,) = server.heard
    assert (heard.method, heard.body) == (method, content)
    assert len(caller.changes) == 1
    assert heard.headers["content-type"] == content_type


@pytest.mark.parametrize("method", ["LIST", "GET", "HEAD", "DELETE", "PATCH"])
def test_vendors_own_verbs_are_sent_as_they_are(caller: Caller, method: str) -> None:
    with Server(serve=always(200, b"")) as server:
        answer = read(caller.client(server.url), f"{server.url}/secret-id", method=method)

    assert (server.heard[0].method, answer.status) == (method, 200)
    assert caller.changes == []


@pytest.mark.parametrize(
    ("url", "query", "target"),
    [
        ("", {}, "/"),
        ("/v1/keys", {}, "/v1/keys"),
        ("/v1/keys#part", {}, "/v1/keys"),
        ("/v1/keys?a=1+2&b=%2F", {}, "/v1/keys?a=1+2&b=%2F"),
        ("/v1/keys", {"a": "1 2", "b": Secret("/&")}, "/v1/keys?a=1+2&b=%2F%26"),
        ("/v1/keys?a=1", {"b": "2"}, "/v1/keys?a=1&b=2"),
        ("/v1/keys?", {"b": "2"}, "/v1/keys?b=2"),
        ("/v1/..%2Fadmin", {}, "/v1/..%2Fadmin"),
    ],
)
def test_path_and_query_arrive_as_they_were_meant(
    caller: Caller, url: str, query: dict[str, str], target: str
) -> None:
    with Server(serve=always()) as server:
        read(caller.client(server.url), server.url + url, query=query)

    assert server.heard[0].target == target


def test_a_url_may_be_a_secret(caller: Caller) -> None:
    with Server(serve=always()) as server:
        request = asking(Secret(f"{server.url}/tokens/marker"))  # type: ignore[arg-type]
        caller.client(server.url).read(request)

    assert server.heard[0].target == "/tokens/marker"


def test_credentials_travel_in_headers(caller: Caller) -> None:
    with Server(serve=always()) as server:
        client = caller.client(server.url)
        read(client, server.url, headers={"Authorization": bearer(Secret("marker"))})
        read(client, server.url, headers={"Authorization": basic("mé", Secret("pá:ss"))})
        read(
            client, server.url, headers={"PRIVATE-TOKEN": Secret("marker"), "accept": "text/plain"}
        )

    first, second, third = server.heard
    assert first.headers["authorization"] == "Bearer marker"
    assert second.headers["authorization"] == "Basic bcOpOnDDoTpzcw=="
    assert (third.headers["private-token"], third.headers["accept"]) == ("marker", "text/plain")
    assert first.headers["user-agent"].startswith("rotator/")


@pytest.mark.parametrize(
    "value", ["marker\r\nX: y", "marker\nx", "mar\x00ker", "märker€", " marker", "marker ", "\x7f"]
)
def test_a_header_that_could_be_read_as_two_is_refused_without_its_value(
    caller: Caller, value: str
) -> None:
    with Server(serve=always()) as server:
        client = caller.client(server.url)
        with pytest.raises(RejectedError) as caught:
            read(client, server.url, headers={"X-Key": Secret(value)})

    assert caught.value.code == "bad_header"
    assert "X-Key" in str(caught.value)
    assert "marker" not in str(caught.value)
    assert server.visits == 0


def test_a_kind_of_body_that_could_be_read_as_two_headers_is_refused(caller: Caller) -> None:
    client = caller.client("http://127.0.0.1")
    body = Body(content_type="text/plain\r\nX: y", content=b"")

    with pytest.raises(RejectedError) as caught:
        change(client, "http://127.0.0.1", body=body)

    assert caught.value.code == "bad_header"


def test_the_kind_of_a_body_may_be_said_otherwise(caller: Caller) -> None:
    headers = {"Content-Type": "application/vnd.api+json"}
    with Server(serve=always()) as server:
        change(caller.client(server.url), server.url, body=json_body({}), headers=headers)

    assert server.heard[0].headers["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize("name", ["", "X Key", "X:Key", "X\r\nKey", "Schlüssel"])
def test_a_header_whose_name_cannot_be_sent_is_refused(caller: Caller, name: str) -> None:
    client = caller.client("http://127.0.0.1")

    with pytest.raises(RejectedError) as caught:
        read(client, "http://127.0.0.1", headers={name: "x"})

    assert caught.value.code == "bad_header"


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "CONNECTION", "accept-encoding"]
)
def test_headers_that_frame_a_message_are_nobody_elses(caller: Caller, name: str) -> None:
    client = caller.client("http://127.0.0.1")

    with pytest.raises(RejectedError) as caught:
        read(client, "http://127.0.0.1", headers={name: "x"})

    assert name in str(caught.value)


@pytest.mark.parametrize("method", ["", "get", "GET /x HTTP/1.1\r\n", "G ET", "A" * 17])
def test_what_is_no_verb_is_not_sent(caller: Caller, method: str) -> None:
    client = caller.client("http://127.0.0.1")

    with pytest.raises(RejectedError) as caught:
        read(client, "http://127.0.0.1", method=method)

    assert caught.value.code == "bad_method"


def test_a_mistake_in_a_body_is_found_where_it_is_made() -> None:
    with pytest.raises(TypeError, match="a bytes has no form in JSON"):
        json_body({"secret": b"marker"})
    with pytest.raises(ValueError, match="JSON compliant"):
        json_body({"n": float("nan")})
