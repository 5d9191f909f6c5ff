"""What alerts about keys and rotations, and the promise about their age, are tried on."""

from __future__ import annotations

from tests.alerts.scenario import (
    ACCESS,
    AWS,
    DAY,
    ENFORCE,
    HOUR,
    PLAN,
    TOKENS,
    WORKSPACE,
    Recorded,
    Scenario,
    series,
)

_RULE = {"provider": "aws-iam", "account": AWS, "rule": "all"}
_OURS = {"provider": ACCESS, "account": WORKSPACE, "rule": "all"}


def _held(reason: str, provider: str = "aws-iam", instance: str = "a") -> str:
    return series("credentials_held", provider=provider, reason=reason, instance=instance)


def _keys_in(status: str, instance: str = "a", rule: str = "all") -> str:
    place = {**_RULE, "rule": rule}
    return series("key_compliance", **place, status=status, instance=instance)


def _deadline(instance: str = "a") -> str:
    return series("earliest_deadline_timestamp_seconds", **_RULE, instance=instance)


def _created_since(instance: str = "a") -> str:
    return series(
        "rotation_phase_since_timestamp_seconds",
        provider="aws-iam",
        phase="created",
        instance=instance,
    )


def _failing(instance: str = "a") -> str:
    return series("credentials_failing", **_RULE, instance=instance)


def _halted(instance: str = "a") -> str:
    return series("rotations_open", provider="aws-iam", phase="halted", instance=instance)


def _suspects(instance: str = "a") -> str:
    return series("keys", **_RULE, role="suspect", instance=instance)


_CONFIRMED = series("account_confirmed", provider="aws-iam", account=AWS)
_UNCONFIRMED = {ENFORCE: "1x180", _CONFIRMED: "0x180"}
_WORKING = {ENFORCE: "1x180", _CONFIRMED: "1x180"}
_DAYS = {ENFORCE: "1x200", _CONFIRMED: "1x200"}

