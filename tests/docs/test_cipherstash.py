"""The page on CipherStash names what exists, and leaves no statement of the seeds out."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from rotator.core.environments import Breach
from rotator.core.reasons import Reason
from rotator.core.workspace import AccessRole
from rotator.providers.cipherstash import config
from rotator.providers.cipherstash.config import ApiKind, Paths, usual_paths
from rotator.settings.cipherstash import CipherStashSection
from tests.alerts.promtool import alerts
from tests.docs.test_commands_exist import FIELDS
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (ROOT / "docs" / "providers" / "cipherstash.md").read_text(encoding="utf-8")
LINES = {"000": 81, "001": 54, "002": 47, "003": 78}
"""How many lines each seed document has."""

_SEED_LINE = re.compile(r"^(\d{3}):(\d+)(?:-(\d+))?$")
_LINK = re.compile(r"\]\(([\w./-]*)(?:#([\w-]+))?\)")


def rows(heading: str, level: str = "##") -> list[list[str]]:
    """Read the rows of every table under a heading, without their heads."""
    section = TEXT.split(f"\n{level} {heading}\n", 1)[1]
    section = re.split(rf"^{level} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    tables = re.findall(r"(?:^ *\|.*\n)+", section, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in line.strip(" |").split("|")] for line in lines]


def seeds() -> Iterator[tuple[str, int, int, list[str]]]:
    """Read each row about a seed: the document, its first and last line, the cells."""
    for row in rows("The seed documents, line by line"):
        found = _SEED_LINE.match(row[0])
        assert found is not None, row
        seed, first, last = found.groups()
        yield seed, int(first), int(last or first), row[1:]


@pytest.mark.parametrize("seed", LINES)
def test_every_line_of_a_seed_is_in_one_row_in_its_order(seed: str) -> None:
    spans = [(first, last) for name, first, last, _ in seeds() if name == seed]
    told = [line for first, last in spans for line in range(first, last + 1)]

    assert told == list(range(1, LINES[seed] + 1))


def test_every_statement_has_an_answer_or_says_why_it_does_not_apply() -> None:
    for seed, first, _, (statement, answer) in seeds():
        assert statement, (seed, first)
        assert re.search(r"\w{3}", answer) or _SEED_LINE.match(answer) or answer in LINES
        if answer.startswith("does not apply"):
            assert re.match(r"does not apply: \w", answer), (seed, first)


def test_every_setting_for_what_is_unknown_is_on_the_page() -> None:
    named = {word for row in rows("What is unknown of the service") for word in _words(row[2])}
    api = _leaves("api", "workspaces")
    traits = {path.rpartition(".")[2] for path in _leaves("traits")}

    assert named == (api | traits | {"accessKeyRoles"}) - {"api.kind"}


def _words(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)


def _leaves(section: str, parent: str = "") -> set[str]:
    """Name every setting of a section, by its path within it."""
    stem = ".".join(filter(None, ["cipherstash", parent, section]))
    found = {path.removeprefix(stem).strip(".") for path in FIELDS if path.startswith(stem)}
    paths = {path for path in found if path}
    leaves = {path for path in paths if not any(other.startswith(f"{path}.") for other in paths)}
    return {f"{section}.{path}" for path in leaves}


def test_every_default_path_is_on_the_page_as_it_is_in_the_code() -> None:
    section = TEXT.split("\n## What is unknown of the service\n", 1)[1].split("\n## ", 1)[0]

    for path in fields(Paths):
        assert getattr(usual_paths(ApiKind.CURRENT), path.name) in section, path.name


def test_periods_on_the_page_are_the_defaults() -> None:
    told = {
        name: row[1] for row in rows("What is unknown of the service") for name in _words(row[2])
    }
    traits = CipherStashSection.model_fields["traits"].get_default()

    assert told["tokenLifetime"] == f"{traits.token_lifetime.seconds // 60} minutes"
    assert told["listLag"] == told["requestWindow"] == "a minute"
    assert traits.list_lag.seconds == traits.request_window.seconds == 60


def test_every_finding_and_every_role_is_explained() -> None:
    findings = {word for row in rows("Environments") for word in _words(row[0])}
    roles = [row[0].strip("`") for row in rows("Set-up in ten minutes")]

    assert findings == {breach.value for breach in Breach}
    assert roles == [role.value for role in AccessRole]


def test_every_alert_of_the_file_is_on_the_page() -> None:
    named = set(re.findall(r"\[(CipherStash\w+)\]", TEXT))

    assert named == {name for name in alerts() if name.startswith("CipherStash")}


def test_every_hold_that_only_these_keys_have_is_explained() -> None:
    for reason in (Reason.GRANTS_TAKEN, Reason.GRANTS_UNREADABLE, Reason.OWN_KEY_LAST):
        assert f"`{reason.value}`" in TEXT


@pytest.mark.parametrize("code", [row[0] for row in rows("Troubleshooting")])
def test_every_code_that_is_explained_is_one_that_the_code_gives(code: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "rotator").rglob("*.py")]

    for word in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", code):
        assert any(f'"{word}"' in source for source in sources), word


def test_providers_are_called_by_their_names() -> None:
    named = set(re.findall(r"\bcipherstash-\w+-key\b", TEXT))

    assert named == {config.ACCESS_KEYS, config.CLIENT_KEYS}


@pytest.mark.parametrize(("page", "anchor"), sorted(set(_LINK.findall(TEXT))))
def test_every_link_leads_somewhere(page: str, anchor: str) -> None:
    target = ROOT / "docs" / "providers" / (page or "cipherstash.md")
    assert target.exists()
    heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}

    assert not anchor or anchor in anchors
