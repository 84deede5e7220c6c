"""Reading the pages of the built site again, to make other editions of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
# What only a browser with scripts can use, and the sources of the checker, which the site folds away.
TAGS = frozenset("script style noscript template button form".split())
CLASSES = frozenset("headerlink copybtn qed-source qed-ways visually-hidden".split())
NAMESPACES = {"svg": "http://www.w3.org/2000/svg", "math": "http://www.w3.org/1998/Math/MathML"}
_NAME = re.compile(r"\s([^\s=/>\"']+)")


class BadPage(ValueError):
    """A page whose elements are not closed as they were opened; the message says where."""


@dataclass(frozen=True)
class Part:
    """A part of the book: its caption, which may be missing, and its pages in order."""

    caption: str | None
    pages: tuple[str, ...]


@dataclass
class Page:
    """The text of a page: XHTML, its headings as (level, anchor, text), and all its anchors."""

    name: str
    markup: str = ""
    headings: list[tuple[int, str, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    @property
    def slug(self) -> str:
        """The last part of the page's name."""
        return posixpath.basename(self.name)

    @property
    def title(self) -> str:
        """The page's first heading."""
        return self.headings[0][2] if self.headings else self.slug


def parts(root: Path) -> list[Part]:
    """The parts of the book, with the first page as one of its own, as ``_toc.yml`` has them."""
    from sphinx_external_toc.parsing import parse_toc_yaml

    toc = parse_toc_yaml(root / "_toc.yml")
    return [Part(None, (toc.root.docname,)), *listed(toc)]


def listed(toc: Any) -> Iterator[Part]:
    """The parts of a table of contents, each with all pages under it, those below others too."""

    def below(name: str) -> Iterator[str]:
        yield name
        for tree in toc[name].subtrees:
            for child in tree.files():
                yield from below(child)

    for tree in toc.root.subtrees:
        yield Part(tree.caption, tuple(page for child in tree.files() for page in below(child)))


def settings(root: Path) -> dict[str, Any]:
    """What ``_config.yml`` says; nothing if there is none."""
    import yaml

    path = root / "_config.yml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}


def settle(pages: Iterable[Page], known: set[str], home: Callable[[str], str | None]) -> None:
    """Let links to anchors that no page has lead to the page.

    An address such as ``ledger.html#grade=proved`` has a meaning only for a script.

    Parameters
    ----------
    pages : iterable of Page
        All pages of an edition.
    known : set of str
        The addresses of all that they hold.
    home : callable
        From an address to that of its page, None if it is not of this edition.
    """

    def link(found: re.Match[str]) -> str:
        address = unescape(found[1])
        page = home(address)
        return found[0] if page is None or unquote(address) in known else f'href="{escape(page)}"'

    for page in pages:
        page.markup = re.sub(r'href="([^"]*#[^"]*)"', link, page.markup)


