"""The closing summary: what became of everyone, against what was to be expected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.cli.demo.cast import RELIC, VICTIM
from rotator.cli.demo.character import CHAT_WORKSPACE, PLACES, PROD, WORKSPACE, Ends, User
from rotator.cli.demo.chat.cast import ChatKey
from rotator.cli.demo.chat.truth import ChatTruth
from rotator.cli.demo.cluster.act import ClusterStory, look
from rotator.cli.demo.evidence.act import Evidence, gather
from rotator.cli.demo.vault.cast import VaultKey
from rotator.cli.demo.vault.truth import VaultTruth
from rotator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.demo.character import Character
    from rotator.cli.demo.fleet import Standing
    from rotator.cli.demo.stage import Play
    from rotator.core.adoption import AdoptionRow
    from rotator.simulators.aws.shapes import SecretState, State, UserState

_PUBLISHED_BY_US = frozenset({Reason.STILL_USED, Reason.QUIET_UNPROVEN})
"""Holds that come after promotion, so that the secret is a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One principal on the last day.

    Attributes:
        label: How it is shown.
        adoption: What adopting it would have come to on the first day, and why.
        hold: Why it waits, in our word; empty if it does not.
        reason: Why it is held or only reported, in a sentence.
        faults: Where it differs from what was to be expected; empty is good.
    """

    label: str
    account: str
    provider: str
    name: str
    adoption: str
    ends: str
    rotations: int
    hold: str
    reason: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The whole demonstration on the last day.

    Attributes:
        calls: Consumers' calls of AWS.
        refusals: Those that AWS refused: each would have been an outage.
        vault_calls: How often applications encrypted or decrypted with the workspace.
        vault_refusals: How often one could not go on: refused, or its data of the first
            day not to be read or found. Each would have been an outage, too.
        chat_calls: How many messages integrations passed on with access keys of Stage5.
        chat_refusals: Those without a reply: each would have been an outage, too.
        chat_ended: How many old keys were tried at Stage5 on the last day, and refused.
        cluster: What became of the key that pods in the cluster are started with.
        evidence: What an auditor is told.
        trespasses: What was touched that nobody of the cast owns, or in plan mode; empty is good.
        others: What adopting said of accounts' roots and of objects that belong to nobody.
    """

    lines: tuple[Line, ...]
    calls: int
    refusals: int
    vault_calls: int
    vault_refusals: int
    chat_calls: int
    chat_refusals: int
    chat_ended: int
    cluster: ClusterStory
    evidence: Evidence
    trespasses: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def is_as_expected(self) -> bool:
        """Whether nothing differs, nobody was refused, and the evidence is whole."""
        has_faults = any(line.faults for line in self.lines)
        refusals = self.refusals + self.vault_refusals + self.chat_refusals + self.cluster.refusals
        faults = (*self.evidence.faults, *self.cluster.faults, *self.trespasses)
        return not (faults or refusals or has_faults)


