"""What the editions of the built site share: what they say of themselves, and how they read its pages."""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from qed.site import changes
from qed.site.build import BuildError
from qed.site.pages import BadPage, Page, Reader, settings

PRINT = Path(__file__).parent / "print"
LICENCE = "Code under the MIT licence, text and figures under CC BY 4.0."


@dataclass(frozen=True)
class Book:
    """What an edition says of itself, from ``_config.yml`` and ``CHANGELOG.md``."""

    title: str
    author: str
    words: str
    copyright: str
    language: str
    address: str
    mark: str
    date: datetime.date

    @property
    def name(self) -> str:
        """The name of an edition's file."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    @property
    def urn(self) -> str:
        """The name by which readers' programs know the book: the same for all its editions in time."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.address or self.title).urn


def about_book(root: Path) -> Book:
    """Read what an edition says of itself."""
    config = settings(root)
    html, sphinx = config.get("html") or {}, (config.get("sphinx") or {}).get("config") or {}
    log = root / "CHANGELOG.md"
    dated = changes.read(log) if log.exists() else []
    # Not the clock: an edition of the same pages is the same file.
    date = dated[0].date if dated else datetime.date(1980, 1, 1)
    mark = (root / html["favicon"]).read_text(encoding="utf-8") if html.get("favicon") else ""
    return Book(config["title"], config["author"], sphinx.get("qed_description", "").strip(),
                f"© {config['copyright']} {config['author']}", sphinx.get("language", "en"), html.get("baseurl", ""),
                mark, date)  # fmt: skip


def read(site: Path, name: str, book: Book, **how: Any) -> Page:
    """Read a page of the site for an edition; `how` goes to its reader."""
    address = f"{book.address}{name}.html"
    still = f'<p class="still"><a href="{escape(address)}">On the site it moves.</a></p>' if book.address else ""
    reader = Reader(name, after={"qed-explorer": still}, **how)
    try:
        return reader.read((site / f"{name}.html").read_text(encoding="utf-8"))
    except BadPage as error:
        raise BuildError(str(error)) from None


def elsewhere(address: str, site: Path, book: Book) -> str | None:
    """An address outside the edition: a file of the site has one only if the site has."""
    if (site / unquote(address.partition("#")[0])).exists():
        return f"{book.address}{address}" if book.address else None
    return address
