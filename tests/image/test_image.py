"""The image as a pod runs it: read-only, without powers, ended in the middle of its work."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest
from packaging.utils import canonicalize_name

from rotator import __version__
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from tests.gates.tree import ROOT
from tests.image.containers import (
    EPOCH,
    REVISION,
    USER,
    built_anew,
    container,
    inspected,
    must,
    podman,
)
from tests.image.pod import Pod, RunningPod
from tests.image.sbom import locked
from tests.process.consumer import Consumer
from tests.process.installation import MARK, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process

_STORE = "PutSecretValue"
_PLAN = """
apiVersion: rotator/v1
kind: Configuration
owner: test
policy: /etc/rotator/policy.yaml
aws: {region: eu-central-1, endpointUrl: 'http://127.0.0.1:9', accounts: [{id: '111122223333'}]}
"""
_POLICY = """
apiVersion: rotator/v1
kind: Policy
rules: [{name: all, match: {principal: '*'}, action: report}]
"""
_IDLE = "import signal; signal.pause()"
_FORBIDDEN = ["pip", "pip3", "gcc", "cc", "c++", "make", "curl", "wget", "git"]


def asked(image: str, *arguments: str) -> str:
    """Run one program of the image to its end, as a pod would; it must succeed."""
    program, *rest = arguments
    with container(image, *rest, options=("--network=none", f"--entrypoint={program}")) as one:
        code = must(podman("wait", one)).strip()
        told = must(podman("logs", one))
    assert code == "0", told
    return told


class TestWhatIsInIt:
    def test_it_says_its_version_without_any_configuration(self, image: str) -> None:
        assert __version__ in asked(image, "rotator", "--version")

    def test_it_carries_its_origin_in_labels(self, image: str) -> None:
        labels = inspected(image)["Config"]["Labels"]
        told = {
            name.removeprefix("org.opencontainers.image."): text for name, text in labels.items()
        }

        assert told["title"] == "rotator"
        assert told["version"] == __version__
        assert told["revision"] == REVISION
        assert told["created"] == "2023-11-14T22:13:20Z", EPOCH
        assert told["licenses"] == "Apache-2.0"
        assert told["description"]

    def test_it_runs_as_nobody_in_particular(self, image: str) -> None:
        assert inspected(image)["Config"]["User"] == f"{USER}:{USER}"

    def test_nothing_in_it_builds_or_installs_software(self, image: str) -> None:
        script = f"import shutil; print([it for it in {_FORBIDDEN} if shutil.which(it)])"

        assert asked(image, "python", "-c", script).strip() == "[]"
        look = "import importlib.util as u; print(u.find_spec('pip'), u.find_spec('ensurepip'))"
        for python in ("/opt/rotator/bin/python", "/usr/bin/python3"):
            assert asked(image, python, "-c", look).split() == ["None", "None"]

    def test_every_module_has_its_bytecode(self, image: str) -> None:
        script = (
            "import importlib.util as u, pathlib, rotator\n"
            "files = pathlib.Path(rotator.__file__).parent.rglob('*.py')\n"
            "print([it for it in files if not pathlib.Path(u.cache_from_source(it)).exists()])"
        )

        assert asked(image, "python", "-c", script).strip() == "[]"

    def test_its_packages_are_those_of_its_bill_of_materials(self, image: str) -> None:
        script = (
            "import json, sys\n"
            "from importlib.metadata import distributions\n"
            "found = distributions(path=[it for it in sys.path if it.startswith('/opt')])\n"
            "named = {it.metadata['Name']: it.version for it in found}\n"
            "print(json.dumps(['%d.%d' % sys.version_info[:2], named]))"
        )

        python, packages = json.loads(asked(image, "python", "-c", script))

        told = {it.name: it.version for it in locked(python)} | {"rotator": __version__}
        assert {canonicalize_name(name): it for name, it in packages.items()} == told

    def test_the_shipped_specs_are_in_it(self, image: str) -> None:
        listed = asked(image, "ls", "/usr/share/rotator/providers").split()

        assert listed == sorted(it.name for it in (ROOT / "config" / "providers").iterdir())

    def test_what_this_machine_told_pip_is_not_in_it(self, image: str) -> None:
        script = (
            "import pathlib as p; print(p.Path('/etc/pip.conf').exists(), p.os.listdir('/opt'))"
        )

        assert asked(image, "python", "-c", script).strip() == "False ['rotator']"

    def test_the_same_sources_give_the_same_layers(self, image: str) -> None:
        first, second = (
            inspected(it)["RootFS"]["Layers"] for it in (image, built_anew(f"{image}-anew"))
        )

        assert first[0] == second[0], "not the same base"
        assert first[2:] == second[2:], "all but the one in which pip is taken out"
        assert len(first) >= 4


class TestItsHealthCheck:
    @pytest.fixture
    def alone(self, image: str, tmp_path: Path) -> Iterator[RunningPod]:
        """A daemon that cannot reach AWS; that is no reason to start it again."""
        config, data = tmp_path / "config", tmp_path / "data"
        config.mkdir()
        data.mkdir()
        os.chown(data, int(USER), int(USER))
        (config / "rotator.yaml").write_text(_PLAN)
        (config / "policy.yaml").write_text(_POLICY)
        volumes = (f"--volume={config}:/etc/rotator:ro", f"--volume={data}:/var/lib/rotator")
        with container(image, options=("--network=none", *volumes)) as container_id:
            yield RunningPod(container_id)

    def test_it_passes_once_the_daemon_answers_and_fails_where_none_does(
        self, alone: RunningPod, image: str
    ) -> None:
        check = inspected(image)["Healthcheck"]["Test"]
        assert check[0] == "CMD"
        alone.url()

        assert podman("exec", alone.id, *check[1:]).returncode == 0
        with container(
            image, "-c", _IDLE, options=("--entrypoint=python", "--network=none")
        ) as idle:
            assert podman("exec", idle, *check[1:]).returncode == 1


@dataclass
class Story:
    """What a pod did that was ended while it stored a new key, and the one after it."""

    site: Pod
    consumer: Consumer
    log: str = ""
    changed: set[str] = field(default_factory=set)
    codes: list[int] = field(default_factory=list)
    drained: list[bool] = field(default_factory=list)
    open_between: list[dict[str, object]] = field(default_factory=list)
    limits: str = ""
    status: str = ""
    owner_of_memory: int = -1
    metrics: str = ""


@pytest.fixture(scope="module")
def story(
    image: str,
    aws: SimulatedAws,
    hands: SimulatedClients,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    site = Pod(tmp_path_factory.mktemp("pod"), aws, image)
    site.add_user("old", days=80)
    ours = site.seeded.admin.access_key_id
    aws.add_fault(FaultRule(kind=FaultKind.DELAY_ANSWER, operation=_STORE, caller=ours, seconds=2))
    consumer = Consumer(site, hands, "old")
    story = Story(site, consumer)
    with consumer.working():
        with site.started() as first:
            look_at(first, story)
            first.does("rotator", "accounts", "confirm", site.account, "--yes")
            eventually(lambda: site.calls(_STORE), what=_STORE)
            end(first, story)
        story.open_between = json.loads(site.answered("rotations", "list", "--open", "--json"))
        with site.started() as second:
            site.wait_for_replacement("old")
            end(second, story)
    return story


def look_at(running: RunningPod, story: Story) -> None:
    story.metrics = httpx.get(f"{running.url()}/metrics", trust_env=False, timeout=20).text
    process = running.process()
    story.limits = (process / "limits").read_text()
    story.status = (process / "status").read_text()
    story.owner_of_memory = (process / "mem").stat().st_uid


def end(running: RunningPod, story: Story) -> None:
    story.codes.append(running.stop())
    story.drained.append((running.told("daemon stopped") or {}).get("drained") is True)
    story.log += running.log()
    story.changed |= running.changed()


class TestAPodThatIsEndedInMidRotation:
    def test_it_drains_and_ends_cleanly(self, story: Story) -> None:
        assert story.codes == [0, 0]
        assert story.drained == [True, True]

    def test_it_leaves_one_open_rotation_that_is_past_its_pivot(self, story: Story) -> None:
        (left,) = story.open_between

        assert left["phase"] in {"promoted", "disabled"}, left
        assert left["intent"] is None, "what was begun was not finished"

    def test_the_next_one_completes_it_with_one_mint_and_no_leftovers(self, story: Story) -> None:
        site = story.site

        assert site.calls_about("old", "CreateAccessKey") == 1
        assert site.is_replaced("old")
        assert site.secret("old").labelled("AWSPENDING") is None
        assert story.consumer.refused == []

    def test_nothing_that_it_says_or_keeps_is_secret(self, story: Story) -> None:
        site = story.site
        kept = [it.read_bytes().decode(errors="replace") for it in (site.folder / "data").iterdir()]

        assert MARK in site.secrets()
        for secret in {*site.secrets(), site.seeded.admin.secret_access_key}:
            assert not [text for text in (story.log, *kept) if secret in text]

    def test_it_writes_nowhere_but_in_its_volumes(self, story: Story) -> None:
        mounted = {"etc/rotator", "etc/rotator-policy", "var/lib/rotator"}

        assert {it for it in story.changed if it.startswith(("opt", "usr", "home"))} == set()
        assert {it for it in story.changed if it.startswith("var/lib")} <= {"var/lib", *mounted}

    def test_it_holds_no_power_and_can_gain_none(self, story: Story) -> None:
        told = dict(line.split(":\t", 1) for line in story.status.splitlines() if ":\t" in line)

        assert told["Uid"].split() == told["Gid"].split() == [USER] * 4
        assert {int(told[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
        assert told["NoNewPrivs"] == "1"

    def test_its_memory_cannot_be_dumped(self, story: Story) -> None:
        (cores,) = (it for it in story.limits.splitlines() if it.startswith("Max core file"))

        assert cores.split()[4:6] == ["0", "0"]
        assert story.owner_of_memory == 0, "the user itself could read it"

    def test_its_own_process_is_measured_all_the_same(self, story: Story) -> None:
        for name in ("process_open_fds", "process_resident_memory_bytes", "process_max_fds"):
            assert f"\n{name} " in story.metrics