class Reader(HTMLParser):
    """Copy the article of a page, without what a still edition has no use for, as well-formed XHTML.

    Parameters
    ----------
    name : str
        The page, ``book/even-taylor``.
    without : str
        A class of elements to leave out; one of KaTeX's two forms of each formula.
    link : callable
        From an address in the page, resolved to the site's root, to what stands in its place; None for nothing.
    picture : callable
        The same for pictures.
    anchor : callable
        From an anchor of the page to the one that stands in its place.
    after : mapping of str to str
        From a class to markup put at the end of each element of that class; used for explorers, which stand still.
    """

    def __init__(self, name: str, without: str, link: Callable[[str], str | None], picture: Callable[[str], str],
                 anchor: Callable[[str], str] = str, after: dict[str, str] | None = None) -> None:  # fmt: skip
        super().__init__(convert_charrefs=False)
        self.page = Page(name)
        self.without, self.link, self.picture, self.anchor = CLASSES | {without}, link, picture, anchor
        self.after = after or {}
        self.out: list[str] = []
        self.open: list[tuple[str, str, str]] = []  # tag, name to close it by, and what to put before that
        self.skipped: list[str] = []  # tags of the open elements that are left out
        self.section = ""
        self.heading: list[str] | None = None
        self.annotation = False

    def read(self, text: str) -> Page:
        """Read a page of the site."""
        self.feed(text)
        self.close()
        self.page.markup = "".join(self.out)
        return self.page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Copy a start tag, or begin to leave out."""
        found = {key: value or "" for key, value in attrs}
        classes = set(found.get("class", "").split())
        if not self.open:
            if tag == "article":
                self.open.append((tag, "", ""))
            return
        if self.skipped or tag in TAGS or classes & self.without:
            if tag not in VOID:
                self.skipped.append(tag)
            return
        if tag == "section" and "id" in found and not classes & {"qed-card"}:
            self.section = found["id"]
        if re.fullmatch("h[1-6]", tag):
            self.heading = []
        self.annotation |= tag == "annotation"
        # The parser gives names in lower case, which SVG and MathML are not.
        written = self.get_starttag_text() or ""
        names = {name.lower(): name for name in _NAME.findall(re.sub(r"\"[^\"]*\"|'[^']*'", "", written))}
        spelled = re.match(r"<([^\s/>]+)", written)
        name = spelled[1] if spelled else tag
        if tag == "a" and "href" in found:
            target = self.link(self._resolve(found["href"]))
            if target is None:
                name, found = "span", {key: found[key] for key in ("class", "id") if key in found}
            else:
                found["href"] = target
        if tag == "img":
            found["src"] = self.picture(self._resolve(found["src"]))
        if "id" in found:
            found["id"] = self.anchor(found["id"])
            self.page.anchors.add(found["id"])
        if tag in NAMESPACES:
            found.setdefault("xmlns", NAMESPACES[tag])
        for key in ("tabindex", "loading", "decoding", "border", "valign"):
            found.pop(key, None)
        if found.get("role") == "doc-biblioentry":
            del found["role"]
        rest = "".join(f' {names.get(key, key)}="{escape(value)}"' for key, value in found.items())
        if (tag == "dl" and not attrs) or (tag == "dd" and self.open[-1][1] == "div"):
            name = "div"  # a signature's parameters: Sphinx makes a list without terms of them
        if tag in VOID:
            self.out.append(f"<{name}{rest}/>")
            return
        self.out.append(f"<{name}{rest}>")
        self.open.append((tag, name, "".join(self.after[one] for one in sorted(classes & set(self.after)))))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Copy a tag that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Copy an end tag, or end to leave out."""
        if tag in VOID or not self.open:
            return
        opened, name, last = (self.skipped.pop(), "", "") if self.skipped else self.open.pop()
        if opened != tag:
            raise BadPage(
                f"{self.page.name}, line {self.getpos()[0]} of the page: </{tag}> stands where <{opened}> is "
                "still open; close what is open there"
            )
        if not name:
            return
        if re.fullmatch("h[1-6]", tag) and self.heading is not None:
            words = " ".join("".join(self.heading).split())
            self.page.headings.append((int(tag[1]), self.anchor(self.section), words))
            self.heading = None
        self.annotation &= tag != "annotation"
        self.out.append(f"{last}</{name}>")

    def _text(self, written: str, meant: str) -> None:
        if self.open and not self.skipped:
            self.out.append(written)
            if self.heading is not None and not self.annotation:
                self.heading.append(meant)

    def handle_data(self, data: str) -> None:
        """Copy text."""
        self._text(escape(data, quote=False), data)

    def handle_entityref(self, name: str) -> None:
        """Copy a character that HTML names; XML knows few of the names."""
        self._text(escape(unescape(f"&{name};"), quote=False), unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        """Copy a character that is given by its number."""
        self._text(escape(unescape(f"&#{name};"), quote=False), unescape(f"&#{name};"))

    def _resolve(self, address: str) -> str:
        """An address relative to the site's root; one with a scheme is left alone."""
        if urlsplit(address).scheme or address.startswith("//"):
            return address
        path, mark, fragment = address.partition("#")
        target = (
            posixpath.normpath(posixpath.join(posixpath.dirname(self.page.name), path))
            if path
            else (f"{self.page.name}.html")
        )
        return f"{target}{mark}{fragment}"
