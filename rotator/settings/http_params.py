"""What an account gives a spec: values of its parameters, credentials, a lifetime for new keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rotator.providers.http.filters import LEAVES_OUT, REPLACES
from rotator.providers.http.holes import holes_of
from rotator.providers.http.spec import ParamKind
from rotator.providers.http.templates import Namespace
from rotator.settings.document import Path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rotator.providers.http.spec import Param, Spec
    from rotator.providers.http.templates import Token

_FORMS = {
    ParamKind.STRING: ("is not text", "put it in quotes"),
    ParamKind.INTEGER: ("is not a whole number", "write digits only"),
    ParamKind.BOOLEAN: ("is neither true nor false", "write `true` or `false`"),
    ParamKind.LIST: ("is not a list of texts", "start each item with `- `, and quote numbers"),
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ENDS = frozenset({"ttl", "expiresAt"})

Told = tuple[Path, str, str]
"""A field below the account's own, what is wrong with it, and what to write instead."""


def param_faults(spec: Spec, given: Mapping[str, object]) -> Iterator[Told]:
    """Name what is wrong with the values of a spec's parameters; the values are not repeated."""
    yield from _unknown("parameter", "params", given, spec.params)
    for name, param in spec.params.items():
        if name in given:
            yield from _value_faults(name, param, given[name])
        elif param.default is None:
            text = param.description or "see the spec"
            yield (), f"gives no parameter `{name}`", f"add `{name}` to `params`: {text}"


def credential_faults(spec: Spec, given: Collection[str]) -> Iterator[Told]:
    """Name what is wrong with the names of an account's credentials."""
    yield from _unknown("credential", "credentials", given, spec.credentials)
    for name, text in spec.credentials.items():
        if name not in given:
            told = text or "see the spec"
            yield (), f"gives no credential `{name}`", f"add `{name}` to `credentials`: {told}"


def filled_params(spec: Spec, given: Mapping[str, object]) -> dict[str, object]:
    """Return a value for each parameter that has one, with the spec's own where none is given."""
    found = {name: given.get(name, param.default) for name, param in spec.params.items()}
    return {name: plain(value) for name, value in found.items() if value is not None}


def plain(value: object) -> object:
    """Make lists of the tuples that a file is read into, as JSON has them."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


def can_expire(spec: Spec) -> bool:
    """Whether a new key can be told when it is to end."""
    return any(True for _ in _ends(spec))


def must_expire(spec: Spec) -> bool:
    """Whether a new key has to be told when it is to end."""
    leaves_open = {LEAVES_OUT, REPLACES}
    return any(leaves_open.isdisjoint(item.name for item in token.filters) for token in _ends(spec))


def _ends(spec: Spec) -> Iterator[Token]:
    """Yield the holes of `create` that take when a new key is to end."""
    for token in holes_of(spec.creation.operation):
        if token.namespace is Namespace.NEW and token.name in _ENDS:
            yield token


def _unknown(
    kind: str, field: str, given: Collection[str], known: Collection[str]
) -> Iterator[Told]:
    names = ", ".join(known) or "none"
    for name in given:
        if name not in known:
            yield (field, name), f"is no {kind} of the spec", f"remove it; known here: {names}"


def _value_faults(name: str, param: Param, value: object) -> Iterator[Told]:
    field: Path = ("params", name)
    if not _is_of(param.kind, value):
        yield field, *_FORMS[param.kind]
    elif "" in _texts(value):
        yield field, "is empty", f"write a value: {param.description}"
    elif any(map(_CONTROL.search, _texts(value))):
        yield field, "holds a line break or another control character", "take it out"
    elif param.pattern and not all(re.fullmatch(param.pattern, text) for text in _texts(value)):
        remedy = f"write what `{param.pattern}` takes: {param.description}"
        yield field, "does not have the right form", remedy


def _is_of(kind: ParamKind, value: object) -> bool:
    match kind:
        case ParamKind.STRING:
            return isinstance(value, str)
        case ParamKind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case ParamKind.BOOLEAN:
            return isinstance(value, bool)
        case ParamKind.LIST:
            return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
        case _:
            return kind is ParamKind.JSON


def _texts(value: object) -> list[str]:
    """Return a text, or the texts of a list; what is inside of JSON is nobody's business."""
    items = value if isinstance(value, tuple) else (value,)
    return [item for item in items if isinstance(item, str)]
