"""The audit log: its sinks, its signatures, its own verification, its copies."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rotator.audit.checkpoint_places import CheckpointBucket, CheckpointFile
from rotator.audit.checkpoints import Notary
from rotator.audit.file_sink import FileSink
from rotator.audit.reading import CHECKPOINTS
from rotator.audit.running import Patience, ThreadRunner
from rotator.audit.s3_sink import S3Sink
from rotator.audit.sealer import Sealer
from rotator.audit.self_check import OwnLog, SelfCheck
from rotator.audit.signing import Signer, believed
from rotator.audit.stdout_copies import StdoutCopies, native, ocsf
from rotator.clients.aws_bucket import AwsBucket, BucketConfig, ObjectLock
from rotator.settings.audit import Copies
from rotator.telemetry.calls import CallCounter
from rotator.telemetry.clock import monotonic_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from rotator.audit.checkpoint_places import CheckpointPlace
    from rotator.audit.sealer import Companion
    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import Telemetry
    from rotator.settings.settings import Settings

_RENDERINGS = {Copies.NATIVE: native, Copies.OCSF: ocsf}


def audit_sealer(
    settings: Settings, journal: SqlJournal, clock: Clock, telemetry: Telemetry, stack: ExitStack
) -> Sealer:
    """Make what seals; nothing is opened and no thread begun before its first round."""
    terms = settings.audit
    runner = ThreadRunner()
    stack.callback(runner.close)
    bucket = audit_bucket(settings, clock, telemetry)
    copies = _copies(terms.stdout, telemetry)
    signer = Signer.read(terms.signing_key, settings.log_name) if terms.signing_key else None
    companions: list[Companion] = []
    if signer is not None:
        places = tuple(_places(settings, bucket))
        companions.append(
            Notary(
                journal,
                signer,
                places,
                every=terms.sign_every,
                after=terms.sign_after,
                clock=clock,
                telemetry=telemetry,
            )
        )
    own = _own_log(settings)
    companions.append(
        SelfCheck(own, interval=terms.verify_interval, clock=clock, telemetry=telemetry)
    )
    if copies is not None:
        companions.append(copies)
    return Sealer(
        journal,
        [FileSink(settings.audit_file), *([S3Sink(bucket)] if bucket else ())],
        log_name=settings.log_name,
        lag_limit=settings.limits.audit_lag,
        telemetry=telemetry,
        patience=Patience(deadline=terms.deadline, runner=runner, monotonic=monotonic_seconds),
        copy=copies.take if copies else None,
        companions=companions,
    )


def audit_bucket(settings: Settings, clock: Clock, telemetry: Telemetry) -> AwsBucket | None:
    """Make the way into the log's bucket; None where none is configured."""
    section = settings.audit.s3
    if section is None:
        return None
    lock = section.object_lock
    config = BucketConfig(
        bucket=section.bucket,
        prefix=section.prefix,
        region=section.region,
        endpoint_url=section.endpoint_url,
        role_arn=section.role_arn,
        object_lock=ObjectLock(mode=lock.mode.value, period=lock.period) if lock else None,
        timeout=settings.audit.deadline,
    )
    return AwsBucket(config, clock, on_call=CallCounter(telemetry).heard)


def _places(settings: Settings, bucket: AwsBucket | None) -> Iterator[CheckpointPlace]:
    file, origin = settings.audit_file, settings.log_name
    beside = file.with_name(file.name + CHECKPOINTS)
    yield CheckpointFile(beside, name="file-checkpoints", origin=origin)
    if bucket is not None:
        yield CheckpointBucket(bucket)
    if settings.audit.witness is not None:
        yield CheckpointFile(settings.audit.witness, name="witness", origin=origin)


def _own_log(settings: Settings) -> OwnLog:
    terms = settings.audit
    verifiers = believed(terms.signing_key, settings.log_name, terms.former_keys)
    return OwnLog(file=settings.audit_file, witness=terms.witness, verifiers=verifiers)


def _copies(form: Copies, telemetry: Telemetry) -> StdoutCopies | None:
    render = _RENDERINGS.get(form)
    return None if render is None else StdoutCopies(sys.stdout, render, telemetry)
