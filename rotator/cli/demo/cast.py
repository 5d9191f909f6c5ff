"""The users of a mid-sized company in two accounts: what is special about each, and its end.

The whole estate is one table, so that it can be read from top to bottom. Ages are
in days on the first day; policy replaces a key at the age of about 70.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rotator.cli.demo.character import CLINGS, DATA, PROD, Ends, Form, Shelf, Status, User
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
IN_CLUSTER: Final = "storefront"
"""Whose calls AWS throttles; whose mint has no answer; whom a person gives a key meanwhile;
whose key pods in the cluster are started with."""

CAST: Final = (
    # Healthy ones, of which some fall due in the middle.
    User("checkout-api", 120, _ROTATED, "an old key; reads its secret at every call"),
    User("order-events", 95, _ROTATED, "an old key; caches it for two days", caches_days=2),
    User("search-index", 400, _ROTATED, "a very old key; caches it for three days", caches_days=3),
    User("shipping-labels", 64, _ROTATED, "falls due in the first or second week"),
    User("customer-emails", 58, _ROTATED, "falls due in the second or third week"),
    User("recommendations", 53, _ROTATED, "falls due in the third week", caches_days=2),
    User("store-locator", 5, _YOUNG, "a young key"),
    User("feature-flags", 2, _YOUNG, "a key of the day before yesterday"),
    User("pricing-engine", 90, _ROTATED, "a secret with other fields", path="/apps/", shelf=_APP),
    User(
        "card-vault",
        27,
        _ROTATED,
        "tag team=payments: 30 days",
        path="/pay/",
        tags=_PAYMENTS,
        times=2,
    ),
    User(
        "refund-desk",
        26,
        _ROTATED,
        "tag team=payments: 30 days",
        path="/pay/",
        tags=_PAYMENTS,
        times=2,
    ),
    User("pay-sandbox", 90, _REPORTED, "no such tag", path="/pay/", tags=_SANDBOX),
    User("gift-cards", 55, _ROTATED, "other fields, due later", path="/apps/", shelf=_APP),
    User("ci+deploy@corp", 85, _ROTATED, "other field names", path="/ci/", shelf=_CI),
    User("build-cache", 70, _ROTATED, "other field names", path="/ci/", shelf=_CI),
    User("etl-extract", 80, _ROTATED, "three users share one secret", path="/etl/", shelf=_EXTRACT),
    User("etl-clean", 80, _ROTATED, "three users share one secret", path="/etl/", shelf=_CLEAN),
    User("etl-publish", 80, _ROTATED, "three users share one secret", path="/etl/", shelf=_PUBLISH),
    User(IN_CLUSTER, 95, _ROTATED, "also in a Secret of the cluster, read by pods", path="/shop/"),
    # The world gets in the way.
    User(THROTTLED, 80, _ROTATED, "AWS throttles its calls"),
    User(MINT_LOST, 75, _ROTATED, "the answer to its first mint is lost"),
    User(INTRUDED, 75, _HELD, "a person makes a key meanwhile", hold=Reason.SLOTS_FULL),
    User(
        "erp-bridge",
        80,
        _HELD,
        "clings to its old key",
        caches_days=CLINGS,
        hold=Reason.STILL_USED,
    ),
    User("sftp-gateway", 80, _HELD, "two keys: no free slot", keys=_TWO, hold=Reason.SLOTS_FULL),
    User(
        "tax-filing",
        100,
        _HELD,
        "calls once a quarter",
        used_days_ago=80,
        hold=Reason.QUIET_UNPROVEN,
    ),
    # Nothing can be done here before a person has looked.
    User("pdf-render", 85, _HELD, "a binary secret", shelf=_BINARY, hold=Reason.UNPUBLISHED),
    User("cron-host-7", 85, _HELD, "an env file as a secret", shelf=_ENV, hold=Reason.UNPUBLISHED),
    User(
        "loyalty-points",
        85,
        _HELD,
        "another installation's secret",
        shelf=_FOREIGN,
        hold=Reason.DESTINATION_FOREIGN,
    ),
    User(
        "hr-connector",
        85,
        _HELD,
        "its secret rotates natively",
        shelf=_NATIVE,
        hold=Reason.NATIVE_ROTATION,
    ),
    User(
        "forum-bot",
        85,
        _HELD,
        "its secret is being deleted",
        shelf=_DELETED,
        hold=Reason.DESTINATION_DELETED,
    ),
    User(
        "webhook-relay",
        85,
        _HELD,
        "the published key is disabled",
        keys=_OFF,
        hold=Reason.UNPUBLISHED,
    ),
    # Not ours to touch.
    User("anna.keller", 200, _REPORTED, "a person", path="/people/", shelf=None, is_person=True),
    User("tom.weber", 150, _REPORTED, "a person among the services", shelf=None, is_person=True),
    User("batch-export", 300, _REPORTED, "no rule selects it; it has a secret", path="/batch/"),
    User("crm-sync-old", 700, _REPORTED, "no rule, no secret", path="/batch/", shelf=None),
    User("ledger-export", 100, _REPORTED, "a rule only reports it", path="/finance/"),
    User("breakglass-1", 500, _LEFT, "policy ignores it", path="/break-glass/", shelf=None),
    User("newsletter", 0, _LEFT, "no key at all", keys=(), shelf=None),
    User("tf-artifacts", 200, _REPORTED, "Terraform manages its key", tags=_TERRAFORM),
    User("datalake-writer", 200, _REPORTED, "a CloudFormation stack manages it", tags=_STACK),
    # The second account, through a role.
    User("checkout-api", 110, _ROTATED, "the same name as in prod", account=DATA),
    User(
        "CI+Deploy@corp",
        85,
        _ROTATED,
        "differs in case from prod's",
        account=DATA,
        path="/ci/",
        shelf=_CI,
    ),
    User("lake-ingest", 100, _ROTATED, "an old key", account=DATA),
    User(
        "lake-query",
        57,
        _ROTATED,
        "falls due in the second or third week",
        account=DATA,
        caches_days=2,
    ),
    User("ml-training", 65, _ROTATED, "other fields", account=DATA, path="/apps/", shelf=_APP),
    User("bi-reports", 10, _YOUNG, "a young key", account=DATA),
)
"""The users, in the order in which they are shown."""

VICTIM: Final = next(item for item in CAST if item.name == INTRUDED)
SHOP: Final = next(item for item in CAST if item.name == IN_CLUSTER)


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
