"""The header ``Link``, as RFC 8288 has it: where the next page is."""

from __future__ import annotations

import re

_LINK = re.compile(
    r"<(?P<url>[^<>]*)>(?P<params>(?:\s*;\s*[\w*-]+\s*=\s*(?:\"[^\"]*\"|[^\s\",;]+))*)"
)
_REL = re.compile(r";\s*rel\s*=\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s\",;]+))", re.IGNORECASE)
_LONGEST = 16 << 10


def next_link(header: str) -> str:
    """Return the URL whose relation is ``next``; empty where there is none.

    Args:
        header: The header's whole value; several headers are joined by commas.
    """
    for link in _LINK.finditer(header[:_LONGEST]):
        found = _REL.search(link["params"])
        relations = (found["quoted"] or found["bare"] or "") if found else ""
        if "next" in relations.lower().split():
            return link["url"]
    return ""
