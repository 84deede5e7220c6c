"""Books that must not be published: each is wrong in one place, and the build names page, cell and cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Book

from qed.site import notebooks
from qed.site.build import BuildError, build

Notebook = dict[str, Any]
CLAIM, FIGURE = 3, 4  # places of cells in the tiny notebook; the first of both is code cell 2, the second code cell 3


def output(notebook: Notebook, cell: int) -> dict[str, Any]:
    """The only output of a cell."""
    return notebook["cells"][cell]["outputs"][0]


def record(notebook: Notebook) -> dict[str, Any]:
    """The record of the tiny notebook's first claim."""
    return output(notebook, CLAIM)["data"][notebooks.CLAIM]


def refusal(book: Book) -> str:
    """Build, expect a refusal that leaves no site, and return what it says."""
    with pytest.raises(BuildError) as error:
        build(book.root)
    assert not book.site.exists()
    return str(error.value)


def without(*keys: str) -> Callable[[Notebook], Any]:
    """Take a field out of the claim's record."""
    def change(notebook: Notebook) -> None:
        inner = record(notebook)
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]
    return change


def with_(**fields: Any) -> Callable[[Notebook], Any]:
    """Change fields of the claim's record."""
    return lambda notebook: record(notebook).update(fields)


def prose(text: str) -> Callable[[Notebook], Any]:
    """Add a sentence to the second text cell."""
    return lambda notebook: notebook["cells"][1]["source"].append(f"\n\n{text}\n")


def shows(kind: str, content: str, **about: Any) -> Callable[[Notebook], Any]:
    """Let the first code cell show something else."""
    def change(notebook: Notebook) -> None:
        out = output(notebook, 2)
        out["data"], out["metadata"] = {"text/plain": "8", kind: content}, about
    return change


def say_twice(notebook: Notebook) -> None:
    """Give the second claim the name of the first."""
    claims = [out for _, out in notebooks.outputs(notebook) if notebooks.CLAIM in out.get("data", {})]
    claims[1]["data"][notebooks.CLAIM]["id"] = claims[0]["data"][notebooks.CLAIM]["id"]


def rename_figure(notebook: Notebook) -> None:
    """Give the figure the name of the claim."""
    output(notebook, FIGURE)["metadata"]["qed"]["figure"] = "squares.nonnegative"


