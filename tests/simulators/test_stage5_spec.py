"""The filled-in spec and the template differ in nothing but the filled places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rotator.errors import ConfigError
from rotator.settings.http_spec import load_spec
from rotator.simulators.stage5.refusals import ACCESS_DENIED
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPLATE = ROOT / "config" / "providers" / "stage5.yaml"
FILLED = ROOT / "rotator" / "simulators" / "stage5" / "spec.yaml"
MARK = "FILL IN"


def read(path: Any) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def is_open(value: object) -> bool:
    return isinstance(value, str) and value.startswith(f"{MARK}: ")


def differences(asked: Any, given: Any, where: str = "") -> Iterator[str]:  # noqa: ANN401 - YAML
    """Name each place where a filled-in document is not the template filled in."""
    if is_open(asked):
        if MARK in str(given):
            yield f"{where}: is still open"
    elif isinstance(asked, dict) and isinstance(given, dict):
        yield from _of_mappings(asked, given, where)
    elif isinstance(asked, list) and isinstance(given, list) and len(asked) == len(given):
        for number, pair in enumerate(zip(asked, given, strict=True)):
            yield from differences(*pair, f"{where}[{number}]")
    elif asked != given:
        yield f"{where}: {asked!r} became {given!r}"


def _of_mappings(asked: dict[str, Any], given: dict[str, Any], where: str) -> Iterator[str]:
    added = [key for key in given if key not in asked]
    opened = [key for key in asked if is_open(key)]
    lost = [key for key in asked if key not in given and key not in opened]
    if lost or len(added) != len(opened):
        yield f"{where}: lacks {lost}, has {added} for {opened}"
        return
    names = dict(zip(opened, added, strict=True))
    for key, value in asked.items():
        name = names.get(key, key)
        yield from differences(value, given[name], f"{where}.{name}")


def opened(value: Any) -> Iterator[str]:  # noqa: ANN401 - YAML
    """Yield every text that is still to be filled in."""
    if is_open(value):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from opened(key)
            yield from opened(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from opened(inner)


def test_the_filled_in_spec_is_the_template_filled_in() -> None:
    assert [*differences(read(TEMPLATE), read(FILLED))] == []


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": [1]}, {"a": [1, 2]}),
        ({"a": "FILL IN: x"}, {"a": "FILL IN: x"}),
        ({"FILL IN: x": 1}, {"a": 2}),
    ],
)
def test_a_difference_elsewhere_is_found(asked: object, given: object) -> None:
    assert [*differences(asked, given)]


def test_nothing_of_the_invented_api_is_in_the_template() -> None:
    text = "\n".join(opened(read(TEMPLATE)))
    body = re.sub(r"^ *#.*$", "", TEMPLATE.read_text(encoding="utf-8"), flags=re.MULTILINE)

    for word in ("access-keys", "s5k_", "page.next", "accessKey", "plan_limit", "/me"):
        assert word not in text, word
        assert word not in body.replace("stage5-access-key", ""), word


def test_the_template_refuses_to_load_and_names_every_open_place_once_with_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        load_spec(TEMPLATE)
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    told = sorted(fault.line for fault in caught.value.faults)
    wanted = [
        number
        for number, line in enumerate(lines, start=1)
        for _ in re.findall(rf'"{MARK}: ', line)
    ]

    assert told == wanted
    assert len(told) == len([*opened(read(TEMPLATE))])
    assert all("not filled in" in str(fault) for fault in caught.value.faults)


def test_one_place_that_was_forgotten_is_found(tmp_path: Path) -> None:
    file = tmp_path / "stage5.yaml"
    text = FILLED.read_text(encoding="utf-8")
    file.write_text(text.replace("next: page.next", 'next: "FILL IN: where a page has it"'))
    with pytest.raises(ConfigError) as caught:
        load_spec(file)

    (fault,) = caught.value.faults
    assert "operations.list.paginate.next" in str(fault)


def test_the_filled_in_spec_has_everything_that_the_documentation_speaks_of() -> None:
    spec = load_spec(FILLED)

    assert spec.name == "stage5-access-key"
    assert {"description", "scopes", "lastUsedAt", "expiresAt", "status"} <= set(spec.listing.key)
    assert spec.own is not None
    assert spec.usage is not None
    assert spec.preflight is not None
    assert spec.verification.shows_whose
    assert spec.access_denied == ACCESS_DENIED


def test_every_place_says_what_belongs_there() -> None:
    for text in opened(read(TEMPLATE)):
        assert re.fullmatch(r"FILL IN: \S.{5,}", text), text


def test_the_invented_api_is_called_an_invention_wherever_it_is_written_down() -> None:
    package = (FILLED.parent / "__init__.py").read_text(encoding="utf-8")

    assert "our own invention" in package
    assert "our invention" in FILLED.read_text(encoding="utf-8")
    assert read(FILLED)["evidence"]["kind"] == "unverified"
