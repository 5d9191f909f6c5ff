"""Pinned keys, and what a client shows of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from rotator.clients.http_tls import pin_of
from rotator.errors import RejectedError, UnavailableError
from tests.adapters.http.caller import LOOPBACK, Caller, change, read
from tests.adapters.http.servers import Server, always

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import Answer
    from tests.adapters.http.certificates import Authority

NAME = "api.example.test"
OTHER = "other.example.test"


@pytest.fixture
def caller(caller: Caller) -> Caller:
    caller.addresses[NAME] = [[LOOPBACK]]
    return caller


def test_a_server_with_a_pinned_key_is_asked(caller: Caller, authority: Authority) -> None:
    pins = (authority.pin(OTHER), authority.pin(NAME))
    with Server(serve=always(), authority=authority) as server:
        client = caller.client(server.named_url, ca_file=authority.ca_file, pins=pins)

        assert read(client, server.named_url).status == 200
        assert change(client, server.named_url).status == 200


@pytest.mark.parametrize("send", [read, change])
def test_a_trusted_server_with_another_key_hears_nothing(
    caller: Caller, authority: Authority, send: Callable[[HttpClient, str], Answer]
) -> None:
    with Server(serve=always(), authority=authority) as server:
        client = caller.client(
            server.named_url, ca_file=authority.ca_file, pins=(authority.pin(OTHER),)
        )
        with pytest.raises(RejectedError) as caught:
            send(client, server.named_url)

    assert caught.value.code == "pin_refused"
    assert NAME in str(caught.value)
    assert server.heard == []


def test_a_pinned_key_alone_makes_no_server_trusted(caller: Caller, authority: Authority) -> None:
    with Server(serve=always(), authority=authority) as server:
        client = caller.client(server.named_url, pins=(authority.pin(NAME),))
        with pytest.raises(UnavailableError) as caught:
            read(client, server.named_url)

    assert caught.value.code == "tls_failed"
    assert server.heard == []


@pytest.mark.parametrize("pin", ["", "sha256/x", "A" * 44, "A" * 43, f"{'A' * 43}=\n"])
def test_what_is_no_pin_is_refused_at_the_start(caller: Caller, pin: str) -> None:
    with pytest.raises(RejectedError) as caught:
        caller.client(pins=(pin,))

    assert caught.value.code == "bad_pin"


def test_a_server_that_asks_who_we_are_is_shown_our_certificate(
    caller: Caller, authority: Authority
) -> None:
    ours = authority.pair_file("rotator.example.test")
    with Server(serve=always(), authority=authority, wants_certificate=True) as server:
        client = caller.client(server.named_url, ca_file=authority.ca_file, client_certificate=ours)

        assert read(client, server.named_url).status == 200


def test_our_key_may_stand_in_a_file_of_its_own(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    pair = authority.pair_file("rotator.example.test").read_text()
    key, mark, certificate = pair.partition("-----BEGIN CERTIFICATE-----")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "ours.pem").write_text(mark + certificate)
    with Server(serve=always(), authority=authority, wants_certificate=True) as server:
        client = caller.client(
            server.named_url,
            ca_file=authority.ca_file,
            client_certificate=tmp_path / "ours.pem",
            client_key=tmp_path / "key.pem",
        )

        assert read(client, server.named_url).status == 200


def test_a_server_that_asks_who_we_are_refuses_who_shows_nothing(
    caller: Caller, authority: Authority
) -> None:
    with Server(serve=always(), authority=authority, wants_certificate=True) as server:
        client = caller.client(server.named_url, ca_file=authority.ca_file)
        with pytest.raises(UnavailableError):
            read(client, server.named_url)

    assert server.heard == []


def _locked(authority: Authority) -> bytes:
    pair = authority.pair_file("rotator.example.test").read_bytes()
    key = serialization.load_pem_private_key(pair, None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"marker"),
    )
    return locked + pair[pair.index(b"-----BEGIN CERTIFICATE-----") :]


@pytest.mark.parametrize("content", ["nothing", "no certificate", "another key", "locked key"])
def test_a_certificate_of_ours_that_is_no_use_is_refused_at_the_start(
    caller: Caller, authority: Authority, tmp_path: Path, content: str
) -> None:
    file, key = tmp_path / "ours.pem", None
    if content == "no certificate":
        file.write_text("no certificate")
    if content == "another key":
        file, key = authority.pair_file(NAME), authority.pair_file(OTHER)
    if content == "locked key":
        file.write_bytes(_locked(authority))

    with pytest.raises(RejectedError) as caught:
        caller.client(client_certificate=file, client_key=key)

    assert caught.value.code == "bad_client_certificate"


def _sequence(content: bytes) -> bytes:
    return b"\x30\x82" + len(content).to_bytes(2) + content


def test_the_oldest_kind_of_certificate_has_the_same_pin(authority: Authority) -> None:
    pair = authority.pair_file(NAME).read_bytes()
    certificate = x509.load_pem_x509_certificate(pair)
    _, _, after_version = certificate.tbs_certificate_bytes.partition(b"\xa0\x03\x02\x01\x02")

    for body in (certificate.tbs_certificate_bytes, _sequence(after_version)):
        assert pin_of(_sequence(body)) == authority.pin(NAME)
