"""What every port promises by its shape."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

import pytest

from rotator import ports
from rotator.ports.api_keys import ApiKeys
from rotator.ports.journal import Journal
from rotator.ports.outbox import Outbox
from rotator.ports.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGES = {
    "prepare",
    "stage",
    "promote",
    "unstage",
    "create_key",
    "delete_key",
    "disable_key",
    "enable_key",
    "grant",
    "refresh",
    "restart",
}
"""Methods that change something at a vendor."""

UNIONS = (ApiKeys, Journal, Outbox, Workspace)


def protocols() -> Iterator[type]:
    """Yield every protocol of `rotator.ports`, but not those that only unite others."""
    for module in pkgutil.iter_modules(ports.__path__, f"{ports.__name__}."):
        for item in vars(importlib.import_module(module.name)).values():
            is_ours = inspect.isclass(item) and item.__module__ == module.name
            if is_ours and getattr(item, "_is_protocol", False) and item not in UNIONS:
                yield item


def methods(protocol: type) -> dict[str, object]:
    """Name a protocol's public methods; properties are not methods."""
    return {
        name: item
        for name, item in vars(protocol).items()
        if inspect.isfunction(item) and not name.startswith("_")
    }


@pytest.mark.parametrize("protocol", list(protocols()), ids=lambda item: item.__name__)
def test_a_port_is_small_and_each_of_its_methods_is_documented(protocol: type) -> None:
    found = methods(protocol)

    assert protocol.__doc__
    assert 1 <= len(found) <= 5
    assert [name for name, item in found.items() if not item.__doc__] == []


def test_whatever_changes_something_outside_takes_the_time_after_which_nothing_is_sent() -> None:
    found = {
        name: inspect.signature(item).parameters  # type: ignore[arg-type]
        for protocol in protocols()
        for name, item in methods(protocol).items()
        if name in CHANGES
    }

    assert found.keys() == CHANGES
    for name, parameters in found.items():
        assert parameters["not_after"].kind is inspect.Parameter.KEYWORD_ONLY, name
