"""Both files to one frozen object, in four steps: parse, validate, cross-check, freeze.

Every fault of both files is found in one go; `rotator config check` and the
daemon's start run this same code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from rotator.core.ids import AccountId
from rotator.core.policy import Account
from rotator.core.policy_faults import policy_faults
from rotator.core.terms import Limits, Mode
from rotator.errors import ConfigError
from rotator.settings.account_names import AccountNames
from rotator.settings.audit_terms import AuditReader
from rotator.settings.configuration import ConfigurationFile, to_ownership
from rotator.settings.crosscheck import configuration_faults, journal_fault
from rotator.settings.document import Document, read_document
from rotator.settings.faults import model_faults
from rotator.settings.http_accounts import HttpReader, lifetime_faults, patience_faults
from rotator.settings.in_force import Edition, PolicyInForce
from rotator.settings.notification_terms import NotificationReader
from rotator.settings.notifications import NotificationTerms
from rotator.settings.policy import PolicyFile, to_policy
from rotator.settings.policy_consumers import unreachable
from rotator.settings.policy_destinations import unpublishable
from rotator.settings.references import UnresolvedError, resolve
from rotator.settings.settings import Settings
from rotator.settings.workspaces import WorkspaceReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rotator.core.policy import Policy
    from rotator.errors import Fault
    from rotator.settings.audit import AuditTerms
    from rotator.settings.cipherstash import Workspace
    from rotator.settings.configuration import AccountSection
    from rotator.settings.http import HttpPlace

ModelT = TypeVar("ModelT", bound=BaseModel)

_POLICY_FILE = "policy.yaml"


@dataclass(frozen=True, slots=True)
class _Read(Generic[ModelT]):
    """One file after the first two steps; `model` is None when it was refused."""

    document: Document
    digest: str
    model: ModelT | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """What the configuration has accounts of, and what is wrong with them.

    Attributes:
        accounts: All of them as policy knows them; none where some cannot be known.
        journal_url: Where the journal is; empty where that cannot be known.
    """

    workspaces: tuple[Workspace, ...] = ()
    http_accounts: tuple[HttpPlace, ...] = ()
    accounts: tuple[Account, ...] = ()
    journal_url: str = field(default="", repr=False)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _PolicyCheck:
    """Checks a later content of the policy file as the first one was, beside the same `main`."""

    path: Path
    main: _Read[ConfigurationFile]
    places: _Places

    def __call__(self, content: bytes) -> Edition:
        rules = _parsed(self.path, content, PolicyFile)
        faults = [*rules.faults, *_policy_faults(self.main, rules, self.places)]
        if faults:
            raise ConfigError(_in_order(faults))
        return self.edition(rules)

    def edition(self, rules: _Read[PolicyFile]) -> Edition:
        assert rules.model is not None, "what has no faults has a model"  # noqa: S101
        return Edition(_policy(self.main.model, rules.model, self.places), rules.digest)


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the configuration and the policy that it names.

    Args:
        path: The configuration file.
        environ: Where ``env:`` references are looked up.

    Raises:
        ConfigError: With every fault of both files.
    """
    main = _read(path, ConfigurationFile)
    policy_path = path.parent / _policy_name(main.document)
    rules = _read(policy_path, PolicyFile)
    url, url_faults = _journal_url(main, environ, path.parent)
    places = replace(_places(main, environ, path.parent), journal_url=url)
    check = _PolicyCheck(path=policy_path, main=main, places=places)
    audit, audit_faults = _audit(main, environ, path.parent)
    notifications, told_faults = _notifications(main, environ, path.parent, places)
    faults = [*main.faults, *url_faults, *places.faults, *audit_faults, *told_faults]
    faults += [*rules.faults, *_policy_faults(main, rules, places)]
    if main.model is None or rules.model is None or audit is None or faults:
        raise ConfigError(_in_order(faults))
    model = main.model
    return Settings(
        file=path,
        owner=model.owner,
        mode=model.mode,
        in_force=PolicyInForce(check.edition(rules), policy_path, check),
        policy_file=policy_path,
        limits=Limits(**model.limits.model_dump()),
        ownership=to_ownership(model.ownership),
        journal_url=url,
        audit_file=path.parent / model.audit.file,
        log_name=model.audit.log_name or model.owner,
        web=model.web,
        engine=model.engine,
        aws=model.aws,
        workspaces=places.workspaces,
        http_accounts=places.http_accounts,
        kubernetes=model.kubernetes,
        audit=audit,
        notifications=notifications,
        environ=environ,
    )


