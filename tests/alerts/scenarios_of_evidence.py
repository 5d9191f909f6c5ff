"""What alerts about the audit log are tried on."""

from __future__ import annotations

from tests.alerts.scenario import DAY, HOUR, Scenario, series

_LOG = {"log": "rotator.example.com/prod"}
_BLOCKED = series("audit_blocked")
_CHECKPOINT = series("audit_checkpoint_records", **_LOG)
_SIGNED_AT = series("audit_last_checkpoint_timestamp_seconds", **_LOG)


def _records(instance: str = "a", log: str = _LOG["log"]) -> str:
    return series("audit_chain_records", log=log, instance=instance)


def _failing(sink: str, instance: str = "a") -> str:
    return series("audit_sink_failing", **_LOG, sink=sink, instance=instance)


def _valid(instance: str = "a") -> str:
    return series("audit_chain_valid", **_LOG, instance=instance)


def _verified(instance: str = "a") -> str:
    return series("audit_last_verified_timestamp_seconds", **_LOG, instance=instance)


EVIDENCE = (
    Scenario(
        promise="an audit log that nobody can write is told of, by any replica",
        alert="RotatorAuditBlocked",
        series={_BLOCKED: "1x60", series("audit_blocked", instance="b"): "0x60"},
        minute=5,
        fires=({},),
    ),
    Scenario(
        promise="a sink that was slow for a minute wakes nobody",
        alert="RotatorAuditBlocked",
        series={_BLOCKED: "0x5 1 0x60"},
        minute=8,
    ),
    Scenario(
        promise="a sink that refuses is told of by name, once for two replicas",
        alert="RotatorAuditSinkFailing",
        series={_failing("s3"): "1x60", _failing("s3", "b"): "1x60", _failing("file"): "0x60"},
        minute=20,
        fires=({**_LOG, "sink": "s3"},),
    ),
    Scenario(
        promise="a sink that is back within ten minutes alarms nobody",
        alert="RotatorAuditSinkFailing",
        series={_failing("s3"): "1x10 0x60"},
        minute=20,
    ),
    Scenario(
        promise="a log that did not verify is told of at once, by any replica that saw it",
        alert="RotatorAuditChainBroken",
        series={_valid(): "1x5 0x60", _valid("b"): "1x60"},
        minute=7,
        fires=(_LOG,),
    ),
    Scenario(
        promise="a log that verified is left alone",
        alert="RotatorAuditChainBroken",
        series={_valid(): "_x5 1x60"},
        minute=50,
    ),
    Scenario(
        promise="a log that lost records is told of, once for two replicas",
        alert="RotatorAuditChainShrunk",
        series={_records(): "100x10 40x60", _records("b"): "100x10 40x60"},
        minute=20,
        fires=(_LOG,),
    ),
    Scenario(
        promise="a log that lost records while nobody ran is told of after the start",
        alert="RotatorAuditChainShrunk",
        series={_records("old pod"): "100x10 _x90", _records("new pod"): "_x30 99+1x60"},
        minute=36,
        fires=(),
    ),
    Scenario(
        promise="a log that was cut during a restart is told of by another replica",
        alert="RotatorAuditChainShrunk",
        series={_records("old pod"): "100x10 _x90", _records("new pod"): "_x30 60x60"},
        minute=45,
        fires=(_LOG,),
    ),
    Scenario(
        promise="a new log begins at nothing and is no loss",
        alert="RotatorAuditChainShrunk",
        series={_records(): "100x10 _x90", _records(log="rotator.example.com/new"): "_x10 0x90"},
        minute=60,
    ),
    Scenario(
        promise="a restart loses nothing",
        alert="RotatorAuditChainShrunk",
        series={_records(): "100x10 _x10 100+1x60"},
        minute=60,
    ),
    Scenario(
        promise="a log that is no longer verified is told of",
        alert="RotatorAuditUnverified",
        series={_records(): "100x120", _verified(): "0x120"},
        minute=4 * DAY,
        step=HOUR,
        fires=(_LOG,),
    ),
    Scenario(
        promise="a daemon that is restarted before each verification is told of",
        alert="RotatorAuditUnverified",
        series={_records(): "100x120"},
        minute=4 * DAY,
        step=HOUR,
        fires=(_LOG,),
    ),
    Scenario(
        promise="a verification within three days is enough, by any replica, gone since or not",
        alert="RotatorAuditUnverified",
        series={_records(): "100x120", _verified("b"): "_x60 200000x2 _x60"},
        minute=5 * DAY,
        step=HOUR,
    ),
    Scenario(
        promise="a log that is two days old has time",
        alert="RotatorAuditUnverified",
        series={_records(): "100x120"},
        minute=2 * DAY,
        step=HOUR,
    ),
    Scenario(
        promise="records that no checkpoint covers are told of after an hour",
        alert="RotatorAuditCheckpointLate",
        series={_records(): "100x180", _CHECKPOINT: "90x180", _SIGNED_AT: "0x180"},
        minute=90,
        fires=(_LOG,),
    ),
    Scenario(
        promise="a log that grows while it is signed every minute is left alone",
        alert="RotatorAuditCheckpointLate",
        series={_records(): "100+9x180", _CHECKPOINT: "90+9x180", _SIGNED_AT: "0+60x180"},
        minute=170,
    ),
    Scenario(
        promise="an old checkpoint that covers everything is enough",
        alert="RotatorAuditCheckpointLate",
        series={_records(): "100x180", _CHECKPOINT: "100x180", _SIGNED_AT: "0x180"},
        minute=170,
    ),
    Scenario(
        promise="a log that nobody signs has no checkpoint to be late",
        alert="RotatorAuditCheckpointLate",
        series={_records(): "100x180"},
        minute=170,
    ),
)