def summarize(play: Play) -> Summary:
    """Compare the last day with what was to be expected."""
    truth = _truth(play)
    return Summary(
        lines=tuple(_line(play, standing, truth) for standing in play.fleet),
        calls=play.consumers.calls,
        refusals=play.consumers.refusals,
        vault_calls=play.workers.calls,
        vault_refusals=play.workers.refusals,
        chat_calls=play.talkers.calls,
        chat_refusals=play.talkers.refusals,
        chat_ended=truth.chat.ended(),
        cluster=look(play),
        evidence=gather(play),
        trespasses=(*play.touched, *_trespasses(play, truth.aws)),
        others=tuple(
            f"{PLACES[row.account]}/{row.name} {_finding(row)}"
            for row in play.adoption
            if row.principal is None
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Truth:
    """What is there at the vendors, by their own word."""

    aws: State
    vault: VaultTruth
    chat: ChatTruth


def _truth(play: Play) -> _Truth:
    aws = play.vendors.aws.state()
    workspace = play.vendors.stash.state(workspace_id=WORKSPACE).workspaces[WORKSPACE]
    values = {item.name: _text(item) for item in aws.accounts[PROD].secrets}
    vault = VaultTruth(workspace=workspace, values=values, estate=play.vault)
    chat = ChatTruth(
        workspace=play.vendors.stage5.state(workspace_id=CHAT_WORKSPACE).workspaces[CHAT_WORKSPACE],
        values=values,
        estate=play.chat,
        is_refused=play.vendors.public_api.is_refused,
    )
    return _Truth(aws=aws, vault=vault, chat=chat)


def _line(play: Play, standing: Standing, truth: _Truth) -> Line:
    character = standing.character
    faults = (*_differences(standing), *_broken(play, character, truth))
    return Line(
        label=character.label,
        account=PLACES[character.account],
        provider=character.provider,
        name=character.name,
        adoption=_verdict(play, character),
        ends=standing.ends.value,
        rotations=standing.completed,
        hold=standing.hold.value if standing.hold else "",
        reason=standing.reason,
        faults=faults,
    )


def _verdict(play: Play, character: Character) -> str:
    found = (
        _finding(row)
        for row in play.adoption
        if row.principal is not None
        and (row.principal.provider, row.account, row.name) == character.id
    )
    return next(found, "")


def _finding(row: AdoptionRow) -> str:
    cause = row.finding.cause
    return f"{row.verdict.value}: {cause.value}" if cause else row.verdict.value


def _differences(standing: Standing) -> Iterator[str]:
    expected = standing.character
    if standing.ends is not expected.ends:
        yield f"{standing.ends.value}, not {expected.ends.value}"
    if standing.completed != expected.rotations:
        yield f"{standing.completed} rotations, not {expected.rotations}"
    if standing.hold is not expected.hold:
        yield f"held for {standing.hold}, not {expected.hold}"


def _broken(play: Play, character: Character, truth: _Truth) -> Iterator[str]:
    """Check the truth at the provider: nothing of a stranger's was touched, and no key is lost."""
    if isinstance(character, VaultKey):
        yield from truth.vault.faults(character)
    elif isinstance(character, ChatKey):
        yield from truth.chat.faults(character)
    else:
        assert isinstance(character, User), "who is in no workspace is a user"  # noqa: S101
        yield from _broken_at_aws(play, character, truth.aws)


def _broken_at_aws(play: Play, character: User, truth: State) -> Iterator[str]:
    account = truth.accounts[character.account]
    user = account.users[character.name]
    secret = next((item for item in account.secrets if item.name == character.secret), None)
    if character.ends is Ends.ROTATED:
        yield from _replaced(character, user, secret)
        return
    enabled = {key.access_key_id: key.status for key in user.keys}
    for key, status in zip(play.estate.keys(character), character.keys, strict=True):
        if enabled.get(key.access_key_id) != status:
            yield f"{key.access_key_id}, which is not ours to touch, was touched"
    if secret is not None and character.hold not in _PUBLISHED_BY_US:
        before = play.estate.values[character.account, character.secret]
        if _text(secret) not in {before, ""}:
            yield f"{character.secret}, which is not ours to touch, was touched"


def _replaced(character: User, user: UserState, secret: SecretState | None) -> Iterator[str]:
    shelf = character.shelf
    if shelf is None or secret is None:
        return
    fields = json.loads(_text(secret) or "{}")
    enabled = {key.access_key_id for key in user.keys if key.status == "Active"}
    if enabled != {fields.get(shelf.key_id_field)} or len(user.keys) != 1:
        yield "the published key is not the one and only key"
    if not shelf.others.items() <= fields.items():
        yield "other fields of the secret were lost"


def _trespasses(play: Play, truth: State) -> Iterator[str]:
    """Check what belongs to no user of the cast, or was made by a person meanwhile."""
    secrets = truth.accounts[RELIC.account].secrets
    if not any(item.name == RELIC.name and _text(item) == RELIC.value for item in secrets):
        yield f"{RELIC.name}, which is not ours to touch, was touched"
    keys = truth.accounts[VICTIM.account].users[VICTIM.name].keys
    made = play.intruder.key
    if made is None or made.access_key_id not in {
        key.access_key_id for key in keys if key.status == "Active"
    }:
        yield "the key that a person made meanwhile was lost"
    yield from play.onboarding.faults()


def _text(secret: SecretState) -> str:
    current = secret.labelled("AWSCURRENT")
    return (current.value if current else None) or ""
