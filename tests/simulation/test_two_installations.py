"""Two installations look after one account, and each touches only what is its own.

Judged by the calls that the simulated AWS saw, told apart by who signed them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from moto.secretsmanager.models import secretsmanager_backends

from rotator.clients.aws import AwsClients
from rotator.clients.aws_calls import is_reading
from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.core.ownership import Ownership
from rotator.core.policy import (
    Account,
    DestinationTemplate,
    Match,
    Overrides,
    Policy,
    Rule,
    decide,
    recalled,
)
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Phase
from rotator.core.tags import TagGlobs
from rotator.core.terms import Terms
from rotator.destinations.aws_secrets_manager.config import (
    DESTINATION,
    OWNER_TAG,
    AwsSecretsManagerConfig,
)
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.providers.aws_iam import PROVIDER, AwsIamConfig, AwsIamProvider
from rotator.reconcile.judging import Territory
from rotator.reconcile.parts import Parts
from rotator.reconcile.reconciler import Reconciler
from rotator.reconcile.scan import Scanner
from rotator.simulators.aws.embedded import EmbeddedAws
from rotator.simulators.aws.embedded_session import EmbeddedSession
from rotator.simulators.aws.keys import Use
from rotator.simulators.aws.seeding import seed
from rotator.simulators.aws.shapes import AccountSeed, KeySeed, SecretSeed, UserSeed
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from rotator.core.rotation import Credential
    from rotator.simulators.aws.shapes import Call, Credentials

REGION = "eu-central-1"
STEP = timedelta(hours=6)
DAY = timedelta(days=1)
OLD = timedelta(days=80).total_seconds()
UNUSED = Overrides(min_period=DAY, unused_for=DAY)


def rotates(name: str, match: Match, secret: str) -> Rule:
    template = DestinationTemplate(kind=DESTINATION, name=secret, region=REGION)
    return Rule(
        name=name, action=Action.ROTATE, match=match, destination=template, overrides=UNUSED
    )


def users(*names: str) -> Match:
    return Match(principal=names)


@dataclass
class Estate:
    """An account with users, secrets, and consumers who read them."""

    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.aws = EmbeddedAws(self.clock, on_call=lambda _: None)
        self.refusals: list[str] = []
        self.secrets: list[str] = []

    def add(self, user: str, *secrets: str, owner: str = "", **tags: str) -> None:
        """Make a user with one old key that each of the secrets carries."""
        wanted = UserSeed(name=user, tags=tags, keys=(KeySeed(age_seconds=OLD),))
        (key,) = seed(self.aws.world, AccountSeed(account_id=ACCOUNT, users=(wanted,))).users[user]
        content = {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
        tagged = {OWNER_TAG: owner} if owner else {}
        made = tuple(
            SecretSeed(name=name, region=REGION, value=json.dumps(content), tags=tagged)
            for name in secrets
        )
        seed(self.aws.world, AccountSeed(account_id=ACCOUNT, secrets=made))
        self.secrets += secrets

    def consume(self) -> None:
        """Use every published key once; note each refusal."""
        world = self.aws.world
        for name in self.secrets:
            key = world.keys.by_id(self.published(name))
            if not key.is_accepted(world.now(), world.settings):
                self.refusals.append(f"{name} at {world.now()}")
            use = Use(at=world.now(), service="s3", region=REGION)
            key.record_use(use, agent="consumer", settings=world.settings)

    def published(self, name: str) -> str:
        versions = secretsmanager_backends[ACCOUNT][REGION].secrets[name].versions.values()
        current = next(item for item in versions if "AWSCURRENT" in item["version_stages"])
        found: str = json.loads(current["secret_string"])["AccessKeyId"]
        return found

    def run(self, period: timedelta, *installations: Installation) -> None:
        """Let everybody work, a few hours at a time."""
        end = self.clock.now() + period
        while self.clock.now() < end:
            for installation in installations:
                installation.work()
            self.consume()
            self.clock.advance(STEP)


@dataclass
class Installation:
    """One installation with an identity, a journal and a policy of its own."""

    estate: Estate
    owner: str
    rules: tuple[Rule, ...]
    identity: Credentials

    def __post_init__(self) -> None:
        clock = self.estate.clock
        self.policy = Policy(owner=self.owner, rules=self.rules, accounts=(Account(id=ACCOUNT),))
        self.journal = MemoryJournal(SeededChance(len(self.owner)))
        session = EmbeddedSession(self.estate.aws, clock, self.identity)
        config = AwsConfig(accounts={ACCOUNT: AwsAccount()}, endpoint_url="http://simulated.aws")
        clients = AwsClients(config, clock, session=session)
        self.provider = AwsIamProvider(AwsIamConfig(), clients)
        self.destination = AwsSecretsManager(AwsSecretsManagerConfig(owner=self.owner), clients)

    def _terms(self, credential: Credential) -> Terms:
        decision = recalled(self.policy, credential.principal, credential.rule)
        return Terms(
            owner=self.owner,
            rule=decision.rule,
            schedule=decision.schedule,
            grace=decision.grace,
            traits=self.provider.traits,
        )

    def work(self) -> None:
        """Scan, and do what is due."""
        clock, telemetry = self.estate.clock, QuietTelemetry()
        parts = Parts(
            journal=self.journal,
            providers={PROVIDER: self.provider},
            destinations={DESTINATION: self.destination},
            clock=clock,
            chance=SeededChance(int(clock.now().timestamp()) + len(self.owner)),
            terms_for=self._terms,
            gate=MemoryGate(),
            telemetry=telemetry,
        )
        assert Scanner(
            territories=(Territory(name="aws-iam", provider=self.provider, account=ACCOUNT),),
            decide=lambda principal, tags=None: decide(self.policy, principal, tags),
            ownership=Ownership(),
            journal=self.journal,
            clock=clock,
            telemetry=telemetry,
        ).scan()
        for credential in self.journal.due(now=clock.now(), limit=100):
            Reconciler(parts).reconcile(credential)

    def changes(self) -> list[Call]:
        """Every call of ours that may have changed something."""
        return [
            call
            for call in self.estate.aws.world.calls
            if call.caller == self.identity.access_key_id and not is_reading(call.operation)
        ]

    def touched(self) -> set[str]:
        """Name the users and secrets that our calls changed, or tried to."""
        return {call.user_name or call.secret for call in self.changes()}

    def row(self, name: str) -> Credential:
        return next(item for item in self.journal.credentials() if item.principal.name == name)

    def phases(self, name: str) -> list[Phase]:
        return [item.phase for item in self.journal.rotations(self.row(name).id)]


def pair(
    estate: Estate, ours: tuple[Rule, ...], theirs: tuple[Rule, ...]
) -> tuple[Installation, Installation]:
    admin, human = estate.aws.world.admins_of(ACCOUNT)
    return (
        Installation(estate, "team-a", ours, admin),
        Installation(estate, "team-bb", theirs, human),
    )


def test_two_installations_on_one_account_each_touch_only_their_own() -> None:
    estate = Estate()
    estate.add("svc-a", "iam/svc-a", team="a")
    estate.add("svc-b", "iam/svc-b", team="b")
    estate.add("svc-shared", "iam/svc-shared", owner="team-a")
    estate.add("svc-nobody", "iam/svc-nobody")
    by_tag = Match(tags=(TagGlobs(name="team", values=("b",)),))
    one, other = pair(
        estate,
        (rotates("a", users("svc-a", "svc-shared"), "iam/{principal}"),),
        (
            rotates("shared", users("svc-shared"), "iam/{principal}"),
            rotates("b", by_tag, "iam/{principal}"),
        ),
    )

    estate.run(7 * DAY, one, other)

    assert one.touched() == {"svc-a", "iam/svc-a", "svc-shared", "iam/svc-shared"}
    assert other.touched() == {"svc-b", "iam/svc-b"}
    assert one.phases("svc-a") == one.phases("svc-shared") == [Phase.COMPLETED]
    assert other.phases("svc-b") == [Phase.COMPLETED]
    hold = other.row("svc-shared").hold
    assert hold is not None
    assert hold.reason is Reason.DESTINATION_FOREIGN
    assert other.row("svc-a").action is one.row("svc-b").action is Action.REPORT
    assert estate.refusals == []


def test_keys_that_another_installation_minted_and_marked_are_left_alone() -> None:
    estate = Estate()
    estate.add("svc-a", "iam/svc-a")
    rule = rotates("a", users("svc-a"), "iam/{principal}")
    elsewhere = rotates("a", users("svc-a"), "other/{principal}")
    one, other = pair(estate, (rule,), (elsewhere,))
    estate.run(7 * DAY, one, other)
    minted = estate.aws.world.keys.by_id(estate.published("iam/svc-a"))

    estate.run(9 * DAY, other)

    assert one.phases("svc-a") == [Phase.COMPLETED]
    assert minted.is_active
    assert other.changes() == []
    assert estate.refusals == []


def test_two_installations_that_publish_one_user_twice_never_refuse_a_consumer() -> None:
    """Nobody should; the guards hold all the same."""
    estate = Estate()
    estate.add("svc-twin", "a/svc-twin", "b/svc-twin")
    one, other = pair(
        estate,
        (rotates("a", users("svc-twin"), "a/{principal}"),),
        (rotates("b", users("svc-twin"), "b/{principal}"),),
    )

    estate.run(9 * DAY, one, other)

    holds = [item.row("svc-twin").hold for item in (one, other)]
    assert [hold.reason for hold in holds if hold] == [Reason.STILL_USED, Reason.SLOTS_FULL]
    assert "b/svc-twin" not in one.touched()
    assert "a/svc-twin" not in other.touched()
    assert estate.refusals == []
