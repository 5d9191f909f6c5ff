"""Whatever a value holds, the journal gives it back unchanged."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rotator.core.events import AuditAction, AuditRecord, Event, ProviderCall, Stage, Subject
from rotator.core.facts import DestinationRef
from rotator.core.ids import instant
from rotator.core.orders import Order, Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import (
    Action,
    Credential,
    Effect,
    Hold,
    Intent,
    KeyRecord,
    Phase,
    Role,
    Rotation,
    Trigger,
)
from rotator.ports.journal import Change
from rotator.testing.journal_suite import claimed
from rotator.testing.memory_journal import MemoryJournal
from tests.builders import credential
from tests.journal.journals import CountingChance, new_journal, open_postgres

if TYPE_CHECKING:
    from rotator.ports.journal import Journal
    from tests.postgres import Server

OF = credential()
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
NAMES = WORDS.filter(bool)
COUNTS = st.integers(min_value=0, max_value=2**31 - 1)
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    timezones=st.just(UTC),
).map(instant)
PERIODS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9999))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS
MAPPINGS = st.dictionaries(NAMES, SCALARS, max_size=3)

DESTINATIONS = st.builds(
    DestinationRef,
    kind=NAMES,
    account=WORDS,
    region=WORDS,
    name=WORDS,
    key_id_field=WORDS,
    secret_field=WORDS,
    merge=st.booleans(),
    create=st.booleans(),
)


def optional(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return values of a strategy, or None."""
    return st.none() | strategy


INTENTS = st.builds(
    Intent,
    effect=st.sampled_from(Effect),
    made_at=INSTANTS,
    not_after=INSTANTS,
    key_id=optional(WORDS),
    version=optional(WORDS),
    provider_time=optional(INSTANTS),
    known_keys=st.lists(WORDS, max_size=3).map(tuple),
    is_answered=st.booleans(),
)
ORDERS = st.builds(
    Order,
    id=WORDS,
    verb=st.sampled_from(Verb),
    operator=WORDS,
    reason=WORDS,
    given_at=INSTANTS,
    rotation_id=optional(WORDS),
    key_id=optional(WORDS),
)
CREDENTIALS = st.builds(
    Credential,
    id=st.just(OF.id),
    principal=st.just(OF.principal),
    created_at=st.just(OF.created_at),
    action=st.sampled_from(Action),
    rule=WORDS,
    note=WORDS,
    next_at=INSTANTS,
    destination=optional(DESTINATIONS),
    current_key_id=optional(WORDS),
    current_version=optional(WORDS),
    due_at=optional(INSTANTS),
    requested=optional(st.sampled_from(Trigger)),
    order=optional(ORDERS),
    failures=COUNTS,
    last_error=WORDS,
    hold=optional(st.builds(Hold, reason=st.sampled_from(Reason), since=INSTANTS, detail=WORDS)),
    inspected_at=optional(INSTANTS),
)
ROTATIONS = st.builds(
    Rotation,
    id=NAMES,
    credential_id=st.just(OF.id),
    trigger=st.sampled_from(Trigger),
    phase=st.sampled_from(Phase),
    phase_since=INSTANTS,
    created_at=INSTANTS,
    old_key_id=WORDS,
    destination=DESTINATIONS,
    old_version=optional(WORDS),
    intent=optional(INTENTS),
    attempt=COUNTS,
    prepared_at=optional(INSTANTS),
    base_version=optional(WORDS),
    new_key_id=optional(WORDS),
    new_version=optional(WORDS),
    verified_at=optional(INSTANTS),
    promoted_at=optional(INSTANTS),
    disabled_at=optional(INSTANTS),
    enabled_at=optional(INSTANTS),
    unstaged_at=optional(INSTANTS),
    reversed_at=optional(INSTANTS),
    vouched_at=optional(INSTANTS),
    finished_at=optional(INSTANTS),
    landing_until=optional(INSTANTS),
    abandoned=optional(st.sampled_from(Reason)),
    verify_failures=COUNTS,
    expedited_at=optional(INSTANTS),
    grace_given=optional(PERIODS),
    halted_from=optional(st.sampled_from(Phase)),
    halt_reason=optional(st.sampled_from(Reason)),
    halt_detail=WORDS,
    outcome=WORDS,
)
KEYS = st.builds(
    KeyRecord,
    credential_id=st.just(OF.id),
    key_id=NAMES,
    role=st.sampled_from(Role),
    enabled=st.booleans(),
    created_at=INSTANTS,
    seen_at=INSTANTS,
    rotation_id=optional(WORDS),
    last_used_at=optional(INSTANTS),
    last_used_service=WORDS,
    last_used_region=WORDS,
    use_read_at=optional(INSTANTS),
    longest_gap=optional(PERIODS),
    suspect_since=optional(INSTANTS),
    disabled_at=optional(INSTANTS),
    gone_at=optional(INSTANTS),
    expires_at=optional(INSTANTS),
    intent=optional(INTENTS),
)
EVENTS = st.builds(
    Event,
    at=INSTANTS,
    credential_id=st.just(OF.id),
    kind=WORDS,
    phase=optional(WORDS),
    effect=optional(WORDS),
    detail=MAPPINGS,
)
RECORDS = st.builds(
    AuditRecord,
    id=st.uuids().map(str),
    at=INSTANTS,
    stage=st.sampled_from(Stage),
    action=st.sampled_from(AuditAction),
    outcome=WORDS,
    actor=WORDS,
    subject=optional(
        st.builds(
            Subject,
            provider=WORDS,
            account=WORDS,
            principal=WORDS,
            credential_id=WORDS,
            key_id=optional(WORDS),
        )
    ),
    rotation_id=optional(WORDS),
    trigger=optional(WORDS),
    new_key_id=optional(WORDS),
    destination=optional(WORDS),
    version_id=optional(WORDS),
    rule=optional(WORDS),
    error=optional(WORDS),
    reason=optional(WORDS),
    evidence=MAPPINGS,
    calls=st.lists(
        st.builds(ProviderCall, service=WORDS, operation=WORDS, code=WORDS, request_id=WORDS),
        max_size=3,
    ).map(tuple),
    policy=optional(WORDS),
    max_age=optional(WORDS),
    source=MAPPINGS,
)


