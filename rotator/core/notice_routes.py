"""Who is told of what: the first route that matches a notice names its channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.notices import Notice, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Globs; AND across fields, OR inside, empty matches all.

    Attributes:
        owner: For whom the owner's tags name, in any case.
        rule: For the policy's rule.
        account: For the account's id or name.
        severity: Severities, not globs.
        channels: Who is told; none is told where it is empty.
    """

    owner: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    severity: tuple[Severity, ...] = ()
    channels: tuple[str, ...] = ()

    def covers(self, notice: Notice, account_name: str) -> bool:
        """Whether a notice goes this way."""
        return (
            _any(tuple(glob.casefold() for glob in self.owner), notice.owner.casefold())
            and _any(self.rule, notice.rule)
            and _any(self.account, notice.account, account_name)
            and (not self.severity or notice.severity in self.severity)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Where notices go.

    Attributes:
        routes: In order; the first that covers a notice counts.
        default: The channels of what no route covers.
        accounts: Names of accounts by their ids.
    """

    routes: tuple[Route, ...] = ()
    default: tuple[str, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)

    def channels(self, notice: Notice) -> tuple[str, ...]:
        """Name the channels of a notice, each once."""
        name = self.accounts.get(notice.account, "")
        found = (route.channels for route in self.routes if route.covers(notice, name))
        return tuple(dict.fromkeys(next(found, self.default)))


def _any(globs: tuple[str, ...], *texts: str) -> bool:
    return not globs or any(fnmatchcase(text, glob) for glob in globs for text in texts)
