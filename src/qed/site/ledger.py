"""The claims of the whole book: the ledger page, the graphs on it, and the ledger for other programs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from qed.site import cards, changes, graph, notebooks, reference
from qed.site.notebooks import FLAGS, GRADES, flags, totals

VERSION = 1  # of ledger.json
FEW = 4  # articles up to which all graphs are unfolded
NOTHING = "Nothing has been weakened or withdrawn so far."

Links = Callable[[str], str]


@dataclass(frozen=True)
class Article:
    """A notebook of the book, with its claims."""

    doc: str
    title: str
    claims: list[notebooks.Claim]

    @property
    def slug(self) -> str:
        """The first part of its claims' ids."""
        return self.doc.rpartition("/")[2]


def articles(env: BuildEnvironment) -> list[Article]:
    """List the notebooks with claims in the order of the table of contents."""
    found = []
    for doc in env.external_site_map:  # type: ignore[attr-defined]
        name = doc.removesuffix(".ipynb")
        path = Path(env.srcdir, f"{name}.ipynb")
        if name in env.found_docs and path.exists() and (claims := notebooks.stored(path)[0]):
            found.append(Article(name, cards.plain_title(env, name), list(claims.values())))
    return found


def document(env: BuildEnvironment) -> dict[str, Any]:
    """Make the ledger for other programs, as ``ledger.schema.json`` describes it."""
    used_by = cards.used_by(env)
    claims = []
    for article in articles(env):
        address = env.app.builder.get_target_uri(article.doc)
        for claim in article.claims:
            claims.append({
                **claim.record, "article": article.slug, "title": article.title, "url": f"{address}#{claim.id}",
                "flags": flags(claim.record), "used_by": used_by.get(claim.id, []),
            })  # fmt: skip
    return {"$schema": notebooks.LEDGER_SCHEMA.name, "schema": VERSION, "book": env.config.project,
            "totals": totals(claims), "claims": claims}


def write(app: Sphinx, problem: Exception | None) -> None:
    """Put the ledger and its schema into the site."""
    if problem is None and app.builder.name == "html":
        text = json.dumps(document(app.env), indent=1, ensure_ascii=False)
        Path(app.outdir, "ledger.json").write_text(text + "\n", encoding="utf-8")
        shutil.copy(notebooks.LEDGER_SCHEMA, app.outdir)


class ledger_part(nodes.General, nodes.Element):
    """A place that is filled when all pages have been read."""


class Ledger(SphinxDirective):
    """Show a part of the ledger: ``totals``, ``claims``, ``changes`` or ``graphs``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the part, or a place for it."""
        part = self.arguments[0]
        if part == "changes":
            return self._changes()
        if part not in PARTS:
            cards.warn(f"the ledger has no part {part!r}: write totals, claims, changes or graphs", self.get_location())
            return []
        if part == "claims":
            self.env.metadata[self.env.docname]["qed_ledger"] = "yes"
        return [ledger_part(part=part)]

    def _changes(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir, "CHANGELOG.md")
        self.env.note_dependency(str(path))
        told = changes.read(path) if path.exists() else []
        lines = [f"- {c.kind}: {c.text} ({c.date})" for c in told if c.kind in ("Weakened", "Withdrawn")]
        return self.parse_text_to_nodes("\n".join(lines) or NOTHING)


def pages(env: BuildEnvironment) -> list[str]:
    """The pages that show the table of all claims."""
    return [doc for doc, about in env.metadata.items() if "qed_ledger" in about]


def fill(app: Sphinx, document_: nodes.document, page: str) -> None:
    """Fill the places that had to wait until all pages were read."""
    for place in list(document_.findall(ledger_part)):
        place.replace_self(cards.raw(PARTS[place["part"]](app.env, page)))
    users, link = cards.used_by(app.env), _links(app.env, page)
    ledgers = pages(app.env)

    def row(match: re.Match[str]) -> str:
        anchors = [_anchor(id, str, link) for id in users.get(match[1], [])]
        return f"<dt>Used by</dt><dd>{', '.join(anchors)}</dd>" if anchors else ""

    def to_graph(match: re.Match[str]) -> str:
        return f' · <a href="{escape(link(ledgers[0]))}#graph-{match[1]}">what uses what</a>' if ledgers else ""

    for piece in list(document_.findall(nodes.raw)):
        if "<!--" in (text := piece.astext()):
            text = re.sub(cards.USED_BY.format("([^ ]*?)"), row, text)
            text = re.sub(cards.GRAPH.format("([^ ]*?)"), to_graph, text)
            piece.children = [nodes.Text(text)]


def add_files(app: Sphinx, page: str, _template: str, _context: dict[str, Any], _document: Any) -> None:
    """Give the ledger's style and script to the pages that show it, and to those only."""
    if page in pages(app.env):
        app.add_css_file("ledger.css")
        app.add_js_file("ledger.js", loading_method="defer")