def whole_change(
    row: Credential, begun: Rotation, record: KeyRecord, event: Event, audit: AuditRecord
) -> Change:
    """Build a change that writes one of everything."""
    return Change(
        credential=row,
        now=OF.created_at,
        lease_until=OF.next_at,
        rotation=begun,
        keys=(record,),
        events=(replace(event, rotation_id=begun.id),),
        audit=(audit,),
    )


CHANGES = st.builds(
    whole_change, row=CREDENTIALS, begun=ROTATIONS, record=KEYS, event=EVENTS, audit=RECORDS
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(change=CHANGES)
def test_every_value_comes_back_as_it_was_written(change: Change) -> None:
    with TemporaryDirectory() as folder, closing(new_journal(Path(folder))) as sql:
        for journal in (MemoryJournal(CountingChance()), sql):
            check_round_trip(journal, change)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
)
@given(change=CHANGES)
def test_a_server_gives_every_value_back_as_it_was_written(
    postgres_server: Server, postgres_url: str, change: Change
) -> None:
    postgres_server.wipe(postgres_url)
    with closing(open_postgres(postgres_url)) as journal:
        check_round_trip(journal, change)


def check_round_trip(journal: Journal, change: Change) -> None:
    """Write everything, and read it again."""
    begun = change.rotation
    assert begun is not None
    claim = claimed(journal, OF)
    journal.commit(claim, change)

    assert journal.credentials() == (change.credential,)
    assert journal.rotations() == (begun,)
    assert journal.keys() == change.keys
    assert journal.events(begun.id) == change.events
    assert journal.unsealed(limit=10) == change.audit
