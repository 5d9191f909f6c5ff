"""A document as one HTML file: no script, nothing loaded from anywhere, every text escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from rotator.cli.report_document import Document


def html(document: Document) -> str:
    """Set a document as a page of its own."""
    environment = Environment(
        loader=PackageLoader("rotator.cli"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html").render(document=document)
