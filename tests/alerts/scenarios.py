"""What each alert is tried on: what fires for services and accounts, and all of it together."""

from __future__ import annotations

from tests.alerts.scenario import (
    ACCESS,
    AWS,
    CLIENT,
    DAY,
    ENFORCE,
    HOUR,
    PLAN,
    TOKENS,
    WORKSPACE,
    Scenario,
    series,
)
from tests.alerts.scenarios_of_evidence import EVIDENCE
from tests.alerts.scenarios_of_keys import KEYS
from tests.alerts.scenarios_of_the_service import SERVICE


def _failed_scan(code: str, provider: str = ACCESS, instance: str = "a") -> str:
    return series("scan_failed", provider=provider, account=WORKSPACE, code=code, instance=instance)


def _held(reason: str, provider: str = CLIENT) -> str:
    return series("credentials_held", provider=provider, reason=reason)


def _found(kind: str) -> str:
    return series("workspace_findings", account=WORKSPACE, kind=kind)


def _lacks(feature: str, instance: str = "a") -> str:
    return series("permission_missing", account=AWS, feature=feature, instance=instance)


def _confirmed(account: str) -> str:
    return series("account_confirmed", provider="aws-iam", account=account)


def _deadline(account: str, instance: str = "a", provider: str = ACCESS) -> str:
    return series(
        "earliest_deadline_timestamp_seconds",
        provider=provider,
        account=account,
        rule="all",
        instance=instance,
    )


def _expiry(provider: str, instance: str = "a") -> str:
    return series(
        "earliest_expiry_timestamp_seconds",
        provider=provider,
        account="hub",
        rule="all",
        instance=instance,
    )


def _failures(code: str, provider: str = ACCESS) -> str:
    return series("effect_failures_total", provider=provider, effect="delete_key", code=code)


_API = _failures("api_changed")
_STILL_LISTED = _failures("still_listed")
_OURS = {"account": WORKSPACE}

