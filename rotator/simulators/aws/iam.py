"""IAM as AWS has it: moto's, with its known divergences corrected."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast
from xml.sax.saxutils import escape

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import (
    DeleteConflictException,
    IAMException,
    LimitExceededException,
    NoSuchEntity,
    ValidationError,
)
from moto.iam.responses import IamResponse
from moto.moto_api._internal import mock_random

from rotator.simulators.aws.credential_report import CredentialReports
from rotator.simulators.aws.keys import Key, Principal
from rotator.simulators.aws.policy_simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moto.iam.models import AccessKey, IAMBackend, User

    from rotator.simulators.aws.world import World

_PAGE_DEFAULT = 100
_PAGE_LIMIT = 1000
_TAGS_LIMIT = 50
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

Item = TypeVar("Item")


class _AccessDenied(IAMException):
    code = "AccessDenied"


class _InvalidInput(IAMException):
    code = "InvalidInput"


def new_user_id() -> str:
    """Return an AIDA id: never reused, so a re-created user is another one (row 14)."""
    return "AIDA" + "".join(mock_random.choices(_ID_ALPHABET, k=17))


def register_key(world: World, user: User, key: AccessKey) -> Key:
    """Tell the register of a key that moto has just made."""
    registered = Key(
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        principal=Principal(
            account_id=user.account_id, user_id=user.id, arn=user.arn, user_name=user.name
        ),
        created_at=world.date(),
        changes=[(world.now(), True)],
    )
    world.keys.add(registered)
    return registered


def mint(world: World, backend: IAMBackend, user_name: str) -> AccessKey:
    """Make a key for a user, with a secret that begins with the world's mark."""
    key: AccessKey = backend.create_access_key(user_name)
    mark = world.settings.secret_mark
    key.secret_access_key = mark + key.secret_access_key[len(mark) :]
    register_key(world, backend.get_user(user_name), key)
    return key