KEYS = (
    Scenario(
        promise="consumers that may be refused are told of once for two replicas",
        alert="RotatorConsumersBroken",
        series={
            _held("current_key_disabled"): "1x60",
            _held("current_key_disabled", instance="b"): "1x60",
            _held("current_key_gone"): "0x60",
        },
        minute=5,
        fires=({"provider": "aws-iam", "reason": "current_key_disabled"},),
    ),
    Scenario(
        promise="a hold that leaves consumers in peace wakes nobody",
        alert="RotatorConsumersBroken",
        series={_held("current_key_gone"): "0x60", _held("slots_full"): "4x60"},
        minute=50,
    ),
    Scenario(
        promise="keys past their greatest age are told of, counted once for two replicas",
        alert="RotatorKeyOverMaxAge",
        series={
            **_WORKING,
            _keys_in("breach"): "2x180",
            _keys_in("breach", "b"): "2x180",
            _keys_in("compliant"): "9x180",
        },
        minute=70,
        fires=({**_RULE, "status": "breach"},),
        value="2",
    ),
    Scenario(
        promise="keys of which nobody can tell are not taken for good ones",
        alert="RotatorKeyOverMaxAge",
        series={**_WORKING, _keys_in("unknown"): "1x180"},
        minute=70,
        fires=({**_RULE, "status": "unknown"},),
    ),
    Scenario(
        promise="a workspace is confirmed for both of its providers at once",
        alert="RotatorKeyOverMaxAge",
        series={
            ENFORCE: "1x180",
            series("account_confirmed", provider="cipherstash", account=WORKSPACE): "1x180",
            series("key_compliance", **_OURS, status="breach"): "1x180",
        },
        minute=70,
        fires=({**_OURS, "status": "breach"},),
    ),
    Scenario(
        promise="a key that is retired within the hour wakes nobody",
        alert="RotatorKeyOverMaxAge",
        series={**_WORKING, _keys_in("breach"): "1x40 0x120"},
        minute=75,
    ),
    Scenario(
        promise="keys that policy only reports wake nobody",
        alert="RotatorKeyOverMaxAge",
        series={**_WORKING, _keys_in("reported"): "7x180", _keys_in("breach"): "0x180"},
        minute=170,
    ),
    Scenario(
        promise="nobody is woken for an account that nobody confirmed",
        alert="RotatorKeyOverMaxAge",
        series={**_UNCONFIRMED, _keys_in("breach"): "7x180"},
        minute=170,
    ),
    Scenario(
        promise="nobody is woken in an installation that only plans",
        alert="RotatorKeyOverMaxAge",
        series={PLAN: "1x180", _CONFIRMED: "1x180", _keys_in("breach"): "7x180"},
        minute=170,
    ),
    Scenario(
        promise="a key that outgrows policy soon is told of, by the earliest of any replica",
        alert="RotatorKeyNearMaxAge",
        series={**_WORKING, _deadline(): f"{3 * 86400}x180", _deadline("b"): "99999999x180"},
        minute=70,
        fires=(_RULE,),
    ),
    Scenario(
        promise="a key with weeks left is left alone",
        alert="RotatorKeyNearMaxAge",
        series={**_WORKING, _deadline(): f"{30 * 86400}x180"},
        minute=170,
    ),
    Scenario(
        promise="a key that is too old already is not told of twice",
        alert="RotatorKeyNearMaxAge",
        series={**_WORKING, _deadline(): "60x180", _keys_in("breach"): "1x180"},
        minute=170,
    ),
    Scenario(
        promise="an account that nobody confirmed is no rotation that is late",
        alert="RotatorKeyNearMaxAge",
        series={**_UNCONFIRMED, _deadline(): f"{3 * 86400}x180"},
        minute=170,
    ),
    Scenario(
        promise="a new key that is neither stored nor deleted is told of",
        alert="RotatorNewKeyNotStored",
        series={_created_since(): "60x60", _created_since("b"): "60x60"},
        minute=35,
        fires=({"provider": "aws-iam"},),
    ),
    Scenario(
        promise="a crash in mid-rotation that rotator mends by itself wakes nobody",
        alert="RotatorNewKeyNotStored",
        series={_created_since(): "60x22 _x60"},
        minute=50,
    ),
    Scenario(
        promise="one short look after the other at different keys is no key that is stuck",
        alert="RotatorNewKeyNotStored",
        series={_created_since(): "0+60x180"},
        minute=170,
    ),
    Scenario(
        promise="rotations that fail for half an hour are told of once for two replicas",
        alert="RotatorRotationFailing",
        series={_failing(): "3x60", _failing("b"): "3x60"},
        minute=35,
        fires=(_RULE,),
        value="3",
    ),
    Scenario(
        promise="a try that failed and then succeeded alarms nobody",
        alert="RotatorRotationFailing",
        series={_failing(): "1x20 0x60"},
        minute=45,
    ),
    Scenario(
        promise="a rotation that waits for a person is told of",
        alert="RotatorRotationHalted",
        series={_halted(): "1x60", _halted("b"): "1x60"},
        minute=20,
        fires=({"provider": "aws-iam"},),
    ),
    Scenario(
        promise="a rotation that a person leaves alone for five minutes alarms nobody",
        alert="RotatorRotationHalted",
        series={
            _halted(): "1x5 0x60",
            series("rotations_open", provider="aws-iam", phase="promoted"): "5x60",
        },
        minute=30,
    ),
    Scenario(
        promise="an old key that is still used is told of by its reason",
        alert="RotatorGraceOverrun",
        series={
            _held("still_used"): "2x180",
            _held("still_used", instance="b"): "2x180",
            _held("use_unknown", TOKENS): "1x180",
        },
        minute=70,
        fires=(
            {"provider": "aws-iam", "reason": "still_used"},
            {"provider": TOKENS, "reason": "use_unknown"},
        ),
    ),
    Scenario(
        promise="a use that ends within the hour alarms nobody",
        alert="RotatorGraceOverrun",
        series={_held("still_used"): "1x30 0x120"},
        minute=80,
    ),
    Scenario(
        promise="consumers that do not take a new key up are told of",
        alert="RotatorConsumersBehind",
        series={
            _held("consumers_behind"): "1x60",
            _held("consumers_unreadable", TOKENS): "1x60",
            _held("grace"): "1x60",
        },
        minute=40,
        fires=(
            {"provider": "aws-iam", "reason": "consumers_behind"},
            {"provider": TOKENS, "reason": "consumers_unreadable"},
        ),
    ),
    Scenario(
        promise="a rollout that takes its time alarms nobody",
        alert="RotatorConsumersBehind",
        series={_held("consumers_behind"): "1x20 0x60"},
        minute=40,
    ),
    Scenario(
        promise="a secret that somebody else wrote is told of",
        alert="RotatorDestinationDrift",
        series={_held("drift"): "1x60", _held("rolled_back_by_hand"): "0x60"},
        minute=20,
        fires=({"provider": "aws-iam", "reason": "drift"},),
    ),
    Scenario(
        promise="a secret that was put right within ten minutes alarms nobody",
        alert="RotatorDestinationDrift",
        series={_held("drift"): "1x10 0x60"},
        minute=20,
    ),
    Scenario(
        promise="a hold that nobody lifts for a day is told of by its reason",
        alert="RotatorHeldTooLong",
        series={
            _held("slots_full"): "2x60",
            _held("slots_full", instance="b"): "2x60",
            _held("paused", TOKENS): "1x60",
            _held("invariant"): "0x60",
        },
        minute=DAY + HOUR,
        step=HOUR,
        fires=(
            {"provider": "aws-iam", "reason": "slots_full"},
            {"provider": TOKENS, "reason": "paused"},
        ),
    ),
    Scenario(
        promise="a pause over a night alarms nobody",
        alert="RotatorHeldTooLong",
        series={_held("paused"): "1x12 0x60"},
        minute=DAY + HOUR,
        step=HOUR,
    ),
    Scenario(
        promise="a hold that has an alert of its own, or needs none, is not told of here",
        alert="RotatorHeldTooLong",
        series={_held("drift"): "1x60", _held("no_key"): "4x60"},
        minute=2 * DAY,
        step=HOUR,
    ),
    Scenario(
        promise="keys that may be ours are told of once for two replicas",
        alert="RotatorSuspectKeys",
        series={_suspects(): "1x180", _suspects("b"): "1x180"},
        minute=70,
        fires=(_RULE,),
    ),
    Scenario(
        promise="keys of others are no suspects",
        alert="RotatorSuspectKeys",
        series={_suspects(): "0x180", series("keys", **_RULE, role="foreign"): "5x180"},
        minute=170,
    ),
    Scenario(
        promise="one key of fifty past its age for a day costs three times what a day may",
        alert="RotatorSLOBurn",
        series={_keys_in("breach"): "0x100 1x40", _keys_in("compliant"): "50x100 49x40"},
        minute=127 * HOUR,
        step=HOUR,
        fires=({},),
        value="2%",
    ),
    Scenario(
        promise="what is over for hours burns no more",
        alert="RotatorSLOBurn",
        series={_keys_in("breach"): "0x100 1x5 0x40", _keys_in("compliant"): "50x150"},
        minute=115 * HOUR,
        step=HOUR,
    ),
    Scenario(
        promise="keys within policy burn nothing, and reported ones do not count",
        alert="RotatorSLOBurn",
        series={
            **_DAYS,
            _keys_in("breach"): "0x200",
            _keys_in("compliant"): "50x200",
            _keys_in("reported"): "500x200",
        },
        minute=150 * HOUR,
        step=HOUR,
    ),
)

