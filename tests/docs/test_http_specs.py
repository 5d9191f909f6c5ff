"""The page on shipped specs says what the specs and their fixtures say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rotator.providers.http.spec import EvidenceKind
from rotator.settings.http_params import can_expire, must_expire
from rotator.settings.http_spec import load_spec
from tests.adapters.http_provider.shipped.fixtures import FOLDER, SPECS, read_fixture
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from rotator.providers.http.spec import Spec

TEXT = (ROOT / "docs" / "providers" / "http-specs.md").read_text(encoding="utf-8")
TEMPLATES = {"stage5.yaml"}
FILES = sorted(path.name for path in SPECS.glob("*.yaml") if path.name not in TEMPLATES)


def rows(heading: str) -> list[list[str]]:
    """Read the rows of the tables under a heading, without their heads."""
    section = re.split(r"^## ", TEXT.split(f"\n## {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(params=FILES)
def spec(request: pytest.FixtureRequest) -> Spec:
    return load_spec(SPECS / request.param)


def _row(spec: Spec, heading: str) -> list[str]:
    found = [row for row in rows(heading) if f"`{spec.name}`" in row[0]]
    assert len(found) == 1
    return found[0]


def _verbatim(spec: Spec) -> str:
    if spec.evidence.kind is EvidenceKind.LIVE_SERVER:
        return "the live server's"
    return ", ".join(read_fixture(spec.name).verbatim) or "none"


def test_every_kind_of_evidence_is_explained() -> None:
    kinds = [row[0].strip("`") for row in rows("What each was checked against")[:3]]

    assert kinds == list(EvidenceKind)


def test_the_page_tells_what_a_spec_was_checked_against(spec: Spec) -> None:
    row, evidence = _row(spec, "What each was checked against"), spec.evidence

    assert row[0].endswith(f"(../../config/providers/{spec.file.rpartition('/')[2]})")
    assert row[1:] == [
        spec.title,
        evidence.kind,
        _verbatim(spec),
        evidence.source,
        evidence.note or "-",
    ]


def test_the_page_tells_what_a_spec_can_do(spec: Spec) -> None:
    lifetime = "needed" if must_expire(spec) else "possible" if can_expire(spec) else "none"

    assert _row(spec, "What each can do")[1:] == [
        f"`{spec.principal.text}`" if spec.principal else "a lineage of names",
        "yes" if spec.disabling else "no",
        "told" if "lastUsedAt" in spec.listing.key else "not told",
        lifetime,
        str(spec.max_keys or "-"),
        "the API" if spec.is_dated else "our first sight",
        "yes" if spec.own else "no",
    ]


def test_the_page_names_no_spec_that_is_not_shipped() -> None:
    shipped = {load_spec(SPECS / name).name for name in FILES}
    named = {
        word
        for heading in ("What each was checked against", "What each can do")
        for row in rows(heading)
        for word in re.findall(r"`([a-z0-9-]+-(?:key|token|secret|id|password))`", row[0])
    }
    trapped = {
        word
        for row in rows("Traps, and what the specs do about them")
        for word in re.findall(r"`([^`]+)`", row[0])
    }

    assert named == shipped
    assert trapped <= shipped


def test_every_fixture_belongs_to_a_spec_that_needs_one() -> None:
    told = {path.stem for path in FOLDER.glob("*.yaml")}
    loaded = (load_spec(SPECS / name) for name in FILES)

    assert told == {one.name for one in loaded if one.evidence.kind is not EvidenceKind.LIVE_SERVER}
