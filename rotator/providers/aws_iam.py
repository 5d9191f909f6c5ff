"""AWS IAM: the access keys of IAM users."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rotator.clients.aws import Purpose
from rotator.clients.aws_calls import provider_time
from rotator.clients.aws_errors import error_code, is_clock_error
from rotator.clients.aws_report import credential_report
from rotator.clients.aws_trail import minter, mints
from rotator.core.facts import KeyInfo, KeyListing, LastUsed, Minter, Principal
from rotator.core.ids import KeyId, RotationId, instant
from rotator.core.secret import KeyMaterial, MintedKey, Secret
from rotator.core.terms import Traits
from rotator.errors import NotFoundError, RejectedError, RotatorError
from rotator.ports.provider import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.literals import StatusTypeType
    from mypy_boto3_iam.type_defs import UserTypeDef

    from rotator.clients.aws import AwsClients
    from rotator.clients.aws_trail import Mint
    from rotator.core.ids import AccountId, Instant
    from rotator.core.survey import Survey

PROVIDER: Final = "aws-iam"

PERMISSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "scan": ("iam:ListUsers",),
        "report": ("iam:GenerateCredentialReport", "iam:GetCredentialReport"),
        "observe": ("iam:ListAccessKeys", "iam:GetUser"),
        "people": ("iam:GetLoginProfile",),
        "use": ("iam:GetAccessKeyLastUsed",),
        "rotate": ("iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"),
        "mark": ("iam:TagUser", "iam:UntagUser"),
        "trail": ("cloudtrail:LookupEvents",),
    }
)
"""What each feature asks for; trying a new key needs no permission at all."""

_MARK = "rotator/"
_NEVER = "N/A"
_GONE = "NoSuchEntity"
_PAGE_ITEMS = 1000


class AwsIamConfig(BaseModel):
    """What the provider does, and what IAM is like.

    Attributes:
        path_prefixes: Only users whose path starts with one of these are seen.
        verify_regions: Where consumers are: a new key must be accepted in each.
            A region must be enabled in the account, or no key is ever accepted
            there. Empty means the account's own region.
        signature_window: How long after its making a signed request may land.
        list_lag: How stale a listing may be.
        use_quantum: Of the uses within this span IAM shows only the first.
        max_keys: Keys that IAM lets a user have.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    type: Literal["aws-iam"] = PROVIDER
    path_prefixes: tuple[str, ...] = Field(default=("/",), min_length=1)
    verify_regions: tuple[str, ...] = ()
    signature_window: timedelta = timedelta(minutes=5)
    list_lag: timedelta = timedelta(seconds=60)
    use_quantum: timedelta = timedelta(minutes=15)
    max_keys: int = Field(default=2, ge=1)