PROVIDERS = (
    Scenario(
        promise="a feature that two checks found denied is told of once for two replicas",
        alert="RotatorPermissionMissing",
        series={_lacks("rotate"): "1x180", _lacks("rotate", "b"): "1x180", _lacks("scan"): "0x180"},
        minute=125,
        fires=({"account": AWS, "feature": "rotate"},),
    ),
    Scenario(
        promise="a refusal that was repaired within the hour wakes nobody",
        alert="RotatorPermissionMissing",
        series={_lacks("rotate"): "1x60 0x120"},
        minute=150,
    ),
    Scenario(
        promise="a deleted key that is let in is told of, whoever made it",
        alert="RotatorOldKeyLives",
        series={_held("old_key_lives", "aws-iam"): "1x60", _held("old_key_lives"): "0x60"},
        minute=15,
        fires=({"provider": "aws-iam"},),
    ),
    Scenario(
        promise="a key whose deletion is still spreading alarms nobody",
        alert="RotatorOldKeyLives",
        series={_held("old_key_lives"): "1x5 0x60"},
        minute=20,
    ),
    Scenario(
        promise="a key with less than a day left is told of, by the earliest end of any replica",
        alert="RotatorKeyExpiresSoon",
        series={_expiry(TOKENS): "90000x180", _expiry(TOKENS, "b"): "999999x180"},
        minute=75,
        fires=({"provider": TOKENS, "account": "hub"},),
    ),
    Scenario(
        promise="a key that has expired is told of until another one is read",
        alert="RotatorKeyExpiresSoon",
        series={_expiry(TOKENS): "600x180"},
        minute=175,
        fires=({"provider": TOKENS, "account": "hub"},),
    ),
    Scenario(
        promise="a key that is replaced in time wakes nobody",
        alert="RotatorKeyExpiresSoon",
        series={_expiry(TOKENS): "100000x180 9999999x180"},
        minute=200,
    ),
    Scenario(
        promise="keys without an end wake nobody",
        alert="RotatorKeyExpiresSoon",
        series={_deadline(AWS, provider="aws-iam"): "600x180"},
        minute=170,
    ),
    Scenario(
        promise="new keys that the provider ends too soon are told of",
        alert="RotatorKeysLiveTooShort",
        series={_held("expires_too_soon", TOKENS): "1x60", _held("expires_too_soon"): "0x60"},
        minute=15,
        fires=({"provider": TOKENS},),
    ),
    Scenario(
        promise="a hold for another reason says nothing of how long keys live",
        alert="RotatorKeysLiveTooShort",
        series={_held("slots_full", TOKENS): "1x60"},
        minute=30,
    ),
    Scenario(
        promise="an account that nobody has confirmed for days is told of",
        alert="RotatorAccountUnconfirmed",
        series={
            _confirmed(AWS): "0x120",
            _confirmed("444455556666"): "1x120",
            ENFORCE: "1x120",
        },
        minute=3 * DAY + HOUR,
        step=HOUR,
        fires=({"provider": "aws-iam", "account": AWS},),
    ),
    Scenario(
        promise="a new account has days to be looked at",
        alert="RotatorAccountUnconfirmed",
        series={_confirmed(AWS): "0x120", ENFORCE: "1x120"},
        minute=2 * DAY,
        step=HOUR,
    ),
    Scenario(
        promise="an installation that only plans waits for nobody",
        alert="RotatorAccountUnconfirmed",
        series={_confirmed(AWS): "0x120", PLAN: "1x120"},
        minute=4 * DAY,
        step=HOUR,
    ),
    Scenario(
        promise="our revoked key is told of once, though both providers and replicas meet it",
        alert="CipherStashAdmissionRefused",
        series={
            _failed_scan("admission_refused"): "1x60",
            _failed_scan("admission_refused", CLIENT): "1x60",
            _failed_scan("admission_refused", instance="b"): "1x60",
        },
        minute=10,
        fires=({**_OURS, "code": "admission_refused"},),
    ),
    Scenario(
        promise="a key of the wrong role is told of with the code that says so",
        alert="CipherStashAdmissionRefused",
        series={_failed_scan("wrong_role", CLIENT): "1x60"},
        minute=10,
        fires=({**_OURS, "code": "wrong_role"},),
    ),
    Scenario(
        promise="a service that is down is no refusal",
        alert="CipherStashAdmissionRefused",
        series={_failed_scan("unavailable"): "1x600"},
        minute=500,
    ),
    Scenario(
        promise="AWS refusing us is not blamed on a workspace",
        alert="CipherStashAdmissionRefused",
        series={_failed_scan("forbidden", "aws-iam"): "1x600"},
        minute=500,
    ),
    Scenario(
        promise="the alert ends with the scan that succeeds",
        alert="CipherStashAdmissionRefused",
        series={_failed_scan("admission_refused"): "1x59 _x30"},
        minute=70,
    ),
    Scenario(
        promise="a workspace that must be paid for is told of",
        alert="CipherStashPaymentRequired",
        series={_failed_scan("payment_required"): "1x60"},
        minute=10,
        fires=(_OURS,),
    ),
    Scenario(
        promise="a workspace that was paid for is left alone",
        alert="CipherStashPaymentRequired",
        series={_failed_scan("payment_required"): "1x10 _x30"},
        minute=20,
    ),
    Scenario(
        promise="a listing at a path that is gone is told of with its workspace",
        alert="CipherStashApiChanged",
        series={_failed_scan("api_changed"): "1x60"},
        minute=10,
        fires=(_OURS,),
    ),
    Scenario(
        promise="the very first revocation at a path that is gone is told of",
        alert="CipherStashApiChanged",
        series={_API: "_x30 1x60"},
        minute=60,
        fires=({"effect": "delete_key"},),
    ),
    Scenario(
        promise="a later one is told of, too, whatever was counted weeks before",
        alert="CipherStashApiChanged",
        series={_API: "3x168 4x24"},
        minute=7 * DAY + 3 * HOUR,
        step=HOUR,
        fires=({"effect": "delete_key"},),
    ),
    Scenario(
        promise="a key that is always said to be gone, and always listed, is told of",
        alert="CipherStashApiChanged",
        series={_STILL_LISTED: "1+1x60"},
        minute=30,
        fires=({"effect": "delete_key"},),
    ),
    Scenario(
        promise="a listing that was stale once alarms nobody",
        alert="CipherStashApiChanged",
        series={_STILL_LISTED: "1x30 2x60"},
        minute=60,
    ),
    Scenario(
        promise="an old failure that was not repeated is forgotten after a day",
        alert="CipherStashApiChanged",
        series={_API: "_x1 1x120"},
        minute=2 * DAY,
        step=HOUR,
    ),
    Scenario(
        promise="another API whose path is gone says nothing of CipherStash",
        alert="CipherStashApiChanged",
        series={
            _failures("api_changed", TOKENS): "1x60",
            _failures("still_listed", TOKENS): "1+1x60",
        },
        minute=30,
    ),
    Scenario(
        promise="an HTTP API that refuses our credential is told of after one scan",
        alert="HttpApiAdmissionRefused",
        series={_failed_scan("unauthenticated", TOKENS): "1x60"},
        minute=10,
        fires=({"provider": TOKENS, "account": WORKSPACE, "code": "unauthenticated"},),
    ),
    Scenario(
        promise="another vendor that refuses us is no HTTP API",
        alert="HttpApiAdmissionRefused",
        series={_failed_scan("forbidden"): "1x60", _failed_scan("forbidden", "aws-iam"): "1x60"},
        minute=30,
    ),
    Scenario(
        promise="a list that does not come as its spec says is told of after two hours",
        alert="HttpApiChanged",
        series={_failed_scan("pagination_broken", TOKENS): "1x180"},
        minute=130,
        fires=({"provider": TOKENS, "account": WORKSPACE, "code": "pagination_broken"},),
    ),
    Scenario(
        promise="a revocation that ends nothing is told of",
        alert="HttpApiChanged",
        series={_failures("revoke_missed", TOKENS): "_x30 1x180"},
        minute=170,
        fires=({"provider": TOKENS, "code": "revoke_missed"},),
    ),
    Scenario(
        promise="an API that was away for an hour wakes nobody",
        alert="HttpApiChanged",
        series={_failed_scan("timeout", TOKENS): "1x60 _x120"},
        minute=150,
    ),
    Scenario(
        promise="a refused credential is no changed API",
        alert="HttpApiChanged",
        series={_failed_scan("unauthenticated", TOKENS): "1x180"},
        minute=150,
    ),
    Scenario(
        promise="a client that lost a grant is told of after half an hour",
        alert="CipherStashGrantsDiffer",
        series={_held("grants_taken"): "1x60", _held("drift"): "1x60"},
        minute=35,
        fires=({"provider": CLIENT, "reason": "grants_taken"},),
    ),
    Scenario(
        promise="a client whose grants cannot be read is told of by workspace",
        alert="CipherStashGrantsDiffer",
        series={_found("grants_unreadable"): "1x60"},
        minute=35,
        fires=(_OURS,),
    ),
    Scenario(
        promise="somebody who changes grants in several steps is left in peace",
        alert="CipherStashGrantsDiffer",
        series={_held("grants_taken"): "0x5 1x20 0x60"},
        minute=40,
    ),
    Scenario(
        promise="a client of two environments is told of after two scans",
        alert="CipherStashClientInTwoEnvironments",
        series={_found("client_crosses"): "1x180", _found("keyset_missing"): "0x180"},
        minute=125,
        fires=({**_OURS, "kind": "client_crosses"},),
    ),
    Scenario(
        promise="a service that is moved between environments alarms nobody",
        alert="CipherStashClientInTwoEnvironments",
        series={_found("client_crosses"): "1x60 0x120"},
        minute=150,
    ),
    Scenario(
        promise="a disabled keyset of an environment is told of",
        alert="CipherStashEnvironmentUnusable",
        series={_found("keyset_disabled"): "1x60"},
        minute=20,
        fires=({**_OURS, "kind": "keyset_disabled"},),
    ),
    Scenario(
        promise="environments with working keysets are left alone",
        alert="CipherStashEnvironmentUnusable",
        series={_found("keyset_disabled"): "0x60", _found("client_crosses"): "1x60"},
        minute=50,
    ),
)

SCENARIOS = (*SERVICE, *KEYS, *EVIDENCE, *PROVIDERS)
