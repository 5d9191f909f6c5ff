"""The contract suite of `rotator.ports.tallies.Tallies`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from rotator.core.ids import AccountId, KeyId
from rotator.core.notices import Delivery, Outgoing
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase, Role
from rotator.core.tallies import AgeLimits, PlaceTally, Question, Tally
from rotator.testing.builders import (
    ACCOUNT,
    EPOCH,
    PROVIDER,
    account,
    an_id,
    at,
    audit_record,
    credential,
    key_record,
    principal,
    rotation,
    sealed,
)
from rotator.testing.journal_suite import change, claimed
from rotator.testing.manual_clock import SeededChance
from rotator.testing.memory_tallies import MemoryTallies

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.ports.clock import Chance
    from rotator.ports.journal import Journal
    from rotator.ports.outbox import Outbox
    from rotator.ports.tallies import Tallies

LIMITS = AgeLimits(
    by_rule={"defaults": timedelta(days=90), "strict": timedelta(days=30)},
    otherwise=timedelta(days=30),
)
QUESTION = Question(
    now=EPOCH,
    limits=LIMITS,
    stale_after=timedelta(days=1),
    ages=(timedelta(days=30), timedelta(days=90)),
)
"""What the suite asks."""

RULES = ("defaults", "strict", "gone")
ESTATE = 60
"""Credentials of the estate that is drawn."""

T = TypeVar("T")
_SHARE = 0.4
"""Of the roles that a credential's keys may have, how many there are on the average."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A journal, its outbox, and who counts them."""

    journal: Journal
    outbox: Outbox
    tallies: Tallies

    def tally(self) -> Tally:
        """Ask the suite's question; groups in order, and without zeros."""
        return ordered(self.tallies.tally(QUESTION))

    def place(self, **which: Any) -> PlaceTally:  # noqa: ANN401 - any field
        """Return the only place with these values."""
        places = self.tally().places
        found = [
            item
            for item in places
            if all(getattr(item, name) == value for name, value in which.items())
        ]
        assert len(found) == 1, found
        return found[0]


def ordered(tally: Tally) -> Tally:
    """Put the groups in an order, and leave out numbers that are zero."""
    places = (
        replace(
            item,
            keys={role: n for role, n in item.keys.items() if n},
            enabled={role: n for role, n in item.enabled.items() if n},
        )
        for item in tally.places
    )
    return replace(
        tally,
        places=tuple(sorted(places, key=repr)),
        holds=tuple(sorted(tally.holds, key=repr)),
        phases=tuple(sorted(tally.phases, key=repr)),
        accounts=tuple(sorted(tally.accounts, key=repr)),
        notices=tuple(sorted(tally.notices, key=repr)),
    )


def store(journal: Journal, of: Credential, *keys: KeyRecord, run: Rotation | None = None) -> None:
    """Register a credential and write its rows, as a pass would."""
    claim = claimed(journal, of)
    journal.release(journal.commit(claim, change(claim, credential=of, rotation=run, keys=keys)))


def estate(seed: int) -> list[tuple[Credential, list[KeyRecord], Rotation | None]]:
    """Draw credentials with keys and rotations of every kind; equal seeds, equal estates."""
    chance = SeededChance(seed)
    return [_drawn(chance, number) for number in range(ESTATE)]


def _drawn(chance: Chance, number: int) -> tuple[Credential, list[KeyRecord], Rotation | None]:
    of = credential(
        principal=principal(
            f"user-{number}",
            provider=_one(chance, PROVIDER, "cipherstash-access-key"),
            account=AccountId(_one(chance, "111122223333", "444455556666")),
        ),
        rule=_one(chance, *RULES),
        action=_one(chance, Action.ROTATE, Action.ROTATE, Action.REPORT),
        due_at=_one(chance, None, at(days=-5), at(days=60 * chance.fraction())),
        failures=_one(chance, 0, 0, 2),
        hold=_one(chance, None, Hold(reason=_one(chance, *Reason), since=EPOCH)),
    )
    some = [role for role in Role if chance.fraction() < _SHARE]
    keys = [_drawn_key(chance, of, role) for role in some]
    phase = _one(chance, None, *Phase)
    run = rotation(of, phase=phase, phase_since=at(hours=-number)) if phase else None
    return of, keys, run


def _drawn_key(chance: Chance, of: Credential, role: Role) -> KeyRecord:
    return key_record(
        of,
        KeyId(f"AKIA{role}"),
        role=role,
        enabled=_one(chance, True, True, False),
        seen_at=_one(chance, at(hours=-2), at(days=-1), at(days=-9)),
        created_at=at(days=-_one(chance, 1, 29, 30, 31, 90, 91, 400)),
        gone_at=EPOCH if role is Role.GONE else _one(chance, None, None, EPOCH),
        expires_at=_one(chance, None, at(days=-3), at(days=90 * chance.fraction())),
    )


