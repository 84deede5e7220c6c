"""Claims on pages: cards, lists, links."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from qed.site import notebooks, tex

MARKER = '<div class="qed-claims"></div>'
CLAIM_LINK = 'class="qed-ref" '  # of a link that shows a preview
OWN = re.compile(r'(<section\b[^>]*\bid=")([^"]*)"')
ARGUMENT = re.compile(r"(?<=\w)\([^()<>]{1,16}\)")
# Places in HTML that are filled when all pages have been read.
USED_BY, GRAPH = "<!--used by {}-->", "<!--graph of {}-->"

logger = logging.getLogger(__name__)

Location: TypeAlias = Any  # a node, a document and a line, or a name


def warn(message: str, location: Location) -> None:
    """Warn about something on a page; a warning fails the build."""
    logger.warning("%s", message, location=location, type="qed", subtype="page")


def home(env: BuildEnvironment, anchor: str) -> tuple[str, Path] | None:
    """The document and file of the notebook that an anchor ``<slug>.<...>`` belongs to, if there is one."""
    doc = posixpath.join(posixpath.dirname(env.docname), anchor.partition(".")[0])
    path = Path(env.srcdir, doc + ".ipynb")
    return (doc, path) if "." in anchor and doc in env.found_docs and path.exists() else None


def resolve(env: BuildEnvironment, anchor: str) -> str | None:
    """The address, from the page being read, of a claim or a figure; None if there is no such thing."""
    if (found := home(env, anchor)) is None:
        return None
    doc, path = found
    claims, figures = notebooks.stored(path)
    if anchor not in claims and anchor not in figures:
        return None
    if doc == env.docname:
        return f"#{anchor}"
    env.note_dependency(str(path))
    return f"{env.app.builder.get_relative_uri(env.docname, doc)}#{anchor}"


def plain_title(env: BuildEnvironment, doc: str) -> str:
    """A page's title without the markup of its formulas."""
    return str(env.titles[doc].astext().translate(str.maketrans("", "", "\\{}")))


def unbroken(text: str) -> str:
    """Keep what stands between the parentheses of a function on one line, as in *exp(tr A)*."""
    return ARGUMENT.sub(lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), text)


def used_by(env: BuildEnvironment) -> dict[str, list[str]]:
    """What uses each claim directly, in the order of the book, as the pages that have been read say it."""
    found: dict[str, list[str]] = {}
    for doc in env.external_site_map:  # type: ignore[attr-defined]
        for id, used in env.metadata.get(doc.removesuffix(".ipynb"), {}).get("qed_uses", {}).items():
            for one in used:
                found.setdefault(one, []).append(id)
    return found


def card(env: BuildEnvironment, markup: str, location: Location, rename: str | None = None) -> str:
    """Make a stored card ready for the page being read: formulas set, links to other pages resolved.

    With `rename` the card's own anchor is given that name, for a copy away from its notebook.
    """

    def link(match: re.Match[str]) -> str:
        address = resolve(env, match[2])
        if address is None:
            warn(f"a card links to {match[2]!r}, and there is no such claim", location)
        return f'{match[1] or CLAIM_LINK}href="{address or "#" + match[2]}"'

    own = OWN.search(markup)
    if own is not None:  # what uses a claim is known when all pages have been read
        markup = re.sub("(<dt>Source</dt>|</dl>)", rf"{USED_BY.format(own[2])}\1", markup, count=1)
    if rename is not None:
        markup = OWN.sub(rf'\g<1>{rename}"', markup, count=1)
    markup = re.sub(r'(class="qed-id" )?href="#([^"]+)"', link, markup)
    return tex.typeset_html(markup, env.config.qed_macros, lambda message: warn(message, location))


def raw(markup: str, classes: Iterable[str] = ()) -> nodes.raw:
    """HTML as a node."""
    return nodes.raw("", markup, format="html", classes=list(classes))


def add_preview(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _document: Any) -> None:
    """Give the script that previews claims to the pages that link to one, and to those only."""
    if CLAIM_LINK.rstrip('" ') in context.get("body", ""):
        app.add_js_file("preview.js", loading_method="defer")