def _read(path: Path, kind: type[ModelT]) -> _Read[ModelT]:
    """Take the first two steps: parse and validate."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return _unreadable(path, f"cannot be read: {error.strerror}", "name a file that can")
    return _parsed(path, content, kind)


def _parsed(path: Path, content: bytes, kind: type[ModelT]) -> _Read[ModelT]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _unreadable(path, "is not UTF-8 text", "save it as UTF-8")
    document = read_document(str(path), text)
    model, faults = _validated(document, kind)
    return _Read(document, sha256(content).hexdigest(), model, faults)


def _unreadable(path: Path, problem: str, remedy: str) -> _Read[ModelT]:
    document = Document(file=str(path))
    return _Read(document, "", None, (document.fault((), f"the file {problem}", remedy),))


def _validated(document: Document, kind: type[ModelT]) -> tuple[ModelT | None, tuple[Fault, ...]]:
    if not document.lines and document.faults:
        return None, document.faults
    try:
        return kind.model_validate(document.values), document.faults
    except ValidationError as error:
        return None, (*document.faults, *model_faults(document, kind, error))


def _policy_name(document: Document) -> str:
    """Return the policy's path even if the rest of the file is wrong, to check both."""
    name = document.values.get("policy")
    return name if isinstance(name, str) and name else _POLICY_FILE


def _journal_url(
    main: _Read[ConfigurationFile], environ: Mapping[str, str], folder: Path
) -> tuple[str, tuple[Fault, ...]]:
    if main.model is None:
        return "", ()
    try:
        url = resolve(main.model.journal.url, environ=environ, folder=folder)
    except UnresolvedError as error:
        return "", (main.document.fault(("journal", "url"), error.problem, error.remedy),)
    fault = journal_fault(main.document, url)
    return url, () if fault is None else (fault,)


def _audit(
    main: _Read[ConfigurationFile], environ: Mapping[str, str], folder: Path
) -> tuple[AuditTerms | None, list[Fault]]:
    if main.model is None:
        return None, []
    reader = AuditReader(document=main.document, model=main.model, environ=environ, folder=folder)
    return reader.read(), reader.faults


def _notifications(
    main: _Read[ConfigurationFile], environ: Mapping[str, str], folder: Path, places: _Places
) -> tuple[NotificationTerms, list[Fault]]:
    if main.model is None:
        return NotificationTerms(), []
    reader = NotificationReader(
        document=main.document, model=main.model, environ=environ, folder=folder
    )
    return reader.read({item.id: item.name for item in places.accounts}), reader.faults


def _places(main: _Read[ConfigurationFile], environ: Mapping[str, str], folder: Path) -> _Places:
    if main.model is None:
        return _Places()
    document, model, names = main.document, main.model, AccountNames()
    faults = [*configuration_faults(document, model, names)]
    stash = WorkspaceReader(document=document, model=model, environ=environ, names=names)
    workspaces = stash.read()
    http = HttpReader(document=document, model=model, folder=folder, names=names)
    http_accounts = http.read()
    accounts = (
        *(_aws_account(item, model.aws.region) for item in model.aws.accounts),
        *map(_workspace_account, workspaces),
        *http.accounts,
    )
    return _Places(
        workspaces=workspaces,
        http_accounts=http_accounts,
        accounts=accounts if http.is_whole else (),
        faults=(
            *faults,
            *stash.faults,
            *http.faults,
            *patience_faults(document, model, http_accounts),
        ),
    )


def _policy_faults(
    main: _Read[ConfigurationFile], rules: _Read[PolicyFile], places: _Places
) -> Iterator[Fault]:
    """Check the policy alone if the other file, and so the accounts, cannot be known."""
    if rules.model is None:
        return
    policy = _policy(main.model, rules.model, places)
    for fault in policy_faults(policy):
        yield rules.document.fault(fault.path, fault.problem, fault.remedy)
    if main.model is not None:
        yield from lifetime_faults(main.document, main.model, policy)
        if main.model.kubernetes is None:
            yield from unreachable(rules.document, rules.model)
        yield from unpublishable(rules.document, rules.model, main.model, places.journal_url)


def _policy(main: ConfigurationFile | None, rules: PolicyFile, places: _Places) -> Policy:
    if main is None:
        return to_policy(rules, owner="", mode=Mode.PLAN, accounts=())
    return to_policy(rules, owner=main.owner, mode=main.mode, accounts=places.accounts)


def _aws_account(section: AccountSection, region: str) -> Account:
    return Account(
        id=AccountId(section.id),
        name=section.name or "",
        region=section.region or region,
    )


def _workspace_account(workspace: Workspace) -> Account:
    return Account(
        id=workspace.id,
        name=workspace.name,
        region=workspace.home_region,
        home=workspace.home,
        providers=workspace.providers,
    )


def _in_order(faults: list[Fault]) -> list[Fault]:
    """Sort the faults of each file by line, the configuration before the policy."""
    files = list(dict.fromkeys(fault.file for fault in faults))
    return sorted(faults, key=lambda fault: (files.index(fault.file), fault.line))
