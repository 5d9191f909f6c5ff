"""What AWS allows us: what is wanted, what was heard, and the rounds that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.aws_permissions import AwsPermissionCheck, Checked
from rotator.core.ids import AccountId
from rotator.core.rotation import Action
from rotator.providers.aws_iam import PROVIDER
from rotator.reconcile.checking import PermissionRounds
from rotator.reconcile.permits import PermissionBook
from rotator.settings.permissions import (
    destination_actions,
    permission_grants,
    permission_land,
    wanted_actions,
)

if TYPE_CHECKING:
    from rotator.clients.aws import AwsClients
    from rotator.ports.clock import Clock
    from rotator.reconcile.parts import Parts
    from rotator.settings.settings import Settings


def permission_book(settings: Settings, clock: Clock) -> PermissionBook:
    """Make what remembers which permissions are missing."""
    accounts = [AccountId(item.id) for item in settings.aws.accounts]
    return PermissionBook(
        clock,
        accounts,
        # Made anew each time, for another policy may want other things.
        lambda account: wanted_actions(permission_grants(settings, account)),
        for_destinations=destination_actions(),
    )


def permission_rounds(
    settings: Settings, parts: Parts, clients: AwsClients, permits: PermissionBook
) -> PermissionRounds:
    """Make what asks each AWS account for our permissions."""

    def checked(account: AccountId) -> Checked:
        managed = [
            item
            for item in parts.journal.credentials()
            if item.action is Action.ROTATE and item.principal.account == account
        ]
        return Checked(
            grants=permission_grants(settings, account),
            land=permission_land(settings, account),
            examples=sorted(managed, key=lambda item: item.principal.name),
        )

    accounts = [AccountId(item.id) for item in settings.aws.accounts]
    check = AwsPermissionCheck(
        clients, checked, on_time=lambda told: parts.on_skew(PROVIDER, told - parts.clock.now())
    )
    return PermissionRounds(check, permits, accounts, parts.clock, parts.telemetry)
