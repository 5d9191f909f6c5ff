"""Checking our own permissions: AWS's simulator first, harmless calls where it is closed.

Simulation says no only for resources that stand for the real ones: what is denied
on some of them only, or for want of a context that we do not know, is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rotator.clients.aws import Purpose
from rotator.clients.aws_calls import provider_time
from rotator.clients.aws_grants import Grant, Land, Target
from rotator.clients.aws_labels import BY_ID, READ_SECRET, named
from rotator.core.permissions import Missing
from rotator.errors import (
    AccessDeniedError,
    OutcomeUnknownError,
    PermanentError,
    RotatorError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rotator.clients.aws import AwsClients
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import AccountId, Instant
    from rotator.core.rotation import Credential

_ALLOWED: Final = "allowed"
_MOST_EXAMPLES: Final = 3
_TAG_KEYS: Final = "aws:TagKeys"
_A_KEY: Final = "AKIAIOSFODNN7EXAMPLE"
_A_VERSION: Final = "00000000-0000-4000-8000-000000000000"
_VERSION_STAGE: Final = "secretsmanager:VersionStage"
_TAGS_WRITTEN: Final[Mapping[str, tuple[str, ...]]] = {
    "iam:TagUser": (_A_KEY,),
    "iam:UntagUser": (_A_KEY,),
    "secretsmanager:TagResource": ("rotator:owner", "rotator:managed"),
}

_Context = tuple[tuple[str, tuple[str, ...]], ...]
_Probe = tuple[str, "Callable[[], Mapping[str, Any]]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What there is to check in one account.

    Attributes:
        grants: What the features that are switched on ask for.
        land: The account's resources as patterns.
        examples: Credentials that are rotated there; a few are enough.
    """

    grants: Sequence[Grant]
    land: Land
    examples: Sequence[Credential] = ()

    @property
    def names(self) -> frozenset[str]:
        """Every action, as it is reported."""
        return frozenset(name for grant in self.grants for name in grant.names)


