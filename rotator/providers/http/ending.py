"""Ending a key, or switching it: every step answered, and "gone" never merely believed.

A path that is mistyped is answered like a key that is gone. So where a vendor says that
there is no such key, its list is asked; while that shows the key, nothing was ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http_answers import json_of
from rotator.core.api_keys import KeyStatus
from rotator.errors import (
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from rotator.providers.http.expecting import GONE, unexpected
from rotator.providers.http.holes import asks_for
from rotator.providers.http.pointing import naming
from rotator.providers.http.rows import read_id
from rotator.providers.http.selectors import ABSENT, SelectorError, pick
from rotator.providers.http.templates import Namespace

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.ids import Instant, KeyId
    from rotator.errors import RotatorError
    from rotator.ports.clock import Clock
    from rotator.providers.http.calls import Calls
    from rotator.providers.http.listing import KeyRows, Lister
    from rotator.providers.http.rows import Row
    from rotator.providers.http.spec import Operation, Spec
    from rotator.providers.http.templates import Values


def list_lag(spec: Spec) -> timedelta:
    """Return how stale a listing may be."""
    return max(spec.propagation.create, spec.propagation.revoke)


class Ending:
    """Ends and switches the keys of one account; safe for threads."""

    def __init__(self, spec: Spec, calls: Calls, lister: Lister, clock: Clock) -> None:
        """Prepare; sends nothing."""
        self._spec = spec
        self._calls = calls
        self._lister = lister
        self._clock = clock
        # Keys that were listed when the vendor said that they are gone, and since when.
        self._missed: dict[KeyId, Instant] = {}
        # Keys that were ended here with every step.
        self._ended: set[KeyId] = set()
        # Keys that only a list could name, and that it did not have, and since when.
        self._unlisted: dict[KeyId, Instant] = {}

    def begin(self, key: KeyId) -> None:
        """Take note that a key was made; its id may be one that was given before."""
        self._ended.discard(key)

    def own_key(self) -> KeyId | None:
        """Tell by which key we are admitted ourselves; None where by something else.

        Raises:
            RejectedError: The answer does not tell it.
        """
        own = self._spec.own
        if own is None:
            return None
        with naming(own.operation.place):
            answer = self._calls.read(own.operation, {}, is_fresh=True)
            self._calls.expect(own.operation, answer, {})
            try:
                found = pick(own.id, json_of(answer))
            except SelectorError:
                found = ABSENT
            return None if found is None else read_id(own.id, found, answer)

    def must_not_be_ours(self, key: KeyId) -> None:
        """Refuse to touch the key by which we are admitted ourselves.

        Raises:
            RejectedError: It is that one; code ``own_key``.
        """
        if self.own_key() != key:
            return
        raise RejectedError(
            "this is the key by which rotator itself is admitted",
            subject=key,
            code="own_key",
            hint="store its successor where the account's `credentials` point to",
        )

    def end(
        self,
        key: KeyId,
        rows: KeyRows,
        name: str,
        *,
        not_after: Instant | None,
        made_at: Instant | None = None,
    ) -> None:
        """End a key, with all the steps of its vendor; no error when it is gone already.

        Args:
            key: The key.
            rows: A listing that was just made.
            name: The key's name, where it is not listed yet.
            not_after: When nothing may be sent any more.
            made_at: When it was made, by the vendor's time; None where nobody here made it.

        Raises:
            UnavailableError: The vendor says that it is gone, and lists it; the list
                may be stale. Code ``still_listed``. Or it may be too young to be
                listed, code ``not_listed_yet``.
            RejectedError: The same, when the list cannot be stale any more; code
                ``revoke_missed``. It names the spec's line.
            OutcomeUnknownError: Some of it was done.
        """
        row = rows.find(key)
        values = self._values(key, row, name)
        for position, step in enumerate(self._spec.revocation):
            with naming(step.place):
                if not self._can_be_asked(step, key, row, rows, name):
                    self._must_be_old(key, self._unlisted.setdefault(key, self._clock.now()))
                    return
                if not self._is_done(step, values, not_after, key, is_first=position == 0):
                    self._must_be_gone(step, key, made_at)
                    return
        self._missed.pop(key, None)
        self._ended.add(key)

    def switch(
        self, operation: Operation, key: KeyId, row: Row | None, *, is_on: bool, not_after: Instant
    ) -> None:
        """Switch a key on or off; no error when it is so already.

        Raises:
            NotFoundError: The vendor says that it is gone, and lists it no more.
        """
        values = self._values(key, row, "")
        with naming(operation.place):
            answer = self._calls.change(operation, values, not_after=not_after, subject=key)
            if answer.status in operation.expect.statuses and answer.status not in GONE:
                self._calls.expect(operation, answer, values)
                return
            failure = unexpected(answer)
            if not isinstance(failure, RejectedError):
                raise failure
            self._must_be_so(self._lister.read().find(key), failure, key, is_on=is_on)

    def _must_be_so(
        self, row: Row | None, failure: RotatorError, key: KeyId, *, is_on: bool
    ) -> None:
        """Forgive a refusal to do what is done already."""
        if row is None:
            msg = "there is no such key any more"
            raise NotFoundError(msg, subject=key)
        if row.status is not (KeyStatus.ACTIVE if is_on else KeyStatus.INACTIVE):
            raise failure

    def _values(self, key: KeyId, row: Row | None, name: str) -> Values:
        told = {"id": key, "name": (row.name if row else name) or None}
        return {Namespace.KEY: {**told, "secret": row.secret if row else None}}

    def _can_be_asked(
        self, step: Operation, key: KeyId, row: Row | None, rows: KeyRows, name: str
    ) -> bool:
        """Whether a step can name the key; if it is ended by its name, by no other's.

        A key that only the list could name, and that it has not, is gone or too young.
        """
        by_secret = asks_for(step, Namespace.KEY, "secret")
        by_name = asks_for(step, Namespace.KEY, "name")
        if by_name and not asks_for(step, Namespace.KEY, "id"):
            found = rows.named(row.name if row else name)
            if any(other.key_id != key for other in found):
                msg = "another key has the same name, and keys are ended by name"
                raise RejectedError(msg, subject=key, code="name_ambiguous")
        return row is not None or not (by_secret or (by_name and not name))

    def _is_done(
        self,
        step: Operation,
        values: Values,
        not_after: Instant | None,
        key: KeyId,
        *,
        is_first: bool,
    ) -> bool:
        """Take one step; False where the vendor says that there is no such key."""
        try:
            answer = self._calls.change(step, values, not_after=not_after, subject=key)
            if answer.status in GONE:
                return False
            self._calls.expect(step, answer, values)
        except TransientError as error:
            if is_first:
                raise
            # A step before was taken, so "surely not done" would not be true.
            raise OutcomeUnknownError(str(error), subject=key, code=error.code) from error
        return True

    def _must_be_old(self, key: KeyId, since: Instant) -> None:
        """Take a key that is not listed for gone only when it could be listed by now."""
        lag = list_lag(self._spec)
        if key not in self._ended and self._clock.now() - since < lag:
            msg = f"{self._spec.name}:revoke: the key may be too young to be listed"
            raise UnavailableError(msg, subject=key, code="not_listed_yet", retry_after=lag)

    def _must_be_gone(self, step: Operation, key: KeyId, made_at: Instant | None) -> None:
        if self._lister.read().find(key) is None:
            if made_at is not None:
                self._must_be_old(key, made_at)
            self._missed.pop(key, None)
            return
        now = self._clock.now()
        since = self._missed.setdefault(key, now)
        lag = list_lag(self._spec)
        msg = f"{self._spec.name}:{step.name} was told that there is no such key, and it is listed"
        if now - since < lag:
            raise UnavailableError(msg, subject=key, code="still_listed", retry_after=lag)
        raise RejectedError(
            f"{msg}: nothing was ended",
            subject=key,
            code="revoke_missed",
            hint="see whether the path of this line is the API's own",
        )
