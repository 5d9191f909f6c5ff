"""Every value does something, and nothing is read that is not a value."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.gates.tree import ROOT
from tests.helm.charts import CASES, CHART, Manifest, RefusedError, case, files, weakened

if TYPE_CHECKING:
    from collections.abc import Iterator

Way = tuple[str, ...]

DEFAULTS: Manifest = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
EXCEPTIONS: dict[str, str] = (
    yaml.safe_load((ROOT / "tests" / "helm" / "values_exceptions.yaml").read_text("utf-8")) or {}
)
NAMES = [path.stem for path in CASES]
FREE = frozenset({"config"})
"""Maps that are another file: what is in them is read by the daemon, not by the chart."""

_USE = re.compile(r"\$?\.Values((?:\.\w+)+)")


def ways(values: Manifest, above: Way = ()) -> Iterator[Way]:
    """List the way to each value: to whatever is not a map with something in it."""
    for key, value in values.items():
        way = (*above, key)
        if isinstance(value, dict) and value and ".".join(way) not in FREE:
            yield from ways(value, way)
        else:
            yield way


def found_at(values: Any, way: Way) -> Any:  # noqa: ANN401 - values of any kind
    """Read the value at the end of a way; None if it leads nowhere."""
    for key in way:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    return values


def without(values: Manifest, way: Way) -> Manifest:
    """Leave one value to its default."""
    left = copy.deepcopy(values)
    above = found_at(left, way[:-1])
    del above[way[-1]]
    return left


@pytest.mark.parametrize("way", list(ways(DEFAULTS)), ids=".".join)
def test_every_value_changes_what_is_rendered(way: Way) -> None:
    """Some case sets it, and without it something else is rendered, or nothing at all."""
    if ".".join(way) in EXCEPTIONS:
        pytest.skip(EXCEPTIONS[".".join(way)])
    setting = [
        values
        for values in (*map(case, NAMES), weakened())
        if found_at(values, way) not in (None, found_at(DEFAULTS, way))
    ]

    assert setting, "no case of tests/helm/cases gives it another value than its default"
    assert any(_matters(values, way) for values in setting)


def test_nothing_is_read_that_is_not_declared() -> None:
    used = {
        (path.name, tuple(name.strip(".").split(".")))
        for path in sorted((CHART / "templates").rglob("*.*"))
        for name in _USE.findall(path.read_text(encoding="utf-8"))
    }

    assert [(file, ".".join(way)) for file, way in sorted(used) if not _is_declared(way)] == []


def test_every_exception_is_of_a_value_and_has_a_reason() -> None:
    known = {".".join(way) for way in ways(DEFAULTS)}

    assert EXCEPTIONS.keys() - known == set()
    assert [name for name, reason in EXCEPTIONS.items() if len(reason) < 20] == []


def _matters(values: Manifest, way: Way) -> bool:
    try:
        return files(without(values, way)) != files(values)
    except RefusedError:
        return True


def _is_declared(way: Way) -> bool:
    values: Any = DEFAULTS
    for number, key in enumerate(way):
        if not isinstance(values, dict) or (not values and number):
            return True  # a map that users fill
        if ".".join(way[:number]) in FREE:
            return True
        if key not in values:
            return False
        values = values[key]
    return True
