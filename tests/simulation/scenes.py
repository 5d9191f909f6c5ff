"""The scenes that every campaign plays: each lacks, adds or disturbs one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rotator.core.consumers import ConsumerKind, ConsumerRef, Consumers, Rung
from rotator.core.terms import Grace
from rotator.testing.fake_destination import WriteOnlyFakeDestination
from rotator.testing.fake_grants import FakeProviderWithGrants
from rotator.testing.fake_provider import (
    BareFakeProvider,
    FakeProviderWithoutDisable,
    FakeProviderWithoutMarks,
    FakeProviderWithoutUse,
)
from tests.simulation import humans, operators
from tests.simulation.consumers import CLINGER, EAGER
from tests.simulation.scene import REALISTIC, Human, Scene, after, before

BLIND = Grace(accept_blind=True)
THREE_SLOTS = replace(REALISTIC, max_keys=3)
SIBLING = {"db_host": "here"}

CLUSTER = Consumers(
    refs=(
        ConsumerRef(kind=ConsumerKind.EXTERNAL_SECRET, namespace="shop", name="db"),
        ConsumerRef(kind=ConsumerKind.DEPLOYMENT, namespace="shop", name="api", restart=True),
        ConsumerRef(kind=ConsumerKind.STATEFUL_SET, namespace="shop", name="worker", restart=True),
    ),
    evidence=Rung.RESTARTED,
)
PLAIN = Scene()
GRANTS = Scene(
    provider=FakeProviderWithGrants,
    habits=replace(REALISTIC, marks_keys=True, max_keys=None),
    grace=BLIND,
)

SCENES: dict[str, Scene] = {
    "plain": PLAIN,
    "clinger": Scene(consumers=(EAGER, CLINGER)),
    "ordered": Scene(ordered=True),
    "without-disable": Scene(provider=FakeProviderWithoutDisable, may_hold=True),
    "without-use": Scene(provider=FakeProviderWithoutUse, grace=BLIND, may_hold=True),
    "without-marks": Scene(provider=FakeProviderWithoutMarks),
    "bare": Scene(provider=BareFakeProvider, grace=BLIND, may_hold=True),
    "marked-from-birth": Scene(
        provider=FakeProviderWithoutMarks, habits=replace(REALISTIC, marks_keys=True)
    ),
    "merging": Scene(merge=True, content=SIBLING),
    "missing-object": Scene(exists=False),
    "followers": Scene(followers=2),
    "consumers": Scene(consumers=(EAGER,), named=CLUSTER),
    "write-only": Scene(exists=False, destination=WriteOnlyFakeDestination, may_hold=True),
    "human-mints": Scene(
        habits=THREE_SLOTS,
        humans=(Human(at=before("provider.create_key"), act=humans.mints_a_key),),
    ),
    "human-mints-without-marks": Scene(
        provider=FakeProviderWithoutMarks,
        habits=THREE_SLOTS,
        humans=(Human(at=after("provider.create_key"), act=humans.mints_a_key),),
    ),
    "human-minted-before": Scene(
        provider=FakeProviderWithoutMarks,
        habits=THREE_SLOTS,
        shortly_before=humans.mints_a_key,
    ),
    "human-writes-before-stage": Scene(
        merge=True,
        content=SIBLING,
        humans=(Human(at=before("destination.stage"), act=humans.writes_a_sibling_field),),
    ),
    "human-writes-before-promote": Scene(
        merge=True,
        content=SIBLING,
        humans=(Human(at=before("destination.promote"), act=humans.writes_a_sibling_field),),
    ),
    "human-rolls-back": Scene(
        humans=(Human(at=after("provider.disable_key"), act=humans.rolls_back_for_two_days),)
    ),
    "human-disables-the-new-key": Scene(
        humans=(Human(at=after("destination.promote"), act=humans.disables_the_newest_key),)
    ),
    "operator-rolls-back": Scene(
        humans=(Human(at=after("provider.disable_key"), act=operators.rolls_back),), completes=2
    ),
    "operator-enables": Scene(
        humans=(Human(at=after("provider.disable_key"), act=operators.enables),)
    ),
    "operator-pauses": Scene(
        humans=(Human(at=after("destination.promote"), act=operators.pauses_everything),)
    ),
    "fast-clock-at-the-provider": Scene(
        habits=replace(REALISTIC, clock_offset=timedelta(minutes=3))
    ),
    "grants": GRANTS,
    "human-grants-before-promote": replace(
        GRANTS,
        humans=(
            Human(at=before("destination.promote"), act=humans.grants_the_old_key_a_tenant),
            Human(at=after("destination.promote"), act=humans.grants_the_new_key_a_tenant),
        ),
    ),
    "human-takes-a-grant": replace(
        GRANTS,
        humans=(
            Human(at=after("destination.promote"), act=humans.takes_the_tenant_from_the_new_key),
        ),
    ),
    "refresh-is-daily": Scene(habits=replace(REALISTIC, report_lag=timedelta(hours=3))),
}
"""By the name that a test's id shows."""