class AwsIamProvider:
    """A `KeyProvider` that can disable, report use, mark, tell people, read tags and survey."""

    def __init__(self, config: AwsIamConfig, clients: AwsClients) -> None:
        """Speak through the process's clients; sends nothing yet."""
        self._config = config
        self._clients = clients
        self._traits = Traits(
            max_keys=config.max_keys,
            can_disable=True,
            can_report_use=True,
            marks_keys=False,
            signature_window=config.signature_window,
            list_lag=config.list_lag,
            use_quantum=config.use_quantum,
        )

    @property
    def traits(self) -> Traits:
        """Return what IAM is like; keys carry no rotation from birth."""
        return self._traits

    def principals(self, account: AccountId) -> Iterator[Principal]:
        """Yield the users under the configured paths, a page at a time, each once."""
        seen: set[str] = set()
        for prefix in self._config.path_prefixes:
            for page in self._pages(account, prefix):
                for user in page:
                    if user.uid not in seen:
                        seen.add(user.uid)
                        yield user

    def _pages(self, account: AccountId, prefix: str) -> Iterator[list[Principal]]:
        iam = self._clients.iam(account, Purpose.SCAN)
        pages = iter(
            iam.get_paginator("list_users").paginate(
                PathPrefix=prefix, PaginationConfig={"PageSize": _PAGE_ITEMS}
            )
        )

        def next_page() -> list[Principal] | None:
            page = next(pages, None)
            return None if page is None else [_principal(account, user) for user in page["Users"]]

        while (found := self._clients.run(next_page, subject=account)) is not None:
            yield found

    def list_keys(self, principal: Principal) -> KeyListing:
        """List a user's keys, with the marks that the user's tags put on them.

        The keys are read before the user: if the user has our uid then, it was
        the same user before, for AWS never gives a uid twice.
        """
        iam = self._scan(principal)

        def read() -> KeyListing:
            pages = list(
                iam.get_paginator("list_access_keys").paginate(
                    UserName=principal.name, PaginationConfig={"PageSize": _PAGE_ITEMS}
                )
            )
            marks = _marks(_user(iam, principal))
            keys = tuple(
                KeyInfo(
                    key_id=KeyId(key["AccessKeyId"]),
                    enabled=key["Status"] == "Active",
                    created_at=instant(key["CreateDate"]),
                    rotation=marks.get(KeyId(key["AccessKeyId"])),
                )
                for page in pages
                for key in page["AccessKeyMetadata"]
            )
            return KeyListing(keys=keys, provider_time=provider_time(pages[0]))

        return self._clients.run(read, subject=principal.name)

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        """Mint one key with one request; the rotation stands in its user agent.

        Rights belong to the user, so `replaces` says nothing here.
        """
        del replaces
        iam = self._clients.iam(principal.account, Purpose.MINT)

        def mint() -> MintedKey:
            answer = iam.create_access_key(UserName=principal.name)
            key = answer["AccessKey"]
            return MintedKey(
                material=KeyMaterial(
                    key_id=KeyId(key["AccessKeyId"]), secret=Secret(key["SecretAccessKey"])
                ),
                created_at=instant(key.get("CreateDate") or provider_time(answer)),
            )

        return self._clients.run(
            mint, subject=principal.name, not_after=not_after, rotation=rotation
        )

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Delete a key, then its mark; the mark's fate changes nothing."""
        iam = self._mutate(principal)
        with suppress(NotFoundError):
            self._clients.run(
                lambda: iam.delete_access_key(UserName=principal.name, AccessKeyId=key),
                subject=key,
                not_after=not_after,
            )
        # A mark of a key that is gone says nothing false, so it may stay.
        with suppress(RotatorError):
            self._clients.run(
                lambda: iam.untag_user(UserName=principal.name, TagKeys=[key]),
                subject=key,
                not_after=not_after,
            )

    def verify(self, principal: Principal, material: KeyMaterial) -> Verdict:
        """Ask STS in each consumer region whose key it is."""
        regions = self._config.verify_regions or (
            self._clients.config.region_of(principal.account),
        )
        verdicts = {self._try(principal, material, region) for region in regions}
        return verdicts.pop() if len(verdicts) == 1 else Verdict.PARTLY

    def _try(self, principal: Principal, material: KeyMaterial, region: str) -> Verdict:
        with closing(self._clients.probe(region, material)) as sts:

            def ask() -> Verdict:
                try:
                    told = sts.get_caller_identity()
                except ClientError as error:
                    return _verdict(error, material.key_id)
                # The uid, for a name can be given again and a path can change.
                is_ours = (told["Account"], told["UserId"]) == (principal.account, principal.uid)
                return Verdict.ACCEPTED if is_ours else Verdict.WRONG_PRINCIPAL

            return self._clients.run(ask, subject=material.key_id)

    def disable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Make a key Inactive; takes seconds to bite."""
        self._set_status(principal, key, "Inactive", not_after)

    def enable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Make a key Active."""
        self._set_status(principal, key, "Active", not_after)

    def _set_status(
        self, principal: Principal, key: KeyId, status: StatusTypeType, not_after: Instant
    ) -> None:
        iam = self._mutate(principal)
        self._clients.run(
            lambda: iam.update_access_key(UserName=principal.name, AccessKeyId=key, Status=status),
            subject=key,
            not_after=not_after,
        )

    def last_used(self, principal: Principal, key: KeyId) -> LastUsed:
        """Tell a key's last use; a key of another user is not found."""
        iam = self._scan(principal)

        def read() -> LastUsed:
            answer = iam.get_access_key_last_used(AccessKeyId=key)
            if answer.get("UserName") != principal.name:
                msg = "no such key of this user"
                raise NotFoundError(msg, subject=key)
            return _last_used(answer["AccessKeyLastUsed"], key)

        return self._clients.run(read, subject=key)

    def mark_key(self, principal: Principal, key: KeyId, rotation: RotationId) -> None:
        """Tag the user with the key's id, as the console does for descriptions."""
        iam = self._mutate(principal)
        tag = {"Key": key, "Value": _MARK + rotation}
        self._clients.run(
            lambda: iam.tag_user(UserName=principal.name, Tags=[tag]),  # type: ignore[list-item]
            subject=key,
        )

    def marks(self, principal: Principal) -> dict[KeyId, RotationId]:
        """Read our marks from the user's tags."""
        iam = self._scan(principal)
        return self._clients.run(lambda: _marks(_user(iam, principal)), subject=principal.name)

    def is_person(self, principal: Principal) -> bool:
        """Whether the user has a console password."""
        iam = self._scan(principal)

        def read() -> bool:
            try:
                iam.get_login_profile(UserName=principal.name)
            except ClientError as error:
                if error_code(error) == _GONE:
                    return False
                raise
            return True

        return self._clients.run(read, subject=principal.name)

    def tags(self, principal: Principal) -> Mapping[str, str]:
        """Read a user's tags as every listing of its keys does: with iam:GetUser."""
        iam = self._scan(principal)
        return self._clients.run(lambda: _tags(_user(iam, principal)), subject=principal.name)

    def survey(self, account: AccountId) -> Survey:
        """Read the account's credential report, and have one made if there is none."""
        iam = self._clients.iam(account, Purpose.SCAN)
        return self._clients.run(
            lambda: credential_report(iam, self._clients.pause), subject=account
        )

    def _scan(self, principal: Principal) -> IAMClient:
        return self._clients.iam(principal.account, Purpose.SCAN)

    def _mutate(self, principal: Principal) -> IAMClient:
        return self._clients.iam(principal.account, Purpose.MUTATE)


