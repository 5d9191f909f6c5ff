"""What alerts about the daemon itself are tried on."""

from __future__ import annotations

from tests.alerts.scenario import ACCESS, AWS, DAY, HOUR, WORKSPACE, Scenario, series

_BUILD = series("build_info", version="1.0")
_READABLE = series("journal_readable")
_SKEW = series("clock_skew_seconds")
_CRASHED = series("engine_faults_total", job="sweep", fault="crashed")
_REFUSED = series("policy_refused")
_ROOT = series("root_keys", account=AWS)
_AWS_PLACE = {"provider": "aws-iam", "account": AWS}


def _last_scan(account: str = AWS, instance: str = "a") -> str:
    return series(
        "last_scan_timestamp_seconds", provider="aws-iam", account=account, instance=instance
    )


def _scan_failed(instance: str = "a") -> str:
    return series("scan_failed", **_AWS_PLACE, code="access_denied", instance=instance)


def _oldest(channel: str, instance: str = "a") -> str:
    return series("notifications_oldest_timestamp_seconds", channel=channel, instance=instance)


def _given_up(channel: str, instance: str = "a") -> str:
    return series("notifications_given_up", channel=channel, instance=instance)


SERVICE = (
    Scenario(
        promise="a rotator that is gone is told of, though nothing of it is left to ask",
        alert="RotatorAbsent",
        series={_BUILD: "1x5 _x60"},
        minute=30,
        fires=({},),
    ),
    Scenario(
        promise="one replica of two is enough",
        alert="RotatorAbsent",
        series={_BUILD: "1x5 _x60", series("build_info", version="1.0", instance="b"): "1x60"},
        minute=50,
    ),
    Scenario(
        promise="a restart of five minutes wakes nobody",
        alert="RotatorAbsent",
        series={_BUILD: "1x10 _x9 1x40"},
        minute=22,
    ),
    Scenario(
        promise="a journal that nobody can read is told of",
        alert="RotatorJournalUnreadable",
        series={_READABLE: "1x5 0x60", series("journal_readable", instance="b"): "0x60"},
        minute=20,
        fires=({},),
    ),
    Scenario(
        promise="a replica that can read it is enough",
        alert="RotatorJournalUnreadable",
        series={_READABLE: "0x60", series("journal_readable", instance="b"): "1x60"},
        minute=20,
    ),
    Scenario(
        promise="an account that was last scanned hours ago is told of once for two replicas",
        alert="RotatorNotScanning",
        series={
            _last_scan(): "600x400",
            _last_scan(instance="b"): "0x400",
            _last_scan("444455556666"): "600+60x400",
        },
        minute=4 * HOUR,
        fires=(_AWS_PLACE,),
    ),
    Scenario(
        promise="an account whose scans fail since the daemon started is told of",
        alert="RotatorNotScanning",
        series={_scan_failed(): "1x180"},
        minute=HOUR + 5,
        fires=(_AWS_PLACE,),
    ),
    Scenario(
        promise="a first scan that fails after a restart wakes nobody",
        alert="RotatorNotScanning",
        series={_last_scan(): "0+60x30 _x200", _scan_failed("b"): "_x30 1x70"},
        minute=95,
    ),
    Scenario(
        promise="an account that fails since a restart is told of three hours after its last scan",
        alert="RotatorNotScanning",
        series={_last_scan(): "0+60x30 _x300", _scan_failed("b"): "_x30 1x300"},
        minute=30 + 3 * HOUR + 5,
        fires=(_AWS_PLACE,),
    ),
    Scenario(
        promise="a new replica that fails is no news while another one scans",
        alert="RotatorNotScanning",
        series={_scan_failed("b"): "1x300", _last_scan(): "0+60x300"},
        minute=4 * HOUR,
    ),
    Scenario(
        promise="two scans that failed wake nobody",
        alert="RotatorNotScanning",
        series={_last_scan(): "600x170 10800x60"},
        minute=3 * HOUR,
    ),
    Scenario(
        promise="a clock that is behind by more than five minutes is told of",
        alert="RotatorClockSkew",
        series={_SKEW: "400x60", series("clock_skew_seconds", instance="b"): "2x60"},
        minute=15,
        fires=({},),
    ),
    Scenario(
        promise="a clock that is ahead is told of, too",
        alert="RotatorClockSkew",
        series={_SKEW: "-400x60"},
        minute=15,
        fires=({},),
    ),
    Scenario(
        promise="what is held for a wrong clock is told of, whatever the limit is set to",
        alert="RotatorClockSkew",
        series={
            _SKEW: "90x60",
            series("credentials_held", provider="aws-iam", reason="clock_skew"): "3x60",
        },
        minute=15,
        fires=({},),
    ),
    Scenario(
        promise="a minute of difference is nothing",
        alert="RotatorClockSkew",
        series={_SKEW: "-60x60"},
        minute=50,
    ),
    Scenario(
        promise="a job that crashes again and again is told of",
        alert="RotatorEngineFaults",
        series={_CRASHED: "_x5 1 2 3 4 5x60"},
        minute=20,
        fires=({"fault": "crashed"},),
    ),
    Scenario(
        promise="a job that overlapped is only slow, and one crash is an accident",
        alert="RotatorEngineFaults",
        series={
            _CRASHED: "1x10 2x60",
            series("engine_faults_total", job="scan", fault="overlapped"): "0+1x60",
        },
        minute=40,
    ),
    Scenario(
        promise="a policy that is refused is told of once for two replicas",
        alert="RotatorPolicyRefused",
        series={_REFUSED: "0x5 1x60", series("policy_refused", instance="b"): "0x5 1x60"},
        minute=20,
        fires=({},),
    ),
    Scenario(
        promise="a mistake in the policy that is repaired within minutes wakes nobody",
        alert="RotatorPolicyRefused",
        series={_REFUSED: "0x5 1x8 0x60"},
        minute=20,
    ),
    Scenario(
        promise="a channel that takes nothing for an hour is told of once for two replicas",
        alert="RotatorNotificationsStuck",
        series={_oldest("team"): "600x180", _oldest("team", "b"): "600x180"},
        minute=100,
        fires=({"channel": "team"},),
    ),
    Scenario(
        promise="messages that are tried again for half an hour alarm nobody",
        alert="RotatorNotificationsStuck",
        series={_oldest("team"): "600x40 _x60"},
        minute=45,
    ),
    Scenario(
        promise="a message that nobody will send any more is told of",
        alert="RotatorNotificationsGivenUp",
        series={_given_up("team"): "0x5 2x60", _given_up("team", "b"): "0x5 2x60"},
        minute=15,
        fires=({"channel": "team"},),
    ),
    Scenario(
        promise="a message that was given up stays told of after a restart",
        alert="RotatorNotificationsGivenUp",
        series={_given_up("team"): "0x5 2x5 _x60", _given_up("team", "b"): "_x10 2x60"},
        minute=50,
        fires=({"channel": "team"},),
    ),
    Scenario(
        promise="messages that were given up days ago alarm nobody for a month",
        alert="RotatorNotificationsGivenUp",
        series={_given_up("team"): "0x2 3x100"},
        minute=80 * HOUR,
        step=HOUR,
    ),
    Scenario(
        promise="channels that gave nothing up are left alone",
        alert="RotatorNotificationsGivenUp",
        series={_given_up("team"): "0x60"},
        minute=30,
    ),
    Scenario(
        promise="keys of a root are told of after a day",
        alert="RotatorRootKeys",
        series={_ROOT: "1x60"},
        minute=DAY + HOUR,
        step=HOUR,
        fires=({"account": AWS},),
    ),
    Scenario(
        promise="a root key that is gone on the same day alarms nobody",
        alert="RotatorRootKeys",
        series={_ROOT: "1x10 0x50"},
        minute=DAY + HOUR,
        step=HOUR,
    ),
    Scenario(
        promise="a workspace that has just been scanned is left alone",
        alert="RotatorNotScanning",
        series={
            series("last_scan_timestamp_seconds", provider=ACCESS, account=WORKSPACE): "0+60x300"
        },
        minute=5 * HOUR,
    ),
)
