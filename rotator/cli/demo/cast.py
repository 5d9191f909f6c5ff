"""The users of a mid-sized company in two accounts: what is special about each, and its end.

The whole estate is one table, so that it can be read from top to bottom. Ages are
in days on the first day; policy replaces a key at the age of about 70.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rotator.cli.demo.character import CLINGS, DATA, PROD, Character, Ends, Form, Shelf, Status
from rotator.core.reasons import Reason

_ROTATED, _YOUNG, _HELD = Ends.ROTATED, Ends.YOUNG, Ends.HELD
_REPORTED, _LEFT = Ends.REPORTED, Ends.LEFT

_CI = Shelf(
    name="ci/{name}",
    key_id_field="aws_access_key_id",
    secret_field="aws_secret_access_key",  # noqa: S106 - a field's name, not a secret
)
_APP = Shelf(name="apps/{name}", others={"host": "db.internal", "port": 5432, "pools": ["a", "b"]})
_ENV = Shelf(form=Form.ENV)
_BINARY = Shelf(form=Form.BINARY)
_FOREIGN = Shelf(owner="platform-legacy")
_NATIVE = Shelf(is_rotated_natively=True)
_DELETED = Shelf(is_deleted=True)
_EXTRACT, _CLEAN, _PUBLISH = (
    Shelf(name="bundles/etl", key_id_field=f"{part}_KEY_ID", secret_field=f"{part}_SECRET_KEY")
    for part in ("EXTRACT", "CLEAN", "PUBLISH")
)
_TWO: Final[tuple[Status, ...]] = ("Active", "Active")
_OFF: Final[tuple[Status, ...]] = ("Inactive", "Active")
_TERRAFORM = {"managed-by": "terraform"}
_STACK = {"aws:cloudformation:stack-name": "datalake"}
_PAYMENTS, _SANDBOX = {"team": "payments"}, {"team": "sandbox"}

THROTTLED: Final = "stock-levels"
MINT_LOST: Final = "mobile-push"
INTRUDED: Final = "fraud-scoring"
"""Whose calls AWS throttles; whose mint has no answer; whom a person gives a key meanwhile."""

CAST: Final = (
    # Healthy ones, of which some fall due in the middle.
    Character("checkout-api", 120, _ROTATED, "an old key; reads its secret at every call"),
    Character("order-events", 95, _ROTATED, "an old key; caches it for two days", caches_days=2),
    Character(
        "search-index", 400, _ROTATED, "a very old key; caches it for three days", caches_days=3
    ),
    Character("shipping-labels", 64, _ROTATED, "falls due in the first or second week"),
    Character("customer-emails", 58, _ROTATED, "falls due in the second or third week"),
    Character("recommendations", 53, _ROTATED, "falls due in the third week", caches_days=2),
    Character("store-locator", 5, _YOUNG, "a young key"),
    Character("feature-flags", 2, _YOUNG, "a key of the day before yesterday"),
    Character(
        "pricing-engine", 90, _ROTATED, "a secret with other fields", path="/apps/", shelf=_APP
    ),
    Character(
        "card-vault",
        27,
        _ROTATED,
        "tag team=payments: 30 days",
        path="/pay/",
        tags=_PAYMENTS,
        times=2,
    ),
    Character(
        "refund-desk",
        26,
        _ROTATED,
        "tag team=payments: 30 days",
        path="/pay/",
        tags=_PAYMENTS,
        times=2,
    ),
    Character("pay-sandbox", 90, _REPORTED, "no such tag", path="/pay/", tags=_SANDBOX),
    Character("gift-cards", 55, _ROTATED, "other fields, due later", path="/apps/", shelf=_APP),
    Character("ci+deploy@corp", 85, _ROTATED, "other field names", path="/ci/", shelf=_CI),
    Character("build-cache", 70, _ROTATED, "other field names", path="/ci/", shelf=_CI),
    Character(
        "etl-extract", 80, _ROTATED, "three users share one secret", path="/etl/", shelf=_EXTRACT
    ),
    Character(
        "etl-clean", 80, _ROTATED, "three users share one secret", path="/etl/", shelf=_CLEAN
    ),
    Character(
        "etl-publish", 80, _ROTATED, "three users share one secret", path="/etl/", shelf=_PUBLISH
    ),
    # The world gets in the way.
    Character(THROTTLED, 80, _ROTATED, "AWS throttles its calls"),
    Character(MINT_LOST, 75, _ROTATED, "the answer to its first mint is lost"),
    Character(INTRUDED, 75, _HELD, "a person makes a key meanwhile", hold=Reason.SLOTS_FULL),
    Character(
        "erp-bridge",
        80,
        _HELD,
        "clings to its old key",
        caches_days=CLINGS,
        hold=Reason.STILL_USED,
    ),
    Character(
        "sftp-gateway", 80, _HELD, "two keys: no free slot", keys=_TWO, hold=Reason.SLOTS_FULL
    ),
    Character(
        "tax-filing",
        100,
        _HELD,
        "calls once a quarter",
        used_days_ago=80,
        hold=Reason.QUIET_UNPROVEN,
    ),
    # Nothing can be done here before a person has looked.
    Character("pdf-render", 85, _HELD, "a binary secret", shelf=_BINARY, hold=Reason.UNPUBLISHED),
    Character(
        "cron-host-7", 85, _HELD, "an env file as a secret", shelf=_ENV, hold=Reason.UNPUBLISHED
    ),
    Character(
        "loyalty-points",
        85,
        _HELD,
        "another installation's secret",
        shelf=_FOREIGN,
        hold=Reason.DESTINATION_FOREIGN,
    ),
    Character(
        "hr-connector",
        85,
        _HELD,
        "its secret rotates natively",
        shelf=_NATIVE,
        hold=Reason.NATIVE_ROTATION,
    ),
    Character(
        "forum-bot",
        85,
        _HELD,
        "its secret is being deleted",
        shelf=_DELETED,
        hold=Reason.DESTINATION_DELETED,
    ),
    Character(
        "webhook-relay",
        85,
        _HELD,
        "the published key is disabled",
        keys=_OFF,
        hold=Reason.UNPUBLISHED,
    ),
    # Not ours to touch.
    Character(
        "anna.keller", 200, _REPORTED, "a person", path="/people/", shelf=None, is_person=True
    ),
    Character(
        "tom.weber", 150, _REPORTED, "a person among the services", shelf=None, is_person=True
    ),
    Character(
        "batch-export", 300, _REPORTED, "no rule selects it; it has a secret", path="/batch/"
    ),
    Character("crm-sync-old", 700, _REPORTED, "no rule, no secret", path="/batch/", shelf=None),
    Character("ledger-export", 100, _REPORTED, "a rule only reports it", path="/finance/"),
    Character("breakglass-1", 500, _LEFT, "policy ignores it", path="/break-glass/", shelf=None),
    Character("newsletter", 0, _LEFT, "no key at all", keys=(), shelf=None),
    Character("tf-artifacts", 200, _REPORTED, "Terraform manages its key", tags=_TERRAFORM),
    Character("datalake-writer", 200, _REPORTED, "a CloudFormation stack manages it", tags=_STACK),
    # The second account, through a role.
    Character("checkout-api", 110, _ROTATED, "the same name as in prod", account=DATA),
    Character(
        "CI+Deploy@corp",
        85,
        _ROTATED,
        "differs in case from prod's",
        account=DATA,
        path="/ci/",
        shelf=_CI,
    ),
    Character("lake-ingest", 100, _ROTATED, "an old key", account=DATA),
    Character(
        "lake-query",
        57,
        _ROTATED,
        "falls due in the second or third week",
        account=DATA,
        caches_days=2,
    ),
    Character("ml-training", 65, _ROTATED, "other fields", account=DATA, path="/apps/", shelf=_APP),
    Character("bi-reports", 10, _YOUNG, "a young key", account=DATA),
)
"""The users, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Relic:
    """A secret with the key of a user that was deleted long ago.

    Attributes:
        value: Its text, which must never change.
    """

    name: str
    value: str
    account: str = PROD


RELIC: Final = Relic(
    "iam/loyalty-import", '{"AccessKeyId":"AKIAQWERTYUIOPASDFGH","SecretAccessKey":"gone"}'
)