SLO = (
    Recorded(
        promise="two replicas count a key once, unknown is bad, and reported is out of scope",
        series={
            _keys_in("compliant"): "6x60",
            _keys_in("compliant", "b"): "6x60",
            _keys_in("breach"): "1x60",
            _keys_in("breach", "b"): "1x60",
            _keys_in("unknown", rule="other"): "3x60",
            _keys_in("reported"): "90x60",
        },
        minute=30,
        values={
            "rotator:keys_in_scope:sum": 10,
            "rotator:keys_breached:sum": 4,
            "rotator:breach:ratio_2h": 0.4,
            "rotator:breach:ratio_6h": 0.4,
            "rotator:breach:ratio_1d": 0.4,
            "rotator:breach:ratio_3d": 0.4,
            "rotator:breach:ratio_30d": 0.4,
        },
    ),
    Recorded(
        promise="where no key was ever out of policy the promise is kept in full",
        series={_keys_in("compliant"): "10x60"},
        minute=30,
        values={"rotator:keys_breached:sum": 0, "rotator:breach:ratio_30d": 0},
    ),
    Recorded(
        promise="where there is nobody to count there is no promise that looks kept",
        series={ENFORCE: "1x60"},
        minute=30,
        values={"rotator:keys_breached:sum": None, "rotator:breach:ratio_30d": None},
    ),
    Recorded(
        promise="key-hours count, so a day in which ten of twenty keys are too old weighs more",
        series={_keys_in("breach"): "0x11 10x11", _keys_in("compliant"): "10x23"},
        minute=23 * HOUR,
        step=HOUR,
        values={"rotator:keys_in_scope:sum": 20, "rotator:breach:ratio_1d": 1 / 3},
    ),
)
