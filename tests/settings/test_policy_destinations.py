"""Kubernetes Secrets and files as destinations of a rule, and the cluster they need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.policy import decide
from rotator.core.terms import Mode
from rotator.settings.kubernetes import cluster_config, token_file
from tests.builders import principal
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.facts import DestinationRef
    from rotator.settings.settings import Settings

IN_CLUSTER = CONFIGURATION + "kubernetes: {}\n"
POSTGRES = IN_CLUSTER + "journal: {url: 'postgresql://rotator@db.example/rotator'}\n"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def rule(destination: str, *more: str) -> str:
    lines = [
        "apiVersion: rotator/v1",
        "kind: Policy",
        "rules:",
        "  - name: ci",
        "    match: {principal: ci-*}",
        "    action: rotate",
        f"    destination: {destination}",
        *(f"    {line}" for line in more),
    ]
    return "\n".join(lines) + "\n"


SECRET = rule('{type: kubernetes-secret, namespace: apps, name: "{principal}-aws", create: true}')
FILE = rule('{type: file, path: "/srv/keys/{principal}.json", merge: true}')


def published(settings: Settings) -> DestinationRef:
    made = replace(principal("ci-web"), name="ci-web")
    found = decide(settings.policy, made).destination
    assert found is not None
    return found


def test_a_kubernetes_secret_is_in_the_one_cluster_whatever_the_principals_account(
    files: Files,
) -> None:
    ref = published(files.write(IN_CLUSTER, SECRET).load())
    assert (ref.kind, ref.account, ref.region) == ("kubernetes-secret", "kubernetes", "apps")
    assert (ref.name, ref.create, ref.merge) == ("ci-web-aws", True, True)
    assert (ref.key_id_field, ref.secret_field) == ("AccessKeyId", "SecretAccessKey")


def test_a_file_is_on_this_machine_and_has_no_region(files: Files) -> None:
    ref = published(files.write(policy=FILE).load())
    assert (ref.kind, ref.account, ref.region) == ("file", "local", "")
    assert (ref.name, ref.create, ref.merge) == ("/srv/keys/ci-web.json", False, True)


@pytest.mark.parametrize(
    ("destination", "words"),
    [
        ("{type: kubernetes-secret, namespace: apps}", "needs `name` for `kubernetes-secret`"),
        (
            "{type: kubernetes-secret, namespace: apps, name: a, secret: b}",
            "secret: means nothing for `kubernetes-secret`",
        ),
        (
            "{type: kubernetes-secret, namespace: apps, name: a, merge: true}",
            "merge: means nothing for `kubernetes-secret`",
        ),
        (
            "{type: kubernetes-secret, namespace: Apps, name: a}",
            "namespace: does not have the right form",
        ),
        (
            "{type: kubernetes-secret, namespace: a, name: '{principal}', fields: {secret: a/b}}",
            "fields.secret: cannot be a field of a Kubernetes Secret",
        ),
        (
            "{type: kubernetes-secret, namespace: apps, name: one-for-all}",
            "destination.name: several principals would overwrite each other",
        ),
        (
            '{type: kubernetes-secret, namespace: apps, name: "{who}-{principal}"}',
            "destination.name: `{who}` is not a placeholder",
        ),
        (
            "{type: kubernetes-secret, namespace: apps, name: '{principal}-rotator'}",
            "name: is where the staged versions of another Secret are kept",
        ),
        ("{type: file}", "needs `path` for `file`"),
        (
            "{type: file, path: '/srv/.{principal}.rotator/key.json'}",
            "path: is where the staged versions of another file are kept",
        ),
        ("{type: file, path: keys/a.json}", "path: does not have the right form"),
        ('{type: file, path: "/srv/../{principal}"}', "path: is not a plain path"),
        ('{type: file, path: "/srv//{principal}"}', "path: is not a plain path"),
        ("{type: file, path: '/srv/{principal}', region: eu-west-1}", "region: means nothing"),
        ("{type: aws-secrets-manager}", "needs `secret` for `aws-secrets-manager`"),
        (
            '{type: aws-secrets-manager, secret: "{principal}", path: /x}',
            "path: means nothing for `aws-secrets-manager`",
        ),
    ],
)
def test_what_a_type_needs_and_what_means_nothing_for_it_is_told(
    files: Files, destination: str, words: str
) -> None:
    assert words in files.write(IN_CLUSTER, rule(destination)).diagnostics()


def test_a_kubernetes_secret_needs_a_cluster(files: Files) -> None:
    told = files.write(policy=SECRET).diagnostics()
    assert "policy.yaml:7: rules[0].destination.type: needs a cluster" in told
    assert "add `kubernetes: {}`" in told


def test_a_file_is_refused_where_several_replicas_may_write(files: Files) -> None:
    told = files.write(POSTGRES, FILE).diagnostics()
    assert "rules[0].destination.type: is written on one machine" in told
    assert "any replica" in told


def test_followers_are_held_to_the_same(files: Files) -> None:
    followers = "followers: [{type: file, path: '/srv/{principal}'}]"
    policy = rule('{type: aws-secrets-manager, secret: "{principal}"}', followers)
    told = files.write(POSTGRES, policy).diagnostics()
    assert told.count("rules[0].followers[0].type") == 1


def test_two_credentials_may_share_a_secret_by_fields_of_their_own(files: Files) -> None:
    def one(name: str, fields: str, namespace: str = "apps") -> str:
        place = f"{{type: kubernetes-secret, namespace: {namespace}, name: shared, {fields}}}"
        return (
            f"  - name: {name}\n    match: {{principal: {name}}}\n    action: rotate\n"
            f"    destination: {place}\n"
        )

    head = "apiVersion: rotator/v1\nkind: Policy\nrules:\n"
    other = "fields: {keyId: B_ID, secret: B_KEY}"
    apart = head + one("a", "create: false") + one("b", other)
    assert files.write(IN_CLUSTER, apart).load().policy.rules
    elsewhere = head + one("a", "create: false") + one("b", "create: false", "shop")
    assert files.write(IN_CLUSTER, elsewhere).load().policy.rules
    same = head + one("a", "create: false") + one("b", "create: false")
    told = files.write(IN_CLUSTER, same).diagnostics()
    assert "rules[1].destination.name: rule `a` writes to the same object" in told


# ------------------------------------------------------------------------- the cluster


def test_a_pod_needs_no_settings_for_its_own_cluster(files: Files) -> None:
    settings = files.write(IN_CLUSTER).load()
    section = settings.kubernetes
    assert section is not None
    config = cluster_config(section, settings, read_only=False)
    assert config.origins == ("https://kubernetes.default.svc",)
    assert config.allow_private  # a cluster's own addresses are private
    assert str(config.ca_file) == "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    assert str(token_file(section, settings)).endswith("/serviceaccount/token")


def test_without_the_section_there_is_no_cluster(files: Files) -> None:
    assert files.write().load().kubernetes is None


def test_plan_mode_sends_no_change_to_a_cluster(files: Files) -> None:
    settings = files.write(IN_CLUSTER).load()
    assert settings.mode is Mode.PLAN
    assert settings.kubernetes is not None
    assert cluster_config(settings.kubernetes, settings, read_only=False).read_only
    enforced = replace(settings, mode=Mode.ENFORCE)
    assert not cluster_config(settings.kubernetes, enforced, read_only=False).read_only


def test_a_token_is_sent_unencrypted_to_this_machine_alone(files: Files) -> None:
    away = CONFIGURATION + "kubernetes: {server: 'http://10.0.0.1:8001'}\n"
    told = files.write(away).diagnostics()
    assert "kubernetes.server: would send the token and keys unencrypted" in told
    here = CONFIGURATION + "kubernetes: {server: 'http://127.0.0.1:8001'}\n"
    settings = files.write(here).load()
    assert settings.kubernetes is not None
    assert cluster_config(settings.kubernetes, settings, read_only=True).ca_file is None
