"""What holds for a credential: policy's verdict, its provider's traits, its account's mode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.accounts import effective_mode
from rotator.core.policy import recalled
from rotator.core.terms import Mode, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.core.rotation import Credential
    from rotator.ports.journal import Accounts
    from rotator.ports.provider import KeyProvider
    from rotator.settings.settings import Settings


def terms_by_credential(
    settings: Settings, providers: Mapping[str, KeyProvider], journal: Accounts
) -> Callable[[Credential], Terms]:
    """Make what says the terms of a credential as they are at that moment."""
    bases = {
        name: Terms(
            owner=settings.owner,
            traits=provider.traits.landing_within(settings.aws.traits.signature_window),
            limits=settings.limits,
        )
        for name, provider in providers.items()
    }
    # The journal may have keys of a provider that was taken out of the configuration.
    unknown = Terms(owner=settings.owner, limits=settings.limits)

    def terms_for(credential: Credential) -> Terms:
        # Both at once: a record names the policy by which its pass decided.
        edition = settings.in_force.edition
        decision = recalled(edition.policy, credential.principal, credential.rule)
        return replace(
            bases.get(credential.principal.provider, unknown),
            policy=edition.digest,
            mode=_mode(settings.mode, journal, credential),
            rule=decision.rule,
            schedule=decision.schedule,
            grace=decision.grace,
            if_drifted=decision.if_drifted,
            is_rule_known=not decision.needs_tags,
            followers=decision.followers,
            consumers=decision.consumers,
        )

    return terms_for


def _mode(configured: Mode, journal: Accounts, credential: Credential) -> Mode:
    """Ask the journal each time: a confirmation, and its withdrawal, hold from the next look on."""
    principal = credential.principal
    return effective_mode(configured, journal.accounts(), principal.provider, principal.account)
