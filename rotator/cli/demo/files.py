"""The files of the demonstration's daemon: configuration, policy, and a spec for Stage5."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.character import CHAT, CHAT_WORKSPACE, DATA, PROD, WORKSPACE
from rotator.cli.demo.evidence.keys import FINGERPRINTS, SIGNING, WEBHOOK

if TYPE_CHECKING:
    from pathlib import Path

REGION: Final = "eu-central-1"
OWNER: Final = "rotator-demo"
ROLE: Final = "rotator"
"""The role in the second account that the daemon assumes."""

CONFIGURATION_FILE: Final = "rotator.yaml"
AUDIT_LOG: Final = "audit.jsonl"
WITNESS: Final = "witness.checkpoints"
REPORT: Final = "report.html"
KUBERNETES_TOKEN: Final = "kubernetes-token"  # noqa: S105 - a file's name
"""What the files in the folder are called."""

CONFIGURATION: Final = """\
apiVersion: rotator/v1
kind: Configuration
owner: {owner}
mode: enforce
policy: policy.yaml
journal:
  url: sqlite:///{folder}/rotator.db
audit:
  file: {folder}/{log}
  signingKey: file:{folder}/{signing}
  checkpoints:
    witness: {folder}/{witness}
  fingerprints:
    current: k1
    keys:
      k1: file:{folder}/{fingerprints}
notifications:
  channels:
    - name: siem
      type: webhook
      url: {siem}
      secret: file:{folder}/{webhook}
      allowPrivate: true
  default: [siem]
web:
  port: 0
limits:
  checkInterval: 48h
  inspectInterval: 48h
  auditLag: 12h
aws:
  region: {region}
  endpointUrl: {url}
  accounts:
    - id: "{prod}"
      name: prod
    - id: "{data}"
      name: data
      roleArn: arn:aws:iam::{data}:role/{role}
kubernetes:
  server: {kubernetes}
  tokenFile: {token}
cipherstash:
  workspaces:
    - crn: crn:us-east-1.aws:{workspace}
      name: vault
      home: {{account: "{prod}"}}
      adminKey: secret:cipherstash/rotator#CS_CLIENT_ACCESS_KEY
      accessKeyRoles: {{rotator: admin, "*": member}}
      api: {{ctsUrl: "{cts}"}}
http:
  providers:
    - spec: stage5.yaml
      accounts:
        - id: {chat}
          name: chat
          baseUrl: {stage5}
          allowPrivate: true
          params: {{workspace: {chat_workspace}}}
          credentials: {{admin: "secret:stage5/rotator#STAGE5_ACCESS_KEY"}}
          lifetime: 120d
          home: {{account: "{prod}"}}
"""
"""The daemon's configuration; the journal and the audit log live in a temporary folder."""

POLICY: Final = """\
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {maxAge: 90d}
  grace: {min: 24h, unusedFor: 24h, max: 7d, quarantine: 48h}
rules:
  - name: vault-keys
    match: {provider: cipherstash-access-key, principal: [rotator, orders]}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "cipherstash/{principal}", merge: true}
  - name: vault-batch
    match: {provider: cipherstash-access-key, principal: batch}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "cipherstash/keys/{principal}", merge: true}
  - name: vault-clients
    match: {provider: cipherstash-client-key, principal: [orders, lena]}
    action: rotate
    rotate: {maxAge: 30d, rotateAfter: 15d}
    grace: {min: 3d, max: 6d, acceptBlind: true}
    destination: {type: aws-secrets-manager, secret: "cipherstash/{principal}", merge: true}
  - name: vault-reports
    match: {provider: cipherstash-client-key, principal: reports}
    action: rotate
    rotate: {maxAge: 30d, rotateAfter: 15d}
    destination: {type: aws-secrets-manager, secret: "cipherstash/{principal}", merge: true}
  - name: chat-keys
    match: {provider: stage5-access-key, principal: [rotator, helpdesk, website]}
    action: rotate
    destination:
      type: aws-secrets-manager
      secret: "stage5/{principal}"
      fields: {keyId: STAGE5_ACCESS_KEY_ID, secret: STAGE5_ACCESS_KEY}
  - name: break-glass
    match: {path: /break-glass/*}
    action: ignore
  - name: by-hand
    match: {path: /finance/*}
    action: report
  - name: payments
    match: {provider: aws-iam, tags: {team: payments}}
    action: rotate
    rotate: {maxAge: 30d}
    destination: {type: aws-secrets-manager, secret: "iam/{principal}"}
  - name: shop
    match: {provider: aws-iam, account: "111122223333", path: /shop/*}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "iam/{principal}"}
    followers:
      - type: kubernetes-secret
        namespace: shop
        name: "{principal}-aws"
        fields: {keyId: AWS_ACCESS_KEY_ID, secret: AWS_SECRET_ACCESS_KEY}
    consumers:
      workloads:
        - {kind: Deployment, namespace: shop, name: storefront, restart: true}
  - name: ci
    match: {provider: aws-iam, path: /ci/*}
    action: rotate
    destination:
      type: aws-secrets-manager
      secret: "ci/{principal}"
      fields: {keyId: aws_access_key_id, secret: aws_secret_access_key}
  - name: apps
    match: {provider: aws-iam, path: /apps/*}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "apps/{principal}", merge: true}
  - name: etl-extract
    match: {provider: aws-iam, principal: etl-extract}
    action: rotate
    destination:
      type: aws-secrets-manager
      secret: bundles/etl
      merge: true
      fields: {keyId: EXTRACT_KEY_ID, secret: EXTRACT_SECRET_KEY}
  - name: etl-clean
    match: {provider: aws-iam, principal: etl-clean}
    action: rotate
    destination:
      type: aws-secrets-manager
      secret: bundles/etl
      merge: true
      fields: {keyId: CLEAN_KEY_ID, secret: CLEAN_SECRET_KEY}
  - name: etl-publish
    match: {provider: aws-iam, principal: etl-publish}
    action: rotate
    destination:
      type: aws-secrets-manager
      secret: bundles/etl
      merge: true
      fields: {keyId: PUBLISH_KEY_ID, secret: PUBLISH_SECRET_KEY}
  - name: services
    match: {provider: aws-iam, path: /svc/*}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "iam/{principal}"}
"""
"""The policy: whom no rule names is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """Where the simulated vendors are, and who is told of everything.

    Attributes:
        cts: The CipherStash workspace's token service.
        siem: A receiver of signed webhooks.
    """

    aws: str
    cts: str
    stage5: str
    kubernetes: str
    siem: str


def write_files(folder: Path, urls: Urls) -> Path:
    """Write the daemon's files; return the configuration."""
    values = {
        "owner": OWNER,
        "role": ROLE,
        "folder": folder,
        "url": urls.aws,
        "region": REGION,
        "workspace": WORKSPACE,
        "cts": urls.cts,
        "chat": CHAT,
        "chat_workspace": CHAT_WORKSPACE,
        "stage5": urls.stage5,
        "kubernetes": urls.kubernetes,
        "token": KUBERNETES_TOKEN,
        "siem": urls.siem,
        "log": AUDIT_LOG,
        "witness": WITNESS,
        "signing": SIGNING,
        "fingerprints": FINGERPRINTS,
        "webhook": WEBHOOK,
    }
    file = folder / CONFIGURATION_FILE
    file.write_text(CONFIGURATION.format(prod=PROD, data=DATA, **values), encoding="utf-8")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    spec = files("rotator.simulators.stage5") / "spec.yaml"
    (folder / "stage5.yaml").write_bytes(spec.read_bytes())
    return file
