"""What the contract suites of the journal's protocols share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.ids import Instant
from rotator.ports.journal import Change
from rotator.testing.builders import EPOCH

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.rotation import Claim, Credential
    from rotator.ports.journal import Journal

LEASE = timedelta(minutes=2)
"""How long the suites lease a credential."""


class JournalSuite(ABC):
    """A fresh, empty journal for each test."""

    @abstractmethod
    def make(self, tmp_path: Path) -> Journal:
        """Make an empty journal; it may keep files under `tmp_path`."""

    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        """Give each test a journal of its own."""
        return self.make(tmp_path)


def claimed(journal: Journal, of: Credential, *, now: Instant = EPOCH) -> Claim:
    """Register a credential if need be, and claim it."""
    journal.register(of)
    claim = journal.acquire(of.id, now=now, lease_until=Instant(now + LEASE))
    assert claim is not None
    return claim


def change(claim: Claim, **parts: Any) -> Change:  # noqa: ANN401 - any part of a change
    """Build a change that keeps the credential and the lease unless told otherwise."""
    whole = {
        "credential": claim.credential,
        "now": Instant(claim.lease_until - LEASE),
        "lease_until": claim.lease_until,
        **parts,
    }
    return Change(**whole)


def written(journal: Journal) -> tuple[object, ...]:
    """Read everything that a refused commit must leave as it was."""
    rotations = journal.rotations()
    return (
        journal.credentials(),
        journal.keys(),
        rotations,
        tuple(journal.events(row.id) for row in rotations),
        journal.unsealed(limit=100),
    )