def _totals(env: BuildEnvironment, page: str) -> str:
    counts = totals(document(env)["claims"])
    ledgers = pages(env)
    address = "" if page in ledgers or not ledgers else _links(env, page)(ledgers[0])
    tiles = [("", "claims" if counts["claims"] != 1 else "claim", counts["claims"], ' class="qed-all"')]
    tiles += [(f"#grade={grade}", grade, n, f' data-grade="{grade}"') for grade, n in counts["grades"].items()]
    tiles += [(f"#words={flag.partition(' ')[0]}", flag, n, ' class="qed-flagged"')
              for flag, n in counts["flags"].items()]
    rows = (f'<li{data}><a href="{address + href or "#"}"><b>{n}</b> {name}</a></li>' for href, name, n, data in tiles)
    return f'<ul class="qed-totals">{"".join(rows)}</ul>'


def _summary(env: BuildEnvironment, page: str) -> str:
    """A line about one article's claims, in the place of the list that its notebook shows."""
    slug = page.rpartition("/")[2]
    mine = [claim.record for article in articles(env) if article.slug == slug for claim in article.claims]
    text = f"{notebooks.summary(mine)}."
    for doc in pages(env)[:1]:
        address = f"{_links(env, page)(doc)}#article={slug}"
        text += f' <a href="{escape(address)}">All of them, in the ledger</a>.'
    return f'<p class="qed-summary">{text}</p>'


def _claims(env: BuildEnvironment, page: str) -> str:
    found, used_by = articles(env), cards.used_by(env)
    link = _links(env, page)
    families = _Families()
    rows = [_row(article, claim, len(used_by.get(claim.id, [])), link, families)
            for article in found for claim in article.claims]
    heads = (("article", "Article"), ("claim", "Claim"), ("grade", "Grade"), ("engine", "Method"), ("used", "Used by"))
    head = "".join(f'<th scope="col" data-key="{key}">{label}</th>' for key, label in heads)
    present = totals(document(env)["claims"])["grades"]
    words = {flag.partition(" ")[0]: flag for flag in FLAGS.values()} | {"none": "neither"}
    filters = "".join([
        '<label>Text <input type="search" name="text" autocomplete="off"></label>',
        _select("article", "Article", {article.slug: article.title for article in found}),
        _select("grade", "Grade", {grade: grade for grade in present}),
        _select("engine", "Method", dict(sorted(families.names.items()))),
        _select("words", "Words", words),
    ])
    count = f"{len(rows)} claims"
    return (f'<form class="qed-filters" aria-label="Filter the claims">{filters}'
            f'<p><span role="status">{count}</span> <button type="reset">Show all</button></p></form>'
            f'<table class="qed-book" data-grades="{" ".join(GRADES)}"><caption class="visually-hidden">'
            f'All claims of the book</caption><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>')


def _select(name: str, label: str, options: dict[str, str]) -> str:
    found = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options.items())
    return f'<label>{label} <select name="{name}"><option value="">all</option>{found}</select></label>'


class _Families:
    """Names on cards by the rule they are names of: *using ...*, whatever is used."""

    def __init__(self) -> None:
        self.rules = [rule for rule in reference.kernel_rules() if rule.card]
        self.names: dict[str, str] = {}

    def key(self, record: dict[str, Any], engine: str) -> str:
        rule = next((rule for rule in self.rules if rule.matches(engine)), None)
        name = re.sub(r"\{\w+\}", "…", rule.card) if rule and rule.card else engine
        if record["words"] is not None:
            name = "a check function of the article"
        elif record["cite"] is not None and record["because"] is None:
            name = "a reference"
        key = "-".join(re.findall(r"\w+", name)).lower()
        self.names[key] = name
        return key


def _row(article: Article, claim: notebooks.Claim, used: int, link: Links, families: _Families) -> str:
    record = claim.record
    engines = " ".join(dict.fromkeys(families.key(record, engine) for engine in record["engines"]))
    noted = flags(record)
    if record["effective"] != record["grade"]:
        noted.append(f"own grade {record['grade']}")
    notes = f' <span class="qed-notes">{escape(", ".join(noted))}</span>' if noted else ""
    tag = "span" if record["words"] is not None else "code"
    words = " ".join(flag.partition(" ")[0] for flag in flags(record)) or "none"
    return (f'<tr data-engine="{engines}" data-words="{words}"><td><a href="{escape(link(article.doc))}" '
            f'title="{escape(article.title)}">{escape(article.slug)}</a></td><th scope="row"><a class="qed-ref" '
            f'href="{escape(link(claim.id))}">{escape(claim.id.partition(".")[2])}</a>'
            f'<{tag}>{escape(record["statement"])}</{tag}></th><td><span class="qed-grade" '
            f'data-grade="{record["effective"]}">{record["effective"]}</span>{notes}</td>'
            f'<td>{escape("; ".join(record["engines"]))}</td><td>{used or ""}</td></tr>')


