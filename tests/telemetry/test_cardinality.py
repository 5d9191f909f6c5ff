"""The number of series depends on accounts and rules, never on the number of keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from rotator.core.ids import AccountId, KeyId
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import Credential, KeyRecord, Phase, Role
from rotator.telemetry.metrics import STATE_METRICS
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.testing.builders import (
    EPOCH,
    at,
    audit_record,
    credential,
    key_record,
    principal,
    rotation,
)
from rotator.testing.builders import account as word
from rotator.testing.manual_clock import ManualClock
from rotator.testing.tallies_contract import store
from tests.telemetry.exports import Told, state_of

ACCOUNTS = tuple(f"{number:012}" for number in range(20))
RULES = tuple(f"rule-{number}" for number in range(8))
BOUND = 2596
"""What `docs/metrics.md` says that twenty accounts with eight rules have at most."""

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def series(telemetry: PrometheusTelemetry) -> int:
    """Count the series of state."""
    names = {metric.name for metric in STATE_METRICS}
    families = telemetry.registry.collect()
    return sum(len(family.samples) for family in families if family.name in names)


def fill(told: Told, round_: int) -> None:
    """Add a credential with everything that can be told of one to each rule of each account."""
    number = 0
    for account in ACCOUNTS:
        told.journal.save_account(word(id=AccountId(account)), audit_record(f"{round_}-{account}"))
        for rule in RULES:
            number += 1
            name = f"user-{round_}-{number}"
            of = credential(
                principal=principal(name, account=AccountId(account)), rule=rule, due_at=at(days=1)
            )
            phase = list(Phase)[number % len(Phase)]
            run = rotation(of, phase=phase, phase_since=EPOCH)
            store(told.journal, of, *keys(of), run=run)


def keys(of: Credential) -> list[KeyRecord]:
    roles = (Role.CURRENT, Role.PREVIOUS, Role.FOREIGN)
    return [
        key_record(of, KeyId(f"AKIA{role}"), role=role, expires_at=at(days=9)) for role in roles
    ]


@pytest.fixture
def telemetry() -> PrometheusTelemetry:
    return PrometheusTelemetry(ManualClock(EPOCH), is_strict=True)


def test_an_estate_has_at_most_the_series_that_the_page_says(
    telemetry: PrometheusTelemetry,
) -> None:
    told = state_of(telemetry, channels=())
    fill(told, 0)
    once = series(telemetry)
    fill(told, 1)

    assert once == series(telemetry) == BOUND
    assert f"most {BOUND:,} series of state" in PAGE.read_text()


def test_the_page_says_how_many_series_a_provider_has() -> None:
    holds = sum(is_hold(reason) for reason in Reason)
    open_phases = len(Phase) - 2

    assert f"each provider {holds + 2 * open_phases}:" in PAGE.read_text()
