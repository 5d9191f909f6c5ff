"""Whatever the journal holds and whatever was read, the machine has an answer that is safe."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rotator.core.consumers import (
    ConsumerKind,
    ConsumerRef,
    Consumers,
    ConsumersReading,
    ConsumerState,
    Rung,
    reached,
)
from rotator.core.facts import (
    UNREAD,
    DestinationState,
    Follower,
    Grants,
    KeyInfo,
    KeyListing,
    Known,
    LastUsed,
    Observation,
    Unread,
    Unreadable,
    What,
)
from rotator.core.ids import version_token
from rotator.core.machine import next_step
from rotator.core.reasons import HALTING, Reason
from rotator.core.recovery import plus
from rotator.core.rotation import UNPROMOTED_PHASES, Effect, Phase, Rotation, Trigger
from rotator.core.stamps import is_ahead, restamped
from rotator.core.steps import Do, Done, Fact, Halt, Record, Wait
from rotator.core.terms import Grace, IfStillUsed, Mode, Terms, Traits
from rotator.core.transitions import TRANSITIONS, target, tokens
from tests.builders import NEW_KEY, NEW_VERSION, OLD_KEY, OLD_VERSION, at, destination, intent
from tests.core.worlds import (
    SIBLING_VERSION,
    STRAY_KEY,
    TOKEN,
    asks_for,
    is_destructive,
    open_rotation,
)

if TYPE_CHECKING:
    from typing import Any

    from rotator.core.facts import Reading
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Intent

KEYS = [OLD_KEY, NEW_KEY, STRAY_KEY]
SECOND = version_token(open_rotation().id, NEW_KEY, 2)
VERSIONS = [OLD_VERSION, TOKEN, SECOND, SIBLING_VERSION, NEW_VERSION]
ON_INTENTS = {Fact.INTENT_DONE, Fact.INTENT_VOID}

minutes = st.integers(-60 * 24 * 40, 60 * 24 * 40)
moments = minutes.map(lambda value: at(minutes=value))
near = st.integers(-20, 20).map(lambda value: at(minutes=value))
maybe_moment = st.none() | moments
versions = st.sampled_from(VERSIONS)
booleans = st.booleans()


@st.composite
def listings(draw: st.DrawFn) -> KeyListing:
    names = draw(st.lists(st.sampled_from(KEYS), unique=True))
    keys = tuple(
        KeyInfo(
            key_id=name,
            enabled=draw(booleans),
            created_at=draw(near),
            rotation=draw(st.sampled_from([None, open_rotation().id, "another"])),
            expires_at=draw(st.none() | near),
        )
        for name in names
    )
    return KeyListing(keys=keys, provider_time=draw(near))


states = st.builds(
    DestinationState,
    exists=booleans,
    owner=st.sampled_from([None, "rotator", "another"]),
    current=st.none() | versions,
    pending=st.frozensets(versions, max_size=2),
    previous=st.none() | versions,
    versions=st.frozensets(versions),
    native_rotation=booleans,
    deletion_scheduled=booleans,
)
uses = st.builds(LastUsed, at=maybe_moment, service=st.just("s3"))

HOOKS = (
    ConsumerRef(kind=ConsumerKind.EXTERNAL_SECRET, namespace="shop", name="db"),
    ConsumerRef(kind=ConsumerKind.DEPLOYMENT, namespace="shop", name="api", restart=True),
    ConsumerRef(kind=ConsumerKind.STATEFUL_SET, namespace="shop", name="jobs"),
    ConsumerRef(kind=ConsumerKind.MOUNT, namespace="shop", name="aws"),
)


@st.composite
def consumers_read(draw: st.DrawFn) -> ConsumersReading:
    states = tuple(
        ConsumerState(
            ref=ref,
            exists=draw(booleans),
            is_well=draw(booleans),
            obstacle=draw(st.sampled_from(["", "", "is paused"])),
            asked_at=draw(st.none() | near),
            refreshed_at=draw(st.none() | near),
            started_at=draw(st.none() | near),
            versions=draw(st.frozensets(versions, max_size=2)),
        )
        for ref in HOOKS
    )
    return ConsumersReading(states=states, told_at=draw(near))


consumers = st.builds(
    Consumers,
    refs=st.sampled_from([(), (), HOOKS[:1], HOOKS[1:3], HOOKS]),
    evidence=st.sampled_from([None, None, *Rung]),
)

things = st.frozensets(st.sampled_from(["keyset-a", "keyset-b"]))
grants = st.builds(Grants, old=things, new=things)


PLACES = (
    destination("apps/payments", region="eu-west-1"),
    destination("apps/ledger", region="us-east-1", create=True),
)


@st.composite
def followers(draw: st.DrawFn) -> tuple[Follower, ...]:
    return tuple(
        Follower(
            ref=ref,
            state=draw(st.none() | states),
            published=draw(st.sampled_from([None, NEW_KEY, NEW_KEY, OLD_KEY, STRAY_KEY])),
            is_ours=draw(booleans),
            code=draw(st.sampled_from(["", "", "access_denied"])),
            is_passing=draw(booleans),
        )
        for ref in PLACES
    )


def readings(values: st.SearchStrategy[object]) -> st.SearchStrategy[Reading[object]]:
    failed = st.sampled_from(["access_denied", "not_found", "principal_replaced"])
    return st.just(UNREAD) | failed.map(Unreadable) | values.map(Known)


observations: st.SearchStrategy[Observation] = st.builds(
    Observation,
    keys=readings(listings()),
    destination=readings(states),
    published=readings(st.sampled_from([None, *KEYS])),
    old_use=readings(uses),
    new_use=readings(uses),
    old_refused=readings(booleans),
    grants=readings(grants),
    consumers=readings(consumers_read()),
    followers=readings(followers()),
    old_gap=st.none() | st.timedeltas(timedelta(0), timedelta(days=40)),
    old_expires_at=st.none() | near,
    secret_in_hand=booleans,
)
terms_of_all_kinds = st.builds(
    Terms,
    mode=st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.PLAN]),
    grace=st.builds(Grace, if_still_used=st.sampled_from(IfStillUsed), accept_blind=booleans),
    traits=st.builds(
        Traits,
        max_keys=st.sampled_from([None, 1, 2]),
        can_disable=booleans,
        can_report_use=booleans,
        marks_keys=booleans,
        has_grants=booleans,
        keys_expire=booleans,
    ),
    can_read_back=booleans,
    consumers=consumers,
    followers=st.sampled_from([(), PLACES]),
)


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    phase = draw(st.sampled_from(Phase))
    made = open_rotation(phase)
    after_mint = phase in UNPROMOTED_PHASES - {Phase.PLANNED}
    changes: dict[str, Any] = {
        "trigger": draw(st.sampled_from(Trigger)),
        "phase_since": draw(near),
        "old_version": draw(st.sampled_from([None, OLD_VERSION])),
        "attempt": draw(st.integers(1, 6)),
        "prepared_at": draw(st.none() | near),
        "base_version": draw(st.sampled_from([None, OLD_VERSION, SIBLING_VERSION])),
        "unstaged_at": draw(st.none() | near),
        "refreshed_at": draw(st.none() | near),
        "landing_until": draw(st.none() | near),
        "granted": draw(st.none() | things.map(sorted).map(tuple)),
        "verify_failures": draw(st.integers(0, 4)),
        "expedited_at": draw(st.none() | near),
        "grace_given": draw(st.none() | st.just(timedelta(hours=1))),
        "halt_reason": draw(st.sampled_from([None, None, None, *HALTING])),
        "abandoned": draw(st.none() | st.just(Reason.DRIFT)) if after_mint else None,
    }
    for name in ("verified_at", "promoted_at", "disabled_at", "followed_at"):
        if getattr(made, name) is not None or (name == "followed_at" and made.promoted_at):
            changes[name] = draw(st.none() | near)
    changed = replace(made, **changes)
    return replace(changed, intent=draw(intents(changed)))


@st.composite
def intents(draw: st.DrawFn, rotation: Rotation) -> Intent | None:
    effects = [row.by for row in TRANSITIONS if row.source is rotation.phase]
    possible = sorted(by for by in effects if isinstance(by, Effect))
    if not possible or draw(booleans):
        return None
    effect = draw(st.sampled_from(possible))
    made_at = draw(near)
    return intent(
        effect,
        made_at=made_at,
        not_after=plus(made_at, timedelta(minutes=2)),
        provider_time=draw(st.none() | near),
        key_id=draw(st.sampled_from(KEYS)),
        version=draw(versions),
        known_keys=draw(st.sampled_from([(), (OLD_KEY,)])),
    )


@given(rotation=rotations(), observation=observations, terms=terms_of_all_kinds, now=moments | near)
def test_the_machine_answers_everything_along_its_table(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> None:
    step = next_step(rotation, observation, terms, now)

    match step:
        case Do(effect=Effect.OBSERVE, what=what):
            assert what is not None
            assert isinstance(getattr(observation, what.value), Unread)
        case Do(effect=effect):
            assert rotation.intent is None
            target(rotation.phase, effect)
        case Record(fact=Fact.INTENT_DONE):
            assert rotation.intent is not None
            target(rotation.phase, rotation.intent.effect)
        case Record(fact=Fact.INTENT_VOID):
            assert rotation.intent is not None
        case Record(fact=Fact.RESTAMPED):
            assert is_ahead(rotation, now, terms.limits.clock_skew)
            assert not is_ahead(restamped(rotation, now), now, terms.limits.clock_skew)
        case Record(fact=fact):
            target(rotation.phase, fact)
        case Wait(until=until):
            assert until > now
        case Done():
            assert not rotation.is_open
        case Halt(reason=reason):
            assert reason in HALTING or reason is (rotation.halt_reason or Reason.INVARIANT)


@given(rotation=rotations(), observation=observations, terms=terms_of_all_kinds, now=moments | near)
def test_no_answer_takes_a_key_away_from_those_who_read_it(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> None:
    """I1 and I2, for one step from anywhere."""
    step = next_step(rotation, observation, terms, now)

    if is_destructive(step, rotation):
        assert rotation.phase in {Phase.PROMOTED, Phase.DISABLED}
        assert terms.mode is Mode.ENFORCE
        assert _carries_new_key(rotation, observation)
        assert _lists_enabled(observation, rotation.new_key_id)
        is_dead = observation.old_refused == Known(value=True)
        if terms.consumers.evidence is None and rotation.expedited_at is None and not is_dead:
            assert reached(rotation, observation, terms, now) is terms.consumers.best
        if terms.followers:
            assert isinstance(observation.followers, Known)
            carried = {item.published for item in observation.followers.value}
            assert carried == {rotation.new_key_id}
        if terms.traits.has_grants and rotation.phase is Phase.PROMOTED and not is_dead:
            assert isinstance(observation.grants, Known)
            assert observation.grants.value.old <= observation.grants.value.new
    elif isinstance(step, Do) and step.effect is Effect.DELETE_KEY:
        assert step.key_id == rotation.new_key_id
        assert rotation.abandoned is not None
        assert not _carries_new_key(rotation, observation)
    elif isinstance(step, Do):
        assert step.effect is not Effect.DISABLE_KEY
        assert step.effect is not Effect.ENABLE_KEY or step.key_id == rotation.old_key_id


@given(
    rotation=rotations(),
    answers=observations,
    terms=terms_of_all_kinds,
    now=moments | near,
)
def test_a_decision_needs_each_reading_once_at_most(
    rotation: Rotation, answers: Observation, terms: Terms, now: Instant
) -> None:
    observation = Observation(secret_in_hand=answers.secret_in_hand)
    for _ in What:
        what = asks_for(next_step(rotation, observation, terms, now))
        if what is None:
            return
        reading = getattr(answers, what.value)
        answer = Unreadable("access_denied") if isinstance(reading, Unread) else reading
        observation = observation.with_reading(what, answer)

    assert asks_for(next_step(rotation, observation, terms, now)) is None


def _carries_new_key(rotation: Rotation, observation: Observation) -> bool:
    state = observation.destination
    assert isinstance(state, Known)
    ours = {rotation.new_version, *tokens(rotation)} - {None}
    return state.value.current in ours or observation.published == Known(rotation.new_key_id)


def _lists_enabled(observation: Observation, key: KeyId | None) -> bool:
    listing = observation.keys
    assert isinstance(listing, Known)
    told = listing.value.provider_time
    return any(
        item.key_id == key and item.enabled and not item.has_expired(told)
        for item in listing.value.keys
    )
