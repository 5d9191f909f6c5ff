"""What the image's Python packages are, as a CycloneDX document: `make sbom`.

Names, versions and hashes come from requirements.lock; licences from what the packages of
this environment, which has the same versions, say about themselves.
"""

from __future__ import annotations

import argparse
import os
import re
import uuid
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rotator import __version__
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyclonedx.model.license import License

VERSION = SchemaVersion.V1_6
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAMES = uuid.UUID("6f0c0a4e-6b0e-5f0e-9d1c-3b7f0f4b9a55")

_BY_CLASSIFIER = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
}
"""For packages that say it by a classifier only; "BSD" there is the licence with three clauses."""


def main() -> None:
    """Write the document to standard output."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--python", default="3.13", help="the Python of the image, such as 3.13")
    print(sbom(parser.parse_args().python, os.environ.get("SOURCE_DATE_EPOCH", "")))  # noqa: T201


def sbom(python: str, epoch: str = "") -> str:
    """Write the document for Linux and one Python, dated by `epoch` (Unix seconds) if there is one.

    The same lock, version and epoch give the same text.
    """
    components = list(locked(python))
    ours = _component("rotator", __version__, [], kind=ComponentType.APPLICATION)
    made_at = datetime.fromtimestamp(int(epoch or "0"), UTC)
    bom = Bom(
        components=components,
        metadata=BomMetaData(component=ours, timestamp=made_at),
        serial_number=uuid.uuid5(
            _NAMES, "\n".join(map(str, [ours.purl, epoch, *_told(components)]))
        ),
    )
    bom.register_dependency(ours, components)
    return make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=2)


def locked(python: str) -> Iterator[Component]:
    """Read what requirements.lock says for Linux and one Python, such as 3.13."""
    place = {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?! )", text.strip()):
        if entry.startswith("#"):
            continue
        pin = Requirement(entry.partition("\\")[0].strip())
        if pin.marker is None or pin.marker.evaluate({**place, "extra": ""}):
            (version,) = (it.version for it in pin.specifier)
            yield _component(pin.name, version, _HASH.findall(entry))


def _component(
    name: str, version: str, hashes: list[str], kind: ComponentType = ComponentType.LIBRARY
) -> Component:
    known = canonicalize_name(name)
    purl = PackageURL("pypi", name=known, version=version)
    return Component(
        type=kind,
        name=known,
        version=version,
        bom_ref=str(purl),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=it) for it in hashes],
        licenses=_licences(name),
    )


def _told(components: list[Component]) -> list[str]:
    return sorted(str(it.purl) for it in components)


def _licences(name: str) -> list[License]:
    """Read a package's licence, by preference as an expression of SPDX; empty if it says none."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    said = [*(told.get_all("License-Expression") or []), *(told.get_all("License") or [])]
    lines = [line for text in said for line in text.strip().splitlines()[:1]]
    known = [*lines, _by_classifiers(told.get_all("Classifier") or [])]
    return [LicenseFactory().make_from_string(it) for it in known if it][:1]


def _by_classifiers(classifiers: list[str]) -> str:
    """Read one classifier; several do not say whether all or any of them hold."""
    found = [it for it in classifiers if it.startswith("License :: ")]
    return _BY_CLASSIFIER.get(found[0], "") if len(found) == 1 else ""


if __name__ == "__main__":
    main()
