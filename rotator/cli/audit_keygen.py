"""`rotator audit keygen`: the key that signs the audit log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import common_options, examples, pass_invocation

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation


@click.command(
    epilog=examples(
        "rotator audit keygen --output audit-signing-key.pem",
        "rotator audit keygen --output audit-signing-key.pem --name platform-prod",
        "rotator audit keygen --show",
    )
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Where the private key is written; a file that exists is left alone.",
)
@click.option(
    "--show",
    is_flag=True,
    help="Make none; print the verifier key of the configured one once more.",
)
@click.option("--name", metavar="LOG", help="The log's name; else the configured one.")
@common_options
@pass_invocation
def keygen(invocation: Invocation, *, output: Path | None, show: bool, name: str | None) -> None:
    """Make the key that signs the audit log.

    It is an Ed25519 key. The file can be read by its owner only. What is printed is
    no secret: it is the verifier key that auditors hand to `rotator audit verify
    --key`. Keep it where whoever can change the log cannot change it, too.
    """
    from rotator.audit.signing import Signer, generate, save

    if show:
        click.echo(_configured(invocation, name))
        return
    if output is None:
        raise click.UsageError("name the file with --output, or --show the key that there is")
    made = generate()
    signer = Signer.read(made, name or invocation.settings().log_name)
    save(made, output)
    place = output.absolute()
    told = f"wrote {output}; say 'signingKey: file:{place}' under audit: in rotator.yaml"
    click.echo(told, err=True)
    click.echo(signer.verifier_key)


def _configured(invocation: Invocation, name: str | None) -> str:
    """Return the verifier key of the key that signs the log."""
    from rotator.audit.signing import Signer

    settings = invocation.settings()
    if settings.audit.signing_key is None:
        raise click.UsageError("the configuration names no key: audit.signingKey")
    return Signer.read(settings.audit.signing_key, name or settings.log_name).verifier_key
