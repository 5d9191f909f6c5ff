"""People and workloads at the simulated CipherStash: they call it as the real ones would."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import QuotaExceededError
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.simulators.cipherstash.proxy_keys import ProxyKey
from rotator.testing.wire import Actor
from tests.simulation.cipherstash_truth import base_of
from tests.simulation.lineages import Lineages
from tests.simulation.simulator_wire import true_time

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.terms import Traits
    from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash
    from rotator.testing.fake_keys import FakeKey, Habits
    from tests.simulation.cipherstash_truth import Books
    from tests.simulation.cipherstash_wire import CipherStashWire

WORKSPACE = AccountId("ABCDEFGHIJKLMNOP")
CTS = "https://us-east-1.aws.cts.cipherstashmanaged.net"
ZEROKMS = "https://us-east-1.aws.zerokms.cipherstashmanaged.net"
BOUND, TENANT = "default", "tenant-a"

_ACCEPTED = 200
_EARLY = timedelta(seconds=90)
"""How long before its end the vendor's clients let a token go."""

_IVS = {"terms": bytes(16), "data": bytes(range(16))}


@dataclass(slots=True)
class Line:
    """Calls the simulator without us, as people and workloads do.

    Attributes:
        human: A token of a person with every right.
    """

    stash: EmbeddedCipherStash
    human: str
    _tokens: dict[str, tuple[str, Instant]] = field(default_factory=dict)

    def act(self, method: str, base: str, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Call as a person, and succeed."""
        found = self.ask(method, base, path, body, self.human)
        assert found is not None, path
        return found

    def ask(self, method: str, base: str, path: str, body: object, token: str) -> Any:  # noqa: ANN401
        """Call with a token; None when it is refused."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        answer = self.stash.handle(method, path, headers, json.dumps(body).encode(), base)
        if answer is None or answer.status != _ACCEPTED:
            return None
        return json.loads(answer.body)

    def token(self, access_key: str) -> str | None:
        """Exchange an access key for a token, or use the one that is still good."""
        now = true_time(self.stash)
        kept = self._tokens.get(access_key)
        if kept is not None and now < kept[1] - _EARLY:
            return kept[0]
        found = self.ask("POST", CTS, "/api/authorise", {"accessKey": access_key}, "")
        if found is None:
            return None
        lifetime = timedelta(seconds=self.stash.world.settings.token_seconds)
        self._tokens[access_key] = found["accessToken"], Instant(now + lifetime)
        return str(found["accessToken"])


class _Workspace(Lineages):
    """What access keys and clients have in common."""

    account = WORKSPACE

    def __init__(
        self, line: Line, wire: CipherStashWire, books: Books, habits: Habits, traits: Traits
    ) -> None:
        self._line, self._books = line, books
        super().__init__(wire, books.watched, habits, traits)


class AccessKeys(_Workspace):
    """The truth about access keys, and what people and workloads do with them.

    Attributes:
        role: What keys may do that are minted by hand.
    """

    provider = ACCESS_KEYS
    role = "member"

    @property
    def keys(self) -> dict[KeyId, FakeKey]:
        """Every access key that ever was, in the order of their making."""
        return self._books.access_keys

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Mint a key under the lineage's own name, which only one can have."""
        self.wire.land()
        workspace = self._line.stash.world.workspaces[WORKSPACE]
        if workspace.named(principal.name, self._line.stash.world.now()):
            raise QuotaExceededError("the name is taken", subject=principal.name)
        return self._mint(principal.name)

    def mint_as_if_ours(self, principal: Principal, rotation: str) -> KeyMaterial:
        """Mint a key under a name such as we give, as only somebody who copies us does."""
        self.wire.land()
        return self._mint(f"{principal.name}.rotator-{rotation}")

    def _mint(self, name: str) -> KeyMaterial:
        asked = {"keyName": name, "workspaceId": WORKSPACE, "role": self.role}
        text = str(self._line.act("POST", CTS, "/api/access-keys", asked)["accessKey"])
        key_id = text.removeprefix("CSAK").partition(".")[0]
        return KeyMaterial(key_id=KeyId(key_id), secret=Secret(text))

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Revoke a key as a person does; nothing happens when it is gone."""
        self.wire.land()
        stash = self._line.stash
        found = stash.world.workspaces[WORKSPACE].access_keys[key]
        assert base_of(found.name) == principal.name
        if found.life.ends_at is None:
            asked = {"keyName": found.name, "workspaceId": WORKSPACE}
            self._line.act("DELETE", CTS, "/api/access-key", asked)

    def use(self, material: KeyMaterial, service: str = "cts") -> bool:
        """Open the default keyset's list with a token; say whether that was let in."""
        del service
        self.wire.land()
        token = self._line.token(material.secret.reveal())
        if token is None:
            return False
        return self._line.ask("POST", ZEROKMS, "/list-keysets", {}, token) is not None


class ClientKeys(_Workspace):
    """The truth about clients, and what people and workloads do with them.

    Attributes:
        keysets: Ids by name.
        needed: Keysets, by name, that workloads open.
        promised: What people have granted a published client and nobody has taken since.
    """

    provider = CLIENT_KEYS

    def __init__(
        self,
        line: Line,
        wire: CipherStashWire,
        books: Books,
        habits: Habits,
        traits: Traits,
        *,
        keysets: dict[str, str],
        access_key: str,
    ) -> None:
        """Know of no client yet; workloads enter with this access key of a member's."""
        super().__init__(line, wire, books, habits, traits)
        self.keysets, self.needed = keysets, [BOUND, TENANT]
        self.promised = {keysets[name] for name in self.needed}
        self._access_key = access_key
        self._arrived: dict[tuple[str, str], bytes] = {}
        self._proved: set[tuple[str, str]] = set()
        self._opened: set[tuple[str, int, int]] = set()

    @property
    def keys(self) -> dict[KeyId, FakeKey]:
        """Every client that ever was, in the order of their making."""
        return self._books.clients

    def granted(self, key: KeyId) -> frozenset[str]:
        """Return the ids of the keysets that a client is granted at this moment."""
        world = self._line.stash.world
        return frozenset(world.workspaces[WORKSPACE].clients[key].granted(world.now()))

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Make a client that is bound to the default keyset, and grant it the tenant's."""
        self.wire.land()
        asked = {"name": principal.name, "description": "made by hand"}
        made = self._line.act("POST", ZEROKMS, "/create-client", asked)
        secret = Secret(b64decode(made["client_key"]).hex())
        material = KeyMaterial(key_id=KeyId(made["id"]), secret=secret)
        for keyset in sorted(self.promised):
            self._change("grant", material.key_id, keyset)
        return material

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Delete a client as a person does; nothing happens when it is gone."""
        del principal
        self.wire.land()
        stash = self._line.stash
        client = stash.world.workspaces[WORKSPACE].clients[key]
        if client.life.ends_at is None:
            client.life.ends_at = stash.world.now()
            self._books.look(stash, Actor.HUMAN)

    def switch_by_hand(self, principal: Principal, key: KeyId, *, on: bool) -> None:
        """Take every grant of a client, or give it what was promised."""
        del principal
        self.wire.land()
        bound = self.keysets[BOUND]
        wanted = self.promised - self.granted(key) if on else self.granted(key)
        for keyset in sorted(wanted, key=lambda item: (item == bound, item)):
            self._change("grant" if on else "revoke", key, keyset)

    def new_keyset(self, name: str) -> str:
        """Make a keyset; return its id."""
        asked = {"name": name, "description": "a tenant's"}
        made = self._line.act("POST", ZEROKMS, "/create-keyset", asked)
        self.keysets[name] = str(made["id"])
        return self.keysets[name]

    def grant_by_hand(self, key: KeyId, name: str) -> None:
        """Grant a client a keyset, as who reads the published one does."""
        self.wire.land()
        keyset = self.keysets.get(name) or self.new_keyset(name)
        self.promised.add(keyset)
        self._change("grant", key, keyset)

    def take_by_hand(self, key: KeyId, name: str) -> None:
        """Take a keyset from a client."""
        self.wire.land()
        self.promised.discard(self.keysets[name])
        if self.keysets[name] in self.granted(key):
            self._change("revoke", key, self.keysets[name])

    def _change(self, verb: str, key: KeyId, keyset: str) -> None:
        """Grant or revoke in the service's own state: a new client is not known everywhere yet."""
        stash = self._line.stash
        client = stash.world.workspaces[WORKSPACE].clients[key]
        (client.grant if verb == "grant" else client.revoke)(keyset, stash.world.now())
        self._books.look(stash, Actor.HUMAN)

    def use(self, material: KeyMaterial, service: str = "zerokms") -> bool:
        """Open every needed keyset as the real client does, and read what was written before.

        Returns:
            Whether all of it was let in, search terms came out as ever, and data that
            the first client wrote could be read.
        """
        del service
        self.wire.land()
        token = self._line.token(self._access_key)
        assert token is not None, "nobody touches the workloads' own access key"
        state = material.secret.reveal(), len(self.wire.acts), len(self.needed)
        if state not in self._opened and all(
            self._opens(material, name, token) for name in self.needed
        ):
            # With nothing done since, and all of it seen everywhere, it stays as it is.
            self._opened |= {state} if self._is_settled() else set()
            return True
        return state in self._opened

    def _is_settled(self) -> bool:
        last = self.wire.acts[-1].at if self.wire.acts else None
        return last is None or self.wire.clock.now() - last > self.habits.slowest

    def _opens(self, material: KeyMaterial, name: str, token: str) -> bool:
        wanted = None if name == BOUND else {"Name": name}
        asked = {"client_id": material.key_id, "keyset_id": wanted}
        loaded = self._line.ask("POST", ZEROKMS, "/load-keyset", asked, token)
        if loaded is None:
            return False
        secret = material.secret.reveal()
        if (name, secret) not in self._proved:
            sent = loaded["partial_index_key"]["key_material"]
            data = self._data(name, token, asked)
            is_whole = self._is_as_ever(name, "terms", _turned(secret, sent, "terms"))
            is_whole &= self._is_as_ever(name, "data", _turned(secret, data, "data"))
            self._proved |= {(name, secret)} if is_whole else set()
        return (name, secret) in self._proved

    def _data(self, name: str, token: str, asked: dict[str, Any]) -> str:
        """Ask for the key of some data, as whoever writes it first or reads it later."""
        is_first = (name, "data") not in self._arrived
        iv = b64encode(_IVS["data"]).decode()
        one: dict[str, object] = {"iv": iv, "descriptor": "users/email", "context": []}
        path = "/generate-data-key"
        if not is_first:
            path, one = "/retrieve-data-key", {**one, "tag": [0], "tag_version": 0}
        body = {**asked, "keys": [one], "unverified_context": {}}
        found = self._line.ask("POST", ZEROKMS, path, body, token)
        assert found is not None, "who may load a keyset may use it"
        return str(found["keys"][0]["key_material"])

    def _is_as_ever(self, name: str, what: str, arrived: bytes) -> bool:
        return self._arrived.setdefault((name, what), arrived) == arrived


def _turned(secret: str, sent: str, what: str) -> bytes:
    """Turn what the service sent as the client does who has this key."""
    return _proxy_key(secret).forward(b64decode(sent), _IVS[what])


@cache
def _proxy_key(text: str) -> ProxyKey:
    return ProxyKey.from_bytes(bytes.fromhex(text))
