"""How late a request of a credential may land: to its provider, or to where it is published."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rotator.core.terms import Traits

SHORT, LONG = timedelta(minutes=1), timedelta(minutes=5)


@pytest.mark.parametrize(("own", "beside"), [(SHORT, LONG), (LONG, SHORT), (LONG, LONG)])
def test_the_slower_of_the_two_counts(own: timedelta, beside: timedelta) -> None:
    traits = Traits(signature_window=own, max_keys=7)

    assert traits.landing_within(beside) == Traits(signature_window=LONG, max_keys=7)