def _one(chance: Chance, *items: T) -> T:
    return items[int(chance.fraction() * len(items))]


class TalliesContract(ABC):
    """A fresh, empty journal for each test."""

    @abstractmethod
    def make(self, tmp_path: Path) -> Counted:
        """Make an empty journal; it may keep files under `tmp_path`."""

    @pytest.fixture
    def counted(self, tmp_path: Path) -> Counted:
        """Give each test a journal of its own."""
        return self.make(tmp_path)

    def test_an_empty_journal_is_nothing(self, counted: Counted) -> None:
        """No groups, and an empty chain."""
        assert counted.tally() == Tally()

    def test_keys_that_exist_are_counted_by_role(self, counted: Counted) -> None:
        """Those that are gone are not; disabled ones exist."""
        of = credential()
        store(
            counted.journal,
            of,
            key_record(of, KeyId("AKIA1")),
            key_record(of, KeyId("AKIA2"), role=Role.PREVIOUS, enabled=False),
            key_record(of, KeyId("AKIA3"), role=Role.GONE, gone_at=EPOCH),
            key_record(of, KeyId("AKIA4"), role=Role.FOREIGN, gone_at=EPOCH),
        )

        place = counted.place()
        assert place.keys == {Role.CURRENT: 1, Role.PREVIOUS: 1}
        assert place.enabled == {Role.CURRENT: 1}
        assert (place.managed, place.oldest_at) == (1, at(days=-30))

    def test_each_rule_has_its_own_limit(self, counted: Counted) -> None:
        """A key is too old by the limit of its rule; one exactly as old as that is not."""
        for rule, days in (("defaults", 90), ("defaults", 91), ("strict", 30), ("strict", 31)):
            of = credential(f"{rule}-{days}", rule=rule)
            store(counted.journal, of, key_record(of, created_at=at(days=-days)))

        for rule in ("defaults", "strict"):
            place = counted.place(rule=rule)
            assert (place.managed, place.overaged, place.compliant) == (2, 1, 1)

    def test_a_rule_that_the_policy_lost_has_the_other_limit(self, counted: Counted) -> None:
        """What an older policy called a rule is judged carefully."""
        of = credential(rule="of old")
        store(counted.journal, of, key_record(of, created_at=at(days=-31)))

        assert counted.place(rule="of old").overaged == 1

    def test_what_no_listing_showed_is_not_vouched_for(self, counted: Counted) -> None:
        """Young keys are unknown then; those that are too old are that in any case."""
        of = credential()
        unseen, seen = key_record(of, seen_at=at(days=-1)), at(seconds=1 - 86_400)
        more = replace(unseen, key_id=KeyId("B"), role=Role.PREVIOUS)
        most = replace(unseen, key_id=KeyId("C"), role=Role.PENDING, seen_at=seen)
        store(counted.journal, of, unseen, replace(more, created_at=at(days=-91)), most)

        place = counted.place()
        assert (place.unvouched, place.overaged, place.compliant) == (1, 1, 1)
        assert place.unknown == 1

    def test_a_credential_without_a_working_current_key_is_unknown(self, counted: Counted) -> None:
        """Whether there never was one, or it is off."""
        store(counted.journal, credential("bare"))
        off = credential("off")
        store(counted.journal, off, key_record(off, enabled=False))

        assert counted.place().unknown == 2

    def test_a_credential_without_any_key_is_nothing_to_vouch_for(self, counted: Counted) -> None:
        """A look showed that there is none; one that another thing holds is not known so well."""
        for number, reason in enumerate((Reason.NO_KEY, Reason.NO_KEY, Reason.UNPUBLISHED)):
            of = credential(f"user-{number}", hold=Hold(reason=reason, since=EPOCH))
            store(counted.journal, of, key_record(of, enabled=False))

        place = counted.place()
        assert (place.keyless, place.unknown) == (2, 1)

    def test_keys_are_counted_by_age(self, counted: Counted) -> None:
        """How many managed ones are older than each age that was asked for."""
        of = credential()
        ages = ((Role.CURRENT, 31), (Role.PREVIOUS, 91), (Role.FOREIGN, 400))
        keys = [
            key_record(of, KeyId(role), role=role, created_at=at(days=-days)) for role, days in ages
        ]
        store(counted.journal, of, *keys)

        assert counted.place().older == (2, 1)

    def test_the_earliest_times_of_a_place_are_found(self, counted: Counted) -> None:
        """When the next rotation is due, and when the first current key ends by itself."""
        for name, days in (("a", 9), ("b", 7)):
            of = credential(name, due_at=at(days=days))
            key = key_record(of, expires_at=at(days=days), gone_at=EPOCH)
            sooner = key_record(of, KeyId("P"), role=Role.PREVIOUS, expires_at=at(days=1))
            store(counted.journal, of, key, sooner)
        told = credential("c", action=Action.REPORT, due_at=at(days=1))
        store(counted.journal, told, key_record(told, expires_at=at(days=1)))

        promised = counted.place(action=Action.ROTATE)
        assert (promised.due_at, promised.expires_at) == (at(days=7), at(days=7))
        reported = counted.place(action=Action.REPORT)
        assert (reported.due_at, reported.expires_at) == (None, None)

    def test_failures_and_holds_are_counted(self, counted: Counted) -> None:
        """Failures by place, holds by provider and reason."""
        held = Hold(reason=Reason.DRIFT, since=EPOCH)
        store(counted.journal, credential("a", failures=3))
        store(counted.journal, credential("b", hold=held))
        store(counted.journal, credential("c", hold=held))

        assert counted.place().failing == 1
        [hold] = counted.tally().holds
        assert (hold.provider, hold.reason, hold.count) == (PROVIDER, Reason.DRIFT, 2)

    def test_open_rotations_are_counted_by_phase(self, counted: Counted) -> None:
        """With the time since which the first of them is in it; ended ones are not."""
        for name, phase, hours in (
            ("a", Phase.PROMOTED, 3),
            ("b", Phase.PROMOTED, 5),
            ("c", Phase.COMPLETED, 9),
            ("d", Phase.ROLLED_BACK, 9),
        ):
            of = credential(name)
            store(counted.journal, of, run=rotation(of, phase=phase, phase_since=at(hours=-hours)))

        [found] = counted.tally().phases
        assert (found.provider, found.phase, found.count) == (PROVIDER, Phase.PROMOTED, 2)
        assert found.since == at(hours=-5)

    def test_a_credential_under_another_rule_moves_with_its_keys(self, counted: Counted) -> None:
        """Whether a scan finds that or a pass writes it."""
        of = credential(rule="defaults")
        store(counted.journal, of, key_record(of))

        counted.journal.register(replace(of, rule="strict"))
        assert counted.place().rule == "strict"
        assert counted.place().keys == {Role.CURRENT: 1}

        counted.journal.register(replace(of, action=Action.REPORT))
        assert counted.place().action is Action.REPORT
        assert counted.place().keys == {Role.CURRENT: 1}

    def test_records_are_counted(self, counted: Counted) -> None:
        """Those that have their place in the chain, and those that wait for it."""
        for number in range(3):
            counted.journal.save_account(account(), audit_record(number))
        counted.journal.seal(((an_id("audit/0"), sealed(0)), (an_id("audit/1"), sealed(1))))

        tally = counted.tally()
        assert (tally.sealed, tally.unsealed) == (2, 1)
        assert tally.accounts == (account(),)

    def test_notices_are_counted_by_channel(self, counted: Counted) -> None:
        """Those that were told are not."""
        before = counted.outbox.noted()
        made = [
            Outgoing(
                id=f"{channel}-{hours}",
                channel=channel,
                body="{}",
                made_at=at(hours=-hours),
                next_at=EPOCH,
            )
            for channel, hours in (("chat", 1), ("chat", 2), ("mail", 3), ("mail", 4))
        ]
        after = replace(before, until=before.until + 1)
        assert counted.outbox.enqueue(made, before=before, after=after)
        counted.outbox.settle(replace(made[2], delivery=Delivery.GIVEN_UP))
        counted.outbox.settle(replace(made[3], delivery=Delivery.TOLD))

        chat, mail = counted.tally().notices
        assert (chat.channel, chat.delivery, chat.count) == ("chat", Delivery.WAITING, 2)
        assert chat.oldest_at == at(hours=-2)
        assert (mail.channel, mail.delivery, mail.count) == ("mail", Delivery.GIVEN_UP, 1)

    @pytest.mark.parametrize("seed", range(3))
    def test_numbers_are_those_of_the_rows(self, counted: Counted, seed: int) -> None:
        """Of an estate with everything in it, counted one by one."""
        for of, keys, run in estate(seed):
            store(counted.journal, of, *keys, run=run)
        counted.journal.save_account(account(id=ACCOUNT), audit_record())

        by_hand = MemoryTallies(counted.journal, counted.outbox).tally(QUESTION)
        assert counted.tally() == ordered(by_hand)
        assert len(by_hand.places) > len(RULES)
