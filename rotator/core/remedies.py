"""What a person does about each hold, and what each order does where a rotation stands.

Sentences for people, filled with the ids of the case; `core.ways` chooses among them.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, assert_never

from rotator.core.accounts import container_of
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase

if TYPE_CHECKING:
    from rotator.core.orders import Pause
    from rotator.core.rotation import Credential, Rotation

_ON_AGAIN = frozenset({Reason.REENABLED, Reason.ENABLED_BY_OPERATOR})

_REMEDIES: dict[Reason, str] = {
    Reason.CLOCK_SKEW: "repair the time of the host that rotator runs on",
    Reason.AUDIT_BLOCKED: "let the audit log be written again: its disk may be full",
    Reason.PAUSED: "lift the pause",
    Reason.DESTINATION_MISSING: "create {place}, or set `create: true` in the rule {rule}",
    Reason.DESTINATION_FOREIGN: "if {place} is yours, tag it rotator:owner with this installation",
    Reason.DESTINATION_DELETED: "restore {place}, which is scheduled for deletion",
    Reason.DESTINATION_BUSY: "wait for the other rotation that writes to {place}",
    Reason.NATIVE_ROTATION: "switch off the rotation that {place} has of its own",
    Reason.DRIFT: (
        "see who wrote the current version of {place}, and make the right version current again"
    ),
    Reason.ROLLED_BACK_BY_HAND: (
        "make the version that carries {new} current again in {place}, if nobody meant to go back"
    ),
    Reason.NO_KEY: "give {name} an enabled key, or let policy ignore it",
    Reason.UNPUBLISHED: "publish in {place} the key that is in use",
    Reason.SLOTS_FULL: (
        "free a slot of {name}: `rotator doctor principal {typed}` says what each key is, and "
        "which can safely be deleted"
    ),
    Reason.PRINCIPAL_REPLACED: (
        "see who deleted {name} and made it again under the same name; the keys of the new one are "
        "left to people"
    ),
    Reason.CURRENT_KEY_GONE: "publish in {place} a key that works, now",
    Reason.CURRENT_KEY_DISABLED: (
        "enable the published key again at the provider, or publish one that works, now"
    ),
    Reason.NEW_KEY_GONE: (
        "enable {new} again at the provider, if it still exists; if it has expired, end the "
        "rotation, and another one replaces it"
    ),
    Reason.STILL_USED: "move the workload that still uses {old} to {place}",
    Reason.USE_UNREADABLE: "let our identity read last uses again",
    Reason.USE_UNKNOWN: (
        "set `acceptBlind: true` in the rule {rule}, if its consumers are known to have moved"
    ),
    Reason.QUIET_UNPROVEN: "let a consumer of {place} use {new} once",
    Reason.REENABLED: "find out who enabled {old} again, and whether it is still needed",
    Reason.USED_WHILE_DISABLED: "find out who still tries {old}",
    Reason.ENABLED_BY_OPERATOR: "let whoever needed {old} move to {place}",
    Reason.SECRET_LOST: "nothing: another rotation is tried by itself",
    Reason.VERIFY_FAILED: "find out why the provider refuses a new key of {name}",
    Reason.OUTCOME_LOST: "nothing: another rotation is tried by itself",
    Reason.ABORTED: "nothing: another rotation is tried by itself",
    Reason.ACCESS_DENIED: "give our identity the permission that is missing",
    Reason.GRANTS_UNREADABLE: (
        "let our identity read what {old} and {new} are granted; `rotator doctor` and "
        "`rotator cipherstash client list` say what is missing"
    ),
    Reason.GRANTS_TAKEN: (
        "take from {old}, too, what was taken from {new}, or grant it to {new} again: "
        "`rotator cipherstash keyset revoke` or `grant`"
    ),
    Reason.OLD_KEY_LIVES: (
        "ask the provider why {old} lives on although it is deleted; until it is refused, "
        "whoever has it can use it"
    ),
    Reason.EXPIRES_TOO_SOON: (
        "have the provider give keys of {name} a longer life, or let the rule {rule} ask for "
        "shorter `grace.min` and `quarantine`"
    ),
    Reason.POWERS_UNKNOWN: (
        "write what a key of {name} may do into `create` of the provider's spec, instead of what "
        "is copied from {old}: then rotator goes on by itself. Or make a key by hand with "
        "`rotator keys create`, publish it in {place}, give this rotation up, and let the rule "
        "{rule} say `drift: repair`"
    ),
    Reason.FOLLOWERS_BEHIND: (
        "let rotator read and write the followers that are named, or take them out of the rule "
        "{rule}; both keys work until every follower that is left carries {new}"
    ),
    Reason.FOLLOWER_DRIFT: (
        "see who wrote what the follower carries. Put a key of {name} back there, and rotator "
        "brings it up to date; or take the follower out of the rule {rule}"
    ),
    Reason.CONSUMERS_BEHIND: (
        "see to the consumers that are named, until they run with {new}; `rotator consumers lint` "
        "says what keeps each from taking it up. One that is no consumer any more is taken out of "
        "the rule {rule}"
    ),
    Reason.CONSUMERS_UNREADABLE: (
        "let our service account read the consumers that the rule {rule} names, and repair the "
        "cluster's clock if that is what differs"
    ),
    Reason.INVARIANT: "read the history; if it makes no sense, report it as a bug of rotator",
}
"""What to do outside rotator, for every reason that is a hold."""


def remedy(reason: Reason, credential: Credential, rotation: Rotation | None) -> str:
    """Say what a person does outside rotator; empty for a routine wait."""
    place = rotation.destination if rotation else credential.destination
    return _REMEDIES.get(reason, "").format(
        name=credential.principal.name,
        # Whoever names a key at its provider must not write what an operator pastes.
        typed=quote(credential.principal.name),
        place=place.name if place else "a destination that policy names",
        rule=credential.rule,
        old=rotation.old_key_id if rotation else credential.current_key_id,
        new=(rotation.new_key_id if rotation else None) or "the new key",
    )


def effect_of(verb: Verb, rotation: Rotation, reason: Reason | None, *, pausing: str) -> str:
    """Say what an order does to a rotation as it stands.

    Args:
        verb: What is ordered.
        rotation: The open rotation.
        reason: Why it halts or holds; None when it does neither.
        pausing: The options that name the credential to `rotator pause`.
    """
    match verb:
        case Verb.RESUME:
            return _resuming(rotation, reason)
        case Verb.ABORT:
            return _aborting(rotation, reason, pausing)
        case Verb.ROLLBACK:
            return _rolling_back(rotation, reason, pausing)
        case Verb.ENABLE:
            return (
                f"{rotation.old_key_id} is enabled again at the provider, and the rotation stands "
                "still until somebody resumes, aborts or rolls back"
            )
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)


def noticed(verb: Verb, rotation: Rotation | None) -> str:
    """Say what consumers notice of an order."""
    if verb is Verb.ENABLE:
        return "notice nothing; whoever still has that key can use it again"
    if verb is not Verb.ROLLBACK or rotation is None or rotation.is_unpromoted:
        return "notice nothing"
    return (
        f"read {rotation.old_key_id} from their next reading on; those that have read "
        f"{rotation.new_key_id} go on with it, for it stays enabled"
    )


def effect_on_suspect(key_id: str) -> str:
    """Say what `keys enable` does to a suspect that we disabled."""
    return (
        f"{key_id} is enabled again at the provider and counts as a person's from then on: "
        "rotator never touches it again, and it keeps its key slot"
    )


def effect_of_pause() -> str:
    """Say what a pause does."""
    return (
        "no rotation starts, no key is made, and no old key is disabled or deleted; an order to "
        "rotate waits, too, however urgent. What has begun is brought to safety: a new key that "
        "exists is stored, proved and published, or discarded if it is ours and unpublished"
    )


def scope_options(pause: Pause, credential: Credential) -> str:
    """Write the options that name a pause, of which `credential` is held back."""
    if pause.credential is not None:
        return credential_options(credential)
    return f"--account {pause.account}" if pause.account is not None else "--everything"


def credential_options(credential: Credential) -> str:
    """Write the options that name a credential."""
    principal = credential.principal
    options = f"--principal {quote(principal.name)} --account {principal.account}"
    # Where several providers share an account, a name may exist at each of them.
    is_shared = container_of(principal.provider) != principal.provider
    return f"{options} --provider {principal.provider}" if is_shared else options


def _resuming(rotation: Rotation, reason: Reason | None) -> str:
    old = rotation.old_key_id
    if reason in _ON_AGAIN:
        return (
            f"both keys work through a whole new grace period; then {old} is disabled and deleted, "
            "past the same guards as ever"
        )
    if reason is Reason.USED_WHILE_DISABLED:
        return (
            f"you vouch for the uses of {old} reported up to now; it stays disabled, and is "
            "deleted after its quarantine unless another use is reported"
        )
    before = rotation.halted_from or rotation.phase
    return f"rotator looks again and goes on from {before.value}, or halts again for the same cause"


def _aborting(rotation: Rotation, reason: Reason | None, pausing: str) -> str:
    old, new = rotation.old_key_id, rotation.new_key_id
    if reason is Reason.PRINCIPAL_REPLACED:
        return (
            "the rotation ends. Its keys went with the principal that was deleted; no key of the "
            "one that has its name now is touched" + _landed(rotation)
        )
    if not rotation.is_unpromoted and rotation.promoted_at is None:
        return (
            f"the rotation ends; {old} and {new} both stay exactly as they are, to a person, and "
            "rotator finds out anew what consumers read"
        )
    if not rotation.is_unpromoted:
        return (
            f"the rotation ends with {new}, which consumers read; {old} stays exactly as it is and "
            "is never touched again, so it keeps its key slot until somebody deletes it"
        )
    again = f"A key that is due is tried again later, unless you `rotator pause {pausing}`"
    if rotation.intent is None and new is None:
        return f"the rotation ends; nothing was made, and consumers keep reading {old}. {again}"
    made = new or "a key that this rotation turns out to have made"
    return f"the rotation ends: consumers keep reading {old}, and {made} is deleted. {again}"


def _landed(rotation: Rotation) -> str:
    is_minting = rotation.intent is not None and rotation.intent.effect is Effect.CREATE_KEY
    return f", and you see to this: {rotation.halt_detail}" if is_minting else ""


def _rolling_back(rotation: Rotation, reason: Reason | None, pausing: str) -> str:
    old, new, place = rotation.old_key_id, rotation.new_key_id, rotation.destination.name
    if rotation.is_unpromoted:
        return (
            f"nothing was promoted yet, so this is an abort: {_aborting(rotation, reason, pausing)}"
        )
    if reason is Reason.ROLLED_BACK_BY_HAND:
        how = f"it is accepted that {place} carries {old} again"
    else:
        is_off = Phase.DISABLED in {rotation.phase, rotation.halted_from}
        enabled = "enabled, " if is_off and reason not in _ON_AGAIN else ""
        how = (
            f"{old} is {enabled}proved and made current in {place} again, unless it is gone or "
            f"{place} was changed since"
        )
    return (
        f"{how}. Both keys then work, paused in your name, until somebody resumes; from then on "
        f"{new} is retired, past the same guards as ever"
    )
