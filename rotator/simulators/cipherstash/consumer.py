"""A consumer of CipherStash in plain Python, for tests and the demo where there is no Node.

It speaks to CTS and ZeroKMS as the real client does, and does the real client's
part of making a data key. What it does with that key is its own: its ciphertexts
are not the real client's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rotator.simulators.cipherstash.data_keys import INDEX_IV
from rotator.simulators.cipherstash.proxy_keys import BLOCK, ProxyKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

_SEAL_BYTES = 32
_DESCRIPTOR = "users/email"


class RefusedError(Exception):
    """The service refused; the status says how."""

    def __init__(self, status: int) -> None:
        """Refuse with a status; the body may hold anything, so it is not kept."""
        super().__init__(f"CipherStash answered {status}")
        self.status = status


class UnreadableError(Exception):
    """The data key does not fit the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a consumer reads from its secret, under the real client's names.

    Attributes:
        client_key: In hexadecimal digits.
    """

    access_key: str
    client_id: str
    client_key: str

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Bundle:
        """Read the fields of a secret."""
        return cls(
            access_key=values["CS_CLIENT_ACCESS_KEY"],
            client_id=values["CS_CLIENT_ID"],
            client_key=values["CS_CLIENT_KEY"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Encrypted data, the keyset that it belongs to, and its search term."""

    keyset: str
    iv: bytes
    body: bytes
    term: str


class Consumer:
    """One client of one keyset; it asks for a new token when the old one is refused."""

    def __init__(
        self, http: httpx.Client, cts: str, bundle: Bundle, *, keyset: str | None = None
    ) -> None:
        """Authorise, and load a keyset.

        Args:
            http: Sends the requests.
            cts: The base URL of CTS, with a slash at its end.
            bundle: The keys to work with.
            keyset: An id; None is the client's default.

        Raises:
            RefusedError: The service does not let the bundle in.
        """
        self._http, self._cts, self._bundle = http, cts, bundle
        self._key = ProxyKey.from_bytes(bytes.fromhex(bundle.client_key))
        self._authorise()
        wanted = {"Uuid": keyset} if keyset else None
        loaded = self._ask("load-keyset", {"keyset_id": wanted})
        self.keyset: str = loaded["dataset"]["id"]
        self._index_key = self._finished(loaded["partial_index_key"], INDEX_IV)

    def encrypt(self, text: str, iv: bytes) -> Sealed:
        """Encrypt with a new data key; `iv` is 16 bytes that were never used before."""
        asked = {"iv": b64encode(iv).decode(), "descriptor": _DESCRIPTOR, "context": []}
        told = self._ask("generate-data-key", {"keyset_id": self.keyset, "keys": [asked]})
        key = self._finished(told["keys"][0], iv)
        body = _mixed(key, text.encode())
        return Sealed(keyset=self.keyset, iv=iv, body=_seal(key, body) + body, term=self.term(text))

    def decrypt(self, sealed: Sealed) -> str:
        """Decrypt, with the data key of the keyset that the data belongs to.

        Raises:
            RefusedError: This client may not use that keyset.
            UnreadableError: The client key is not this client's.
        """
        asked = {"iv": b64encode(sealed.iv).decode(), "descriptor": _DESCRIPTOR, "context": []}
        told = self._ask("retrieve-data-key", {"keyset_id": sealed.keyset, "keys": [asked]})
        key = self._finished(told["keys"][0], sealed.iv)
        seal, body = sealed.body[:_SEAL_BYTES], sealed.body[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, _seal(key, body)):
            raise UnreadableError
        return _mixed(key, body).decode()

    def term(self, text: str) -> str:
        """Return the search term of a text; the same for every client of the keyset."""
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).hexdigest()

    def _finished(self, told: Mapping[str, str], iv: bytes) -> bytes:
        material = b64decode(told["key_material"])
        return hashlib.sha256(self._key.forward(material, iv)).digest()

    def _ask(self, operation: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        body = {"client_id": self._bundle.client_id, **body}
        answer = self._send(operation, body)
        if answer.status_code == 401:  # noqa: PLR2004 - HTTP's number
            self._authorise()
            answer = self._send(operation, body)
        return _checked(answer)

    def _send(self, operation: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._http.post(f"{self._zerokms}{operation}", json=body, headers=headers)

    def _authorise(self) -> None:
        body = {"accessKey": self._bundle.access_key}
        told = _checked(self._http.post(f"{self._cts}api/authorise", json=body))
        self._token: str = told["accessToken"]
        claims = self._token.split(".")[1]
        self._zerokms: str = _json_of(claims)["services"]["zerokms"]


def _checked(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    if answer.is_error:
        raise RefusedError(answer.status_code)
    return answer.json()


def _json_of(part: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _seal(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()


def _mixed(key: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt with a key that is used once."""
    stream = hashlib.shake_256(key).digest(max(len(data), BLOCK))
    return bytes(left ^ right for left, right in zip(data, stream, strict=False))
