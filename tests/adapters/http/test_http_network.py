"""Every step of a connection ends with the call that makes it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpcore
import pytest

from rotator.clients.http_guard import Origin
from rotator.clients.http_network import CALL, Call, Stage, TimedStream, system_addresses
from rotator.errors import ConflictError
from rotator.testing.manual_clock import BEGINNING, ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.core.ids import Instant


class Line(httpcore.NetworkStream):
    """Remembers how long each step was allowed to take."""

    def __init__(self) -> None:
        self.patience: list[float | None] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.patience.append(timeout)
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.patience.append(timeout)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        self.patience.append(timeout)
        return self


STEPS: dict[str, tuple[Callable[[TimedStream, float | None], object], type[Exception]]] = {
    "read": (lambda stream, timeout: stream.read(1, timeout), httpcore.ReadTimeout),
    "write": (lambda stream, timeout: stream.write(b"x", timeout), httpcore.WriteTimeout),
    "start_tls": (
        lambda stream, timeout: stream.start_tls(
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "x", timeout
        ),
        httpcore.ConnectTimeout,
    ),
}
ANY_STEP = pytest.mark.parametrize("step", STEPS)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def call(clock: ManualClock) -> Iterator[Call]:
    call = begun(clock)
    token = CALL.set(call)
    yield call
    CALL.reset(token)


def begun(clock: ManualClock, not_after: Instant | None = None) -> Call:
    """A call that has ten seconds."""
    return Call(
        operation="api:Ask",
        subject="vault",
        origin=Origin(scheme="https", host="api.example.test", port=443),
        is_change=True,
        clock=clock,
        monotonic=lambda: clock.now().timestamp(),
        ends_at=BEGINNING.timestamp() + 10,
        not_after=not_after,
    )


@ANY_STEP
@pytest.mark.parametrize(("timeout", "allowed"), [(4, 4), (60, 7), (None, 7)])
def test_a_step_takes_no_longer_than_what_is_left_of_the_call(
    clock: ManualClock, call: Call, step: str, timeout: float | None, allowed: float
) -> None:
    line = Line()
    clock.sleep(3)
    STEPS[step][0](TimedStream(line), timeout)

    assert line.patience == [allowed]


@ANY_STEP
def test_no_step_begins_when_the_call_is_over(clock: ManualClock, call: Call, step: str) -> None:
    line = Line()
    clock.sleep(10)
    take, late = STEPS[step]
    with pytest.raises(late):
        take(TimedStream(line), None)

    assert line.patience == []


def test_the_first_byte_of_a_call_is_the_moment_that_counts(clock: ManualClock) -> None:
    call = begun(clock, not_after=BEGINNING)
    call.leave()
    clock.sleep(1)
    call.leave()
    assert call.stage is Stage.SENT

    with pytest.raises(ConflictError) as caught:
        begun(clock, not_after=BEGINNING).leave()
    assert (caught.value.code, caught.value.subject) == ("too_late", "vault")


def test_the_systems_resolver_names_each_address_once() -> None:
    assert system_addresses("127.0.0.1", 443) == ["127.0.0.1"]
