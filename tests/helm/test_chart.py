"""What the chart promises, read from what it renders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import helm_python
import kubernetes_validate
import pytest
import yaml

import rotator
from rotator.cli.main import COMMANDS
from rotator.core.terms import Mode
from rotator.settings.loading import load
from tests.gates.tree import ROOT
from tests.helm.charts import CHART, SMALLEST, files_of, notes, pod, render
from tests.settings.http_files import SPEC, section
from tests.settings.http_files import account as http_account

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING: dict[str, Any] = {
    "image": {"repository": "example.test/rotator", "digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "pull"}],
    "config": {"owner": "platform-prod", "mode": "enforce", "web": {"port": 8081}},
    "policy": {"defaults": {"rotate": {"maxAge": "60d"}}},
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r"}},
    "persistence": {"size": "2Gi", "storageClassName": "fast"},
    "service": {"port": 9090, "annotations": {"example.test/scrape": "true"}},
    "env": [{"name": "AWS_REGION", "value": "eu-central-1"}],
    "envFrom": [{"secretRef": {"name": "rotator-env"}}],
    "podAnnotations": {"example.test/a": "b"},
    "podLabels": {"team": "platform"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
}


_LEAVES_FILES_OPEN = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class TestSchemas:
    """Against the schemas of Kubernetes, whose reader leaves its files open."""

    pytestmark = _LEAVES_FILES_OPEN

    @pytest.mark.parametrize("version", ["1.25", "1.31", "1.36"])
    @pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
    def test_every_object_is_valid(self, values: dict[str, Any], version: str) -> None:
        objects = render(values)

        assert set(objects) == {"ConfigMap", "Service", "ServiceAccount", "StatefulSet"}
        for found in objects.values():
            kubernetes_validate.validate(found, version, strict=True)

    def test_an_unknown_field_is_refused(self) -> None:
        stateful = render()["StatefulSet"]
        stateful["spec"]["template"]["spec"]["containers"][0]["readOnlyRootFilesystem"] = True

        with pytest.raises(kubernetes_validate.ValidationError, match="readOnlyRootFilesystem"):
            kubernetes_validate.validate(stateful, "1.31", strict=True)


def test_helm_finds_nothing_to_say() -> None:
    report = helm_python.lint(CHART, SMALLEST, strict=True)

    assert report["errors"] == []
    assert [found for found in report["messages"] if found["severity"] > 1] == []


def test_one_pod_owns_the_journal() -> None:
    stateful = render()["StatefulSet"]["spec"]

    assert stateful["replicas"] == 1
    assert [claim["spec"]["accessModes"] for claim in stateful["volumeClaimTemplates"]] == [
        ["ReadWriteOnce"]
    ]
    assert mounts()["data"] == {"name": "data", "mountPath": "/var/lib/rotator"}


def test_the_pod_has_no_privileges() -> None:
    specification = pod()

    assert specification["automountServiceAccountToken"] is False
    assert specification["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert specification["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
    }


def test_the_configuration_is_mounted_as_a_directory_that_can_be_updated() -> None:
    container = pod()["containers"][0]

    assert container["command"] == ["rotator", "run", "--config", "/etc/rotator/rotator.yaml"]
    assert mounts()["config"] == {
        "name": "config",
        "mountPath": "/etc/rotator",
        "readOnly": True,
    }
    assert all("subPath" not in mount for mount in container["volumeMounts"])


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_the_daemon_accepts_the_files(values: dict[str, Any], tmp_path: Path) -> None:
    for name, text in render(values)["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    settings = load(tmp_path / "rotator.yaml", {})

    port = pod(values)["containers"][0]["ports"][0]["containerPort"]
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", port)  # noqa: S104 - the pod's
    assert settings.mode == values.get("config", {}).get("mode", Mode.PLAN)
    assert settings.policy_file == tmp_path / "policy.yaml"


@pytest.mark.parametrize("is_text", [False, True], ids=["values", "file"])
def test_specs_of_ones_own_are_beside_the_configuration(is_text: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    spec: object = SPEC if is_text else yaml.safe_load(SPEC)
    account = yaml.safe_load(section(http_account()))
    rules = [{"name": "all", "match": {"provider": "*"}, "action": "report"}]
    values = {"config": account, "policy": {"rules": rules}, "specs": {"hub.yaml": spec}}
    for name, text in render(values)["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    (found,) = load(tmp_path / "rotator.yaml", {}).http_accounts

    assert found.spec.file == str(tmp_path / "hub.yaml")
    assert checksum(values) != checksum(values | {"specs": {}})


def checksum(values: dict[str, Any]) -> str:
    found: str = render(values)["StatefulSet"]["spec"]["template"]["metadata"]["annotations"][
        "checksum/config"
    ]
    return found


def test_what_the_daemon_writes_by_default_is_on_the_volume(tmp_path: Path) -> None:
    for name, text in render()["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    settings = load(tmp_path / "rotator.yaml", {})

    volume = mounts()["data"]["mountPath"]
    assert settings.journal_url.startswith(f"sqlite:///{volume}/")
    assert str(settings.audit_file).startswith(f"{volume}/")


def test_an_installation_without_accounts_is_refused_with_an_example() -> None:
    with pytest.raises(helm_python.HelmRenderError, match="needs a region and accounts"):
        files_of({})


def test_what_is_written_while_running_has_a_place() -> None:
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}

    assert mounts()["tmp"]["mountPath"] == "/tmp"  # noqa: S108 - the pod's own, not the machine's
    assert volumes["tmp"] == {"name": "tmp", "emptyDir": {}}


def test_probes_ask_the_port_that_is_scraped() -> None:
    container = pod()["containers"][0]
    paths = {name: container[name]["httpGet"] for name in container if name.endswith("Probe")}

    assert paths == {
        "startupProbe": {"path": "/livez", "port": "metrics"},
        "livenessProbe": {"path": "/livez", "port": "metrics"},
        "readinessProbe": {"path": "/readyz", "port": "metrics"},
    }
    assert container["ports"] == [{"name": "metrics", "containerPort": 8080, "protocol": "TCP"}]


def test_an_open_effect_may_finish_before_the_pod_is_killed() -> None:
    assert pod()["terminationGracePeriodSeconds"] == 90


def test_a_new_policy_does_not_restart_the_pod_and_a_new_configuration_does() -> None:
    def template(**values: object) -> object:
        return render(dict(values))["StatefulSet"]["spec"]["template"]

    assert template(policy={"defaults": {}}) == template()
    assert template(config={"mode": "enforce"}) != template()


def test_a_digest_beats_a_tag() -> None:
    image = {"repository": "example.test/r", "tag": "1"}

    assert pod({"image": image})["containers"][0]["image"] == "example.test/r:1"
    assert pod({"image": {**image, "digest": "sha256:0"}})["containers"][0]["image"] == (
        "example.test/r@sha256:0"
    )


def test_the_service_finds_the_pod() -> None:
    objects = render(EVERYTHING, name="eu")
    selector = objects["Service"]["spec"]["selector"]
    template = objects["StatefulSet"]["spec"]["template"]

    assert selector == objects["StatefulSet"]["spec"]["selector"]["matchLabels"]
    assert selector.items() <= template["metadata"]["labels"].items()
    assert {found["metadata"]["name"] for found in objects.values()} == {"eu-rotator"}


def test_long_names_leave_room_for_what_kubernetes_appends() -> None:
    name = render(name="a" * 53)["StatefulSet"]["metadata"]["name"]

    assert len(name) <= 52


@pytest.mark.parametrize(
    ("config", "mode", "command"),
    [({}, "plan", "plan"), ({"mode": "enforce"}, "enforce", "rotations")],
)
def test_notes_say_the_mode_and_what_to_do_next(
    config: dict[str, str], mode: str, command: str
) -> None:
    said = notes({"config": config})

    assert f"is in {mode} mode" in said
    assert "kubectl --namespace keys exec statefulset/rotator" in said
    assert said.rstrip().endswith(f"rotator {command}")
    assert command in COMMANDS


def test_the_chart_is_of_the_release_it_installs() -> None:
    chart = yaml.safe_load((ROOT / "helm" / "Chart.yaml").read_text(encoding="utf-8"))

    assert chart["version"] == chart["appVersion"] == rotator.__version__


def mounts() -> dict[str, dict[str, object]]:
    """Read the mounts of the container by the name of their volume."""
    return {mount["name"]: mount for mount in pod()["containers"][0]["volumeMounts"]}
