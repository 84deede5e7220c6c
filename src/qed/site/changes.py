"""Reading the changelog, and telling of it in a feed."""

from __future__ import annotations

import datetime
import html
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ATOM = "http://www.w3.org/2005/Atom"
HEADING = re.compile(r"##\s+(.+?)\s*")


class BadChangelog(ValueError):
    """A changelog that cannot be read; the message says which line and what to write."""


@dataclass(frozen=True)
class Change:
    """A line of the changelog."""

    date: datetime.date
    kind: str
    text: str


def read(path: Path) -> list[Change]:
    """Read the dated lines of a changelog, the newest first.

    Headings are dates, ``## 2026-11-22``, or ``## Unreleased``, whose lines have no date yet and are left out.
    A line is ``- Kind: text`` and may go on in indented lines.

    Raises
    ------
    BadChangelog
        If a heading is no date, or a line does not begin with its kind.
    """
    found: list[Change] = []
    date: datetime.date | None = None
    text = path.read_text(encoding="utf-8")
    for number, block in _blocks(text):
        if heading := HEADING.fullmatch(block):
            try:
                date = None if heading[1] == "Unreleased" else datetime.date.fromisoformat(heading[1])
            except ValueError:
                raise BadChangelog(
                    f"{path.name}, line {number}: the heading {heading[1]!r} is no date; "
                    "write for instance: ## 2026-11-22"
                ) from None
        elif block.startswith("- "):
            kind, colon, rest = block[2:].partition(": ")
            if not colon or not re.fullmatch(r"[A-Z][a-z ]+", kind):
                raise BadChangelog(
                    f"{path.name}, line {number}: the line does not begin with its kind; "
                    "write for instance: - Fixed: what was wrong"
                )
            if date:
                found.append(Change(date, kind, rest))
    return sorted(found, key=lambda change: change.date, reverse=True)


def _blocks(text: str) -> list[tuple[int, str]]:
    """The headings, list items and paragraphs of a text, each in one line, with the number of its first line."""
    blocks: list[tuple[int, str]] = []
    fresh = True
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            if fresh or line.startswith(("#", "- ")):
                blocks.append((number, line.strip()))
            else:
                blocks[-1] = (blocks[-1][0], f"{blocks[-1][1]} {line.strip()}")
        fresh = not line.strip() or line.startswith("#")
    return blocks


def feed(changes: list[Change], title: str, author: str, base: str) -> bytes:
    """Write an Atom feed (RFC 4287).

    Parameters
    ----------
    changes : list of Change
        At least one, the newest first.
    title, author : str
        Of the book.
    base : str
        The address of the site, empty if there is none; then the feed links to nothing.
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt()
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})

    def put(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
        element = ElementTree.SubElement(parent, tag, attributes)
        element.text = text
        return element

    def name(*parts: str) -> str:
        return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join((base or title, *parts))).urn

    put(root, "id", name("changes"))
    put(root, "title", f"{title}: changes")
    put(put(root, "author"), "name", author)
    put(root, "updated", f"{changes[0].date}T00:00:00Z")
    if base:
        put(root, "link", rel="self", type="application/atom+xml", href=f"{base}feed.xml")
        put(root, "link", rel="alternate", type="text/html", href=base)
    for change in changes:
        entry = put(root, "entry")
        words = markdown.render(f"{change.kind}: {change.text}")
        plain = html.unescape(re.sub(r"<[^>]+>", "", words)).strip()
        put(entry, "id", name(str(change.date), change.kind, change.text))
        put(entry, "title", re.split(r"(?<=[.;?]) ", plain)[0].rstrip(".;"))
        put(entry, "updated", f"{change.date}T00:00:00Z")
        put(entry, "content", words, type="html")
        if base:
            put(entry, "link", rel="alternate", type="text/html", href=base)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"
