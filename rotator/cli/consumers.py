"""`rotator consumers`: who reads what is rotated, and what would keep them from the new key."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import (
    FAILED,
    MISCONFIGURED,
    common_options,
    examples,
    pass_invocation,
)
from rotator.cli.printing import clean, print_json, print_lines, print_table
from rotator.core.consumer_lint import lint as lint_objects
from rotator.core.consumer_lint import managed_by
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.core.consumer_lint import Found, LintFinding
    from rotator.settings.settings import Settings


@click.group(epilog=examples("rotator consumers lint deploy/"))
def consumers() -> None:
    """See to whoever reads rotated keys in a cluster."""


@consumers.command(
    epilog=examples(
        "rotator consumers lint deploy/",
        "helm template shop charts/shop | rotator consumers lint - --namespace shop",
        "kubectl get deploy,sts,ds,externalsecret -n shop -o yaml | rotator consumers lint -",
        "rotator consumers lint --live --namespace shop --json",
    )
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--live", is_flag=True, help="Read the cluster itself; needs the right to list.")
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NS",
    help="Where to look with --live, as often as needed; else the namespace of manifests "
    "that name none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
@pass_invocation
def lint(
    invocation: Invocation,
    paths: tuple[str, ...],
    namespaces: tuple[str, ...],
    *,
    live: bool,
    as_json: bool,
) -> None:
    """Find what would keep consumers from taking a new key over.

    PATH is a file or a directory of manifests, or - for standard input; a manifest
    may hold several documents, and Lists. Nothing is changed. Exits with 0 if nothing
    was found, 1 if something was, 2 if something cannot be read.
    """
    if live == bool(paths):
        raise click.UsageError("name manifests, or write --live")
    if live and not namespaces:
        raise click.UsageError("--live needs --namespace, once for each namespace")
    settings = invocation.settings()
    if live:
        found = _live(settings, namespaces)
    else:
        found = _read(paths, namespaces[-1] if namespaces else "default")
    findings = lint_objects(found, managed_by(settings.policy), is_whole=live)
    if as_json:
        print_json([_fields(item) for item in findings])
    else:
        _print(invocation, findings, len(found))
    if findings:
        click.get_current_context().exit(FAILED)


def _read(paths: tuple[str, ...], namespace: str) -> tuple[Found, ...]:
    from rotator.cli.consumers_reading import read_manifests

    return read_manifests(paths, namespace)


def _live(settings: Settings, namespaces: tuple[str, ...]) -> tuple[Found, ...]:
    from rotator.wiring.consumers import live_objects

    try:
        with ExitStack() as stack:
            return live_objects(settings, stack, namespaces)
    except RotatorError as error:
        # What could not be looked at must not pass for a finding, nor for none.
        print_lines(f"error: {error.diagnostics()}", err=True)
        click.get_current_context().exit(MISCONFIGURED)


def _fields(finding: LintFinding) -> dict[str, str]:
    return {
        "code": finding.code,
        "place": finding.place,
        "subject": finding.subject,
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _print(invocation: Invocation, findings: tuple[LintFinding, ...], count: int) -> None:
    if not findings:
        objects = "1 object" if count == 1 else f"{count} objects"
        print_lines(f"{objects}: nothing keeps a consumer from taking a new key over")
        return
    rows = [(clean(item.place), item.subject, item.code, item.problem) for item in findings]
    print_table(invocation, ("PLACE", "OBJECT", "FINDING", "PROBLEM"), rows)
    print_lines("")
    for code in dict.fromkeys(item.code for item in findings):
        remedies = dict.fromkeys(item.remedy for item in findings if item.code == code)
        print_lines(f"{code}: {'; or '.join(remedies)}")