class AwsPermissionCheck:
    """A `PermissionCheck` of AWS accounts."""

    def __init__(
        self,
        clients: AwsClients,
        checked: Callable[[AccountId], Checked],
        *,
        on_time: Callable[[Instant], None],
    ) -> None:
        """Speak through the process's clients; sends nothing yet.

        Args:
            clients: The process's clients.
            checked: Says what there is to check; asked anew for each check.
            on_time: Is told AWS's time, whenever an answer brings it.
        """
        self._clients = clients
        self._checked = checked
        self._on_time = on_time

    def missing(self, account: AccountId) -> Missing:
        """Simulate every action; where that is not possible, try what changes nothing."""
        checked = self._checked(account)
        ourselves = _policy_source(
            self._clients.config.accounts[account].role_arn or self._clients.caller(account)
        )
        try:
            return self._simulated(account, checked, ourselves)
        except AccessDeniedError:
            probed = self._probed(account, checked)
            denied = probed.denied | (checked.names & {"iam:SimulatePrincipalPolicy"})
            return Missing(denied=denied, unknown=probed.unknown - denied)
        except (TransientError, PermanentError):
            return self._probed(account, checked)

    def _simulated(self, account: AccountId, checked: Checked, ourselves: str) -> Missing:
        resources = {
            target: self._resources(account, checked, target, ourselves)
            for target in {grant.target for grant in checked.grants}
        }
        said: dict[str, set[bool | None]] = {}
        for (target, context), actions in _cases(checked.grants).items():
            for resource in resources[target]:
                answers = self._ask(account, ourselves, tuple(actions), resource, context)
                for action, answer in answers.items():
                    said.setdefault(actions[action], set()).add(answer)
        denied = frozenset(name for name, answers in said.items() if answers == {False})
        unsure = {name for name, answers in said.items() if answers not in ({True}, {False})}
        return Missing(
            denied=denied, unknown=frozenset(unsure | (checked.names - said.keys())) - denied
        )

    def _ask(
        self,
        account: AccountId,
        ourselves: str,
        actions: tuple[str, ...],
        resource: str,
        context: _Context,
    ) -> dict[str, bool | None]:
        """Simulate actions on one resource: allowed, denied, or None for "cannot tell"."""
        iam = self._clients.iam(account, Purpose.SCAN)
        entries: list[Any] = [
            {
                "ContextKeyName": key,
                "ContextKeyType": "stringList" if key == _TAG_KEYS else "string",
                "ContextKeyValues": [*values],
            }
            for key, values in context
        ]

        def simulate() -> list[Any]:
            pages = iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=ourselves,
                ActionNames=[*actions],
                ResourceArns=[resource],
                ContextEntries=entries,
            )
            told = list(pages)
            self._on_time(provider_time(told[0]))
            return [result for page in told for result in page["EvaluationResults"]]

        results = self._clients.run(simulate, subject=account)
        return {result["EvalActionName"]: _verdict(result) for result in results}

    def _resources(
        self, account: AccountId, checked: Checked, target: Target, ourselves: str
    ) -> tuple[str, ...]:
        """Name real resources of a target, or some that its patterns take."""
        patterns = tuple(map(_filled, checked.land.resources(target)[:_MOST_EXAMPLES]))
        match target:
            case Target.OURSELVES:
                return (ourselves,)
            case Target.SEEN_USERS | Target.MANAGED_USERS:
                partition = checked.land.partition
                users = (_user_arn(partition, item) for item in checked.examples[:_MOST_EXAMPLES])
                return tuple(users) or patterns
            case Target.SECRETS:
                refs = [item.destination for item in checked.examples[:_MOST_EXAMPLES]]
                arns = [self._secret_arn(account, ref) for ref in refs if ref]
                return tuple(arn for arn in arns if arn) or patterns
            case _:
                return patterns

    def _secret_arn(self, account: AccountId, ref: DestinationRef) -> str:
        client = self._clients.secrets(account, ref.region)
        try:
            return self._clients.run(
                lambda: client.describe_secret(SecretId=ref.name)["ARN"], subject=ref.name
            )
        except (TransientError, PermanentError):
            return ""

    def _probed(self, account: AccountId, checked: Checked) -> Missing:
        """Try the calls that change nothing; what no call tells stays unknown."""
        denied, allowed = set[str](), set[str]()
        for action, probe in self._probes(account, checked.examples):
            if action not in checked.names:
                continue
            try:
                answer = self._clients.run(probe, subject=account)
            except AccessDeniedError:
                denied.add(action)
            except (TransientError, OutcomeUnknownError):
                continue
            except RotatorError:
                # Not found, not ready: it was looked at, so we may ask.
                allowed.add(action)
            else:
                self._on_time(provider_time(answer))
                allowed.add(action)
        return Missing(
            denied=frozenset(denied), unknown=frozenset(checked.names - denied - allowed)
        )

    def _probes(self, account: AccountId, examples: Sequence[Credential]) -> Iterable[_Probe]:
        iam = self._clients.iam(account, Purpose.SCAN)
        secrets = self._clients.secrets(account, "")
        trail: Any = self._clients.trail(account)
        yield "iam:ListUsers", lambda: iam.list_users(MaxItems=1)
        yield "iam:GetCredentialReport", iam.get_credential_report
        yield "secretsmanager:ListSecrets", lambda: secrets.list_secrets(MaxResults=1)
        yield "cloudtrail:LookupEvents", lambda: trail.lookup_events(MaxResults=1)
        for example in examples[:1]:
            yield from self._user_probes(account, example)
            if example.destination is not None:
                yield from self._secret_probes(account, example.destination)

    def _user_probes(self, account: AccountId, example: Credential) -> Iterable[_Probe]:
        iam, name = self._clients.iam(account, Purpose.SCAN), example.principal.name
        key = example.current_key_id or _A_KEY
        yield "iam:ListAccessKeys", lambda: iam.list_access_keys(UserName=name)
        yield "iam:GetUser", lambda: iam.get_user(UserName=name)
        yield "iam:GetLoginProfile", lambda: iam.get_login_profile(UserName=name)
        if example.current_key_id is not None:
            yield "iam:GetAccessKeyLastUsed", lambda: iam.get_access_key_last_used(AccessKeyId=key)

    def _secret_probes(self, account: AccountId, ref: DestinationRef) -> Iterable[_Probe]:
        client = self._clients.secrets(account, ref.region)
        yield "secretsmanager:DescribeSecret", lambda: client.describe_secret(SecretId=ref.name)
        yield (
            "secretsmanager:ListSecretVersionIds",
            lambda: client.list_secret_version_ids(SecretId=ref.name),
        )


def _cases(grants: Iterable[Grant]) -> dict[tuple[Target, _Context], dict[str, str]]:
    """Group actions by what they are simulated with: action to the name it is reported under."""
    cases: dict[tuple[Target, _Context], dict[str, str]] = {}
    for grant in grants:
        for action in grant.actions:
            case = grant.target, _context(action, grant.stage)
            cases.setdefault(case, {})[action] = named(action, grant.stage)
    return cases


def _context(action: str, stage: str) -> _Context:
    """Give every key that our own documents ask for: AWS calls any other one missing."""
    label = stage if action == READ_SECRET else ""
    tags = (_TAG_KEYS, _TAGS_WRITTEN.get(action, (_A_KEY,)))
    version = ("secretsmanager:VersionId", (_A_VERSION,))
    if label == BY_ID:
        return (tags, version)
    return (tags, version, (_VERSION_STAGE, (label or "AWSCURRENT",)))


def _verdict(result: Mapping[str, Any]) -> bool | None:
    if result["EvalDecision"] == _ALLOWED:
        return True
    parts = (result, *result.get("ResourceSpecificResults", ()))
    missing = {key for part in parts for key in part.get("MissingContextValues", ())}
    # A version that is named by its id alone has no label on purpose.
    return None if missing - {_VERSION_STAGE} else False


def _policy_source(arn: str) -> str:
    """Name the role behind a session; a user is its own source."""
    head, separator, tail = arn.partition(":assumed-role/")
    if not separator:
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{tail.split('/')[0]}"


def _user_arn(partition: str, credential: Credential) -> str:
    principal = credential.principal
    return f"arn:{partition}:iam::{principal.account}:user{principal.path}{principal.name}"


def _filled(pattern: str) -> str:
    """Make up a resource that a pattern takes; everything stays everything."""
    return pattern if pattern == "*" else pattern.replace("*", "example").replace("?", "x")
