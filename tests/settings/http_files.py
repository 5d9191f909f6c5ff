"""Builds an installation with one account of an HTTP API, valid unless a test says otherwise."""

from __future__ import annotations

from tests.settings.files import CONFIGURATION
from tests.settings.files import Files as AnyFiles

PROVIDER = "hub-token"
SPEC = f"""\
apiVersion: rotator/v1
kind: HttpProvider
name: {PROVIDER}
title: Hub API token
evidence: {{kind: unverified, source: a test}}
params:
  user: {{type: string, description: whose tokens, pattern: "[a-z0-9-]+"}}
  page: {{type: integer, description: how many at once, default: 100}}
  scopes: {{type: list, description: what they may do, default: []}}
  is-strict: {{type: boolean, description: whether it is, default: true}}
  policy: {{type: json, description: anything, default: {{}}}}
credentials:
  admin: {{description: a token that may make others}}
network: {{allowHosts: [login.example.com], timeouts: {{total: 20s}}, maxResponseBytes: 65536}}
rateLimit: {{maxPerSecond: 5}}
auth: {{type: header, headers: {{Authorization: "token ${{creds.admin}}"}}}}
key:
  id: id
  name: note
  createdAt: {{path: created, time: rfc3339}}
operations:
  list:
    request:
      method: GET
      path: "/users/${{params.user}}/tokens"
      query: {{per_page: "${{params.page}}", strict: "${{params.is-strict}}"}}
    items: tokens
  create:
    request:
      method: POST
      path: "/users/${{params.user}}/tokens"
      json:
        note: "${{new.name}}"
        expires_in: "${{new.ttl|seconds}}"
        scopes: "${{params.scopes}}"
        policy: "${{params.policy}}"
    expect: {{status: [201]}}
    key: {{secret: token}}
  verify:
    auth: {{type: header, headers: {{Authorization: "token ${{key.secret}}"}}}}
    request: {{path: /user}}
    expect: {{status: [200], assert: {{path: token_id, equals: "${{key.id}}"}}}}
    rejectStatus: [401, 403]
  revoke:
    steps:
      - request: {{method: DELETE, path: "/users/${{params.user}}/tokens/${{key.id}}"}}
        expect: {{status: [204, 404]}}
"""
LINES = (
    "baseUrl: https://hub.example.com/hub/api",
    "params: {user: robot}",
    "credentials: {admin: env:HUB_TOKEN}",
    "lifetime: 120d",
)
POLICY = f"""\
apiVersion: rotator/v1
kind: Policy
rules:
  - name: hub
    match: {{provider: {PROVIDER}}}
    action: rotate
    destination: {{type: aws-secrets-manager, secret: "hub/{{principal}}"}}
"""


def account(*lines: str, without: str = "", id: str = "hub-prod") -> str:  # noqa: A002 - the field
    """Write the section of one account; lines of the same fields replace the usual ones."""
    given = {line.partition(":")[0] for line in lines}
    usual = [line for line in LINES if line.partition(":")[0] not in {*given, without}]
    return "\n          ".join([f"        - id: {id}", *usual, *lines]) + "\n"


def section(*accounts: str, spec: str = "hub.yaml") -> str:
    """Write `http:` with one spec."""
    return f"http:\n  providers:\n    - spec: {spec}\n      accounts:\n{''.join(accounts)}"


class Files(AnyFiles):
    """Both files, and a spec beside them."""

    def write(self, configuration: str = "", policy: str = POLICY) -> Files:
        """Write all three; the configuration is what is added to the smallest one."""
        text = CONFIGURATION + (configuration or section(account()))
        super().write(text, policy)
        return self.spec()

    def spec(self, text: str = SPEC, name: str = "hub.yaml") -> Files:
        """Write a spec."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return self
