"""`rotator keys` with an account of an HTTP API: keys made and ended by hand."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

import click

from rotator.cli.acting import Hand
from rotator.cli.api_place import choose_account, find_api_key, listing, title
from rotator.cli.cipherstash_place import check_may_change
from rotator.cli.consent import ask
from rotator.cli.handover import check_shown, hand_over, say
from rotator.cli.keys_api import key_record, last_use, status
from rotator.cli.keys_orders import succession
from rotator.cli.managed import check_free, check_name, check_outage, managed, part_of
from rotator.cli.printing import print_json, print_lines, when
from rotator.cli.refusing import check_let_in, read_key, wait_until_refused
from rotator.core.events import AuditAction
from rotator.core.forms import usual_fields

if TYPE_CHECKING:
    from rotator.cli.invocation import App, Invocation
    from rotator.cli.keys_options import Ending
    from rotator.cli.managed import Managed
    from rotator.core.api_keys import ApiKey, ApiKeyWish, MadeApiKey
    from rotator.core.events import Scalar
    from rotator.core.secret import Secret
    from rotator.ports.api_keys import ApiKeys
    from rotator.settings.http import HttpPlace


def create_api_key(
    invocation: Invocation, account: str, wish: ApiKeyWish, *, reason: str, as_json: bool
) -> None:
    """Make a key and show it, the only time that anybody can."""
    place = choose_account(invocation.settings(), account)
    _check_wish(place, wish)
    wish = replace(wish, lifetime=wish.lifetime or place.section.lifetime)
    with invocation.app(read_only=True) as app:
        check_may_change(app, invocation.settings())
        keys = app.api_keys(place.id)
        listed = keys.api_keys()
        check_free(wish.name, ((it.name, it.key_id) for it in listed if it.name))
        if wish.like is not None:
            like = find_api_key(listed, wish.like, shown_by=listing(place))
            wish = replace(wish, like=like.key_id)
        hand = Hand(app=app, account=place.id, operator=invocation.operator, reason=reason)
        say(invocation, f"Generating a key in account {title(place)}...")
        words = _wished(place, wish)
        with hand.does(
            AuditAction.OPERATOR_CREATE_KEY, look=_lost(place, wish.name), **words
        ) as told:
            made = keys.create_api_key(wish)
            told["key_id"] = made.key.key_id
            told["expires_at"] = _stamp(made.key)
            hand.recognise(told, made.secret)
            _hand_over(invocation, place, made, told, as_json=as_json)
    undo = _revoking(place, made.key.key_id)
    check_shown(told, undo=undo)
    again = f"If it is lost, make another one and run: {undo}"
    say(invocation, "", "It is never shown again: copy it to where it is read, now.", again)


def revoke_api_key(
    invocation: Invocation, account: str, word: str, how: Ending, *, as_json: bool
) -> None:
    """End a key, after what follows was said and agreed to."""
    place = choose_account(invocation.settings(), account)
    # A person types it before anything is decided; a pipe is read before anybody is asked.
    secret = read_key(invocation) if how.proves else None
    with invocation.app(read_only=True) as app:
        check_may_change(app, invocation.settings())
        keys = app.api_keys(place.id)
        key = find_api_key(keys.api_keys(), word, shown_by=listing(place))
        kept = managed(app.journal, place.spec.name, place.id).get(key.key_id)
        check_outage(kept, word, is_ordered=how.now and bool(how.reason))
        if secret is not None:
            check_let_in(keys, key.key_id, secret)
        heir, successor = succession(app.journal, kept, invocation.settings().mode)
        headline = f"revoke key {_named(key)} of account {title(place)}, for good"
        details = [*_consequences(key, kept), ("successor", successor)]
        ask(invocation, headline, details, yes=how.yes, as_json=as_json)
        if heir is not None:
            app.order(heir, how.urgent, operator=invocation.operator, reason=how.reason)
        proof = end_key(invocation, app, keys, place, key, reason=how.reason, secret=secret)
    if as_json:
        print_json(key_record(place, key, kept) | {"revoked": True, "proof": proof})
        return
    print_lines(f"Key {_named(key)} of account {place.id} revoked; {_PROOFS[proof]}.")


_LISTING_ONLY = "listing-only"
_REFUSED = "refused"
_PROOFS = {
    _LISTING_ONLY: "it is listed no more; whether it is refused, --prove would show",
    _REFUSED: "it was tried, and is refused",
}


def end_key(
    invocation: Invocation,
    app: App,
    keys: ApiKeys,
    place: HttpPlace,
    key: ApiKey,
    *,
    reason: str,
    secret: Secret | None = None,
) -> str:
    """End one key, with its audit record; return what proves it.

    Args:
        invocation: Knows who does it.
        app: Where it is written down.
        keys: The account.
        place: What is configured of it.
        key: What is ended.
        reason: Why, in the operator's words; may be empty.
        secret: The key's text, with which its refusal is awaited; None if nobody has it.
    """
    hand = Hand(app=app, account=place.id, operator=invocation.operator, reason=reason)
    look = f"see whether it is still listed: {listing(place)}"
    words = {"provider": place.spec.name, "name": key.name, "key_id": key.key_id}
    with hand.does(AuditAction.OPERATOR_REVOKE_KEY, look=look, **words) as told:
        keys.revoke_api_key(key.key_id)
        told["proof"] = _LISTING_ONLY
        if secret is not None:
            propagation = place.spec.propagation.revoke
            seconds = wait_until_refused(app.clock, keys, key.key_id, secret, propagation)
            told["proof"], told["refused_after_seconds"] = _REFUSED, seconds
    return str(told["proof"])


def _check_wish(place: HttpPlace, wish: ApiKeyWish) -> None:
    """Check what a key is to be called, where keys are called anything.

    Raises:
        click.UsageError: Keys have names and none was given, or the other way round.
    """
    if place.spec.principal is None:
        if not wish.name:
            raise click.UsageError("say what to call it: rotator keys create NAME --account ID")
        check_name(wish.name)
    elif wish.name:
        why = f"keys of account {title(place)} have no names; leave {wish.name} out"
        raise click.UsageError(why)


def _wished(place: HttpPlace, wish: ApiKeyWish) -> dict[str, Scalar]:
    return {
        "provider": place.spec.name,
        "name": wish.name,
        "description": wish.description,
        "scopes": None if wish.scopes is None else " ".join(wish.scopes),
        "like": wish.like,
    }


def _hand_over(
    invocation: Invocation,
    place: HttpPlace,
    made: MadeApiKey,
    told: dict[str, Scalar],
    *,
    as_json: bool,
) -> None:
    key, fields = made.key, usual_fields(place.spec.name)
    ends = f", which expires {when(key.expires_at)}," if key.expires_at else ""
    say(invocation, "Key created!", "", f"The key {_named(key)} of {place.id}{ends} is:", "")
    hand_over(
        {fields.key_id: key.key_id, fields.secret: made.secret},
        record=key_record(place, key, None) if as_json else None,
        told=told,
    )


def _named(key: ApiKey) -> str:
    return f"{key.name} ({key.key_id})" if key.name else key.key_id


def _stamp(key: ApiKey) -> str | None:
    return key.expires_at.isoformat() if key.expires_at else None


def _lost(place: HttpPlace, name: str) -> str:
    which = name or "a key that was not there before"
    return (
        f"look with `{listing(place)}`; if {which} is listed, nobody has its secret: run "
        f"`rotator keys revoke --account {place.id} KEY_ID` and create it again"
    )


def _revoking(place: HttpPlace, word: str) -> str:
    return f"rotator keys revoke --account {place.id} {quote(word)}"


def _consequences(key: ApiKey, kept: Managed | None) -> list[tuple[str, str]]:
    return [
        ("key", f"{key.key_id}, {status(key)}, created {when(key.created_at)}"),
        ("last used", last_use(key)),
        ("managed", part_of(kept) if kept else "no: rotator does not know this key"),
        ("then", "whoever has it is refused; nobody can make it work again"),
        ("outage", _refused(kept) if kept and kept.is_kept else ""),
    ]


def _refused(kept: Managed) -> str:
    place = kept.credential.destination
    where = f" from {place.name}" if place else ""
    return f"everybody who reads it{where} fails until a new key is published"
