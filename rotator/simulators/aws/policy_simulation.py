"""SimulatePrincipalPolicy, answered by the evaluator that decides real calls.

Source:
    SimulatePrincipalPolicy in the IAM API Reference. As there, nothing is known of
    a call but what the question says: a condition key that it leaves out is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.aws.policy_documents import Ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rotator.simulators.aws.authorization import PolicyBook

Result = dict[str, object]


def simulate(
    book: PolicyBook,
    arn: str,
    *,
    actions: Iterable[str],
    resources: Iterable[str],
    entries: Iterable[Mapping[str, object]],
) -> Iterator[Result]:
    """Yield one result for each action and resource, in the order of the question.

    Args:
        book: Whose policies are meant.
        arn: A user or role.
        actions: Such as ``iam:CreateAccessKey``.
        resources: ARNs; none means ``*``.
        entries: ContextEntries as sent.
    """
    context = dict(map(_context_entry, entries))
    places = tuple(resources) or ("*",)
    for action in actions:
        for resource in places:
            yield _result(book, arn, Ask(action=action, resource=resource, context=context))


def _result(book: PolicyBook, arn: str, ask: Ask) -> Result:
    decision = book.decide(arn, ask)
    verdict, missing = str(decision.verdict), _missing(book, arn, ask)
    result: Result = {
        "EvalActionName": ask.action,
        "EvalResourceName": ask.resource,
        "EvalDecision": verdict,
        "MissingContextValues": missing,
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": not decision.is_by_organization},
    }
    if ask.resource != "*":
        specific = {
            "EvalResourceName": ask.resource,
            "EvalResourceDecision": verdict,
            "MissingContextValues": missing,
        }
        result |= {"ResourceSpecificResults": [specific]}
    return result


def _missing(book: PolicyBook, arn: str, ask: Ask) -> list[str]:
    """Return the keys that decide here and that the question has left out."""
    wanted = (
        condition.key
        for statement in book.statements_of(arn)
        if statement.covers(ask)
        for condition in statement.conditions
    )
    return [key for key in dict.fromkeys(wanted) if key.lower() not in ask.context]


def _context_entry(entry: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    values = entry.get("ContextKeyValues")
    listed = values if isinstance(values, list) else []
    return str(entry["ContextKeyName"]).lower(), tuple(map(str, listed))
