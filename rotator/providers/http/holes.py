"""Which values a part of a spec asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rotator.providers.http.templates import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.providers.http.spec import Auth, Condition, Operation, Tree
    from rotator.providers.http.templates import Namespace, Token


def holes_of(operation: Operation) -> Iterator[Token]:
    """Yield the holes of an operation's request and of what it expects."""
    request = operation.request
    yield from request.path.tokens
    if request.base_url is not None:
        yield from request.base_url.tokens
    for tree in (request.query, request.headers, request.body):
        yield from tree_holes(tree)
    for condition in operation.expect.conditions:
        yield from condition_holes(condition)


def auth_holes(auth: Auth) -> Iterator[Token]:
    """Yield the holes of what shows who calls."""
    for tree in (auth.headers, auth.username, auth.password):
        yield from tree_holes(tree)
    if auth.exchange is not None:
        yield from holes_of(auth.exchange)


def condition_holes(condition: Condition) -> Iterator[Token]:
    """Yield the holes of what a condition compares with."""
    for tree in (condition.equals, condition.one_of, condition.starts_with):
        yield from tree_holes(tree)


def tree_holes(tree: Tree) -> Iterator[Token]:
    """Yield the holes of a JSON value."""
    if isinstance(tree, Template):
        yield from tree.tokens
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from tree_holes(item)
    elif isinstance(tree, tuple):
        for item in tree:
            yield from tree_holes(item)


def asks_for(operation: Operation, namespace: Namespace, name: str = "") -> bool:
    """Whether an operation asks for a value, or for any value of a namespace."""
    return any(
        hole.namespace is namespace and name in {"", hole.name} for hole in holes_of(operation)
    )
