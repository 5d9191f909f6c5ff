"""The plan of whole accounts: every principal as policy and the journal see it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.reconcile.planning import Known, plan, root_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.ids import AccountId
    from rotator.core.rotation import Credential
    from rotator.ports.journal import Journal
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.planning import PlanRow
    from rotator.reconcile.scan import Scanner


def plan_rows(parts: Parts, scanner: Scanner, account: AccountId | None) -> Iterator[PlanRow]:
    """Say what would happen to each key; change nothing.

    Args:
        parts: What a pass is done with.
        scanner: Knows the territories, and policy's verdict on their principals.
        account: The account to look at; None for all of them.
    """
    stored = {item.id: item for item in parts.journal.credentials()}
    for territory in scanner.territories:
        if account not in {None, territory.account}:
            continue
        judge = scanner.judge(territory)
        for candidate in sorted(judge.candidates(), key=lambda item: item.principal.name):
            yield from plan(parts, candidate, _known(parts.journal, stored.get(candidate.id)))
        yield from root_rows(territory.account, judge.root_keys)


def _known(journal: Journal, credential: Credential | None) -> Known:
    if credential is None:
        return Known()
    rotations = journal.rotations(credential.id)
    opened = next((item for item in rotations if item.is_open), None)
    return Known(credential=credential, rotation=opened, keys=journal.keys(credential.id))
