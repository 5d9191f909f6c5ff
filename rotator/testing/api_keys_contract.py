"""The contract of `rotator.ports.api_keys`, as tests; and the bench that they need."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.api_keys import ApiKeyWish, KeyStatus
from rotator.core.ids import KeyId
from rotator.core.secret import Secret
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from rotator.ports.provider import Verdict
from rotator.testing.bench import TOLERANCE, Bench, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.api_keys import ApiKey, MadeApiKey
    from rotator.ports.api_keys import ApiKeys

MISSING = KeyId("no-such-key")

_ADMINISTRATION: dict[str, Callable[[ApiKeys, ApiKeyWish], object]] = {
    "check_admission": lambda keys, _: keys.check_admission(),
    "api_keys": lambda keys, _: keys.api_keys(),
    "create_api_key": lambda keys, wish: keys.create_api_key(wish),
    "revoke_api_key": lambda keys, _: keys.revoke_api_key(MISSING),
}


class ApiKeysBench(Bench):
    """An account that is entered as its administrator, and the vendor behind it."""

    wish: ApiKeyWish = ApiKeyWish(name="ci")
    """What a key of this vendor can be asked to be; with what its spec cannot do without."""

    @property
    @abstractmethod
    def keys(self) -> ApiKeys:
        """Return the implementation under test; the same object each time."""

    @abstractmethod
    def entered_as_nobody(self) -> ApiKeys:
        """Return the same account, entered with a credential that may do nothing."""

    def made(self, wish: ApiKeyWish | None = None) -> MadeApiKey:
        """Make a key, and wait until it is known everywhere."""
        made = self.keys.create_api_key(wish or self.wish)
        self.settle()
        return made

    def listed(self, key: KeyId) -> ApiKey | None:
        """Return a key as it is listed; None if it is not."""
        return next((it for it in self.keys.api_keys() if it.key_id == key), None)


class ApiKeysContract:
    """Everything that an account of an HTTP API promises; a subclass offers `bench`."""

    def test_our_credential_is_let_in(self, bench: ApiKeysBench) -> None:
        """Nothing is raised, and nothing changed."""
        before = bench.keys.api_keys()
        bench.keys.check_admission()
        assert bench.keys.api_keys() == before

    @pytest.mark.parametrize("method", _ADMINISTRATION)
    def test_who_may_not_is_told_so(self, bench: ApiKeysBench, method: str) -> None:
        """Denied, with words: trying again does not help."""
        with pytest.raises(AccessDeniedError) as caught:
            _ADMINISTRATION[method](bench.entered_as_nobody(), bench.wish)
        assert str(caught.value)

    def test_a_new_key_is_listed_and_let_in(self, bench: ApiKeysBench) -> None:
        """Listed with its id, never with its secret; and it opens the door."""
        made = bench.made()
        listed = bench.listed(made.key.key_id)
        assert listed is not None
        assert (listed.name, listed.status) == (made.key.name, KeyStatus.ACTIVE)
        assert made.secret.reveal() not in repr(listed) + repr(made)
        assert bench.keys.try_api_key(made.secret, made.key.key_id) is Verdict.ACCEPTED

    def test_two_keys_work_side_by_side(self, bench: ApiKeysBench) -> None:
        """The second one does not end the first."""
        first, second = bench.made(), bench.made()
        assert first.key.key_id != second.key.key_id
        for made in (first, second):
            assert bench.keys.try_api_key(made.secret, made.key.key_id) is Verdict.ACCEPTED

    @pytest.mark.parametrize("damage", [lambda it: it[:-1], lambda it: f'"{it}', lambda it: it[1:]])
    def test_a_damaged_key_is_refused(
        self, bench: ApiKeysBench, damage: Callable[[str], str]
    ) -> None:
        """Cut, or quoted on one side."""
        made = bench.made()
        tried = Secret(damage(made.secret.reveal()))
        assert bench.keys.try_api_key(tried, made.key.key_id) is Verdict.NOT_YET

    def test_a_try_that_could_not_be_made_is_transient(self, bench: ApiKeysBench) -> None:
        """It says nothing of the key."""
        made = bench.made()
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            bench.keys.try_api_key(made.secret, made.key.key_id)

    def test_a_key_gets_the_scopes_that_were_asked_for(self, bench: ApiKeysBench) -> None:
        """Where the vendor tells them; where its spec has none, the wish is refused."""
        scopes = bench.wish.scopes or ("read",)
        try:
            made = bench.made(_like(bench.wish, scopes=scopes))
        except RejectedError:
            assert bench.wish.scopes is None
            return
        listed = bench.listed(made.key.key_id)
        assert listed is not None
        assert listed.scopes is None or set(listed.scopes) == set(scopes)

    def test_a_key_ends_when_it_was_to_end(self, bench: ApiKeysBench) -> None:
        """Its end is told, and then it is refused; or the wish is refused."""
        lifetime = timedelta(days=30)
        try:
            made = bench.made(_like(bench.wish, lifetime=lifetime))
        except RejectedError:
            assert bench.wish.lifetime is None
            return
        listed = bench.listed(made.key.key_id)
        assert listed is not None
        assert listed.expires_at is not None
        assert abs(listed.expires_at - bench.now() - lifetime) <= timedelta(days=1) + TOLERANCE
        bench.advance(lifetime + timedelta(days=2))
        assert bench.keys.try_api_key(made.secret, made.key.key_id) is Verdict.NOT_YET
        later = bench.listed(made.key.key_id)
        assert later is None or later.status is not KeyStatus.ACTIVE

    def test_a_key_like_another_may_do_what_that_one_may(self, bench: ApiKeysBench) -> None:
        """Of one that there is; or the wish is refused, for nobody tells what keys may do."""
        first = bench.made()
        wish = ApiKeyWish(name="like", lifetime=bench.wish.lifetime, like=first.key.key_id)
        try:
            second = bench.made(wish)
        except RejectedError:
            assert bench.wish.scopes is None
            return
        assert second.key.key_id != first.key.key_id
        assert second.key.scopes == first.key.scopes
        with pytest.raises(NotFoundError):
            bench.keys.create_api_key(replace(wish, like=MISSING))

    # ---------------------------------------------------------------- ending keys

    def test_a_revoked_key_is_unlisted_and_refused(self, bench: ApiKeysBench) -> None:
        """And a second time there is none to revoke."""
        made, other = bench.made(), bench.made()
        bench.keys.revoke_api_key(made.key.key_id)
        bench.settle()
        assert bench.listed(made.key.key_id) is None
        assert bench.keys.try_api_key(made.secret, made.key.key_id) is Verdict.NOT_YET
        assert bench.keys.try_api_key(other.secret, other.key.key_id) is Verdict.ACCEPTED
        with pytest.raises(NotFoundError):
            bench.keys.revoke_api_key(made.key.key_id)

    def test_what_there_never_was_cannot_be_revoked(self, bench: ApiKeysBench) -> None:
        """And nothing else is."""
        made = bench.made()
        with pytest.raises(NotFoundError):
            bench.keys.revoke_api_key(MISSING)
        assert bench.listed(made.key.key_id) is not None

    def test_our_own_key_is_not_revoked(self, bench: ApiKeysBench) -> None:
        """Nobody saws off the branch that we sit on."""
        own = bench.keys.own_key()
        if own is None:
            pytest.skip("nobody tells by which key we are admitted")
        with pytest.raises(RejectedError):
            bench.keys.revoke_api_key(own)
        bench.keys.check_admission()

    # ------------------------------------------------------------- lost and refused

    def test_a_lost_answer_to_a_making_is_unknown_and_not_repeated(
        self, bench: ApiKeysBench
    ) -> None:
        """One key was made at most."""
        before = len(bench.keys.api_keys())
        with bench.failing(Fault.LOST_ANSWER), pytest.raises(OutcomeUnknownError):
            bench.keys.create_api_key(bench.wish)
        bench.settle()
        assert len(bench.keys.api_keys()) <= before + 1

    def test_a_lost_answer_to_an_ending_is_unknown(self, bench: ApiKeysBench) -> None:
        """It may have been done, or not."""
        made = bench.made()
        with (
            bench.failing(Fault.LOST_ANSWER),
            pytest.raises((OutcomeUnknownError, TransientError)),
        ):
            bench.keys.revoke_api_key(made.key.key_id)

    def test_who_asks_too_fast_has_changed_nothing(self, bench: ApiKeysBench) -> None:
        """Throttled is surely not done."""
        before = len(bench.keys.api_keys())
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            bench.keys.create_api_key(bench.wish)
        bench.settle()
        assert len(bench.keys.api_keys()) == before

    # ------------------------------------------------------------------------- use

    def test_never_used_is_told_apart_from_unknown(self, bench: ApiKeysBench) -> None:
        """A new key is unused; after a use it is not."""
        made = bench.made()
        new = bench.listed(made.key.key_id)
        assert new is not None
        assert new.last_used_at is None
        if not new.is_use_told:
            pytest.skip("the vendor tells of no uses")
        bench.keys.try_api_key(made.secret, made.key.key_id)
        bench.settle()
        used = bench.listed(made.key.key_id)
        assert used is not None
        assert used.last_used_at is not None

    def test_usage_is_counted_or_not_told(self, bench: ApiKeysBench) -> None:
        """None means that the vendor has no such call."""
        made = bench.made()
        bench.keys.try_api_key(made.secret, made.key.key_id)
        bench.settle()
        usage = bench.keys.usage(made.key.key_id)
        assert usage is None or usage.count is None or usage.count > 0


def _like(
    wish: ApiKeyWish,
    *,
    lifetime: timedelta | None = None,
    scopes: tuple[str, ...] | None = None,
) -> ApiKeyWish:
    """Return a wish with one thing more."""
    return ApiKeyWish(
        name=wish.name,
        description=wish.description,
        lifetime=lifetime or wish.lifetime,
        scopes=scopes or wish.scopes,
    )
