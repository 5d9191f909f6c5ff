"""What the command line says of an account that a spec is tried on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from rotator.cli.api_place import length
from rotator.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from rotator.cli.invocation import Command
    from rotator.providers.http.spec import Spec
    from rotator.settings.http import HttpPlace
    from rotator.settings.http_params import Told

_PLACE = "command line"
_WORDS = {"true": True, "false": False}
_OPTION_OF = {
    "`allowPrivate: true`": "--allow-private",
    "`baseUrl`": "--base-url",
    "`params`": "--param",
    "`credentials`": "--credential",
}
"""How the fields of a configuration are called on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was given.

    Attributes:
        account: A configured account; None where everything is given here.
        base_url: Where the API is; None takes the spec's.
        params: Values of the spec's parameters, as they were written.
        credentials: References to the spec's credentials.
        allow_private: Private and unencrypted addresses are meant.
        ca_file: Certificates that are trusted instead of the public ones.
        lifetime: After which the keys expire; None leaves it to the account.
        scopes: Of the keys; None leaves them out.
        like: The key that they are to be able to do the same as, by id or name.
    """

    account: str | None = None
    base_url: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False
    ca_file: str | None = None
    lifetime: timedelta | None = None
    scopes: tuple[str, ...] | None = None
    like: str | None = None

    @property
    def says_where(self) -> bool:
        """Whether anything was given that an account has already."""
        return bool(
            self.base_url or self.params or self.credentials or self.allow_private or self.ca_file
        )

    def place(self, spec: Spec) -> HttpPlace:
        """Make an account of what was given.

        Raises:
            ConfigError: Something is missing, unknown or wrong; all of it at once.
        """
        from pydantic import ValidationError

        from rotator.core.ids import AccountId
        from rotator.settings.http import HttpAccountSection, HttpPlace
        from rotator.settings.http_params import credential_faults, filled_params, param_faults
        from rotator.settings.http_places import base_url, file_faults, url_faults

        params = {name: _typed(spec, name, text) for name, text in self.params.items()}
        try:
            section = HttpAccountSection.model_validate(self._section(params))
        except ValidationError as error:
            raise ConfigError([_refused(it["loc"], it["msg"]) for it in error.errors()]) from None
        filled = filled_params(spec, params)
        told = [
            *param_faults(spec, params),
            *credential_faults(spec, section.credentials),
            *_unread(section.credentials),
            *url_faults(section, spec, filled),
            *file_faults(section, Path()),
        ]
        if told:
            raise ConfigError([_fault(path, problem, remedy) for path, problem, remedy in told])
        return HttpPlace(
            id=AccountId(section.id),
            name="",
            home=AccountId(""),
            home_region="",
            spec=spec,
            section=section,
            base_url=base_url(section, spec, filled),
            params=filled,
        )

    def _section(self, params: Mapping[str, object]) -> dict[str, object]:
        return {
            "id": "trial",
            "baseUrl": self.base_url,
            "params": params,
            "credentials": dict(self.credentials),
            "allowPrivate": self.allow_private,
            "caFile": self.ca_file,
        }


def trial_options(command: Command) -> Command:
    """Give a command everything about the account that a spec is tried on, as one `Given`."""

    @wraps(command)
    def wrapped(*args: object, **told: Any) -> object:  # noqa: ANN401 - as click has read them
        fields = {name: told.pop(name) for name in _FIELDS}
        given = Given(**fields | {"scopes": fields["scopes"] or None})
        return command(*args, given=given, **told)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return cast("Command", wrapped)


def _pairs(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    del context, option
    found = {}
    for value in values:
        name, sign, rest = value.partition("=")
        if not sign or not name:
            # What was typed is not repeated: it may hold a key that does not belong here.
            raise click.BadParameter("write NAME=VALUE")
        found[name] = rest
    return found


_FIELDS = (
    "account",
    "base_url",
    "params",
    "credentials",
    "allow_private",
    "ca_file",
    "lifetime",
    "scopes",
    "like",
)
_OPTIONS = (
    click.option(
        "--account",
        metavar="ID_OR_NAME",
        help="A configured account; its spec, address, credentials and params are taken.",
    ),
    click.option("--base-url", metavar="URL", help="Where the API is, if the spec leaves it open."),
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_pairs,
        help="A parameter of the spec; lists and other JSON as JSON.",
    ),
    click.option(
        "--credential",
        "credentials",
        multiple=True,
        metavar="NAME=REFERENCE",
        callback=_pairs,
        help="Where a credential of the spec is kept: env:VARIABLE or file:PATH; never itself.",
    ),
    click.option(
        "--allow-private",
        is_flag=True,
        help="Go to private addresses, and without encryption.",
    ),
    click.option("--ca-file", metavar="PATH", help="Certificates that are trusted instead."),
    click.option(
        "--lifetime",
        metavar="PERIOD",
        callback=length,
        help="When the keys expire by themselves, such as 2d; else as configured.",
    ),
    click.option(
        "--scope",
        "scopes",
        multiple=True,
        metavar="SCOPE",
        help="What the keys may do, in the API's words; may be repeated.",
    ),
    click.option(
        "--like",
        metavar="KEY",
        help="A key that the new ones are to be able to do the same as, by id or name.",
    ),
)


def _typed(spec: Spec, name: str, text: str) -> object:
    """Read a value as what the spec says that it is; what is none stays text, and is refused."""
    from rotator.providers.http.spec import ParamKind

    kind = spec.params[name].kind if name in spec.params else ParamKind.STRING
    if kind is ParamKind.INTEGER and text.removeprefix("-").isdecimal():
        return int(text)
    if kind is ParamKind.BOOLEAN:
        return _WORDS.get(text, text)
    if kind in {ParamKind.LIST, ParamKind.JSON}:
        try:
            return _as_read(json.loads(text))
        except ValueError:
            return text
    return text


def _unread(credentials: Mapping[str, str]) -> Iterator[Told]:
    """Refuse what only a configuration can lead to."""
    from rotator.settings.references import secret_field

    for name, reference in credentials.items():
        if secret_field(reference) is not None:
            problem = "is a field of a secret, and no configuration says where that is"
            yield ("credentials", name), problem, "write env:VARIABLE or file:PATH, or --account"


def _as_read(value: object) -> object:
    """Make tuples of lists, as a file is read."""
    return tuple(map(_as_read, value)) if isinstance(value, list) else value


def _refused(loc: Iterable[object], message: str) -> Fault:
    return _fault(tuple(loc), f"cannot be used: {message}", "see rotator provider test --help")


def _fault(path: Iterable[object], problem: str, remedy: str) -> Fault:
    field_name = ".".join(str(part) for part in path)
    for name, option in _OPTION_OF.items():
        remedy = remedy.replace(name, option)
    return Fault(file=_PLACE, line=0, field=field_name, problem=problem, remedy=remedy)
