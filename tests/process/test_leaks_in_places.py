"""Nothing secret gets out of a cluster or a file either (I5): places, companions, consumers."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import generate_latest

from rotator.simulators.clock import SteppedClock
from rotator.simulators.kubernetes.process import SimulatedKubernetes
from rotator.simulators.kubernetes.shapes import (
    AccountSeed,
    ClusterSeed,
    FaultKind,
    FaultRule,
    ObjectSeed,
    Rule,
)
from tests.process.installation import MARK
from tests.process.stepping import Stepping
from tests.process.test_leaks import everything_logged, printed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process

RULES = """\
rules:
  - name: followed
    match: {principal: old}
    action: rotate
    destination: {type: aws-secrets-manager, secret: iam/old}
    followers:
      - {type: kubernetes-secret, namespace: shop, name: old-aws, create: true}
      - {type: file, path: FOLDER/old.json, create: true}
    consumers: {workloads: [{kind: Deployment, namespace: shop, name: api, restart: true}]}
  - name: in-the-cluster
    match: {principal: [inside, broken, lost, refused]}
    action: rotate
    destination: {type: kubernetes-secret, namespace: shop, name: "{principal}"}
  - name: on-the-disk
    match: {principal: [disk, garbage]}
    action: rotate
    destination: {type: file, path: "FOLDER/{principal}.json"}
