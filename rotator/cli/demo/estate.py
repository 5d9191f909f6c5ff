"""The simulated company: two accounts, their users and secrets, and what AWS does to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.cast import CAST, INTRUDED, MINT_LOST, RELIC, THROTTLED
from rotator.cli.demo.character import ACCOUNTS, DATA, PROD, Form, Shelf
from rotator.cli.demo.files import REGION, ROLE
from rotator.clients.aws_policies import documents, member
from rotator.core.ids import AccountId
from rotator.destinations.aws_secrets_manager.config import OWNER_TAG
from rotator.settings.permissions import permission_grants, permission_land
from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.shapes import (
    FaultKind,
    FaultRule,
    KeySeed,
    RoleSeed,
    SecretSeed,
    UserSeed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from rotator.cli.demo.character import User
    from rotator.settings.settings import Settings
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import Credentials, SeededAccount

DAYS: Final = 30

_DAY: Final = 86_400

_FAULTS: Final = (
    FaultRule(kind=FaultKind.THROTTLE, operation="CreateAccessKey", user_name=THROTTLED, times=3),
    FaultRule(kind=FaultKind.THROTTLE, operation="UpdateAccessKey", user_name=THROTTLED, times=2),
    FaultRule(kind=FaultKind.LOSE_ANSWER, operation="CreateAccessKey", user_name=MINT_LOST),
    FaultRule(kind=FaultKind.LOSE_REQUEST, operation="CreateAccessKey", user_name=INTRUDED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What was seeded.

    Attributes:
        accounts: By account id: its administrators, and the keys of the first day.
        values: By account and name: the text of each secret on the first day.
    """

    accounts: Mapping[str, SeededAccount]
    values: Mapping[tuple[str, str], str]

    def keys(self, character: User) -> tuple[Credentials, ...]:
        """Return a user's keys of the first day."""
        return self.accounts[character.account].users[character.name]

    def published(self, character: User) -> Credentials:
        """Return the key that a user's secret carried on the first day."""
        return self.keys(character)[character.shelf.of_key if character.shelf else 0]

    def secrets(self, url: str) -> dict[str, SecretsManagerClient]:
        """Make for each account a client that may read its secrets."""
        clients = SimulatedClients(url)
        return {
            name: clients.secrets_manager(account.human, region=REGION)
            for name, account in self.accounts.items()
        }

    def reader(self, url: str, account: str) -> Callable[[str], str]:
        """Return what reads the text of an account's secret, by its name."""
        client = self.secrets(url)[account]
        return lambda name: client.get_secret_value(SecretId=name)["SecretString"]


def seed(aws: SimulatedAws, settings: Settings) -> Estate:
    """Fill the accounts, first with users and roles, then with what publishes keys.

    Args:
        aws: What is filled.
        settings: What the daemon's role is allowed to do follows from them.
    """
    accounts = {name: _seed_users(aws, name) for name in ACCOUNTS}
    aws.seed(DATA, roles=[_role(settings, AccountId(DATA))])
    values = {name: _values(name, accounts[name]) for name in ACCOUNTS}
    for name, account in accounts.items():
        aws.seed(name, secrets=list(_secrets(name, values[name])))
        _delete(aws.url, name, account.human)
    for fault in _FAULTS:
        aws.add_fault(fault)
    texts = {(name, secret): text for name in ACCOUNTS for secret, text in values[name].items()}
    return Estate(accounts=accounts, values=texts)


def _role(settings: Settings, account: AccountId) -> RoleSeed:
    """Allow exactly what `rotator aws policy member --with search` prints."""
    grants = permission_grants(settings, account, extra=("search",))
    statements = member(permission_land(settings, account), grants)
    return RoleSeed(name=ROLE, policies=documents(statements), trusts=(PROD,))


def _cast(account: str) -> list[User]:
    return [character for character in CAST if character.account == account]


def _seed_users(aws: SimulatedAws, account: str) -> SeededAccount:
    now = aws.now()
    users = [_user(character, now) for character in _cast(account)]
    return aws.seed(account, users=users, root_key_active=account == PROD)


def _user(character: User, now: datetime) -> UserSeed:
    age = character.age_days * _DAY
    ago = character.used_days_ago
    used = None if ago is None else now - timedelta(days=ago)
    return UserSeed(
        name=character.name,
        path=character.path,
        tags=dict(character.tags),
        console_password=character.is_person,
        keys=tuple(
            KeySeed(status=status, age_seconds=age, last_used_at=used) for status in character.keys
        ),
    )


def _values(account: str, seeded: SeededAccount) -> dict[str, str]:
    """Write the text of every secret; users that share one stand in it together."""
    texts: dict[str, str] = {}
    for character in _cast(account):
        shelf = character.shelf
        if shelf is not None:
            key = seeded.users[character.name][shelf.of_key]
            texts[character.secret] = _written(shelf, key, texts.get(character.secret, "{}"))
    if account == RELIC.account:
        texts[RELIC.name] = RELIC.value
    return texts


def _written(shelf: Shelf, key: Credentials, before: str) -> str:
    if shelf.form is Form.ENV:
        return (
            f"AWS_ACCESS_KEY_ID={key.access_key_id}\n"
            f"AWS_SECRET_ACCESS_KEY={key.secret_access_key}\n"
        )
    ours = {shelf.key_id_field: key.access_key_id, shelf.secret_field: key.secret_access_key}
    return json.dumps({**json.loads(before), **shelf.others, **ours})


def _secrets(account: str, texts: Mapping[str, str]) -> Iterator[SecretSeed]:
    shelves = {item.secret: item.shelf for item in _cast(account) if item.shelf}
    for name, text in texts.items():
        shelf = shelves.get(name, Shelf())
        is_binary = shelf.form is Form.BINARY
        yield SecretSeed(
            name=name,
            value=None if is_binary else text,
            binary=text.encode() if is_binary else None,
            region=REGION,
            tags={OWNER_TAG: shelf.owner} if shelf.owner else {},
            native_rotation=shelf.is_rotated_natively,
        )


def _delete(url: str, account: str, person: Credentials) -> None:
    """Schedule secrets for deletion, as a person did before the first day."""
    client = SimulatedClients(url).secrets_manager(person, region=REGION)
    for character in _cast(account):
        if character.shelf is not None and character.shelf.is_deleted:
            client.delete_secret(SecretId=character.secret, RecoveryWindowInDays=30)
