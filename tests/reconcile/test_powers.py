"""A successor that cannot be made, for nobody tells what the replaced key may do: a named hold."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.reasons import Reason, explain
from rotator.core.remedies import remedy
from rotator.core.rotation import Phase, Trigger
from rotator.errors import RejectedError
from rotator.testing.fake_provider import FakeProviderWithoutMarks
from tests.reconcile.test_planning import planned
from tests.reconcile.test_same_ids import expired

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.ids import Instant, KeyId, RotationId
    from rotator.core.secret import MintedKey
    from tests.reconcile.estate import Estate

WHERE = "jupyterhub.yaml:57: operations.create"


class Copying(FakeProviderWithoutMarks):
    """Gives a new key the powers of the replaced one, which it only knows while that is listed."""

    knows = False

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        """Refuse as a spec's provider does."""
        if not self.knows:
            msg = f"the key to be replaced is not listed ({WHERE})"
            raise RejectedError(msg, subject=principal.name, code="powers_unknown")
        return super().create_key(principal, rotation, replaces=replaces, not_after=not_after)


def held() -> Estate:
    estate = expired(Copying)
    estate.look()
    return estate


def test_the_hold_has_its_own_name_and_names_the_line_of_the_spec() -> None:
    hold = held().stored.hold

    assert hold is not None
    assert hold.reason is Reason.POWERS_UNKNOWN
    assert WHERE in hold.detail


def test_nothing_is_made_and_it_is_asked_again_ever_more_rarely() -> None:
    estate = held()
    tries = []
    for _ in range(3 * 24 * 4):
        tries.append(estate.stored.failures)
        estate.run(timedelta(minutes=15), consuming=False)

    assert [act for act in estate.wire.acts if act.verb == "create_key"][1:] == []
    assert max(tries) < 8
    (rotation,) = estate.journal.rotations(estate.stored.id)
    assert (rotation.phase, rotation.trigger) == (Phase.PLANNED, Trigger.EXPIRED)


def test_the_plan_says_why_it_waits() -> None:
    estate = held()

    (row,) = planned(estate)

    assert (row.what, row.is_held) == ("rotation planned", True)
    assert row.reason == explain(Reason.POWERS_UNKNOWN)


def test_the_remedy_says_how_it_goes_on() -> None:
    estate = held()

    told = remedy(Reason.POWERS_UNKNOWN, estate.stored, estate.newest)

    assert "`create` of the provider's spec" in told
    assert "`rotator keys create`" in told
    assert "`drift: repair`" in told


def test_it_goes_on_by_itself_once_the_spec_says_what_a_key_may_do() -> None:
    estate = held()
    assert isinstance(estate.provider, Copying)
    estate.provider.knows = True

    estate.run(timedelta(hours=3), consuming=False)

    assert estate.consume()
    assert estate.stored.hold is None
