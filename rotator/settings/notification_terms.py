"""What `notifications:` refers to, looked up; and what contradicts itself there."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from rotator.clients.http_guard import parsed_url
from rotator.core.notice_routes import Route, Routing
from rotator.core.secret import Secret
from rotator.errors import RejectedError
from rotator.notify.signing import checked
from rotator.settings.notifications import (
    ChannelTerms,
    ChannelType,
    NotificationTerms,
    ReceiverTerms,
)
from rotator.settings.references import UnresolvedError, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path as FilePath

    from rotator.errors import Fault
    from rotator.settings.configuration import ConfigurationFile
    from rotator.settings.document import Document, Path
    from rotator.settings.notifications import (
        ChannelSection,
        HeartbeatSection,
        NotificationsSection,
        RouteSection,
    )

_AT = "notifications"
_PLAIN = ("http://", "https://")


class NotificationReader:
    """Reads the section of one file.

    Attributes:
        faults: What is wrong, once `read` was called.
    """

    def __init__(
        self,
        *,
        document: Document,
        model: ConfigurationFile,
        environ: Mapping[str, str],
        folder: FilePath,
    ) -> None:
        """Take the file, what it says, and where its references lead."""
        self.faults: list[Fault] = []
        self._document = document
        self._section: NotificationsSection = model.notifications
        self._environ = environ
        self._folder = folder

    def read(self, names: Mapping[str, str]) -> NotificationTerms:
        """Look everything up; what cannot be is left out and told in `faults`.

        Args:
            names: Names of accounts by their ids.
        """
        section = self._section
        made = [
            terms
            for index, item in enumerate(section.channels)
            if (terms := self._channel((_AT, "channels", index), item)) is not None
        ]
        self._check_names()
        return NotificationTerms(
            channels=tuple(made),
            routing=Routing(
                routes=tuple(map(_route, section.routes)), default=section.default, accounts=names
            ),
            heartbeat=self._heartbeat(section.heartbeat) if section.heartbeat else None,
        )

    def _channel(self, at: Path, section: ChannelSection) -> ChannelTerms | None:
        if not self._fits(at, section):
            return None
        receiver = self._receiver(at, section, is_apprise=section.type is ChannelType.APPRISE)
        secrets = tuple(self._secrets(at, section))
        if receiver is None:
            return None
        return ChannelTerms(
            name=section.name, type=section.type, receiver=receiver, secrets=secrets
        )

    def _fits(self, at: Path, section: ChannelSection) -> bool:
        """Complain of what does not belong to a channel of its type."""
        before = len(self.faults)
        is_webhook = section.type is ChannelType.WEBHOOK
        if is_webhook and section.secret is None:
            remedy = "add `secret: file:PATH`; make one: printf whsec_; openssl rand -base64 32"
            self._complain((*at, "secret"), "is required for a webhook", remedy)
        if not is_webhook and section.url.startswith(_PLAIN):
            problem = "is a secret, for whoever has it may write there"
            self._complain((*at, "url"), problem, "write `file:PATH` or `env:NAME`")
        for name in ("secret", "previousSecret", "allowPrivate"):
            if not is_webhook and (*at, name) in self._document.lines:
                self._complain((*at, name), "belongs to webhooks only", "remove it")
        if section.type is ChannelType.APPRISE and find_spec("apprise") is None:
            problem = "needs the package Apprise, which is not installed"
            self._complain((*at, "type"), problem, "install `rotator[apprise]`")
        return len(self.faults) == before

    def _secrets(self, at: Path, section: ChannelSection) -> Iterator[Secret]:
        named = {"secret": section.secret, "previousSecret": section.previous_secret}
        for name, reference in named.items():
            secret = self._looked_up((*at, name), reference) if reference else None
            if secret is None:
                continue
            try:
                yield checked(Secret(secret))
            except RejectedError as error:
                self._complain((*at, name), str(error), error.hint)

    def _heartbeat(self, section: HeartbeatSection) -> ReceiverTerms | None:
        return self._receiver((_AT, "heartbeat"), section)

    def _receiver(
        self, at: Path, section: ChannelSection | HeartbeatSection, *, is_apprise: bool = False
    ) -> ReceiverTerms | None:
        url = self._looked_up((*at, "url"), section.url)
        if url is None:
            return None
        if is_apprise:
            return ReceiverTerms(url=Secret(url), origin="")
        try:
            _, origin = parsed_url(url, what="it cannot be called")
        except RejectedError as error:
            self._complain((*at, "url"), str(error), "write a URL that begins with https://")
            return None
        if origin.scheme != "https" and not section.allow_private:
            remedy = "use https, or set `allowPrivate: true` for a receiver in your own network"
            self._complain((*at, "url"), "is not https", remedy)
            return None
        return ReceiverTerms(
            url=Secret(url), origin=str(origin), allow_private=section.allow_private
        )

    def _looked_up(self, at: Path, reference: str) -> str | None:
        try:
            return resolve(reference, environ=self._environ, folder=self._folder)
        except UnresolvedError as error:
            self._complain(at, error.problem, error.remedy)
            return None

    def _check_names(self) -> None:
        section, known = self._section, [item.name for item in self._section.channels]
        for index, name in enumerate(known):
            if name in known[:index]:
                self._complain(
                    (_AT, "channels", index, "name"),
                    f"`{name}` is the name of another channel",
                    "give it its own",
                )
        listed: list[tuple[Path, tuple[str, ...]]] = [((_AT, "default"), section.default)]
        listed += [
            ((_AT, "routes", index, "channels"), route.channels)
            for index, route in enumerate(section.routes)
        ]
        for at, names in listed:
            self._check_known(at, names, known)
        if known and not section.default:
            problem = "names no channel, so what no route takes would be told to nobody"
            self._complain((_AT, "default"), problem, f"write `default: [{known[0]}]`")

    def _check_known(self, at: Path, names: tuple[str, ...], known: list[str]) -> None:
        for index, name in enumerate(names):
            if name not in known:
                remedy = (
                    f"write one of: {', '.join(dict.fromkeys(known))}"
                    if known
                    else "add it to `channels`"
                )
                self._complain((*at, index), f"`{name}` is no channel", remedy)

    def _complain(self, at: Path, problem: str, remedy: str) -> None:
        self.faults.append(self._document.fault(at, problem, remedy))


def _route(section: RouteSection) -> Route:
    match = section.match
    return Route(
        owner=match.owner or (),
        rule=match.rule or (),
        account=match.account or (),
        severity=match.severity or (),
        channels=section.channels,
    )
