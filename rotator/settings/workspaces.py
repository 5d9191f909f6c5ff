"""The workspaces that a configuration names, with everything that contradicts itself in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rotator.core.ids import AccountId
from rotator.errors import Fault
from rotator.providers.cipherstash.config import ApiKind
from rotator.settings.cipherstash import Workspace
from rotator.settings.home import find_home
from rotator.settings.profiles import profile_workspace
from rotator.settings.references import UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.settings.account_names import AccountNames
    from rotator.settings.cipherstash import WorkspaceSection
    from rotator.settings.configuration import ConfigurationFile
    from rotator.settings.document import Document, Path


@dataclass(slots=True)
class _Named:
    """A workspace as its CRN or profile names it; empty where nobody does."""

    id: str = ""
    region: str = ""


@dataclass(slots=True, kw_only=True)
class WorkspaceReader:
    """Makes workspaces of their sections.

    Attributes:
        document: The file, to point at its lines.
        model: What it says.
        environ: Where the folder of profiles is named.
        names: Ids and names of accounts; those of the workspaces are added.
        faults: Every contradiction that was met.
    """

    document: Document
    model: ConfigurationFile
    environ: Mapping[str, str]
    names: AccountNames
    faults: list[Fault] = field(default_factory=list)

    def read(self) -> tuple[Workspace, ...]:
        """Return every workspace that could be made out."""
        section = self.model.cipherstash
        if section is None:
            return ()
        made = [self._one(index, item) for index, item in enumerate(section.workspaces)]
        self._told_twice(made)
        return tuple(item for item in made if item is not None)

    def _one(self, index: int, section: WorkspaceSection) -> Workspace | None:
        assert self.model.cipherstash is not None, "only a configured workspace is read"  # noqa: S101
        at: Path = ("cipherstash", "workspaces", index)
        named = self._name(at, section)
        home = find_home(self.document, at, section.home, self.model.aws)
        self._urls(at, section)
        self._environments(at, section)
        if isinstance(home, Fault):
            self.faults.append(home)
            return None
        if not named.id:
            return None
        return Workspace(
            id=AccountId(named.id),
            region=named.region,
            name=section.name or "",
            home=home.account,
            home_region=home.region,
            section=section,
            traits=self.model.cipherstash.traits,
        )

    def _name(self, at: Path, section: WorkspaceSection) -> _Named:
        if (section.crn is None) == (section.profile is None):
            problem = "has both a CRN and a profile" if section.crn else "has no name"
            self._complain(at, problem, "write either `crn` or `profile`")
            return _Named()
        if section.crn is not None:
            _, region, workspace = section.crn.split(":")
            if section.region is not None:
                self._complain((*at, "region"), "is part of the CRN already", "remove it")
            return _Named(workspace, region)
        return self._by_profile(at, section)

    def _by_profile(self, at: Path, section: WorkspaceSection) -> _Named:
        api = section.api
        is_reachable = section.region or api.cts_url or api.kind is ApiKind.LEGACY
        if not is_reachable:
            remedy = "add `region`, such as `region: ap-southeast-2.aws`, or write `crn` instead"
            self._complain((*at, "profile"), "does not say the workspace's region", remedy)
        try:
            workspace = profile_workspace(section.profile or "", self.environ)
        except UnresolvedError as error:
            self._complain((*at, "profile"), error.problem, error.remedy)
            return _Named()
        return _Named(workspace, section.region or "")

    def _urls(self, at: Path, section: WorkspaceSection) -> None:
        api = section.api
        for name, url in (("ctsUrl", api.cts_url), ("zerokmsUrl", api.zerokms_url)):
            if url is not None and url.startswith("http:") and not is_loopback(url):
                problem = "would send keys unencrypted to another machine"
                self._complain((*at, "api", name), problem, "write `https`")

    def _environments(self, at: Path, section: WorkspaceSection) -> None:
        seen: dict[str, str] = {}
        if section.environments and section.api.kind is ApiKind.LEGACY:
            problem = "would never be looked at: the former console has no keysets"
            self._complain((*at, "environments"), problem, "remove them")
        for name, keyset in section.environments.items():
            if keyset in seen:
                problem = f"has the keyset of `{seen[keyset]}`, so neither is apart from the other"
                remedy = "give every environment a keyset of its own"
                self._complain((*at, "environments", name), problem, remedy)
            seen.setdefault(keyset, name)

    def _told_twice(self, made: list[Workspace | None]) -> None:
        """Refuse an id or a name that an account or an earlier workspace has."""
        for index, item in enumerate(made):
            if item is not None:
                at: Path = ("cipherstash", "workspaces", index)
                words = {"crn" if item.section.crn else "profile": item.id, "name": item.name}
                self.faults += self.names.take(self.document, at, words, "workspace")

    def _complain(self, path: Path, problem: str, remedy: str) -> None:
        self.faults.append(self.document.fault(path, problem, remedy))


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this very machine, by its text alone."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
