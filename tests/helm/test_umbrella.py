"""The chart as a part of another one, which sets values for all its parts."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.helm.charts import CHART, HELM_3, Manifest, objects, smallest, workload

if TYPE_CHECKING:
    from pathlib import Path

UMBRELLA: Manifest = {
    "apiVersion": "v2",
    "name": "platform",
    "version": "1.0.0",
    "dependencies": [{"name": "rotator", "version": "0.x.x", "condition": "rotator.enabled"}],
}


@pytest.fixture
def umbrella(tmp_path: Path) -> Path:
    """Give a chart with this one as its only part."""
    shutil.copytree(CHART, tmp_path / "charts" / "rotator")
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(UMBRELLA), encoding="utf-8")
    return tmp_path


def rendered(umbrella: Path, part: Manifest) -> list[Manifest]:
    """Render the whole, with globals of which some are not for this part."""
    shared = {"imageRegistry": "registry.example.test", "domain": "example.test"}
    values = umbrella / "given.json"
    values.write_text(json.dumps({"rotator": part, "global": shared}), encoding="utf-8")
    done = subprocess.run(
        [HELM_3.binary(), "template", "platform", str(umbrella), "--values", str(values)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


def test_globals_of_other_parts_do_no_harm(umbrella: Path) -> None:
    running = workload(rendered(umbrella, smallest({"enabled": True})))

    (container,) = running["spec"]["template"]["spec"]["containers"]
    assert running["metadata"]["name"] == "platform-rotator"
    assert container["image"].startswith("registry.example.test/rotator:")


def test_it_can_be_left_out(umbrella: Path) -> None:
    assert rendered(umbrella, smallest({"enabled": False})) == []