class ClaimCard(SphinxDirective):
    """Show a claim's card, as its notebook stored it, on another page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the card, or nothing and a warning."""
        anchor = self.arguments[0]
        found = home(self.env, anchor)
        claim = notebooks.stored(found[1])[0].get(anchor) if found else None
        if found is None or claim is None:
            warn(f"there is no claim {anchor!r}", self.get_location())
            return []
        self.env.note_dependency(str(found[1]))
        # "shown-": so that this copy's anchor is not taken for the claim's own.
        return [raw(card(self.env, claim.card, self.get_location(), rename=f"shown-{anchor}"))]


class ClaimRole(SphinxRole):
    """Link to a claim by its id."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link, or the bare id and a warning."""
        name = nodes.literal(self.text, self.text)
        address = resolve(self.env, self.text)
        if address is None:
            warn(f"there is no claim {self.text!r}", self.get_location())
            return [name], []
        return [nodes.reference("", "", name, refuri=address, internal=True, classes=["qed-ref"])], []


class ResolveLinks(SphinxTransform):
    """Resolve plain Markdown links to claims, figures and bibliography entries.

    ``[text](#slug.claim)``, ``[text](slug.ipynb#slug.claim)`` and ``[text](bibliography.md#key)``: links that
    read well in any notebook program, where MyST's own syntax would show as raw text.
    """

    default_priority = 878  # just before MyST-Parser looks for targets, which knows only headings

    def apply(self, **kwargs: Any) -> None:
        """Replace each such link by a resolved one."""
        for link in list(self.document.findall(nodes.reference)):
            if link.get("id_link") and (address := resolve(self.env, link["refuri"][1:])):
                del link["id_link"]
                link.update_basic_atts({})
                link["refuri"], link["internal"] = address, True
                link["classes"] += ["qed-ref"]
        for link in list(self.document.findall(addnodes.pending_xref)):
            if link["reftype"] == "myst" and (anchor := link.get("reftargetid")):
                claim = resolve(self.env, anchor)
                if address := claim or self._entry(link["reftarget"], anchor):
                    new = nodes.reference("", "", refuri=address, internal=True, classes=["qed-ref"] if claim else [])
                    new += link.children
                    link.replace_self(new)

    def _entry(self, doc: str, key: str) -> str | None:
        if key not in self.env.get_domain("cite").bibdata.data.entries:  # type: ignore[attr-defined]
            return None
        return f"{self.app.builder.get_relative_uri(self.env.docname, doc)}#{key}"


class ListClaims(SphinxTransform):
    """Put the list of a notebook's claims, with their computed grades, where its opening ends.

    That is where a Markdown cell holds `MARKER`, or else before the first code cell or subsection.
    """

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Insert the list if this page is a notebook with claims."""
        path = Path(self.env.doc2path(self.env.docname))
        if path.suffix != ".ipynb" or not (claims := notebooks.stored(path)[0]):
            return
        self.env.metadata[self.env.docname]["qed_uses"] = {claim.id: claim.record["uses"] for claim in claims.values()}
        listing = raw(claim_list(list(claims.values())))
        for node in self.document.findall(nodes.raw):
            if node.astext().strip() == MARKER:
                node.replace_self(listing)
                return
        title = next(iter(self.document.findall(nodes.section)), self.document)
        for place, node in enumerate(title.children):
            if isinstance(node, nodes.section | nodes.container):
                title.insert(place, listing)
                return


def claim_list(claims: list[notebooks.Claim]) -> str:
    """The list of claims at the head of a page, as HTML."""
    rows = []
    for claim in claims:
        record = claim.record
        words = html.escape(claim.id.partition(".")[2].replace("-", " "))
        notes = notebooks.flags(record)
        if record["effective"] != record["grade"]:
            notes.append(f"effectively {record['effective']}")
        note = f' <span class="qed-notes">{", ".join(notes)}</span>' if notes else ""
        rows.append(
            f'<li><a href="#{html.escape(claim.id)}">{words}</a>{note} '
            f'<span class="qed-grade" data-grade="{record["grade"]}">{record["grade"]}</span></li>'
        )
    head = notebooks.summary([claim.record for claim in claims]) + GRAPH.format(claims[0].id.partition(".")[0])
    return (f'<nav class="qed-claims" aria-label="Claims of this page"><p>{head}</p>'
            f'<ol>{"".join(rows)}</ol></nav>')
