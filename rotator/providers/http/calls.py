"""The calls of one account: sent as the spec says, by the transport, as ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.providers.http.authentication import Admission, Credentials, Entrance
from rotator.providers.http.expecting import denied, expected
from rotator.providers.http.pointing import naming, point
from rotator.providers.http.requests import RequestWriter
from rotator.providers.http.templates import Namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.http_messages import Answer, Text
    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock
    from rotator.providers.http.accounts import HttpAccount
    from rotator.providers.http.spec import Auth, Operation, Place, Spec
    from rotator.providers.http.templates import Values

_UNAUTHENTICATED = 401
_DENIED = "its credential was revoked, has expired, or lacks the right to manage keys"


class Calls:
    """Sends what a spec's operations say; safe for threads."""

    def __init__(self, spec: Spec, account: HttpAccount, clock: Clock) -> None:
        """Prepare; sends nothing, and reads no credential yet."""
        self._spec = spec
        self._client = account.client
        self._credentials = Credentials(account)
        self._writer = RequestWriter(spec, account)
        self._entrance = Entrance(self._writer, account, clock)
        self._denied = spec.access_denied or _DENIED
        self._admission = Admission(spec.auth, self._entrance, account, clock, self._denied)

    @property
    def params(self) -> Values:
        """Return the account's params, as templates take them."""
        return self._writer.params

    def read(
        self,
        operation: Operation,
        values: Values,
        *,
        query: Mapping[str, str] | None = None,
        url: Text | None = None,
        place: Place | None = None,
        subject: str = "",
        is_fresh: bool = False,
    ) -> Answer:
        """Send what changes nothing; if we are refused, once more with a new token.

        Args:
            operation: What is sent.
            values: What its holes are filled with, beside the params.
            query: Joined to the request's own.
            url: The whole URL, from a vendor, instead of the request's.
            place: The line that such a URL comes from, for errors.
            subject: What it is about, for messages.
            is_fresh: Whether our credential is to be read, or exchanged, anew.

        Returns:
            The answer, whatever its status but a refusal of our own credential.

        Raises:
            AccessDeniedError: Our credential is not accepted, or may not do it.
            RotatorError: There is no answer; as the transport says.
        """

        def send(headers: Mapping[str, Text]) -> Answer:
            return self._client.read(
                self._writer.write(
                    operation, values, headers, query=query, url=url, subject=subject
                )
            )

        with naming(place or operation.place):
            headers = self._admission.headers(is_fresh=is_fresh)
            answer = send(headers)
            if answer.status == _UNAUTHENTICATED and not is_fresh:
                others = self._admission.renewed(headers)
                answer = answer if others is None else send(others)
            return self._admitted(operation, answer)

    def change(
        self,
        operation: Operation,
        values: Values,
        *,
        not_after: Instant | None,
        subject: str,
        judged: frozenset[int] = frozenset(),
    ) -> Answer:
        """Send what changes something, once, with a token that was just made.

        Args:
            operation: What is sent.
            values: What its holes are filled with, beside the params.
            not_after: When nothing may be sent any more.
            subject: What it is about, for messages.
            judged: Statuses that the caller looks at first, whatever they mean else.

        Raises:
            OutcomeUnknownError: It may have taken effect.
            RotatorError: As `read`.
        """
        with naming(operation.place):
            headers = self._admission.headers(is_fresh=True)
            request = self._writer.write(operation, values, headers, subject=subject)
            answer = self._client.change(request, not_after=not_after)
            return answer if answer.status in judged else self._admitted(operation, answer)

    def tried(
        self, auth: Auth, operation: Operation, values: Values, *, refused: frozenset[int]
    ) -> Answer | None:
        """Send a reading as somebody else; None if that one is not let in.

        Args:
            auth: How the call shows who makes it.
            operation: The call.
            values: With the key that is tried.
            refused: Statuses of an exchange that mean that the key is refused.
        """
        # Some keys are sent beside another one, which is ours.
        told = {**values, Namespace.CREDS: self._credentials}
        given = self._entrance.enter(auth, told, refused=refused)
        if given is None:
            return None
        with naming(operation.place):
            return self._client.read(self._writer.write(operation, values, given.headers))

    def url_of(self, operation: Operation) -> Text:
        """Return where an operation is sent that asks for params only."""
        return self._writer.url_of(operation)

    def expect(self, operation: Operation, answer: Answer, values: Values) -> None:
        """Return if the answer is a good one; raises as `expected` does."""
        self._admitted(operation, answer)
        expected(operation, answer, {**self.params, **values})

    def _admitted(self, operation: Operation, answer: Answer) -> Answer:
        if answer.status in operation.expect.statuses:
            return answer
        failure = denied(answer, self._denied)
        if failure is None:
            return answer
        is_unknown = answer.status == _UNAUTHENTICATED
        raise point(failure, self._spec.auth.place if is_unknown else operation.place)
