"""IAM policy documents: read strictly, evaluated as AWS does.

An explicit Deny wins, then any Allow, else nothing is allowed.

Source:
    "Policy evaluation logic" in the IAM User Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from rotator.simulators.aws.policy_conditions import Condition, is_like, read_conditions
from rotator.simulators.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def _as_words(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in listed)


_Words = Annotated[tuple[str, ...], BeforeValidator(_as_words)]


class _StatementShape(Shape):
    sid: str = Field(default="", alias="Sid")
    effect: Literal["Allow", "Deny"] = Field(alias="Effect")
    action: _Words = Field(default=(), alias="Action")
    not_action: _Words = Field(default=(), alias="NotAction")
    resource: _Words = Field(default=(), alias="Resource")
    not_resource: _Words = Field(default=(), alias="NotResource")
    condition: dict[str, dict[str, _Words]] = Field(default={}, alias="Condition")


class _DocumentShape(Shape):
    version: Literal["2012-10-17"] = Field(alias="Version")
    id: str = Field(default="", alias="Id")
    statement: tuple[_StatementShape, ...] | _StatementShape = Field(alias="Statement")


class Verdict(StrEnum):
    """What a set of policies says, in the words of SimulatePrincipalPolicy."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A call as policies see it.

    Attributes:
        action: Such as ``iam:CreateAccessKey``.
        resource: An ARN, or ``*`` for an action that knows no resources.
        context: Condition keys in lower case; a key without a value is absent.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; a pattern list is meant in the negative where it says so."""

    is_deny: bool
    actions: tuple[str, ...]
    is_not_action: bool
    resources: tuple[str, ...]
    is_not_resource: bool
    conditions: tuple[Condition, ...]

    def covers(self, ask: Ask) -> bool:
        """Say whether action and resource are meant, whatever the conditions say."""
        action = ask.action.lower()
        is_listed = any(is_like(pattern.lower(), action) for pattern in self.actions)
        is_there = any(is_like(pattern, ask.resource) for pattern in self.resources)
        return is_listed != self.is_not_action and is_there != self.is_not_resource

    def applies(self, ask: Ask) -> bool:
        """Say whether the statement decides this call."""
        return self.covers(ask) and all(one.is_met(ask.context) for one in self.conditions)


def read_policies(documents: Iterable[Mapping[str, Any]]) -> tuple[Statement, ...]:
    """Read documents; all of their statements count together.

    Raises:
        ValueError: A document is malformed, uses policy variables, or denies by a
            condition that the simulator cannot evaluate.
    """
    statements: list[Statement] = []
    for document in documents:
        told = _DocumentShape.model_validate(document).statement
        statements += map(_statement, told if isinstance(told, tuple) else (told,))
    return tuple(statements)


def evaluate(statements: Iterable[Statement], ask: Ask) -> Verdict:
    """Let every statement speak: a Deny outweighs any Allow."""
    applying = [statement.is_deny for statement in statements if statement.applies(ask)]
    if any(applying):
        return Verdict.EXPLICIT_DENY
    return Verdict.ALLOWED if applying else Verdict.IMPLICIT_DENY


def _statement(told: _StatementShape) -> Statement:
    for name, positive, negative in (
        ("Action", told.action, told.not_action),
        ("Resource", told.resource, told.not_resource),
    ):
        if bool(positive) == bool(negative):
            msg = f"statement {told.sid!r} needs exactly one of {name} and Not{name}"
            raise ValueError(msg)
    if "${" in str(told):
        msg = f"statement {told.sid!r}: policy variables are not simulated"
        raise ValueError(msg)
    conditions = tuple(read_conditions(told.condition))
    unknown = [f"{one.operator} {one.key}" for one in conditions if not one.is_known]
    if told.effect == "Deny" and unknown:
        msg = f"statement {told.sid!r} denies by what is not simulated: {', '.join(unknown)}"
        raise ValueError(msg)
    return Statement(
        is_deny=told.effect == "Deny",
        actions=told.action or told.not_action,
        is_not_action=bool(told.not_action),
        resources=told.resource or told.not_resource,
        is_not_resource=bool(told.not_resource),
        conditions=conditions,
    )