class AwsIamProviderWithTrail(AwsIamProvider):
    """The same in accounts whose CloudTrail event history we may read."""

    @property
    def traits(self) -> Traits:
        """Return what IAM is like where its log can be asked, too."""
        return replace(super().traits, can_tell_minter=True)

    def minted_by(
        self,
        principal: Principal,
        key: KeyId,
        rotation: RotationId,
        *,
        since: Instant,
        until: Instant,
    ) -> Minter:
        """Judge the call that made a key by its identity and its user agent."""
        trail = self._clients.trail(principal.account)

        def look() -> Mint | None:
            found = mints(trail, since=since, until=until)
            return next((mint for mint in found if mint.key_id == key), None)

        mint = self._clients.run(look, subject=key)
        if mint is None or mint.user_name != principal.name:
            return Minter.UNKNOWN
        return minter(mint, self._clients.caller(principal.account), rotation)


def _principal(account: AccountId, user: UserTypeDef) -> Principal:
    return Principal(
        provider=PROVIDER,
        account=account,
        name=user["UserName"],
        uid=user["UserId"],
        path=user["Path"],
    )


def _user(iam: IAMClient, principal: Principal) -> UserTypeDef:
    """Read the user, refusing another one of the same name."""
    user = iam.get_user(UserName=principal.name)["User"]
    if user["UserId"] != principal.uid:
        msg = f"the user of this name is {user['UserId']}, not {principal.uid}"
        raise NotFoundError(msg, subject=principal.name, code="principal_replaced")
    return user


def _marks(user: UserTypeDef) -> dict[KeyId, RotationId]:
    return {
        KeyId(name): RotationId(value.removeprefix(_MARK))
        for name, value in _tags(user).items()
        if value.startswith(_MARK)
    }


def _tags(user: UserTypeDef) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in user.get("Tags", ())}


def _verdict(error: ClientError, key: KeyId) -> Verdict:
    """Read a refusal of the new key; what says nothing of the key is raised again."""
    match error_code(error):
        case "InvalidClientTokenId":
            return Verdict.NOT_YET
        case "SignatureDoesNotMatch" if not is_clock_error(error):
            msg = "the secret is not this key's"
            raise RejectedError(msg, subject=key, code="wrong_secret")
        case _:
            raise error


def _last_used(told: Mapping[str, object], key: KeyId) -> LastUsed:
    service = str(told.get("ServiceName", ""))
    at = told.get("LastUsedDate")
    if isinstance(at, datetime):
        region = str(told.get("Region", ""))
        return LastUsed(
            at=instant(at),
            service="" if service == _NEVER else service,
            region="" if region == _NEVER else region,
        )
    if service != _NEVER:
        msg = "neither a last use nor the word that there was none"
        raise RejectedError(msg, subject=key, code="use_unclear")
    return LastUsed(at=None)