class FaithfulIam(IamResponse):
    """Answers one IAM call; a new object for each."""

    def __init__(self, world: World) -> None:
        """Answer about this world."""
        super().__init__()
        self._world = world

    def create_user(self) -> ActionResult:
        """Create a user with an id shaped as AWS's."""
        answer = super().create_user()
        self._user().id = new_user_id()
        return answer

    def get_user(self) -> ActionResult:
        """Return the named user, never moto's invented one."""
        return ActionResult({"User": self._user()})

    def delete_user(self) -> ActionResult:
        """Refuse while keys or a password are left (row 12)."""
        user = self._user()
        if user.access_keys or user.password:
            msg = "Cannot delete entity, must delete access keys and login profile first."
            raise DeleteConflictException(msg)
        self._world.policies.put(user.arn, None)
        return super().delete_user()

    def update_user(self) -> ActionResult:
        """Refuse a new name or path: keys and tags would have to follow."""
        raise NotImplementedError

    def list_users(self) -> str:  # type: ignore[override]
        """Return a page of users by name (row 6: moto never truncates).

        The XML is written here because moto's serialiser needs 80 ms for 1,000 users.
        """
        prefix = self._get_param("PathPrefix") or "/"
        users = [user for user in self.backend.users.values() if user.path.startswith(prefix)]
        page, marker = self._page(users, lambda user: user.name)
        items = "".join(
            f"<member><Path>{escape(user.path)}</Path><UserName>{escape(user.name)}</UserName>"
            f"<UserId>{user.id}</UserId><Arn>{escape(user.arn)}</Arn>"
            f"<CreateDate>{user.create_date:%Y-%m-%dT%H:%M:%SZ}</CreateDate></member>"
            for user in page
        )
        more = f"<Marker>{marker}</Marker>" if marker else ""
        return (
            '<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            f"<ListUsersResult><Users>{items}</Users>"
            f"<IsTruncated>{str(bool(marker)).lower()}</IsTruncated>{more}</ListUsersResult>"
            "<ResponseMetadata><RequestId></RequestId></ResponseMetadata></ListUsersResponse>"
        )

    def create_access_key(self) -> ActionResult:
        """Mint a key; its secret is told here and never again."""
        key = mint(self._world, self.backend, self._user().name)
        return ActionResult({"AccessKey": key})

    def list_access_keys(self) -> ActionResult:
        """Return a page of a user's keys, all as they were when the lag began."""
        user = self._user()
        lag = timedelta(seconds=self._world.settings.list_lag_seconds)
        listed = self._world.keys.listed(user.id, self._world.now() - lag)
        seen = [
            {
                "UserName": user.name,
                "AccessKeyId": key.access_key_id,
                "Status": "Active" if is_active else "Inactive",
                "CreateDate": key.created_at.replace(tzinfo=None),
            }
            for key, is_active in listed
        ]
        page, marker = self._page(seen, lambda key: f"{seen.index(key):04}")
        return ActionResult(
            {
                "UserName": user.name,
                "AccessKeyMetadata": page,
                "IsTruncated": bool(marker),
                "Marker": marker or None,
            }
        )

    def update_access_key(self) -> ActionResult:
        """Enable or disable a key; moto takes any status (row 12)."""
        status = self._get_param("Status")
        if status not in ("Active", "Inactive"):
            msg = f"Value '{status}' at 'status' failed to satisfy constraint: not in enum"
            raise ValidationError(msg)
        key_id = self._get_param("AccessKeyId")
        self.backend.update_access_key(self._user().name, key_id, status)
        self._registered(key_id).set_active(is_active=status == "Active", now=self._world.now())
        return EmptyResult()

    def delete_access_key(self) -> ActionResult:
        """Delete a key for good."""
        key_id = self._get_param("AccessKeyId")
        self.backend.delete_access_key(key_id, self._user().name)
        self._registered(key_id).delete(self._world.now())
        return EmptyResult()

    def get_access_key_last_used(self) -> ActionResult:
        """Tell the recorded use, with AWS's quantum and lag (row 5)."""
        key_id = self._get_param("AccessKeyId")
        key = self._world.keys.find(key_id)
        if key is None or key.is_deleted or not key.principal.user_name:
            msg = f"The Access Key with id {key_id} cannot be found."
            raise NoSuchEntity(msg)
        if key.principal.account_id != self.current_account:
            msg = f"not authorized to perform: iam:GetAccessKeyLastUsed on access key {key_id}"
            raise _AccessDenied(msg)
        use = key.reported_use(self._world.now(), self._world.settings)
        told = {"Region": "N/A", "ServiceName": "N/A"}
        if use is not None:
            date = use.at.replace(microsecond=0, tzinfo=None)
            told = {"LastUsedDate": cast("Any", date), "Region": use.region}
            told["ServiceName"] = use.service
        return ActionResult({"UserName": key.principal.user_name, "AccessKeyLastUsed": told})

    def tag_user(self) -> ActionResult:
        """Tag a user, up to AWS's limit (row 12)."""
        user = self._user()
        names = {tag["Key"] for tag in [*(user.tags or ()), *self._get_param("Tags", [])]}
        if len(names) > _TAGS_LIMIT:
            msg = f"Cannot exceed quota for TagsPerUser: {_TAGS_LIMIT}"
            raise LimitExceededException(msg)
        return super().tag_user()

    def generate_credential_report(self) -> ActionResult:
        """Start a report unless one is younger than four hours (row 7)."""
        return ActionResult({"State": self._reports().generate(self.backend.users.values())})

    def get_credential_report(self) -> ActionResult:
        """Return the report as it was when it was generated (row 7)."""
        report = self._reports().current()
        return ActionResult(
            {
                "Content": report.content,
                "ReportFormat": "text/csv",
                "GeneratedTime": report.generated_at.replace(tzinfo=None),
            }
        )

    def get_account_summary(self) -> ActionResult:
        """Count what is there; moto never finds a root key."""
        answer = super().get_account_summary()
        told = cast("dict[str, dict[str, int]]", answer.result)["SummaryMap"]
        present = int(self.current_account in self._world.root_keys)
        return ActionResult({"SummaryMap": {**told, "AccountAccessKeysPresent": present}})

    def get_account_authorization_details(self) -> ActionResult:
        """Return a page of users with their tags (row 6); other filters are not simulated."""
        if self._get_param("Filter", []) != ["User"]:
            raise NotImplementedError
        page, marker = self._page(list(self.backend.users.values()), lambda user: user.name)
        return ActionResult(
            {
                "UserDetailList": page,
                "IsTruncated": bool(marker),
                "Marker": marker or None,
            }
        )

    def simulate_principal_policy(self) -> ActionResult:
        """Say what a user or role of this account may do."""
        arn = self._get_param("PolicySourceArn")
        self._refuse_unknown_holder(arn)
        results = simulate(
            self._world.policies,
            arn,
            actions=self._get_param("ActionNames", []),
            resources=self._get_param("ResourceArns", []),
            entries=self._get_param("ContextEntries", []),
        )
        return ActionResult({"EvaluationResults": list(results), "IsTruncated": False})

    def _refuse_unknown_holder(self, arn: str) -> None:
        account, _, name = arn.removeprefix("arn:aws:iam::").partition(":")
        kind = name.partition("/")[0]
        if not arn.startswith("arn:aws:iam::") or kind not in ("user", "role"):
            msg = f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
            raise _InvalidInput(msg)
        is_here = account == self.current_account
        is_known = (
            self._world.policies.is_known_role(arn)
            if kind == "role"
            else any(user.arn == arn for user in self.backend.users.values())
        )
        if not (is_here and is_known):
            msg = f"The {kind} with name {name.rpartition('/')[2]} cannot be found."
            raise NoSuchEntity(msg)

    def _reports(self) -> CredentialReports:
        return CredentialReports(self._world, self.current_account)

    def _user(self) -> User:
        """Return the named user; sessions, which alone may call IAM here, must name one."""
        name = self._get_param("UserName")
        if not name:
            msg = "Must specify userName when calling with non-User credentials"
            raise ValidationError(msg)
        return self.backend.get_user(name)

    def _registered(self, access_key_id: str) -> Key:
        key = self._world.keys.find(access_key_id)
        if key is None:
            msg = f"The Access Key with id {access_key_id} cannot be found."
            raise NoSuchEntity(msg)
        return key

    def _page(self, items: Sequence[Item], name: Callable[[Item], str]) -> tuple[list[Item], str]:
        """Cut a page; the marker names its last item, so deletions shift nothing."""
        size = int(self._get_param("MaxItems") or _PAGE_DEFAULT)
        if not 1 <= size <= _PAGE_LIMIT:
            msg = f"Value '{size}' at 'maxItems' failed to satisfy constraint: 1 to {_PAGE_LIMIT}"
            raise ValidationError(msg)
        marker = self._get_param("Marker")
        after = _read_marker(marker) if marker else ""
        rest = sorted((item for item in items if name(item) > after), key=name)
        page = rest[: min(size, self._world.settings.max_page_size)]
        if len(page) == len(rest):
            return page, ""
        return page, urlsafe_b64encode(name(page[-1]).encode()).decode()


def _read_marker(marker: str) -> str:
    try:
        return b64decode(marker, altchars=b"-_", validate=True).decode()
    except (Base64Error, UnicodeDecodeError) as error:
        msg = "Invalid Marker"
        raise ValidationError(msg) from error
