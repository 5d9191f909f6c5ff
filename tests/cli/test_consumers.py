"""`rotator consumers lint`: manifests in, findings out, and an exit code for pipelines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from rotator.cli.main import cli
from rotator.errors import NotFoundError
from rotator.simulators.kubernetes.shapes import Rule
from rotator.wiring import consumers as wired
from tests.adapters.kubernetes.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

CONFIGURATION = """\
apiVersion: rotator/v1
kind: Configuration
owner: tests
kubernetes: {}
aws:
  region: eu-central-1
  accounts:
    - {id: "111122223333", name: prod}
"""
POLICY = """\
apiVersion: rotator/v1
kind: Policy
rules:
  - name: ci
    match: {principal: "svc-*"}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "iam/{principal}"}
    consumers:
      workloads: [{kind: Deployment, namespace: apps, name: api, restart: true}]
"""
FEED = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: keys, namespace: apps}
spec: {refreshInterval: 1h, dataFrom: [{extract: {key: iam/svc-web}}]}
"""
WEB = """\
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec: {template: {spec: {containers: [{name: a, envFrom: [{secretRef: {name: keys}}]}]}}}
"""
LIST = "kind: List\nitems:\n" + WEB
"""A workload without a namespace, in a list."""


class Desk:
    """A directory with both files and manifests, and a terminal in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "rotator.yaml").write_text(CONFIGURATION)
        (folder / "policy.yaml").write_text(POLICY)

    def manifest(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def lint(self, *words: str, text: str = "") -> Result:
        config = ("--config", str(self.folder / "rotator.yaml"))
        return CliRunner().invoke(cli, ["consumers", "lint", *config, *words], input=text)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(("number", "told"), [(1, "1 object"), (2, "2 objects")], ids=["1", "2"])
def test_nothing_that_is_wrong_is_an_exit_of_zero(desk: Desk, number: int, told: str) -> None:
    texts = [f"kind: ConfigMap\nmetadata: {{name: x{each}}}\n" for each in range(number)]
    answer = desk.lint(desk.manifest("a.yaml", "---\n".join(texts)))

    assert (answer.exit_code, answer.output) == (
        0,
        f"{told}: nothing keeps a consumer from taking a new key over\n",
    )


def test_findings_are_told_with_file_line_and_remedy(desk: Desk) -> None:
    desk.manifest("deploy/feed.yaml", f"---\n{FEED}")
    desk.manifest("deploy/more/list.yml", LIST)
    desk.manifest("deploy/README.md", "{{ not YAML")
    answer = desk.lint(str(desk.folder / "deploy"), "--namespace", "apps")

    assert answer.exit_code == 1
    assert f"{desk.folder}/deploy/feed.yaml:2" in answer.output
    assert f"{desk.folder}/deploy/more/list.yml:3" in answer.output
    assert "reads keys by an environment variable, and nobody restarts it" in answer.output
    assert "no-restart: name it under `consumers.workloads`" in answer.output


def test_standard_input_is_read_and_findings_are_json(desk: Desk) -> None:
    answer = desk.lint(
        "-", "--json", "--namespace", "apps", text=f"{FEED}---\n---\ntext\n---\n{LIST}"
    )

    assert answer.exit_code == 1
    assert [(item["code"], item["place"]) for item in json.loads(answer.output)] == [
        ("unnamed", "stdin:1"),
        ("no-restart", "stdin:11"),
        ("unnamed", "stdin:11"),
    ]


def test_everything_that_cannot_be_read_is_told_at_once(desk: Desk) -> None:
    broken = desk.manifest("a.yaml", "metadata:\n  name: {{ .Values.name }}\n")
    binary = desk.folder / "b.yaml"
    binary.write_bytes(b"\xff\xfe\xff")
    answer = desk.lint(broken, str(binary), str(desk.folder / "none.yaml"))

    assert answer.exit_code == 2
    assert f"{broken}:2: is not YAML" in answer.output
    assert "render templates first" in answer.output
    assert f"{binary}: cannot be read" in answer.output
    assert "none.yaml: cannot be read: No such file or directory" in answer.output


def test_a_manifest_that_is_far_too_large_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rotator.cli.consumers_reading._MOST_BYTES", 10)
    answer = desk.lint(desk.manifest("a.yaml", FEED))

    assert answer.exit_code == 2
    assert "larger" in answer.output


def grown(first: str, one: str) -> str:
    """Make of a value one that stands for a million times as much, by aliases of aliases."""
    lines = [f"a0: &a0 {first}"]
    for number in range(1, 21):
        alias = f"*a{number - 1}"
        lines.append(f"a{number}: &a{number} {one.format(alias, alias)}")
    return "\n".join((*lines, f"metadata: {{name: *a{number}, namespace: *a{number}}}\n"))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (grown("[x]", "[{}, {}]"), 19, "its aliases repeat too much"),
        (grown("{x: 1}", "{{<<: [{}, {}]}}"), 18, "its aliases repeat too much"),
        ("&a\nkind: List\nitems: [*a]\n", 3, "its aliases repeat too much"),
        ("spec: " + "[" * 2000 + "]" * 2000, 1, "it is nested too deep"),
        ("spec: {since: 2026-99-99}\n", 0, "month must be in 1..12"),
        (f"spec: {{replicas: {'9' * 5000}}}\n", 0, "Exceeds the limit"),
        ("spec: !!python/object/apply:os.getcwd []\n", 1, "could not determine a constructor"),
        ("spec: \x01\n", 0, "unacceptable character #x0001"),
    ],
    ids=["aliases", "merges", "cycle", "depth", "date", "number", "tag", "control"],
)
def test_a_manifest_that_is_made_to_hurt_is_refused_with_its_file(
    desk: Desk, text: str, line: int, words: str
) -> None:
    path = desk.manifest("a.yaml", text)
    answer = desk.lint(path)

    assert answer.exit_code == 2
    assert answer.output.startswith(f"{path}{f':{line}' if line else ''}: is not YAML: {words}")
    assert len(answer.output.splitlines()) == 1


def test_aliases_as_people_write_them_are_read(desk: Desk) -> None:
    text = "kind: ConfigMap\nmetadata: &m {name: x, labels: &l {a: b}}\nspec: {a: *l, <<: *m}\n"
    assert desk.lint(desk.manifest("a.yaml", text)).exit_code == 0


def test_what_others_wrote_into_a_manifest_forges_no_line(desk: Desk) -> None:
    name = r"keys\e[2J\n0 objects: nothing keeps\u202e"
    feed = FEED.replace("name: keys,", f'name: "{name}",')
    answer = desk.lint(desk.manifest("a.yaml", feed))

    assert answer.exit_code == 1
    assert not [line for line in answer.output.splitlines() if line.startswith("0 objects")]
    assert all(letter.isprintable() or letter == "\n" for letter in answer.output)


@pytest.mark.parametrize(
    "words", [(), ("--live",), ("--live", "--namespace", "apps", "a.yaml")], ids=len
)
def test_what_to_look_at_has_to_be_said(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk.lint(*words).exit_code == 2


def test_without_a_cluster_there_is_nothing_live_to_look_at(desk: Desk) -> None:
    text = CONFIGURATION.replace("kubernetes: {}\n", "")
    (desk.folder / "rotator.yaml").write_text(text)
    (desk.folder / "policy.yaml").write_text(POLICY.partition("    consumers")[0])
    answer = desk.lint("--live", "--namespace", "apps")

    assert answer.exit_code == 2
    assert "no cluster is configured" in answer.output


LISTED = (
    Rule(
        api_groups=("apps",),
        resources=("deployments", "statefulsets", "daemonsets"),
        verbs=("list",),
    ),
    Rule(api_groups=("external-secrets.io",), resources=("externalsecrets",), verbs=("list",)),
    Rule(
        api_groups=("secrets-store.csi.x-k8s.io",),
        resources=("secretproviderclasses",),
        verbs=("list",),
    ),
)


@pytest.fixture
def live(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Rule]]:
    rules = [*LISTED]
    made: list[Cluster] = []

    def enter(*_: object, **__: object) -> object:
        cluster = Cluster(tmp_path, *rules)
        made.append(cluster)
        path = "/apis/external-secrets.io/v1/namespaces/apps/externalsecrets"
        store = {"name": "aws", "kind": "ClusterSecretStore"}
        spec: dict[str, Any] = {
            "refreshInterval": "1h0m0s",
            "secretStoreRef": store,
            "dataFrom": [{"extract": {"key": "iam/svc-web"}}],
        }
        body = {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": {"name": "keys"},
            "spec": spec,
        }
        cluster.by_hand("POST", path, body)
        return cluster.api

    monkeypatch.setattr(wired, "kubernetes_api", enter)
    yield rules
    for cluster in made:
        cluster.close()


def test_a_live_cluster_is_looked_through_and_what_is_missing_is_told(
    desk: Desk, live: list[Rule]
) -> None:
    answer = desk.lint("--live", "--namespace", "apps", "--json")

    assert answer.exit_code == 1
    assert [(item["code"], item["subject"]) for item in json.loads(answer.output)] == [
        ("unnamed", "ExternalSecret apps/keys"),
        ("missing", "Deployment apps/api"),
    ]


def test_what_we_may_not_list_is_no_finding(desk: Desk, live: list[Rule]) -> None:
    live.pop(0)
    answer = desk.lint("--live", "--namespace", "apps")

    assert answer.exit_code == 2
    assert "deployments" in answer.output


@pytest.mark.parametrize("group", ["external-secrets.io", "apps"])
def test_an_operator_that_is_not_installed_has_no_objects(group: str) -> None:
    class Bare:
        """A cluster that serves all groups but one."""

        def listed(self, path: Any) -> tuple[object, ...]:  # noqa: ANN401 - a path
            if path.group == group:
                raise NotFoundError("no such resource", subject=path.resource)
            return ()

    if group == "apps":
        with pytest.raises(NotFoundError):
            list(wired._in_namespace(Bare(), "apps"))  # type: ignore[arg-type]
    else:
        assert list(wired._in_namespace(Bare(), "apps")) == []  # type: ignore[arg-type]
