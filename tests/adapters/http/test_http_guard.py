"""Where requests may go."""

from __future__ import annotations

import pytest

from rotator.clients.http_guard import parsed_url, refusal
from rotator.errors import RejectedError

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.1.2.3",
]
NOWHERE = [
    "0.0.0.0",  # noqa: S104 - refused is what it is
    "0.1.2.3",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001::7f00:1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "64:ff9b:1::1",
    "fd00:ec2::254",
]
PUBLIC = ["1.1.1.1", "52.94.76.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_connected_to_with_tls_only(address: str) -> None:
    assert not refusal(address, scheme="https", allow_private=False)
    assert not refusal(address, scheme="https", allow_private=True)
    assert refusal(address, scheme="http", allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_connected_to_only_where_the_operator_said_so(address: str) -> None:
    assert "private" in refusal(address, scheme="https", allow_private=False)
    assert not refusal(address, scheme="https", allow_private=True)
    assert not refusal(address, scheme="http", allow_private=True)


@pytest.mark.parametrize("address", NOWHERE)
@pytest.mark.parametrize("allow_private", [False, True])
def test_link_local_and_special_addresses_are_never_connected_to(
    address: str, *, allow_private: bool
) -> None:
    assert refusal(address, scheme="https", allow_private=allow_private)


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "0x7f.0.0.1", "[::1]"])
def test_what_is_no_address_is_not_connected_to(address: str) -> None:
    assert "no address" in refusal(address, scheme="https", allow_private=True)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("HTTPS://API.Example.COM:443/v1?x=1#y", "https://api.example.com"),
        ("https://api.example.com:8443/", "https://api.example.com:8443"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443"),
        ("http://127.0.0.1/", "http://127.0.0.1"),
    ],
)
def test_an_origin_is_what_the_url_means_and_not_how_it_is_spelled(url: str, origin: str) -> None:
    assert str(parsed_url(url, what="asking")[1]) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/v1/keys",
        "api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///keys",
        "https://api.example.com:0/",
        "https://api.example.com:65536/",
        "https://api.example.com:port/",
        "https://api.example.com/\r\nx: y",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://api example.com/",
        "https://ⓔvil.example/",
    ],
)
def test_a_url_without_a_clear_server_is_refused(url: str) -> None:
    with pytest.raises(RejectedError) as caught:
        parsed_url(url, what="asking", subject="vault")

    assert (caught.value.code, caught.value.subject) == ("bad_url", "vault")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com@169.254.169.254/",
        "https://me:marker-of-a-secret@api.example.com/",
        "https://:marker-of-a-secret@api.example.com/",
        "https://api.example.com\\@169.254.169.254/",
    ],
)
def test_a_url_with_a_user_in_it_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(RejectedError) as caught:
        parsed_url(url, what="asking")

    assert caught.value.code == "user_in_url"
    assert "marker" not in caught.value.diagnostics()
