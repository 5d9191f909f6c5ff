"""What tests of conformance runs say again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.ports.provider import Verdict
from rotator.providers.http.conformance import Conformance
from rotator.providers.http.conformance_report import Outcome
from rotator.providers.http.conformance_stand import Wanted, stand_on
from rotator.settings.http_spec import read_spec
from rotator.testing.manual_clock import SeededChance
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from rotator.core.ids import KeyId
    from rotator.core.secret import Secret
    from rotator.ports.api_keys import ApiKeys
    from rotator.providers.http.conformance_report import Report
    from rotator.providers.http.conformance_stand import Stand
    from tests.adapters.http_provider.stage5_account import Stage5Account

TEXT = (ROOT / "rotator" / "simulators" / "stage5" / "spec.yaml").read_text(encoding="utf-8")
NONCE = "0badcafe"
WANTED = Wanted(lifetime=timedelta(days=2), scopes=("messages:write", "projects:read"))


def stand(place: Stage5Account, text: str = TEXT, wanted: Wanted = WANTED) -> Stand:
    spec, faults = read_spec("spec.yaml", text)
    assert spec is not None, faults
    return stand_on(spec, place.account(), place.acme.clock, SeededChance(), wanted)


def run(place: Stage5Account, text: str = TEXT, wanted: Wanted = WANTED) -> Report:
    return Conformance(stand(place, text, wanted), NONCE).run()


def outcomes(report: Report) -> dict[str, Outcome]:
    return {check.what: check.outcome for check in report.checks}


def seen(report: Report, what: str) -> str:
    return next(check.seen for check in report.checks if check.what == what)


def failed(report: Report) -> dict[str, str]:
    return {it.what: it.seen for it in report.checks if it.outcome is Outcome.FAILED}


def names(place: Stage5Account) -> set[str]:
    return {key.name for key in place.api_keys().api_keys()}


@dataclass
class Gullible:
    """An account at which everybody is let in."""

    real: ApiKeys

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the account has
        return getattr(self.real, name)

    def try_api_key(self, secret: Secret, key: KeyId | None) -> Verdict:
        del secret, key
        return Verdict.ACCEPTED
