"""`rotator provider`: specs of HTTP APIs, read, listed, and tried against the API itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rotator.cli.consent import yes_option
from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.provider_given import trial_options

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.cli.provider_given import Given


@click.group(
    epilog=examples(
        "rotator provider check providers/jupyterhub.yaml",
        "rotator provider test --account hub-prod",
    )
)
def provider() -> None:
    """Check, list and try specs of HTTP APIs.

    A spec is a YAML file that says how the keys of an API are listed, made, tried
    and revoked.
    """


@provider.command(
    epilog=examples(
        "rotator provider check providers/jupyterhub.yaml",
        "rotator provider check providers/*.yaml --json",
    )
)
@click.argument(
    "specs",
    metavar="SPEC...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@json_option
@common_options
@pass_invocation
def check(invocation: Invocation, *, specs: tuple[Path, ...], as_json: bool) -> None:
    """Read each SPEC, and tell every fault at once.

    Nothing is contacted. Exits with 2 if there are faults.
    """
    from rotator.cli.provider_specs import check_specs

    check_specs(invocation, specs, as_json=as_json)


@provider.command(
    "list",
    epilog=examples(
        "rotator provider list",
        "rotator provider list /usr/share/rotator/providers",
    ),
)
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@json_option
@common_options
@pass_invocation
def list_providers(invocation: Invocation, *, folder: Path | None, as_json: bool) -> None:
    """List the configured specs, or those in FOLDER.

    Each with what it was checked against: a live server, the vendor's own examples,
    or nothing yet.
    """
    from rotator.cli.provider_specs import list_specs

    list_specs(invocation, folder, as_json=as_json)


@provider.command(
    epilog=examples(
        "rotator provider test --account hub-prod",
        "rotator provider test hub.yaml --base-url https://hub.example.com/hub/api "
        "--param user=robot --credential admin=env:HUB_TOKEN",
        "rotator provider test hub.yaml --account hub-prod --yes --json",
    )
)
@click.argument(
    "spec", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@trial_options
@yes_option
@json_option
@common_options
@pass_invocation
def test(
    invocation: Invocation, *, spec: Path | None, given: Given, yes: bool, as_json: bool
) -> None:
    """Try a spec against the live API, with two new keys.

    Give either SPEC with what it needs, or --account to take all of it from the
    configuration. Two keys that overlap are made under names of their own, damaged,
    listed, revoked and looked for again; no other key is touched. Whatever happens, also
    when it is interrupted, the keys that were made are ended.

    Exit codes: 0 passed, 1 failed, 2 wrong spec, configuration or usage, 3 a key was
    left behind, which is named.
    """
    from rotator.cli.provider_test import try_spec

    try_spec(invocation, spec, given, yes=yes, as_json=as_json)
