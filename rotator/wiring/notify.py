"""Who is told of what: the channels of the configuration, and what brings notices to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http import HttpClient
from rotator.core.policy import recalled
from rotator.notify.apprise import AppriseChannel
from rotator.notify.courier import Courier
from rotator.notify.heartbeat import Heartbeat
from rotator.notify.noter import Noter
from rotator.notify.notices import Notices
from rotator.notify.posting import posting_config
from rotator.notify.slack import Slack
from rotator.notify.webhook import Webhook
from rotator.settings.notifications import ChannelType
from rotator.telemetry.clock import monotonic_seconds

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rotator.core.rotation import Credential
    from rotator.core.terms import Grace, Schedule
    from rotator.journal.journal import SqlJournal
    from rotator.notify.channel import Channel
    from rotator.reconcile.parts import Parts
    from rotator.settings.notifications import ChannelTerms, ReceiverTerms
    from rotator.settings.settings import Settings


def notices(settings: Settings, stack: ExitStack, journal: SqlJournal, parts: Parts) -> Notices:
    """Make what notes and tells.

    Args:
        settings: What the two files say.
        stack: Closes the channels' connections.
        journal: Has the chain, the credentials and the outbox.
        parts: Clock, chance and telemetry.
    """
    terms = settings.notifications
    # A client of its own for each: one that hangs holds no connection of another's.
    channels = {item.name: _channel(settings, stack, parts, item) for item in terms.channels}
    switch = terms.heartbeat

    def verdict(credential: Credential) -> tuple[Schedule, Grace]:
        found = recalled(settings.policy, credential.principal, credential.rule)
        return found.schedule, found.grace

    return Notices(
        outbox=journal,
        noter=Noter(
            journal,
            journal,
            routing=terms.routing,
            verdict=verdict,
            policy=lambda: settings.policy_digest,
        ),
        courier=Courier(
            journal,
            journal,
            channels,
            clock=parts.clock,
            chance=parts.chance,
            monotonic=monotonic_seconds,
            telemetry=parts.telemetry,
        ),
        channels=channels,
        heartbeat=Heartbeat(_client(stack, parts, switch), switch.url, parts.telemetry)
        if switch
        else None,
        clock=parts.clock,
        chance=parts.chance,
        telemetry=parts.telemetry,
    )


def _channel(settings: Settings, stack: ExitStack, parts: Parts, terms: ChannelTerms) -> Channel:
    receiver = terms.receiver
    match terms.type:
        case ChannelType.WEBHOOK:
            client = _client(stack, parts, receiver)
            log = settings.log_name
            return Webhook(client, receiver.url, terms.secrets, clock=parts.clock, log=log)
        case ChannelType.SLACK:
            return Slack(_client(stack, parts, receiver), receiver.url)
        case ChannelType.APPRISE:
            return AppriseChannel(receiver.url)


def _client(stack: ExitStack, parts: Parts, receiver: ReceiverTerms) -> HttpClient:
    config = posting_config(receiver.origin, allow_private=receiver.allow_private)
    client = HttpClient(config, parts.clock, parts.chance, monotonic=monotonic_seconds)
    stack.callback(client.close)
    return client
