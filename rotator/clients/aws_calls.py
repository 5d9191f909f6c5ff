"""One call to AWS from outside: its deadline, its errors, its trace.

botocore hides sending, retrying and signing, so what must hold for every attempt
is done in its events. They find the call that they belong to in a context
variable, which each thread has for itself.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import ClientError

from rotator.clients.aws_errors import (
    CAUGHT,
    is_definite_answer,
    is_definite_failure,
    translate,
)
from rotator.core.ids import instant
from rotator.errors import ConflictError, OutcomeUnknownError, RejectedError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient

    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock

T = TypeVar("T")

_READING_PREFIXES = ("Get", "BatchGet", "List", "Describe", "Lookup")
_READING_OPERATIONS = frozenset(
    {"AssumeRole", "GenerateCredentialReport", "SimulatePrincipalPolicy"}
)


class OnCall(Protocol):
    """Is told of every call to AWS that was answered or failed; must not raise."""

    def __call__(
        self,
        service: str,
        operation: str,
        code: str,
        request_id: str,
        seconds: float,
        *,
        is_change: bool,
    ) -> None:
        """Take note of a call.

        Args:
            service: Such as ``iam``.
            operation: Such as ``CreateAccessKey``.
            code: AWS's error code, or the name of a failure; empty on success.
            request_id: AWS's id of the request; empty without an answer.
            seconds: From the first attempt to the end of the last.
            is_change: Whether it may have changed something.
        """
        ...


def ignore_call(
    service: str, operation: str, code: str, request_id: str, seconds: float, *, is_change: bool
) -> None:
    """Take no note of a call."""


@dataclass(slots=True, kw_only=True)
class _Call:
    """A call under way; written by the hooks as attempts leave and answers come."""

    subject: str
    not_after: Instant | None
    rotation: str
    operation: str = "aws"
    is_mutating: bool = False
    has_left: bool = False
    is_ambiguous: bool = False


_CALL: ContextVar[_Call | None] = ContextVar("rotator_aws_call", default=None)


class Calls:
    """Runs calls and hooks into the clients that make them."""

    def __init__(
        self, clock: Clock, *, on_call: OnCall = ignore_call, is_read_only: bool = False
    ) -> None:
        """Compare deadlines with `clock`; refuse to change anything if read-only."""
        self._clock = clock
        self._on_call = on_call
        self._is_read_only = is_read_only

    def run(
        self,
        work: Callable[[], T],
        *,
        subject: str,
        not_after: Instant | None = None,
        rotation: str = "",
    ) -> T:
        """Do some work with clients of ours, translating what goes wrong.

        One change at most belongs into one run: the errors speak of all of it.

        Args:
            work: Makes the calls and reads their answers; an answer that lacks
                what it must have is as good as none.
            subject: What it is about, for messages.
            not_after: No request is sent later than this.
            rotation: A rotation's id, to be written into the user agent.

        Raises:
            ConflictError: `not_after` had passed before anything was sent.
            OutcomeUnknownError: A change was sent and nothing definite came back.
            RejectedError: A change, and we are read-only; nothing was sent.
            RotatorError: Whatever else the table says.
        """
        call = _Call(subject=subject, not_after=not_after, rotation=rotation)
        token = _CALL.set(call)
        failure: RotatorError
        try:
            return work()
        except CAUGHT as error:
            failure = _explain(error, call)
        finally:
            _CALL.reset(token)
        # Outside of `except`: an exception of botocore's may hold a secret, and
        # must not travel along as the context of ours.
        raise failure

    def attach(self, client: BaseClient) -> None:
        """Hook into a client, once."""
        events = client.meta.events
        events.register("before-call", self._before_call)
        events.register("before-send", self._before_send)
        events.register("response-received", self._after_attempt)
        events.register("after-call", self._after_call)
        events.register("after-call-error", self._after_failure)

    def _before_call(
        self,
        model: Any,  # noqa: ANN401 - botocore's operation model
        context: dict[str, Any],
        **_: object,
    ) -> None:
        operation = f"{model.service_model.service_name}:{model.name}"
        is_mutating = not is_reading(model.name)
        if is_mutating and self._is_read_only:
            msg = f"{operation} was not sent: this process only reads"
            raise RejectedError(msg, code="read_only")
        context["rotator_operation"] = (model.service_model.service_name, model.name)
        context["rotator_started_at"] = self._clock.now()
        call = _CALL.get()
        if call is None:
            return
        call.operation = operation
        call.is_mutating |= is_mutating

    def _before_send(self, request: AWSPreparedRequest, **_: object) -> None:
        call = _CALL.get()
        if call is None:
            return
        if call.not_after is not None and self._clock.now() > call.not_after:
            msg = f"{call.operation} was not sent: its time was over"
            raise ConflictError(msg, subject=call.subject, code="too_late")
        if call.rotation:
            # Here, for botocore writes the header anew at each attempt; no
            # signature covers it.
            agent = request.headers["User-Agent"]
            text = agent.decode() if isinstance(agent, bytes) else agent
            request.headers["User-Agent"] = f"{text} {rotation_agent(call.rotation)}"
        call.has_left = True

    def _after_attempt(
        self,
        response_dict: Mapping[str, Any] | None,
        parsed_response: Mapping[str, Any] | None,
        exception: Exception | None,
        **_: object,
    ) -> None:
        call = _CALL.get()
        if call is None:
            return
        if exception is not None:
            is_definite = is_definite_failure(exception) or isinstance(exception, RotatorError)
        else:
            code = (parsed_response or {}).get("Error", {}).get("Code", "")
            is_definite = is_definite_answer((response_dict or {})["status_code"], code)
        call.is_ambiguous |= not is_definite

    def _after_call(self, parsed: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        code = str(parsed.get("Error", {}).get("Code", ""))
        request_id = str(parsed.get("ResponseMetadata", {}).get("RequestId", ""))
        self._tell(context, code, request_id)

    def _after_failure(self, exception: Exception, context: dict[str, Any], **_: object) -> None:
        self._tell(context, type(exception).__name__, "")

    def _tell(self, context: dict[str, Any], code: str, request_id: str) -> None:
        service, operation = context["rotator_operation"]
        seconds = (self._clock.now() - context["rotator_started_at"]).total_seconds()
        is_change = not is_reading(operation)
        self._on_call(service, operation, code, request_id, seconds, is_change=is_change)


def rotation_agent(rotation: str) -> str:
    """Return the word of our user agent that names a rotation, as vendors' logs show it."""
    return f"rotation/{rotation}"


def is_reading(operation: str) -> bool:
    """Whether an operation of AWS's changes nothing, by its name."""
    return operation.startswith(_READING_PREFIXES) or operation in _READING_OPERATIONS


def provider_time(answer: Mapping[str, Any]) -> Instant:
    """Read AWS's own time from an answer's ``Date`` header; to the second.

    Raises:
        LookupError: The answer has no such header.
        ValueError: It is not a date.
    """
    return instant(parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]))


def _explain(error: Exception, call: _Call) -> RotatorError:
    is_open = call.is_mutating and (call.is_ambiguous or _is_unanswered(error, call))
    if not isinstance(error, RotatorError):
        return translate(
            error, operation=call.operation, subject=call.subject, is_outcome_open=is_open
        )
    if is_open:
        # An attempt got lost, and its repeat was refused by our own guard.
        msg = f"{call.operation} was sent, and no answer came"
        return OutcomeUnknownError(msg, subject=call.subject)
    return error


def _is_unanswered(error: Exception, call: _Call) -> bool:
    """Whether a call left us and ended in something that is no answer of AWS's."""
    answered = isinstance(error, (ClientError, RotatorError))
    return call.has_left and not answered and not is_definite_failure(error)
