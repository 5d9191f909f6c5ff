"""Making a key: with one request, and with an answer that leaves nothing to guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.clients.http_answers import json_of, unusable
from rotator.errors import QuotaExceededError, RejectedError
from rotator.providers.http.expecting import is_met
from rotator.providers.http.holes import holes_of
from rotator.providers.http.pointing import naming, point
from rotator.providers.http.rows import Row, is_written_in, read_row
from rotator.providers.http.secret_forms import chosen, wrong_form
from rotator.providers.http.templates import Namespace
from rotator.providers.http.times import is_past, told_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import timedelta

    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant
    from rotator.core.secret import Secret
    from rotator.ports.clock import Chance, Clock
    from rotator.providers.http.calls import Calls
    from rotator.providers.http.spec import Creation, Spec
    from rotator.providers.http.templates import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a key is to be like; what is None is not given.

    Attributes:
        name: Empty where keys have none that we choose.
        scopes: As the vendor writes them.
        old: What a listing told of the key that it replaces.
    """

    name: str = ""
    description: str = ""
    scopes: object = None
    lifetime: timedelta | None = None
    old: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """A key just made.

    Attributes:
        created_at: By the vendor's time, where it tells one.
    """

    row: Row
    secret: Secret
    created_at: Instant


class Minting:
    """Makes the keys of one account; safe for threads."""

    def __init__(self, spec: Spec, calls: Calls, clock: Clock, chance: Chance) -> None:
        """Prepare; sends nothing."""
        self._spec = spec
        self._creation: Creation = spec.creation
        self._calls = calls
        self._clock = clock
        self._chance = chance

    def make(
        self, wish: Wish, *, there: AbstractSet[str], not_after: Instant | None, subject: str
    ) -> Made:
        """Make a key, with one request.

        Args:
            wish: What it is to be like.
            there: Ids of all that was listed just before.
            not_after: When nothing may be sent any more.
            subject: What it is about, for messages.

        Raises:
            QuotaExceededError: No further key may be made; none was.
            RejectedError: It was refused, or could not be asked for; none was made.
            OutcomeUnknownError: One may have been made; also where it was, and its
                id or its secret cannot be read, or the id is another key's.
        """
        create = self._creation.operation
        with naming(create.place):
            self._must_fit(wish.name)
            own = chosen(self._spec.secret_form) if self._spec.secret_by_us else None
            values = self._values(wish, own)
            quota = self._creation.quota
            answer = self._calls.change(
                create,
                values,
                not_after=not_after,
                subject=subject,
                judged=frozenset() if quota is None else quota.statuses,
            )
            self._must_have_room(answer, values)
            self._calls.expect(create, answer, values)
            row = read_row(self._creation.key, json_of(answer), answer)
        secret = own or self._whole(row.secret, answer)
        self._must_be_new(row, secret, answer, there)
        born_at = row.at("createdAt")
        if born_at is None or not is_past(born_at, answer):
            born_at = told_time(answer) or answer.received_at
        return Made(row=row, secret=secret, created_at=born_at)

    def _values(self, wish: Wish, secret: Secret | None) -> Values:
        ends_at = None if wish.lifetime is None else self._clock.now() + wish.lifetime
        return {
            Namespace.NEW: {
                "name": wish.name or None,
                "description": wish.description or self._no_description(),
                "scopes": wish.scopes,
                "ttl": wish.lifetime,
                "expiresAt": ends_at,
                "secret": secret,
                "nonce": self._chance.new_id(),
            },
            Namespace.OLD: wish.old,
        }

    def _no_description(self) -> str | None:
        """Return what stands for no description: none at all, where that is allowed."""
        holes = [
            hole
            for hole in holes_of(self._creation.operation)
            if hole.namespace is Namespace.NEW and hole.name == "description"
        ]
        return None if any(hole.filters for hole in holes) else ""

    def _must_fit(self, name: str) -> None:
        if len(name) > self._spec.longest_name:
            msg = f"the name has {len(name)} characters, more than {self._spec.longest_name}"
            raise RejectedError(msg, subject=name[:64], code="name_too_long")

    def _must_have_room(self, answer: Answer, values: Values) -> None:
        quota, create = self._creation.quota, self._creation.operation
        if quota is None or answer.status not in quota.statuses:
            return
        filled = {**self._calls.params, **values}
        if all(is_met(condition, answer, filled) for condition in quota.conditions):
            msg = f"{answer.operation}: {answer.host} allows no further key"
            hint = "end a key that nobody needs; `rotator doctor principal` shows them"
            error = QuotaExceededError(msg, subject=answer.subject, hint=hint)
            raise point(error, create.place)

    def _must_be_new(
        self, row: Row, secret: Secret, answer: Answer, there: AbstractSet[str]
    ) -> None:
        """Refuse an id that is another key's, which would be ended for ours; or the key itself."""
        if row.key_id in there:
            why, code = "it named a key that was there before", "key_unclear"
        elif is_written_in(secret, row):
            why, code = "it had the key itself for its id or its name", "secret_unclear"
        else:
            return
        raise point(unusable(answer, why, code=code), self._creation.key["id"].place)

    def _whole(self, secret: Secret | None, answer: Answer) -> Secret:
        """Return the key itself, unless it is none."""
        place = self._creation.key["secret"].place
        if secret is None:
            error = unusable(answer, "it did not show the new key", code="key_unclear")
            raise point(error, place)
        wrong = wrong_form(secret, self._spec.secret_form)
        if wrong:
            error = unusable(answer, f"the key that it showed {wrong}", code="secret_unclear")
            raise point(error, place)
        return secret
