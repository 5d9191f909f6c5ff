"""Which servers a client speaks to, and how it knows them."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_answers import check
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    UnavailableError,
)
from rotator.testing.manual_clock import BEGINNING
from tests.adapters.http.caller import LOOPBACK, Caller, asking, change, read
from tests.adapters.http.servers import Server, always

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import Answer
    from tests.adapters.http.certificates import Authority

NAME = "api.example.test"


def test_an_allowed_origin_is_asked_and_its_answer_kept_raw(caller: Caller) -> None:
    with Server(serve=always(418, b"short and stout", X_Pot="a", X_POT="b")) as server:
        client = caller.client(server.url)

        answer = read(client, f"{server.url}/pot", subject="the pot")

    assert (answer.status, answer.content, answer.headers["x-pot"]) == (
        418,
        b"short and stout",
        "a, b",
    )
    assert (answer.operation, answer.subject, answer.host) == ("api:Ask", "the pot", LOOPBACK)
    assert (answer.is_change, answer.received_at) == (False, BEGINNING)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.test/",
        "https://api.example.test:8443/",
        "https://api.example.test./",
        "https://api.example.test.evil.example/",
        "http://api.example.test:443/",
    ],
)
def test_no_other_scheme_host_or_port_is_spoken_to(caller: Caller, url: str) -> None:
    client = caller.client("https://api.example.test/v1/")

    with pytest.raises(RejectedError) as caught:
        read(client, url)

    assert caught.value.code == "origin_refused"
    assert caller.asked == []


def test_another_origin_is_spoken_to_once_it_was_allowed(caller: Caller) -> None:
    with Server(serve=always()) as server:
        client = caller.client()
        with pytest.raises(RejectedError):
            read(client, server.url)
        client.allow(f"{server.url}/some/path")

        assert read(client, f"{server.url}/keys").status == 200


def test_plain_http_is_refused_unless_private_addresses_are_open(caller: Caller) -> None:
    with pytest.raises(RejectedError) as caught:
        caller.client("http://127.0.0.1:8080", allow_private=False)
    client = caller.client("https://api.example.test", allow_private=False)
    with pytest.raises(RejectedError) as later:
        client.allow("http://api.example.test")
    with pytest.raises(RejectedError) as latest:
        read(client, "http://api.example.test")

    assert {caught.value.code, later.value.code, latest.value.code} == {"not_https"}


def test_plain_http_never_goes_to_a_public_address(caller: Caller) -> None:
    caller.addresses["api.example.test"] = [["1.1.1.1"]]
    client = caller.client("http://api.example.test")

    with pytest.raises(RejectedError) as caught:
        read(client, "http://api.example.test/")

    assert caught.value.code == "address_refused"


@pytest.mark.parametrize(
    "address", [LOOPBACK, "169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "10.0.0.1"]
)
@pytest.mark.parametrize("send", [read, change])
def test_a_name_that_leads_inside_is_not_connected_to(
    caller: Caller, send: Callable[[HttpClient, str], Answer], address: str
) -> None:
    caller.addresses[NAME] = [[address]]
    client = caller.client(f"https://{NAME}", allow_private=False)

    with pytest.raises(RejectedError) as caught:
        send(client, f"https://{NAME}/keys")

    assert caught.value.code == "address_refused"
    assert NAME in str(caught.value)
    assert address not in str(caught.value)


def test_of_several_addresses_only_the_good_ones_are_tried_in_order(
    caller: Caller, authority: Authority
) -> None:
    with Server(serve=always(), authority=authority) as server:
        # Nobody listens at the second one; the first one must not even be tried.
        caller.addresses[NAME] = [["169.254.169.254", "127.0.0.2", LOOPBACK]]
        client = caller.client(server.named_url, ca_file=authority.ca_file)

        assert read(client, server.named_url).status == 200


def test_the_connection_goes_to_the_address_that_was_checked(
    caller: Caller, authority: Authority
) -> None:
    with Server(serve=always(), authority=authority) as server:
        caller.addresses[NAME] = [[LOOPBACK], ["169.254.169.254"]]
        client = caller.client(server.named_url, ca_file=authority.ca_file)

        assert read(client, f"{server.named_url}/keys").status == 200
        assert caller.asked == [NAME]


def test_a_name_that_has_changed_since_is_checked_again_at_the_next_connection(
    caller: Caller, authority: Authority
) -> None:
    with Server(serve=always(), authority=authority) as server:
        caller.addresses[NAME] = [[LOOPBACK], ["169.254.169.254"]]
        client = caller.client(server.named_url, ca_file=authority.ca_file)
        change(client, server.named_url)

        with pytest.raises(RejectedError) as caught:
            change(client, server.named_url)

    assert caught.value.code == "address_refused"
    assert server.visits == 1


def test_the_name_is_what_the_server_is_asked_for_and_known_by(
    caller: Caller, authority: Authority
) -> None:
    with Server(serve=always(), authority=authority) as server:
        caller.addresses[NAME] = [[LOOPBACK]]
        client = caller.client(server.named_url, ca_file=authority.ca_file)

        read(client, server.named_url)

    assert server.asked_for == [NAME]
    assert server.heard[0].headers["host"] == f"{NAME}:{server.port}"


def test_a_server_with_another_name_in_its_certificate_hears_nothing(
    caller: Caller, authority: Authority
) -> None:
    with Server(serve=always(), authority=authority, names=("other.example.test",)) as server:
        caller.addresses[NAME] = [[LOOPBACK]]
        url = f"https://{NAME}:{server.port}"
        client = caller.client(url, ca_file=authority.ca_file)

        with pytest.raises(UnavailableError) as caught:
            change(client, url)

    assert caught.value.code == "tls_failed"
    assert server.heard == []


def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused(
    caller: Caller, authority: Authority
) -> None:
    with Server(serve=always(), authority=authority) as server:
        caller.addresses[NAME] = [[LOOPBACK]]
        client = caller.client(server.named_url)

        with pytest.raises(UnavailableError) as caught:
            change(client, server.named_url)

    assert caught.value.code == "tls_failed"
    assert server.heard == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_nothing_older_than_tls_1_2_is_spoken(caller: Caller, authority: Authority) -> None:
    with Server(serve=always(), authority=authority, newest=ssl.TLSVersion.TLSv1_1) as server:
        caller.addresses[NAME] = [[LOOPBACK]]
        client = caller.client(server.named_url, ca_file=authority.ca_file)

        with pytest.raises(UnavailableError) as caught:
            read(client, server.named_url)

    assert caught.value.code == "tls_failed"


def test_the_environment_has_no_say(
    caller: Caller, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    with Server(serve=always(), authority=authority) as server:
        caller.addresses[NAME] = [[LOOPBACK]]
        trusting = caller.client(server.named_url, ca_file=authority.ca_file)
        usual = caller.client(server.named_url)

        assert read(trusting, server.named_url).status == 200
        with pytest.raises(UnavailableError):
            read(usual, server.named_url)

    assert not (tmp_path / "keys.log").exists()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_no_reason_to_trust(
    caller: Caller, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(RejectedError) as caught:
        caller.client(ca_file=file)

    assert caught.value.code == "bad_ca_file"


def test_no_cookie_comes_back(caller: Caller) -> None:
    with Server(serve=always(200, b"{}", Set_Cookie="session=marker; Path=/")) as server:
        client = caller.client(server.url)
        read(client, server.url)
        read(client, server.url)

    assert ["cookie" in heard.headers for heard in server.heard] == [False, False]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_not_followed(caller: Caller, status: int) -> None:
    with Server(serve=always()) as other:
        place = f"{other.url}/marker-of-a-path?marker=1"
        with Server(serve=always(status, b"", Location=place)) as server:
            client = caller.client(server.url, other.url)

            with pytest.raises(RejectedError) as caught:
                read(client, server.url)

    assert caught.value.code == "redirected"
    assert f"points to {LOOPBACK}" in str(caught.value)
    assert "marker" not in caught.value.diagnostics()
    assert other.visits == 0


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("https://elsewhere.example/x?y=z", "elsewhere.example"),
        ("//elsewhere.example/x", "elsewhere.example"),
        ("https://me:marker@elsewhere.example/x", "elsewhere.example"),
        ("/login?marker=1", LOOPBACK),
        ("", LOOPBACK),
        ("https://[marker", "an unreadable place"),
        ("https://elsewhere.example:marker/", "an unreadable place"),
        ("https://mar%20ker/", "an unreadable place"),
    ],
)
def test_a_redirect_names_the_host_and_nothing_more(
    caller: Caller, location: str, place: str
) -> None:
    with (
        Server(serve=always(307, b"", Location=location)) as server,
        pytest.raises(RejectedError) as caught,
    ):
        read(caller.client(server.url), server.url)

    assert f"points to {place}, not followed" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, RejectedError),
        (302, OutcomeUnknownError),
        (303, OutcomeUnknownError),
        (307, RejectedError),
        (308, RejectedError),
    ],
)
def test_a_redirect_that_may_follow_a_deed_leaves_the_outcome_of_a_change_open(
    caller: Caller, status: int, kind: type[RotatorError]
) -> None:
    with (
        Server(serve=always(status, b"", Location="/done")) as server,
        pytest.raises(kind) as caught,
    ):
        change(caller.client(server.url), server.url)

    assert caught.value.code == "redirected"


@pytest.mark.parametrize("send", ["read", "change"])
def test_nothing_is_sent_after_its_time(caller: Caller, send: str) -> None:
    with Server(serve=always()) as server:
        client = caller.client(server.url)
        getattr(client, send)(asking(server.url), not_after=BEGINNING)
        client.close()
        caller.resolving_seconds = 1
        with pytest.raises(ConflictError) as caught:
            getattr(client, send)(asking(server.url), not_after=BEGINNING)

    assert caught.value.code == "too_late"
    assert len(server.heard) == 1


def test_a_process_that_only_reads_sends_no_change(caller: Caller) -> None:
    with Server(serve=always()) as server:
        client = caller.client(server.url, read_only=True)
        with pytest.raises(RejectedError) as caught:
            change(client, server.url)
        read(client, server.url)

    assert caught.value.code == "read_only"
    assert [heard.method for heard in server.heard] == ["GET"]


def test_a_change_never_goes_over_a_connection_that_was_kept(caller: Caller) -> None:
    with Server(serve=always()) as server:
        client = caller.client(server.url)
        for _ in range(3):
            read(client, server.url)
        assert server.visits == 1
        for _ in range(3):
            change(client, server.url)

    assert server.visits == 4
    # Not even a pool that is asked by many threads at once can then hand it on.
    assert [x.headers.get("connection") for x in server.heard] == [None] * 3 + ["close"] * 3


def test_a_closed_client_opens_its_connections_anew(caller: Caller) -> None:
    with Server(serve=always()) as server:
        client = caller.client(server.url)
        read(client, server.url)
        client.close()
        read(client, server.url)

    assert server.visits == 2


def test_every_call_is_told_of_once_with_its_code(caller: Caller) -> None:
    with Server(serve=always(403)) as server:
        client = caller.client(server.url)
        answer = read(client, server.url)
        with pytest.raises(AccessDeniedError):
            check(answer)
    with Server(serve=always()) as server:
        client.allow(server.url)
        read(client, server.url)
    with pytest.raises(RejectedError):
        read(client, "https://other.example.test")

    assert [(operation, code) for operation, code, _ in caller.told] == [
        ("api:Ask", "forbidden"),
        ("api:Ask", ""),
        ("api:Ask", "origin_refused"),
    ]
