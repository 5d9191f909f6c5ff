"""The keys of a conformance run: made under names of their own, and ended whatever happens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.api_keys import ApiKeyWish
from rotator.core.facts import Principal
from rotator.core.ids import Instant
from rotator.errors import NotFoundError, OutcomeUnknownError, RejectedError, RotatorError
from rotator.ports.provider import Verdict
from rotator.providers.http.conformance_report import Left
from rotator.providers.http.holes import asks_for
from rotator.providers.http.templates import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rotator.core.api_keys import ApiKey, MadeApiKey
    from rotator.core.ids import KeyId
    from rotator.providers.http.conformance_stand import Stand

_OURS = re.compile(r"rotator-test-[0-9a-f]{8}-[a-z]")
_LONGEST_PAUSE: Final = 8
_SETTLED: Final = timedelta(minutes=30)
"""A test key that is older belongs to no run that is still under way."""


def leftovers(keys: Iterable[ApiKey], now: Instant) -> tuple[ApiKey, ...]:
    """Return keys that an earlier run had to leave behind, by their names."""
    return tuple(
        key
        for key in keys
        if _OURS.fullmatch(key.name) and (key.created_at is None or now - key.created_at > _SETTLED)
    )


@dataclass(slots=True)
class TrialKeys:
    """The keys of one run.

    Attributes:
        nonce: Eight hexadecimal digits that no other run has.
        before: The keys that were there before the run.
        is_refusal_known: Whether a key that is refused was told apart from one that is
            let in; only then is a refusal waited for.
    """

    stand: Stand
    nonce: str
    before: frozenset[KeyId] = frozenset()
    is_refusal_known: bool = False
    _made: list[MadeApiKey] = field(default_factory=list)
    _ended: set[KeyId] = field(default_factory=set)
    _lost: list[str] = field(default_factory=list)

    def make(self, letter: str) -> MadeApiKey:
        """Make a key; it is ended at the end of the run, also if the answer is lost."""
        wish = self._wish(letter)
        try:
            made = self.stand.keys.create_api_key(wish)
        except OutcomeUnknownError:
            self._lost.append(wish.name)
            raise
        self._made.append(made)
        return made

    @property
    def made(self) -> tuple[KeyId, ...]:
        """Return the keys whose making was answered."""
        return tuple(it.key.key_id for it in self._made)

    def end(self, made: MadeApiKey) -> None:
        """Revoke a key, once; raises as `ApiKeys.revoke_api_key` does."""
        if made.key.key_id in self._ended:
            return
        try:
            self.stand.keys.revoke_api_key(made.key.key_id)
        except RejectedError as error:
            # Done, says the vendor; how long it is still listed is another question.
            if error.code != "still_listed":
                raise
        self._ended.add(made.key.key_id)

    def end_again(self, made: MadeApiKey) -> None:
        """Send the steps of a revocation as the daemon does, also if it is gone already."""
        deadline = Instant(self.stand.clock.now() + timedelta(minutes=1))
        principal = self.principal(made.key)
        self.stand.provider.delete_key(principal, made.key.key_id, not_after=deadline)

    def principal(self, key: ApiKey) -> Principal:
        """Say whose key it is to the daemon.

        Raises:
            NotFoundError: The provider knows nobody whose key it could be.
        """
        stand = self.stand
        if stand.has_names:
            name = key.name
            return Principal(provider=stand.spec.name, account=stand.account, name=name, uid=name)
        found = next(iter(stand.provider.principals(stand.account)), None)
        if found is None:
            raise NotFoundError("the provider names no principal", subject=key.key_id)
        return found

    def is_let_in(self, made: MadeApiKey) -> bool:
        """Try a key."""
        return self.stand.keys.try_api_key(made.secret, made.key.key_id) is Verdict.ACCEPTED

    def is_refused(self, made: MadeApiKey) -> bool:
        """Try a key that should not work; what the daemon would take for a refusal."""
        return self.stand.keys.try_api_key(made.secret, made.key.key_id) is Verdict.NOT_YET

    def end_all(self) -> tuple[Left, ...]:
        """End every key that the run has made, or may have made; name those that stay."""
        left = [trouble for made in self._made if (trouble := self._end_surely(made))]
        for name in self._lost:
            left.extend(self._end_lost(name))
        return tuple(left)

    def _wish(self, letter: str) -> ApiKeyWish:
        name = f"rotator-test-{self.nonce}-{letter}" if self.stand.has_names else ""
        create = self.stand.spec.creation.operation
        like = self.stand.wanted.like
        takes_words = asks_for(create, Namespace.NEW, "description")
        return ApiKeyWish(
            name=name,
            description=f"conformance test {self.nonce}" if takes_words else "",
            lifetime=self.stand.wanted.lifetime,
            scopes=self.stand.wanted.scopes,
            like=None if like is None else like.key_id,
        )

    def _end_surely(self, made: MadeApiKey) -> Left | None:
        """End a key until it is gone; say why if it does not go."""
        why = ""
        for _ in self._attempts():
            try:
                self._revoke(made)
                if self._is_gone(made):
                    return None
                why = "it is still listed, or still let in"
            except RotatorError as error:
                why = str(error)
                if error.code == "revoke_missed":
                    break  # Nobody hears these calls, however often they are made.
        return Left(key_id=made.key.key_id, name=made.key.name, why=why)

    def _attempts(self) -> Iterator[None]:
        """Yield at growing intervals, for as long as an ending may take to be seen."""
        clock = self.stand.clock
        ends = clock.now() + self.stand.patience(self.stand.spec.propagation.revoke)
        pause = 1
        yield
        while clock.now() < ends:
            clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            yield

    def _revoke(self, made: MadeApiKey) -> None:
        try:
            self.stand.keys.revoke_api_key(made.key.key_id)
        except NotFoundError:
            # A listing that is late does not show it, though it is there.
            self.end_again(made)

    def _is_gone(self, made: MadeApiKey) -> bool:
        if any(key.key_id == made.key.key_id for key in self.stand.keys.api_keys()):
            return False
        return self.is_refused(made) if self.is_refusal_known else True

    def _end_lost(self, name: str) -> Iterator[Left]:
        """End a key whose making was never answered, if its name shows that there is one.

        Where keys have no names, whatever appeared may as well be somebody else's.
        """
        try:
            found = self._find_lost(name)
        except RotatorError as error:
            yield Left(key_id=None, name=name, why=f"nobody knows whether it was made: {error}")
            return
        if not self.stand.has_names:
            why = "it appeared when an answer was lost: end it by hand if nobody else made it"
            yield from (Left(key_id=key.key_id, name=key.name, why=why) for key in found)
            return
        for key in found:
            why = self._trouble(key)
            if why:
                yield Left(key_id=key.key_id, name=key.name, why=why)

    def _trouble(self, key: ApiKey) -> str:
        """Revoke a key that we have no secret of; say what went wrong."""
        why = ""
        for _ in self._attempts():
            try:
                self.stand.keys.revoke_api_key(key.key_id)
            except NotFoundError:
                return ""
            except RotatorError as error:
                why = str(error)
            else:
                return ""
        return why

    def _find_lost(self, name: str) -> Sequence[ApiKey]:
        """Look for a key until listings must show it."""
        clock = self.stand.clock
        ends = clock.now() + self.stand.patience(self.stand.spec.propagation.create)
        while True:
            known = self.before | {made.key.key_id for made in self._made}
            found = [it for it in self.stand.keys.api_keys() if self._may_be(it, name, known)]
            if found or clock.now() >= ends:
                return found
            clock.sleep(1)

    def _may_be(self, key: ApiKey, name: str, known: frozenset[KeyId]) -> bool:
        """Whether a key may be the lost one: by its name, or by its not being there before."""
        if self.stand.has_names:
            return key.name == name
        return key.key_id not in known
