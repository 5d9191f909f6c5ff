"""The lint finds what would keep a consumer from a new key, and is silent about the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotator.core.consumer_lint import Found, LintFinding, Managed, lint, managed_by
from rotator.core.consumers import ConsumerKind, ConsumerRef
from rotator.core.consumers_policy import ConsumersTemplate
from rotator.core.rotation import Action
from tests.core.policies import policy, rule, template

API = ConsumerRef(kind=ConsumerKind.DEPLOYMENT, namespace="shop", name="api", restart=True)
FEED = ConsumerRef(kind=ConsumerKind.EXTERNAL_SECRET, namespace="shop", name="db")
CLASS = ConsumerRef(kind=ConsumerKind.MOUNT, namespace="shop", name="aws")
MANAGED = Managed(remotes=("iam/*",), secrets=(("shop", "direct"),), named=(FEED, CLASS))
RELOADER = {"reloader.stakater.com/auto": "true"}


def thing(kind: str, name: str, spec: object, **metadata: object) -> Found:
    body = {"kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}
    return Found(f"{name}.yaml:1", body, "shop")


def feed(name: str = "db", **spec: object) -> Found:
    data = [{"remoteRef": {"key": "iam/svc-web"}}]
    return thing("ExternalSecret", name, {"refreshInterval": "1h0m0s", "data": data, **spec})


def pods(
    *,
    name: str = "api",
    kind: str = "Deployment",
    container: dict[str, Any] | None = None,
    volumes: list[dict[str, Any]] | None = None,
    marks: dict[str, str] | None = None,
    **spec: object,
) -> Found:
    inside = {"containers": [{"name": "main", **(container or {})}], "volumes": volumes or []}
    made = {"template": {"spec": inside}, **spec}
    return thing(kind, name, made, annotations=marks or {})


def by_env(name: str = "db") -> dict[str, Any]:
    return {"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": name}}}, {"name": "X"}]}


def codes(*objects: Found, managed: Managed = MANAGED, is_whole: bool = False) -> list[str]:
    return [item.code for item in lint(objects, managed, is_whole=is_whole)]


NAMED = replace(MANAGED, named=(*MANAGED.named, API))


class TestExternalSecrets:
    def test_one_that_a_rule_names_and_that_refreshes_is_fine(self) -> None:
        assert codes(feed(refreshInterval="100h")) == []

    def test_one_of_a_managed_key_that_no_rule_names_is_found(self) -> None:
        assert codes(feed("other")) == ["unnamed"]
        extracted = feed("other", data=None, dataFrom=[{"extract": {"key": "iam/x"}}])
        assert codes(extracted) == ["unnamed"]

    def test_one_that_is_slower_than_the_grace_is_found(self) -> None:
        assert codes(feed("other", refreshInterval="24h")) == ["unnamed", "slow-refresh"]
        assert codes(feed("other", refreshInterval=None)) == ["unnamed"]

    def test_one_that_never_refreshes_is_found(self) -> None:
        assert codes(feed(refreshPolicy="CreatedOnce")) == ["never-refreshed"]
        assert codes(feed("other", refreshInterval="0")) == ["never-refreshed"]

    def test_one_that_is_pinned_to_a_version_of_a_managed_key_is_found(self) -> None:
        for key, found in (("iam/svc-web", ["pinned"]), ("elsewhere", [])):
            pinned = {"remoteRef": {"key": key, "version": "AWSPREVIOUS"}}
            ours = {"remoteRef": {"key": "iam/svc-web"}}
            assert codes(feed(data=[ours, pinned])) == found

    def test_one_of_another_secret_is_nobodys_business(self) -> None:
        strange = feed("other", data=[{"remoteRef": {"key": "prod/tls"}}])

        assert codes(strange) == []

    def test_an_object_is_known_by_its_arn_too(self) -> None:
        arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam/svc-AbCdEf"

        assert codes(feed("other", data=[{"remoteRef": {"key": arn}}])) == ["unnamed"]


class TestWorkloads:
    def test_an_environment_that_nobody_restarts_is_found(self) -> None:
        (first, second) = lint([feed(), pods(container=by_env())], MANAGED, is_whole=False)

        assert first == LintFinding(
            code="no-restart",
            place="api.yaml:1",
            subject="Deployment shop/api",
            problem="reads db by an environment variable, and nobody restarts it",
            remedy="name it under `consumers.workloads` with `restart: true`, "
            "or let Reloader restart it",
        )
        assert second.code == "unnamed"

    @pytest.mark.parametrize(
        "container",
        [
            {"envFrom": [{"secretRef": {"name": "db"}}, {"configMapRef": {"name": "db"}}]},
            by_env("direct"),
        ],
        ids=["whole", "a-destination"],
    )
    def test_every_way_into_the_environment_is_seen(self, container: dict[str, Any]) -> None:
        assert codes(feed(), pods(container=container)) == ["no-restart", "unnamed"]

    @pytest.mark.parametrize(
        "marks",
        [RELOADER, {"secret.reloader.stakater.com/reload": "tls, db"}],
        ids=["auto", "by-name"],
    )
    def test_what_reloader_restarts_is_only_to_be_named(self, marks: dict[str, str]) -> None:
        assert codes(feed(), pods(container=by_env(), marks=marks)) == ["unnamed"]

    def test_what_a_rule_restarts_is_fine(self) -> None:
        assert codes(feed(), pods(container=by_env()), managed=NAMED) == []

    def test_a_mount_sees_new_values_but_not_under_a_sub_path(self) -> None:
        volumes: list[dict[str, Any]] = [{"name": "v", "secret": {"secretName": "db"}}]
        plain = {"volumeMounts": [{"name": "v"}]}
        under = {"volumeMounts": [{"name": "v", "subPath": "key"}]}

        assert codes(feed(), pods(volumes=volumes, container=plain)) == ["unnamed"]
        assert codes(feed(), pods(volumes=volumes, container=under)) == ["no-restart", "unnamed"]

    def test_projected_volumes_and_classes_are_mounts(self) -> None:
        projected = [{"name": "v", "projected": {"sources": [{"secret": {"name": "db"}}, {}]}}]
        source = {"driver": "secrets-store.csi.k8s.io"}
        driven = [
            {"name": "v", "csi": {**source, "volumeAttributes": {"secretProviderClass": "aws"}}},
            {"name": "w", "csi": {"driver": "another"}},
        ]

        assert codes(feed(), pods(volumes=projected)) == ["unnamed"]
        assert codes(thing("SecretProviderClass", "aws", {}), pods(volumes=driven)) == ["unnamed"]

    def test_what_reads_no_managed_key_is_nobodys_business(self) -> None:
        assert codes(feed(), pods(container=by_env("tls"))) == []
        assert codes(thing("ConfigMap", "x", None), thing("Deployment", "y", None)) == []

    @pytest.mark.parametrize(
        ("spec", "code"),
        [
            ({"strategy": {"type": "Recreate"}}, ["cannot-restart"]),
            (
                {"replicas": 1, "strategy": {"rollingUpdate": {"maxSurge": 0}}},
                ["restart-interrupts"],
            ),
            ({"replicas": 1}, []),
            ({"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": 0}}}, []),
        ],
    )
    def test_a_restart_that_would_interrupt_is_found(
        self, spec: dict[str, Any], code: list[str]
    ) -> None:
        assert codes(pods(**spec), managed=NAMED) == code

    @pytest.mark.parametrize(
        ("kind", "code"),
        [(ConsumerKind.STATEFUL_SET, ["restart-interrupts"]), (ConsumerKind.DAEMON_SET, [])],
    )
    def test_a_lonely_pod_of_a_stateful_set_is_found(
        self, kind: ConsumerKind, code: list[str]
    ) -> None:
        named = replace(MANAGED, named=(replace(API, kind=kind),))

        assert codes(pods(kind=kind.value), managed=named) == code

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [([], ["csi-without-rotation"]), (["--enable-secret-rotation=true"], [])],
    )
    def test_a_driver_that_never_looks_again_is_found(
        self, arguments: list[str], code: list[str]
    ) -> None:
        driver = {"name": "secrets-store", "args": arguments}

        assert codes(pods(kind="DaemonSet", container=driver)) == code


def test_names_that_do_not_exist_are_found_where_everything_was_seen() -> None:
    elsewhere = replace(API, namespace="another")
    globbed = replace(API, name="*")
    managed = Managed(named=(API, elsewhere, globbed))
    (found,) = lint([thing("ConfigMap", "x", {})], managed, is_whole=True)

    assert (found.code, found.subject) == ("missing", "Deployment shop/api")
    assert codes(thing("ConfigMap", "x", {}), managed=managed) == []


@pytest.mark.parametrize(
    "broken",
    [
        thing("Deployment", "x", {"template": "text"}),
        thing("ExternalSecret", "db", {"target": "text", "data": ["text"]}),
        Found("x", {"kind": "ExternalSecret", "metadata": "text", "spec": []}, "shop"),
    ],
    ids=["workload", "feed", "nothing"],
)
def test_what_is_not_formed_as_the_api_has_it_breaks_nothing(broken: Found) -> None:
    assert set(codes(broken)) <= {"malformed"}


def test_a_policy_says_what_it_manages() -> None:
    named = ConsumersTemplate(workloads=(replace(API, name="{principal}"),))
    first = rule("first", destination=template("iam/{principal}"))
    second = rule(
        "second",
        destination=template("{principal}-keys", kind="kubernetes-secret", region="team-{account}"),
        overrides=replace(rule().overrides, consumers=named, min_period=timedelta(hours=2)),
    )
    idle = rule("third", action=Action.REPORT, destination=None)

    assert managed_by(policy(first, second, idle)) == Managed(
        remotes=("iam/*",),
        secrets=(("team-*", "*-keys"),),
        named=(replace(API, name="*"),),
        shortest_grace=timedelta(hours=2),
    )
    assert managed_by(policy(idle)) == Managed()


def test_a_reader_of_a_place_that_follows_is_found_like_one_of_the_pivot() -> None:
    follower = template("{principal}-aws", kind="kubernetes-secret", region="shop")
    followed = rule("first", destination=template("iam/{principal}"), followers=(follower,))

    assert managed_by(policy(followed)).secrets == (("shop", "*-aws"),)
