"""The bill of materials: complete, dated by the source, valid; and it is what the image has."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import OutputFormat
from cyclonedx.validation import make_schemabased_validator

from rotator import __version__
from tests.gates.tree import ROOT
from tests.image.sbom import VERSION, sbom

if TYPE_CHECKING:
    from collections.abc import Mapping

_PIN = re.compile(r"^([a-z0-9-]+)==([^\s;]+)( ; .*)? \\$", re.MULTILINE)
_EPOCH = "1700000000"


@pytest.fixture(scope="module")
def document() -> Mapping[str, Any]:
    return dict(json.loads(sbom("3.13", _EPOCH)))


def test_every_locked_package_for_linux_is_in_it(document: Mapping[str, Any]) -> None:
    pins = {
        (name, version)
        for name, version, marker in _PIN.findall((ROOT / "requirements.lock").read_text())
        if "win32" not in marker
    }

    assert {(it["name"], it["version"]) for it in document["components"]} == pins
    assert len(pins) > 30


def test_each_has_the_hashes_that_are_installed_by(document: Mapping[str, Any]) -> None:
    lock = (ROOT / "requirements.lock").read_text()

    for component in document["components"]:
        hashes = [it["content"] for it in component["hashes"]]
        assert hashes, component["name"]
        assert all(f"--hash=sha256:{it}" in lock for it in hashes)


def test_each_has_a_licence(document: Mapping[str, Any]) -> None:
    assert [it["name"] for it in document["components"] if not it.get("licenses")] == []


def test_it_is_about_this_version_and_depends_on_all_of_them(document: Mapping[str, Any]) -> None:
    ours = document["metadata"]["component"]

    assert (ours["name"], ours["version"]) == ("rotator", __version__)
    assert ours["licenses"][0]["license"]["id"] == "Apache-2.0"
    (edges,) = (it for it in document["dependencies"] if it["ref"] == ours["bom-ref"])
    assert len(edges["dependsOn"]) == len(document["components"])


def test_it_is_valid_cyclonedx() -> None:
    validator = make_schemabased_validator(OutputFormat.JSON, VERSION)

    assert validator.validate_str(sbom("3.13", _EPOCH)) is None


def test_the_same_source_gives_the_same_text() -> None:
    assert sbom("3.13", _EPOCH) == sbom("3.13", _EPOCH)
    assert json.loads(sbom("3.13", _EPOCH))["metadata"]["timestamp"].startswith("2023-11-14T22:13")
    assert sbom("3.13", "1700000001") != sbom("3.13", _EPOCH)
