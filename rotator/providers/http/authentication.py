"""How our own calls, and the calls of a key that is tried, show who makes them.

What shows it is kept for a while: a token until shortly before its end, a credential
that is sent as it is for a minute, so that its successor is taken up soon. A change is
always made with what was read or given that very moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from rotator.clients.http_answers import json_of
from rotator.clients.http_messages import basic, plain
from rotator.core.ids import Instant
from rotator.core.secret import Secret
from rotator.errors import AccessDeniedError, RejectedError
from rotator.providers.http.expecting import expected
from rotator.providers.http.pointing import naming, wrong_answer
from rotator.providers.http.selectors import PathError
from rotator.providers.http.spec import AuthKind
from rotator.providers.http.templates import Namespace, UnfilledError, fill_text

if TYPE_CHECKING:
    from rotator.clients.http_messages import Answer, Text
    from rotator.ports.clock import Clock
    from rotator.providers.http.accounts import HttpAccount
    from rotator.providers.http.requests import RequestWriter
    from rotator.providers.http.selectors import Path
    from rotator.providers.http.spec import Auth, Operation
    from rotator.providers.http.templates import Template, Values

_UNTOLD_LIFETIME = timedelta(minutes=1)
_LONGEST_LIFETIME = timedelta(days=1)
_MARGIN = timedelta(minutes=1)
_REFUSED = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pass:
    """What shows who calls, and until when it may be used."""

    headers: Mapping[str, Text]
    until: Instant


class Entrance:
    """Makes passes, for ourselves or for a key; safe for threads."""

    def __init__(self, writer: RequestWriter, account: HttpAccount, clock: Clock) -> None:
        """Prepare; sends nothing."""
        self._writer = writer
        self._account = account
        self._clock = clock

    def enter(self, auth: Auth, values: Values, *, refused: frozenset[int]) -> Pass | None:
        """Make a pass; one request at most, and that is a reading.

        Args:
            auth: How.
            values: Our credentials, or the key that is tried.
            refused: Statuses of an exchange that mean that we are not let in.

        Returns:
            None if we are not let in.
        """
        with naming(auth.place):
            asked_at, told, lifetime = self._clock.now(), values, _UNTOLD_LIFETIME
            if auth.exchange is not None:
                session = self._exchanged(auth, auth.exchange, values, refused)
                if session is None:
                    return None
                token, lifetime = session
                told = {**values, Namespace.SESSION: {"token": token}}
            return Pass(headers=self._headers(auth, told), until=_renewal(asked_at, lifetime))

    def _exchanged(
        self, auth: Auth, exchange: Operation, values: Values, refused: frozenset[int]
    ) -> tuple[Secret, timedelta] | None:
        with naming(exchange.place):
            # RFC 6749, 2.3.1: an id and a secret are encoded as in a form before they are basic.
            headers = self._basic(auth, values, quote_plus)
            answer = self._account.client.read(self._writer.write(exchange, values, headers))
            is_expected = answer.status in exchange.expect.statuses
            if answer.status in refused and not is_expected:
                return None
            expected(exchange, answer, {**self._writer.params, **values})
            return _token(auth, answer), _lifetime(auth, answer)

    def _headers(self, auth: Auth, values: Values) -> dict[str, Text]:
        if auth.kind is AuthKind.BASIC:
            return self._basic(auth, values, str)
        return {name: self._filled(text, values) for name, text in auth.headers.items()}

    def _basic(self, auth: Auth, values: Values, encode: Callable[[str], str]) -> dict[str, Text]:
        if auth.username is None or auth.password is None:
            return {}
        texts = (self._filled(text, values) for text in (auth.username, auth.password))
        user, password = (encode(plain(text)) for text in texts)
        return {"Authorization": basic(user, Secret(password))}

    def _filled(self, text: Template, values: Values) -> Text:
        try:
            return fill_text(text, {**self._writer.params, **values})
        except UnfilledError as error:
            problem = str(error)
        raise RejectedError(problem, subject=str(self._account.id), code="unfilled")


class Admission:
    """Our own passes of one account; safe for threads."""

    def __init__(
        self, auth: Auth, entrance: Entrance, account: HttpAccount, clock: Clock, denied: str
    ) -> None:
        """Prepare; reads no credential yet.

        Args:
            auth: How we enter.
            entrance: Makes passes.
            account: Whose.
            clock: Says when a pass is over.
            denied: What an operator is told where we are not let in.
        """
        self._auth = auth
        self._entrance = entrance
        self._account = account
        self._clock = clock
        self._denied = denied
        self._lock = threading.Lock()
        self._kept: Pass | None = None

    def headers(self, *, is_fresh: bool = False) -> Mapping[str, Text]:
        """Return what shows that it is we; made anew if it is to be fresh.

        Raises:
            AccessDeniedError: Our credential is not accepted; code ``admission_refused``.
        """
        with self._lock:
            kept = self._kept
            if is_fresh or kept is None or self._clock.now() >= kept.until:
                self._kept = None
                self._kept = kept = self._entered()
            return kept.headers

    def renewed(self, refused: Mapping[str, Text]) -> Mapping[str, Text] | None:
        """Return other headers than those that were refused; None if they would be the same."""
        headers = self.headers(is_fresh=True)
        is_other = _texts(headers) != _texts(refused)
        return headers if is_other else None

    def _entered(self) -> Pass:
        values: Values = {Namespace.CREDS: Credentials(self._account)}
        given = self._entrance.enter(self._auth, values, refused=_REFUSED)
        if given is not None:
            return given
        with naming(self._auth.place):
            raise AccessDeniedError(
                f"the credential of this account was not accepted: {self._denied}",
                subject=str(self._account.id),
                code="admission_refused",
                hint="give rotator a credential that works and has not expired",
            )


class Credentials(Mapping[str, object]):
    """An account's credentials, each read when it is asked for."""

    def __init__(self, account: HttpAccount) -> None:
        """Read nothing yet."""
        self._readers = account.credentials

    def __getitem__(self, name: str) -> Secret:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def _texts(headers: Mapping[str, Text]) -> dict[str, str]:
    return {name: plain(text) for name, text in headers.items()}


def _token(auth: Auth, answer: Answer) -> Secret:
    found = _found(auth.token, answer)
    if not isinstance(found, str) or not found:
        raise wrong_answer(answer, "its body has no token", code="no_token", place=auth.place)
    return Secret(found)


def _lifetime(auth: Auth, answer: Answer) -> timedelta:
    """Read how long a token works; a text of digits is a number, too."""
    if auth.expires_in is None:
        return _UNTOLD_LIFETIME
    found = _found(auth.expires_in, answer)
    is_text = isinstance(found, str) and found.isascii() and found.isdigit()
    seconds = float(str(found)) if is_text else found
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        why = "its body does not say how long the token works"
        raise wrong_answer(answer, why, code="no_lifetime", place=auth.place)
    return timedelta(seconds=min(seconds, _LONGEST_LIFETIME.total_seconds()))


def _found(path: Path | None, answer: Answer) -> object:
    body = json_of(answer)
    try:
        return None if path is None else path.find(body)
    except PathError:
        return None


def _renewal(asked_at: Instant, lifetime: timedelta) -> Instant:
    return Instant(asked_at + lifetime - min(_MARGIN, lifetime / 5))
