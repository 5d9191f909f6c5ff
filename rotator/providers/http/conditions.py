"""What an answer must say."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING

from rotator.core.secret import Secret
from rotator.providers.http.selectors import PathError
from rotator.providers.http.templates import fill_text, fill_tree

if TYPE_CHECKING:
    from rotator.providers.http.spec import Condition
    from rotator.providers.http.templates import Values


def holds(condition: Condition, body: object, values: Values) -> bool:
    """Whether an answer says what a condition wants.

    A number and the same number as a text are the same: some vendors write an id as
    both.

    Raises:
        UnfilledError: What it is compared with has no value.
    """
    found = found_at(condition, body)
    if condition.exists is not None:
        return (found is not None) is condition.exists
    if condition.starts_with is not None:
        prefix = fill_text(condition.starts_with, values)
        return isinstance(found, str) and found.startswith(_plain(prefix))
    if condition.one_of:
        return any(is_same(found, fill_tree(item, values)) for item in condition.one_of)
    return is_same(found, fill_tree(condition.equals, values))


def found_at(condition: Condition, body: object) -> object:
    """Return what stands where a condition looks; None where nothing can be."""
    try:
        return condition.path.find(body)
    except PathError:
        return None


def is_same(found: object, wanted: object) -> bool:
    """Whether two JSON values are the same, whole numbers and their texts alike."""
    if isinstance(wanted, Secret):
        is_text = isinstance(found, str)
        return is_text and compare_digest(str(found).encode(), wanted.reveal().encode())
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(is_same, found, wanted))
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        is_like = found.keys() == wanted.keys()
        return is_like and all(is_same(found[name], wanted[name]) for name in found)
    return _simple(found) == _simple(wanted)


def _simple(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _plain(text: str | Secret) -> str:
    return text.reveal() if isinstance(text, Secret) else text
