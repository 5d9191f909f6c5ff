"""A fake account of an HTTP API, and the truth about it: keys, their uses, their ends.

A key that has expired is listed as such and refused; our own key is never revoked;
whoever is no administrator is turned away. Requests go over a `Wire`, which can be cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from rotator.core.api_keys import ApiKey, KeyStatus, KeyUsage, MadeApiKey
from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.secret import Secret
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError
from rotator.ports.provider import Verdict
from rotator.testing.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.api_keys import ApiKeyWish
    from rotator.ports.clock import Clock

ResultT = TypeVar("ResultT")

ACCOUNT = AccountId("hub-prod")
DENIED = "only administrators and owners may; ask an administrator of the workspace"


@dataclass(slots=True)
class FakeApiKeys:
    """An `ApiKeys` whose whole truth lies open.

    Attributes:
        clock: The true time.
        account: Its id.
        own: The key by which we enter; None where that is something else.
        is_admin: Whether our credential may do anything.
        does_tell_use: Whether the vendor tells of uses.
        refuses_lifetime: Whether its keys cannot be given an end.
        revoke_lag: For how long a revoked key is still let in.
        wire: Carries the requests.
        keys: Every key, by its id, in the vendor's order.
        secrets: The text of every key that still works, by its id.
        uses: How often each was used, by its id.
    """

    clock: Clock
    account: AccountId = ACCOUNT
    own: KeyId | None = None
    is_admin: bool = True
    does_tell_use: bool = True
    refuses_lifetime: bool = False
    revoke_lag: timedelta = timedelta(0)
    wire: Wire = field(init=False)
    keys: dict[KeyId, ApiKey] = field(default_factory=dict)
    secrets: dict[KeyId, str] = field(default_factory=dict)
    uses: dict[KeyId, int] = field(default_factory=dict)
    _ending: dict[KeyId, Instant] = field(default_factory=dict)
    _made: int = 0

    def __post_init__(self) -> None:
        """Begin without keys."""
        self.wire = Wire(clock=self.clock)

    def check_admission(self) -> None:
        """Enter, or be turned away."""
        self._read("check_admission", lambda: None)

    def api_keys(self) -> tuple[ApiKey, ...]:
        """List the keys, with what has become of each."""
        return self._read("api_keys", lambda: tuple(map(self._as_told, self.keys.values())))

    def create_api_key(self, wish: ApiKeyWish) -> MadeApiKey:
        """Make a key."""
        if wish.lifetime is not None and self.refuses_lifetime:
            why = "its keys cannot be given an end"
            raise RejectedError(why, subject=wish.name, code="wish_refused")
        return self._write("create_api_key", lambda at: self._make(wish, at))

    def revoke_api_key(self, key: KeyId) -> None:
        """End a key, but for our own."""
        self._write("revoke_api_key", lambda at: self._revoke(key, at))

    def try_api_key(self, secret: Secret, key: KeyId | None) -> Verdict:
        """Let a key that works in, and note its use."""
        return self.wire.read("try_api_key", lambda at: self._try(secret.reveal(), key, at))

    def usage(self, key: KeyId) -> KeyUsage | None:
        """Tell how often a key was used; None where the vendor tells of no uses."""
        return self._read("usage", lambda: self._usage(key))

    def own_key(self) -> KeyId | None:
        """Name the key by which we enter."""
        return self._read("own_key", lambda: self.own)

    # ------------------------------------------------------------------- the truth

    def add(self, wish: ApiKeyWish, at: Instant | None = None) -> MadeApiKey:
        """Make a key without a request."""
        return self._make(wish, at or self.clock.now())

    def put(self, key: ApiKey, secret: str = "") -> None:
        """Have a key just as it is described; without a text nobody is let in by it."""
        self.keys[key.key_id] = key
        if secret:
            self.secrets[key.key_id] = secret

    def _read(self, method: str, answer: Callable[[], ResultT]) -> ResultT:
        self._enter(method)
        return self.wire.read(method, lambda _: answer())

    def _write(self, method: str, effect: Callable[[Instant], ResultT]) -> ResultT:
        self._enter(method)
        return self.wire.write(method, effect, not_after=None)

    def _enter(self, method: str) -> None:
        if not self.is_admin:
            raise AccessDeniedError(DENIED, subject=method)

    def _make(self, wish: ApiKeyWish, at: Instant) -> MadeApiKey:
        scopes = wish.scopes
        if wish.like is not None and scopes is None:
            scopes = self._known(wish.like).scopes
        self._made += 1
        key = ApiKey(
            key_id=KeyId(f"FAKEAPIKEY{self._made:03}"),
            name=wish.name,
            description=wish.description,
            scopes=scopes,
            created_at=at,
            is_use_told=self.does_tell_use,
            expires_at=Instant(at + wish.lifetime) if wish.lifetime else None,
        )
        self.put(key, f"fk_{self._made:03}{'s' * 32}")
        return MadeApiKey(key=key, secret=Secret(self.secrets[key.key_id]))

    def _as_told(self, key: ApiKey) -> ApiKey:
        has_ended = key.expires_at is not None and key.expires_at <= self.clock.now()
        return replace(key, status=KeyStatus.EXPIRED) if has_ended else key

    def _revoke(self, key: KeyId, at: Instant) -> None:
        if key == self.own:
            raise RejectedError("we are admitted by this key", subject=key, code="own_key")
        self._known(key)
        del self.keys[key]
        self._ending[key] = Instant(at + self.revoke_lag)

    def _try(self, text: str, key: KeyId | None, at: Instant) -> Verdict:
        found = next((it for it, known in self.secrets.items() if known == text), None)
        if found is None or not self._is_let_in(found, at):
            return Verdict.NOT_YET
        self.uses[found] = self.uses.get(found, 0) + 1
        if found in self.keys and self.does_tell_use:
            self.keys[found] = replace(self.keys[found], last_used_at=at)
        return Verdict.ACCEPTED if key in {None, found} else Verdict.WRONG_PRINCIPAL

    def _is_let_in(self, key: KeyId, at: Instant) -> bool:
        if key not in self.keys:
            return at < self._ending[key]
        return self._as_told(self.keys[key]).status is KeyStatus.ACTIVE

    def _usage(self, key: KeyId) -> KeyUsage | None:
        self._known(key)
        if not self.does_tell_use:
            return None
        return KeyUsage(count=self.uses.get(key, 0))

    def _known(self, key: KeyId) -> ApiKey:
        if key not in self.keys:
            raise NotFoundError("no such key", subject=key)
        return self.keys[key]