def _links(env: BuildEnvironment, page: str) -> Links:
    """Make addresses, from a page, of a document or a claim."""
    def link(name: str) -> str:
        if "." not in name:
            return str(env.app.builder.get_relative_uri(page, name))
        folder = page.rpartition("/")[0]
        doc = f"{folder}/{name.partition('.')[0]}" if folder else name.partition(".")[0]
        return f"{env.app.builder.get_relative_uri(page, doc)}#{name}"

    return link


def _graphs(env: BuildEnvironment, page: str) -> str:
    found = articles(env)
    known = {claim.id: claim.record for article in found for claim in article.claims}
    link = _links(env, page)
    drawn = [("articles", "Between articles", _of_articles(found, link))]
    drawn += [(article.slug, cards.unbroken(article.title), _of_claims(article, known, link)) for article in found]
    # The anchor is inside: a browser opens what is folded when a link leads there.
    fold = "" if len(found) > FEW else " open"
    return "".join(f'<details class="qed-rests"{fold}><summary><h3>{escape(title)}</h3></summary>'
                   f'<div id="graph-{slug}">{content}</div></details>' for slug, title, content in drawn if content)


def _of_articles(found: list[Article], link: Links) -> str:
    """Draw which articles use claims of which, if any do."""
    counts: dict[tuple[str, str], int] = {}
    for article in found:
        for claim in article.claims:
            for used in claim.record["uses"]:
                pair = (used.partition(".")[0], article.slug)
                if pair[0] != pair[1]:
                    counts[pair] = counts.get(pair, 0) + 1
    if not counts:
        return ""
    involved = [article for article in found if any(article.slug in pair for pair in counts)]
    places = {article.slug: n for n, article in enumerate(involved)}
    titles = {article.slug: article.title for article in found}
    drawn = [graph.Node(article.title, f"#graph-{article.slug}") for article in involved]
    edges = [(places[a], places[b]) for a, b in counts]
    said = [f'<a href="#graph-{b}">{escape(titles[b])}</a> uses {n} claim{"s" if n > 1 else ""} of '
            f'<a href="#graph-{a}">{escape(titles[a])}</a>' for (a, b), n in counts.items()]
    return _figure(drawn, edges, "Which article uses claims of which", said)


def _of_claims(article: Article, known: dict[str, dict[str, Any]], link: Links) -> str:
    """Draw which claims of an article use which; name those that stand alone."""
    own = {claim.id for claim in article.claims}
    uses = {claim.id: [used for used in claim.record["uses"] if used in known] for claim in article.claims}
    joined = {id for id, used in uses.items() if used} | {id for used in uses.values() for id in used}
    order = [id for id in known if id in joined and (id in own or any(id in used for used in uses.values()))]
    places = {id: n for n, id in enumerate(order)}

    def label(id: str) -> str:
        return _words(id) if id in own else f"{id.partition('.')[0]}: {_words(id)}"

    drawn = []
    for id in order:
        record, rests = known[id], uses.get(id, [])
        grade, effective = record["grade"], record["effective"]
        data = {"grade": grade, "effective": effective} | ({"flag": "words"} if flags(record) else {})
        note = grade if grade == effective else f"{grade}, effectively {effective}"
        about = [*flags(record), "uses " + " and ".join(label(used) for used in rests) if rests else "uses no other"]
        drawn.append(graph.Node(label(id), link(id), note, ", ".join(about), data))
    edges = [(places[used], places[id]) for id in order for used in uses.get(id, [])]
    said = [f"{_anchor(id, label, link)} uses {_listed(_anchor(used, label, link) for used in uses[id])}"
            for id in order if uses.get(id)]
    shown = _figure(drawn, edges, f"What uses what in: {article.title}", said) if edges else ""
    alone = [_anchor(claim.id, label, link) for claim in article.claims if claim.id not in joined]
    if alone:
        said_of = "Used by no other, and using none" if edges else "No claim here uses another"
        shown += f"<p>{said_of}: {_listed(alone)}.</p>"
    return shown


def _words(id: str) -> str:
    return id.partition(".")[2].replace("-", " ")


def _anchor(id: str, label: Callable[[str], str], link: Links) -> str:
    return f'<a class="qed-ref" href="{escape(link(id))}">{escape(label(id))}</a>'


def _listed(items: Iterable[str]) -> str:
    """Write items as a list in a sentence."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def _figure(drawn: list[graph.Node], edges: list[tuple[int, int]], label: str, said: list[str]) -> str:
    """A graph in a box that scrolls, and the same as a list."""
    items = "".join(f"<li>{line}</li>" for line in said)
    return (f'<div class="qed-scroll">{graph.draw(drawn, edges, label)}</div>'
            f'<details class="qed-said"><summary>The same as a list</summary><ul>{items}</ul></details>')


PARTS = {"totals": _totals, "claims": _claims, "graphs": _graphs, "summary": _summary}
