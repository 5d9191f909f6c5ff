"""What AWS lets us do, as our own calls show it: every refusal and every success."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from rotator.clients.aws_labels import label_of, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient

    from rotator.core.ids import AccountId

_DENIALS: Final = frozenset({"AccessDenied", "AccessDeniedException"})
"""Codes that speak of the action; others refuse the identity, whatever it asks."""

_ACTION: Final = "rotator_action"


class OnVerdict(Protocol):
    """Is told which actions AWS carried out or refused; must not raise."""

    def __call__(self, account: AccountId, action: str, *, is_allowed: bool) -> None:
        """Take note of an answer.

        Args:
            account: Where the call was made.
            action: Such as ``iam:CreateAccessKey``; a secret's reading with its label.
            is_allowed: Whether it was carried out; false when it was not permitted.
        """
        ...


def ignore_verdict(account: AccountId, action: str, *, is_allowed: bool) -> None:
    """Take no note of an answer."""


def listen(client: BaseClient, account: AccountId, on_verdict: OnVerdict) -> None:
    """Hook into a client of an account, once; tells of refusals that nobody raises, too."""
    events = client.meta.events
    events.register("before-parameter-build", _before_parameters)
    events.register("after-call", partial(_after_call, account, on_verdict))


def _before_parameters(
    params: Mapping[str, Any],
    model: Any,  # noqa: ANN401 - botocore's operation model
    context: dict[str, Any],
    **_: object,
) -> None:
    action = f"{model.service_model.service_name}:{model.name}"
    context[_ACTION] = named(action, label_of(params))


def _after_call(
    account: AccountId,
    on_verdict: OnVerdict,
    parsed: Mapping[str, Any],
    context: Mapping[str, Any],
    **_: object,
) -> None:
    code = str(parsed.get("Error", {}).get("Code", ""))
    if not code or code in _DENIALS:
        on_verdict(account, context[_ACTION], is_allowed=not code)
