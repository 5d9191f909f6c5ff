"""Power cuts through the real app: at the first call of each kind that changes something."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from tests.simulation.wrapping import LIMITED, offered, overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.reconcile.parts import Parts

PortT = TypeVar("PortT")


class PowerCutError(BaseException):
    """The process is gone; nothing of it runs any more."""


@dataclass
class Plug:
    """Pulls the plug at the first call of each kind that changes or proves something.

    Attributes:
        provider: The provider whose calls they are.
        is_after: Whether the call is made before the power fails.
        struck: The calls at which it failed, in order.
    """

    provider: str
    is_after: bool = field(kw_only=True)
    struck: list[str] = field(default_factory=list)

    def into(self, parts: Parts) -> Parts:
        """Stand between the shell and both sides."""
        provider, places = parts.providers[self.provider], parts.destinations
        return replace(
            parts,
            providers={**parts.providers, self.provider: self._between(provider, "provider")},
            destinations={kind: self._between(it, "destination") for kind, it in places.items()},
        )

    def _between(self, inner: PortT, room: str) -> PortT:
        struck = LIMITED | {"verify"}
        calls = {name: call for name, call in offered(inner, room).items() if name in struck}
        return overriding(inner, room, **{name: self._cut(name, it) for name, it in calls.items()})

    def _cut(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        def cut(*args: object, **kwargs: object) -> object:
            is_first = name not in self.struck
            self.struck += [name] if is_first else []
            if is_first and not self.is_after:
                raise PowerCutError
            answer = call(*args, **kwargs)
            if is_first:
                raise PowerCutError
            return answer

        return cut