BAD: dict[str, tuple[Callable[[Notebook], Any], str]] = {
    "a cell that is none": (lambda n: n["cells"].append(7), "not a notebook: one of its cells is no object"),
    "a code cell without a place for outputs": (lambda n: n["cells"][2].pop("outputs"),
        "not a notebook: cells, 2: 'outputs' is a required property"),
    "an output that is none": (lambda n: n["cells"][2].update(outputs=[3]), "not a notebook: cells, 2, outputs, 0: 3 "),
    "an output of no kind": (lambda n: output(n, 2).pop("output_type"), "not a notebook: cells, 2, outputs, 0: {"),
    "a lacking field": (without("engines"),
        "code cell 2: the claim squares.nonnegative: its record lacks the field engines"),
    "a lacking field inside": (without("control", "witness"),
        "code cell 2: the claim squares.nonnegative: its record lacks the field witness of control"),
    "no name": (without("id"), "code cell 2: the claim without an id: its record lacks the field id"),
    "a field of no meaning": (with_(seconds=3), "code cell 2: the claim squares.nonnegative: its record: "),
    "a grade that is none": (with_(grade="certain"),
        "code cell 2: the claim squares.nonnegative: grade: 'certain' is not one of"),
    "an unknown version": (with_(schema=7), "code cell 2: the record of a claim is of version 7, and this build reads "
        "version 1; run: make refresh NB=squares"),
    "no version": (without("schema"), "code cell 2: the record of a claim is of version unknown, "),
    "a record that is none": (lambda n: output(n, CLAIM)["data"].update({notebooks.CLAIM: ["squares.nonnegative"]}),
        "code cell 2: the record of a claim is no object"),
    "no card": (lambda n: output(n, CLAIM)["data"].pop("text/html"),
        "code cell 2: the claim squares.nonnegative has no card"),
    "one name for two claims": (say_twice,
        "code cell 2 and code cell 4: the name squares.nonnegative is borne by 2 claims or figures"),
    "one name for claim and figure": (rename_figure,
        "code cell 2 and code cell 3: the name squares.nonnegative is borne by 2 claims or figures"),
    "a name of another article": (with_(id="cubes.nonnegative"),
        "code cell 2: the name cubes.nonnegative does not begin with 'squares' and a dot"),
    "a use of nothing": (with_(uses=["squares.lost"]),
        "code cell 2: the claim squares.nonnegative uses squares.lost, and there is no such claim"),
    "a figure without alternative text": (lambda n: output(n, FIGURE)["metadata"]["qed"].pop("alt"),
        "code cell 3: the figure squares.fig-parabola has no alternative text; draw it with qed.figure"),
    "a picture that qed did not draw": (lambda n: output(n, FIGURE)["metadata"].clear(),
        "code cell 3: a picture has no alternative text; draw it with qed.figure"),
    "a picture in prose without alternative text": (prose("![](_static/mark.svg)"),
        "text cell 2: the picture _static/mark.svg has no alternative text"),
    "a link to no claim": (prose("See [it](#squares.lost)."), "text cell 2: 'myst' cross-reference target not found"),
    "a link from a card to no claim": (
        lambda n: output(n, CLAIM)["data"].update({"text/html": '<section class="qed-card" id="squares.nonnegative">'
                                                                '<a href="#squares.lost">lost</a></section>'}),
        "code cell 2: a card links to 'squares.lost', and there is no such claim"),
    "a formula in prose": (prose(r"So $\frac{1}{$ it is."), r"text cell 2: KaTeX cannot set '\\frac{1}{'"),
    "a formula on its own line": (prose("$$\n\\nosuch\n$$"), r"text cell 2: KaTeX cannot set '\n\\nosuch"),
    "a formula in a card": (
        lambda n: output(n, CLAIM)["data"].update({"text/html": r'<section class="qed-card">\(x^2^3\)</section>'}),
        "code cell 2: KaTeX cannot set 'x^2^3'"),
    "a formula in a caption": (lambda n: output(n, FIGURE)["metadata"]["qed"].update(caption=r"The $\nosuch$."),
        r"code cell 3: KaTeX cannot set '\\nosuch'"),
    "a formula in an output": (lambda n: output(n, 2)["data"].update({"text/latex": r"$\displaystyle \nosuch$"}),
        r"code cell 1: KaTeX cannot set '\\displaystyle \\nosuch'"),
    "a script in an output": (shows("text/html", "<p>8</p><ScRiPt>alert(1)</sCrIpT>"),
        "code cell 1: the element <script>: HTML"),
    "an output that is a script": (shows("application/javascript", "alert(1)"), "code cell 1: the element <script>"),
    "a script dressed as data": (shows("text/html", '<script type="application/json" src="x.js"></script>'),
        "code cell 1: the element <script>"),
    "a script after data": (shows("text/html", '<script type="application/json">{}</script><svg onload=alert(1)>'),
        "code cell 1: the handler onload"),
    "a script in an output in Markdown": (shows("text/markdown", "Eight.\n\n<script>alert(1)</script>"),
        "the element <script>"),
    "a script in a drawing": (shows("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        qed={"alt": "A drawing."}), "code cell 1: the element <script>"),
    "a handler in a card": (
        lambda n: output(n, CLAIM)["data"].update(
            {"text/html": '<section class="qed-card"><b OnClick="x()">8</b></section>'}),
        "code cell 2: the handler onclick"),
    "a frame in an output": (shows("text/html", '<iframe srcdoc="&lt;script&gt;1&lt;/script&gt;"></iframe>'),
        "code cell 1: the element <iframe>"),
    "an address that runs": (shows("text/html", '<a href="java&#10;script:alert(1)">8</a>'),
        "code cell 1: the address 'java"),
    "a script in prose": (prose("<script>alert(1)</script>"), "text cell 2: the element <script>"),
}  # fmt: skip


@pytest.mark.parametrize("harm", BAD)
def test_a_notebook_that_is_wrong_in_one_place_is_refused_by_name_cell_and_cause(small: Book, harm: str):
    change, said = BAD[harm]
    notebook = small.notebook()
    change(notebook)
    small.store(notebook)
    assert said in refusal(small).replace("book/squares.ipynb, ", "book/squares.ipynb: ").partition(
        "book/squares.ipynb: ")[2]


PAGES = {
    "a label borne twice": ("(here)=\n## One\n\n(here)=\n## Two", "here"),
    "a link to no claim": ("[it](#squares.lost)", "squares.lost"),
    "a claim by role": ("{claim}`squares.lost`", "there is no claim 'squares.lost'"),
    "a card of no claim": ("```{claim-card} squares.lost\n```", "there is no claim 'squares.lost'"),
    "a picture without alternative text": ("![](_static/mark.svg)", "_static/mark.svg has no alternative text"),
    "a formula": (r"$\nosuch$", r"KaTeX cannot set '\\nosuch'"),
    "a script": ("<script>alert(1)</script>", "the element <script>: HTML of text and outputs must be inert"),
    "a script within a line": ("So <img src=x alt=x onerror=alert(1)> it is.", "the handler onerror"),
}


@pytest.mark.parametrize("harm", PAGES)
def test_a_page_that_is_wrong_in_one_place_is_refused_by_name_line_and_cause(small: Book, harm: str):
    text, said = PAGES[harm]
    lines = (small.root / "book" / "intro.md").read_text(encoding="utf-8").count("\n")
    small.append("book/intro.md", text)
    found = refusal(small)
    name, line, cause = found.partition("\n")[0].split(":", 2)
    assert name == "book/intro.md"
    assert int(line) > lines
    assert said in cause


def test_a_picture_with_words_for_it_is_published(small: Book):
    small.append("book/intro.md", "![A square](_static/mark.svg)")
    build(small.root)
    assert 'alt="A square"' in (small.site / "book" / "intro.html").read_text(encoding="utf-8")
