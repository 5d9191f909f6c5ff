"""Trying a key as itself: whether it is let in, and whether that means anything."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.clients.http_answers import failure_of, json_of
from rotator.errors import RejectedError, TransientError
from rotator.ports.provider import Verdict
from rotator.providers.http.conditions import found_at
from rotator.providers.http.expecting import is_met
from rotator.providers.http.holes import asks_for, auth_holes, condition_holes
from rotator.providers.http.pointing import naming, point, wrong_answer
from rotator.providers.http.secret_forms import made_up
from rotator.providers.http.templates import Namespace

if TYPE_CHECKING:
    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import Secret
    from rotator.ports.clock import Clock
    from rotator.providers.http.calls import Calls
    from rotator.providers.http.spec import Condition, Spec
    from rotator.providers.http.templates import Values

_PROOF_PERIOD = timedelta(hours=1)
_WHOSE = frozenset({Namespace.KEY, Namespace.PARAMS})


class Trying:
    """Tries the keys of one account; safe for threads."""

    def __init__(self, spec: Spec, calls: Calls, clock: Clock) -> None:
        """Prepare; sends nothing."""
        self._spec = spec
        self._verification = spec.verification
        self._calls = calls
        self._clock = clock
        self._lock = threading.Lock()
        self._proved_at: Instant | None = None

    @property
    def asks_for_name(self) -> bool:
        """Whether a key is tried with its own name beside it."""
        holes = {(hole.namespace, hole.name) for hole in auth_holes(self._verification.auth)}
        is_shown = (Namespace.KEY, "name") in holes
        return is_shown or asks_for(self._verification.operation, Namespace.KEY, "name")

    def verdict(self, secret: Secret, key: KeyId | None, name: str) -> Verdict:
        """Try a key once.

        Args:
            secret: The key itself.
            key: Whose it should be; None where that is not known.
            name: That one's name; empty where it has none.

        Raises:
            TransientError: The try could not be made; it says nothing of the key.
            RejectedError: The try proves nothing: a key that nobody has is let in,
                code ``verify_proves_nothing``; or the answer is none that the spec
                knows, code ``verify_unclear``.
        """
        if not self._verification.shows_whose:
            self._must_refuse_others(secret, key, name)
        return self._tried(secret, key, name)

    def _must_refuse_others(self, secret: Secret, key: KeyId | None, name: str) -> None:
        with self._lock:
            now, proved_at = self._clock.now(), self._proved_at
            if proved_at is not None and timedelta(0) <= now - proved_at < _PROOF_PERIOD:
                return
            if self._is_let_in(made_up(secret, self._spec.secret_form), key, name):
                error = RejectedError(
                    f"{self._spec.name}:verify lets in a key that was never made, "
                    "so it proves nothing",
                    subject=key or "",
                    code="verify_proves_nothing",
                    hint="let `verify` call what needs a key, and expect what only it brings",
                )
                raise point(error, self._verification.operation.place)
            self._proved_at = now

    def _is_let_in(self, secret: Secret, key: KeyId | None, name: str) -> bool:
        try:
            return self._tried(secret, key, name) is not Verdict.NOT_YET
        except RejectedError as error:
            if error.code != "verify_unclear":
                raise
            return False

    def _tried(self, secret: Secret, key: KeyId | None, name: str) -> Verdict:
        verify = self._verification
        told = {"id": key, "name": name or None, "secret": secret}
        values = {**self._calls.params, Namespace.KEY: told}
        with naming(verify.operation.place):
            answer = self._calls.tried(
                verify.auth, verify.operation, values, refused=verify.rejected
            )
            if answer is None:
                return Verdict.NOT_YET
            if answer.status not in verify.operation.expect.statuses:
                return self._refused(answer)
            for condition in verify.operation.expect.conditions:
                verdict = self._judged(condition, answer, values, key)
                if verdict is not Verdict.ACCEPTED:
                    return verdict
        return Verdict.ACCEPTED

    def _refused(self, answer: Answer) -> Verdict:
        if answer.status in self._verification.rejected:
            return Verdict.NOT_YET
        failure = failure_of(answer)
        if isinstance(failure, TransientError):
            raise failure
        why = f"with status {answer.status}, which is neither yes nor no"
        place = self._verification.operation.place
        raise wrong_answer(answer, why, code="verify_unclear", place=place)

    def _judged(
        self, condition: Condition, answer: Answer, values: Values, key: KeyId | None
    ) -> Verdict:
        """Judge one condition; one that cannot be compared asks only that there is something."""
        found = found_at(condition, json_of(answer))
        holes = {hole.namespace for hole in condition_holes(condition)}
        with naming(condition.place):
            if Namespace.KEY in holes and key is None:
                return Verdict.NOT_YET if found is None else Verdict.ACCEPTED
            if is_met(condition, answer, values):
                return Verdict.ACCEPTED
        # Nothing there at all is how some answer a key that does not exist.
        is_anothers = bool(holes & _WHOSE) and found is not None
        return Verdict.WRONG_PRINCIPAL if is_anothers else Verdict.NOT_YET
