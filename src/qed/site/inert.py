"""Pages run no script but the site's: whatever HTML the text or an output of a notebook brings must be inert.

The policy in the head of each page (:func:`qed.site.frame.policy`) would stop such a script in the browser as well.
Here it stops the build, which names page and cell.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

from qed.site import cards

# What runs, what loads other pages, and what changes where the rest of a page leads.
ACTIVE = frozenset("script iframe frame frameset object embed applet base meta link form portal".split())
DATA = "application/json"  # a script element of this type is not run
_ADDRESS = frozenset("href src xlink:href action formaction data srcdoc background poster".split())
_RUNS = re.compile(r"(javascript|vbscript|data:(?!image/(png|jpeg|gif|webp|svg\+xml)[;,]))", re.IGNORECASE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ACTIVE and not (tag == "script" and values == {"type": DATA}):
            self.found.append(f"the element <{tag}>")
        for name, value in values.items():
            if name.startswith("on"):
                self.found.append(f"the handler {name}")
            elif name in _ADDRESS and (name == "srcdoc" or runs(value)):
                self.found.append(f"the address {value[:30]!r}")


def runs(address: str) -> bool:
    """Whether following an address may run a script; browsers overlook white space in its scheme."""
    return bool(_RUNS.match(re.sub(r"[\x00-\x20]", "", address)))


def active(markup: str) -> list[str]:
    """List what in a piece of HTML would run or lead astray; empty if it is inert."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader.found


def check(markup: str, location: Any) -> None:
    """Warn of what in a piece of HTML is not inert."""
    for what in active(markup):
        cards.warn(f"{what}: HTML of text and outputs must be inert; the site runs its own scripts only", location)


class RequireInert(SphinxTransform):
    """Refuse HTML that is not inert, in the text and in outputs."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Warn of each piece."""
        for node in self.document.findall(nodes.raw):
            if "html" in node["format"].split() and "inert" not in node:
                check(node.astext(), node)
        for link in self.document.findall(nodes.reference):
            if runs(link.get("refuri", "")):
                cards.warn(f"the address {link['refuri'][:30]!r}: links must not run anything", link)