"""
IN_CLUSTER = ("inside", "broken", "lost", "refused")
COMMANDS = (
    ("plan",),
    ("plan", "--json"),
    ("keys", "list", "--all"),
    ("rotations", "list", "--json"),
    ("config", "check"),
    ("audit", "tail", "-n", "1000"),
    ("audit", "export", "--format", "native"),
)
FAULTS = {
    "lost": ("merge-secrets", FaultKind.LOSE_ANSWER),
    "refused": ("apply-secrets", FaultKind.GARBLE),
}
GRANTS = (
    Rule(api_groups=("",), resources=("secrets",), verbs=("get", "patch", "create")),
    Rule(api_groups=("apps",), resources=("deployments",), verbs=("get", "list", "patch")),
    Rule(api_groups=("",), resources=("pods",), verbs=("list",)),
    Rule(api_groups=("apps",), resources=("statefulsets", "daemonsets"), verbs=("list",)),
    Rule(api_groups=("external-secrets.io",), resources=("externalsecrets",), verbs=("list",)),
    Rule(
        api_groups=("secrets-store.csi.x-k8s.io",),
        resources=("secretproviderclasses",),
        verbs=("list",),
    ),
)


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def secret(name: str, fields: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "shop"},
        "data": {field: encoded(text) for field, text in fields.items()},
    }


def deployment() -> dict[str, Any]:
    container = {"name": "api", "image": "x", "envFrom": [{"secretRef": {"name": "old-aws"}}]}
    pod = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "api"}}, "template": pod}
    metadata = {"name": "api", "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def first_key(steps: Stepping, name: str) -> dict[str, str]:
    key = steps.site.user(name).keys[0]
    return {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}


@pytest.fixture
def cluster(stepped: SimulatedAws) -> Iterator[SimulatedKubernetes]:
    with SimulatedKubernetes(start=stepped.now()) as made:
        yield made


@pytest.fixture
def places(
    stepped: SimulatedAws,
    stepped_hands: SimulatedClients,
    cluster: SimulatedKubernetes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stepping:
    """An installation that publishes in a cluster and in files, where some of it goes wrong."""
    steps, folder = Stepping(tmp_path, stepped, stepped_hands), tmp_path / "published"
    site = steps.site
    for name, value in site.environ.items():
        monkeypatch.setenv(name, value)

    def advance(instant: datetime) -> None:
        stepped.advance_to(instant)
        cluster.advance_to(instant)

    steps.clock = SteppedClock(stepped.now(), on_advance=advance)
    for name in ("old", "disk", "garbage", *IN_CLUSTER):
        site.add_user(name, days=80)
    folder.mkdir(mode=0o700)
    (folder / "disk.json").write_text(json.dumps(first_key(steps, "disk")))
    (folder / "garbage.json").write_text(f"{{not json {MARK}")
    held = {name: first_key(steps, name) for name in IN_CLUSTER}
    held["broken"]["AccessKeyId"] = f"{MARK}\x1b[2J"
    kept = [*held.items(), *((f"{name}-rotator", {}) for name in IN_CLUSTER)]
    objects = [secret(name, fields) for name, fields in kept]
    account = AccountSeed(namespace="rotator", name="rotator", roles={"shop": GRANTS})
    seeds = tuple(ObjectSeed(manifest=it, age_seconds=60.0) for it in (*objects, deployment()))
    seeded = cluster.seed(ClusterSeed(namespaces=("shop",), accounts=(account,), objects=seeds))
    for name, (operation, kind) in FAULTS.items():
        for of in (name, f"{name}-rotator"):
            cluster.add_fault(FaultRule(kind=kind, operation=operation, name=of, times=4))
    (site.folder / "token").write_text(seeded.tokens["rotator/rotator"])
    section = f"kubernetes: {{server: '{cluster.url}', tokenFile: token}}\n"
    site.file.write_text(site.file.read_text() + section)
    policy = site.folder / "policy.yaml"
    beginning = policy.read_text().partition("rules:")[0]
    policy.write_text(beginning + RULES.replace("FOLDER", str(folder)))
    return steps


def work(places: Stepping) -> None:
    """Go on in long steps until the followed user has a new key alone; three days at most."""
    for _ in range(24):
        places.app.once()
        if places.site.is_replaced("old"):
            return
        places.clock.advance_to(places.clock.now() + timedelta(hours=3))
        places.consumer.work()


def test_nothing_secret_leaves_the_places_that_it_is_kept_in(
    places: Stepping, cluster: SimulatedKubernetes
) -> None:
    site, published = places.site, places.site.folder / "published"
    manifest = site.folder / "shop.json"
    with everything_logged() as told, places.open() as app:
        work(places)
        everywhere = {" ".join(command): printed(*command) for command in COMMANDS}
        for rotation in app.journal.rotations():
            shown = ("rotations", "show", rotation.id)
            everywhere[f"show {rotation.id}"] = printed(*shown) + printed(*shown, "--json")
        for name in ("old", "inside", "disk", *FAULTS):
            everywhere[f"history {name}"] = printed("history", name, "--all")
        things = [{**deployment(), "kind": "List", "items": [1]}, deployment()]
        items = [*things, secret("old-aws", first_key(places, "old"))]
        manifest.write_text(json.dumps({"kind": "List", "items": items}))
        everywhere["lint"] = printed("consumers", "lint", str(manifest))
        everywhere["lint live"] = printed("consumers", "lint", "--live", "--namespace", "shop")
        everywhere["backup"] = printed("db", "backup", str(site.folder / "copy.db"))
        everywhere["metrics"] = generate_latest(app.telemetry.registry).decode()
        everywhere["log"] = told.getvalue()
        manifest.unlink()
        plain = [it for it in site.folder.iterdir() if it.is_file() and it.suffix != ".yaml"]
        files = {it.name: it.read_bytes().decode("latin-1") for it in plain if it.name != "token"}

    assert {"rotator.db", "audit.jsonl", "copy.db"} <= set(files)
    assert site.is_replaced("old"), "nothing was minted, so nothing was tested"
    minted = {key.secret_access_key for key in site.user("old").keys}
    in_cluster = json.dumps([it for it in cluster.state().objects if "Secret" in str(it)])
    assert all(encoded(it) in in_cluster for it in minted), "it never came to the cluster"
    assert all(it in (published / "old.json").read_text() for it in minted)
    assert all(stat.S_IMODE(it.stat().st_mode) == 0o600 for it in published.glob(".*/*.json"))
    everywhere |= files
    everywhere["annotations"] = json.dumps(
        [it["metadata"] for it in map(dict, cluster.state().objects)]
    )
    token = (site.folder / "token").read_text()
    for hidden in (token, *site.secrets()):
        # What Kubernetes encodes ends otherwise where more follows it.
        for form in (hidden, encoded(hidden)[: len(hidden) // 3 * 4]):
            assert [place for place, text in everywhere.items() if form in text] == []
