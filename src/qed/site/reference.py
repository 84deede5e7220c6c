"""Reference pages made from the code: the rules, the files believed, and the source beside each documented name."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from qed.site import cards

PACKAGE = Path(__file__).parent.parent
KERNEL = PACKAGE / "kernel"
# What is believed, from the ground up: what reads, what evaluates, what concludes.
FLOORS = {
    "kernel": "concludes; every proof is believed on its word",
    "numeric": "evaluates in ball arithmetic: the hunt, the boxes, the sign of a constant",
    "statements": "reads the text",
}

# A rule's docstring says why it may conclude, and by which name cards tell of it; names vary where braces stand.
REASON = re.compile(r"((?:Theorem|Law|Rule|Definition)s?(?: \([^)]*\))?): ")
NAME = re.compile(r"On cards: ``(.+?)``")


@dataclass(frozen=True)
class Rule:
    """A function of the kernel that may conclude, or on which a conclusion rests."""

    module: str
    function: str
    summary: str
    reason: str
    card: str | None
    source: str
    floor: str = "kernel"

    @property
    def name(self) -> str:
        """Where the function is found: ``rules.sturm``."""
        return f"{self.module}.{self.function}"

    def matches(self, engine: str) -> bool:
        """Whether a name on a card is this rule's."""
        pieces = re.split(r"\{\w+\}", self.card or "")
        return self.card is not None and re.fullmatch(".+".join(map(re.escape, pieces)), engine) is not None


def public_functions(path: Path) -> list[ast.FunctionDef]:
    """The public functions of a module, in order."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [node for node in body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def kernel_rules() -> list[Rule]:
    """List the functions of the believed floors whose docstring gives a theorem, law, rule or definition."""
    found = []
    for path in trusted_files():
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in public_functions(path):
            paragraphs = (ast.get_docstring(node) or "").split("\n\n")
            text = [" ".join(paragraph.split()) for paragraph in paragraphs]
            reason = next((paragraph for paragraph in text if REASON.match(paragraph)), None)
            card = next((m[1] for paragraph in text if (m := NAME.match(paragraph))), None)
            if reason is not None:
                code = without_docstring("\n".join(lines[node.lineno - 1 : node.end_lineno]))
                found.append(Rule(path.stem, node.name, text[0], reason, card, code, path.parent.name))
    return found


def trusted_files() -> list[Path]:
    """List the files of the floors that have to be believed."""
    return [path for floor in FLOORS for path in sorted((PACKAGE / floor).glob("*.py"))]


def without_docstring(code: str) -> str:
    """Leave the docstring out of the source of a function or a class."""
    node = ast.parse(code).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    if ast.get_docstring(node) is None or len(node.body) < 2:
        return code
    lines, text = code.splitlines(), node.body[0]
    return "\n".join(lines[: text.lineno - 1] + lines[(text.end_lineno or text.lineno) :])


def words(text: str) -> list[nodes.Node]:
    """A sentence of a docstring as nodes: code between backticks, and signs of relation."""
    found: list[nodes.Node] = []
    for place, piece in enumerate(re.split(r"``(.+?)``|`(.+?)`", text)):
        if piece and place % 3:
            found.append(nodes.literal(piece, piece))
        elif piece:
            plain = piece.replace(">=", "≥").replace("<=", "≤").replace(" oo", " ∞").replace("/oo", "/∞")
            found.append(nodes.Text(plain))
    return found


def fold(title: str, code: str) -> list[nodes.Node]:
    """Source code behind a line that opens it."""
    block = nodes.literal_block(code, code, language="python")
    head = f'<details class="qed-exact qed-source"><summary>Source: <code>{title}</code></summary>'
    return [cards.raw(head), block, cards.raw("</details>")]


class KernelRules(SphinxDirective):
    """List the kernel's rules: those ``named`` on cards, or those ``beneath`` them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        for path in trusted_files():
            self.env.note_dependency(str(path))
        listing = nodes.definition_list(classes=["qed-rules"])
        named = self.arguments[0] == "named"
        found = [rule for rule in kernel_rules() if (rule.card is not None) == named]
        for rule in sorted(found, key=lambda rule: (rule.card or rule.name).lower()):
            listing += self._item(rule)
        return [listing]

    def _item(self, rule: Rule) -> nodes.Node:
        term = nodes.term("", "", ids=[f"rule-{rule.function.replace('_', '-')}"])
        if rule.card is None:
            term += nodes.literal(rule.name, rule.name)
        else:
            for place, piece in enumerate(re.split(r"\{(\w+)\}", rule.card)):
                term += nodes.emphasis(piece, piece) if place % 2 else nodes.Text(piece)
        label = REASON.match(rule.reason)
        assert label is not None
        why = nodes.paragraph("", "", nodes.emphasis(label[1], label[1]), nodes.Text(": "))
        why += words(rule.reason[label.end() :])
        definition = nodes.definition("", nodes.paragraph("", "", *words(rule.summary)), why)
        definition += fold(f"{rule.floor}/{rule.module}.py, {rule.function}", rule.source)
        return nodes.definition_list_item("", term, definition)


@dataclass(frozen=True)
class Source:
    """A file that has to be believed: what it says of itself, its lines of code, and all its lines.

    Blank lines, comments and docstrings are no code.
    """

    floor: str
    name: str
    about: str
    code: int
    lines: int


def kernel_files() -> list[Source]:
    """List the files of the believed floors, those of the kernel first."""
    found = []
    for path in trusted_files():
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        lines = {n for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.strip().startswith("#")}
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
        about = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
        found.append(Source(path.parent.name, path.name, about, len(lines), len(text.splitlines())))
    return [source for source in found if source.code]


class KernelFiles(SphinxDirective):
    """List the files that have to be believed, floor by floor, with their lines of code."""

    def run(self) -> list[nodes.Node]:
        """Return a list for each floor."""
        found: list[nodes.Node] = []
        for floor, does in FLOORS.items():
            files = [source for source in kernel_files() if source.floor == floor]
            code, lines = sum(source.code for source in files), sum(source.lines for source in files)
            total = f", {code} lines of code ({lines} with blank lines, comments and documentation): {does}."
            found.append(nodes.paragraph("", "", nodes.literal(floor, floor), nodes.Text(total)))
            listing = nodes.bullet_list()
            for source in files:
                self.env.note_dependency(str(PACKAGE / floor / source.name))
                start = nodes.literal(source.name, source.name)
                entry = nodes.paragraph("", "", start, nodes.Text(f", {source.code} lines: "), *words(source.about))
                listing += nodes.list_item("", entry)
            found.append(listing)
        return found


def add_sources(app: Sphinx, document: nodes.document) -> None:
    """Put its source under each function and class that a page documents."""
    for node in list(document.findall(addnodes.desc)):
        if node.get("domain") != "py" or node.get("objtype") not in ("function", "class"):
            continue
        signature = next(iter(node.findall(addnodes.desc_signature)))
        found: Any = import_module(signature["module"])
        for part in signature["fullname"].split("."):
            found = getattr(found, part)
        path = Path(inspect.getsourcefile(found) or "")
        code = without_docstring(textwrap.dedent(inspect.getsource(found)))
        next(iter(node.findall(addnodes.desc_content))).extend(fold(f"{path.relative_to(PACKAGE)}", code))


def add_style(app: Sphinx, _page: str, _template: str, _context: dict[str, Any], document: Any) -> None:
    """Give the style of reference pages to those pages only."""
    if document is not None and any("qed-source" in node.astext() for node in document.findall(nodes.raw)):
        app.add_css_file("reference.css")
