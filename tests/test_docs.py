"""The reference pages: nothing that the checker trusts, and nothing that may be called, is left out."""

from __future__ import annotations

import ast
import inspect
import re
import types
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from bs4 import BeautifulSoup
from conftest import ROOT, Book
from numpydoc.docscrape import FunctionDoc

import qed
from qed.__main__ import main
from qed.claims.verdict import decide
from qed.commands import stored_claims
from qed.numeric.hunt import hunt
from qed.site import reference
from qed.site.build import _inputs, build
from qed.statements.language import ARITY, CONSTANTS, statement

TRUST = (ROOT / "book" / "trust.md").read_text(encoding="utf-8")
API = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
RULES = reference.kernel_rules()
CLAIMS = stored_claims(ROOT / "book")

CONCLUDING = (
    "kernel/rules", "kernel/limits", "kernel/residual", "kernel/lemmas", "kernel/conclude", "kernel/checks",
    "kernel/bitvectors", "numeric/boxes", "numeric/statistics",
)  # fmt: skip
HELPERS = {
    "bound": "lists symbols",
    "is_zero": "is the test behind residual, which names the theorem",
    "meets": "compares a theorem with a goal",
}

# Rules whose tests hold no refusal as `refusing` reads it, and why.
UNREFUSED = {
    "boxes.enclose": "tested by way of boxes.certify and rules.boxed",
    "residual.align_sums": "refuses by leaving a sum as it is; tested so",
    "residual.elementary": "refuses by leaving a logarithm as it is; tested so",
    "residual.shift_gammas": "refuses by leaving gamma functions as they are; tested so",
    "residual.shift_polygammas": "refuses by leaving polygamma functions as they are; tested so",
    "residual.unroll": "refuses by leaving a sum as it is; tested so",
    "rules.odd_part": "computes a factor; its test looks at the roots that must be gone",
}


# What the checker trusts


@pytest.mark.parametrize("module", CONCLUDING)
def test_every_function_that_may_conclude_names_its_theorem(module: str):
    named = {rule.function for rule in RULES if rule.module == module.partition("/")[2]}
    public = {node.name for node in reference.public_functions(reference.PACKAGE / f"{module}.py")}
    assert public - named - set(HELPERS) == set()


def test_no_two_rules_share_an_anchor_or_a_name_on_cards():
    assert len({rule.function for rule in RULES}) == len(RULES)
    cards = [rule.card for rule in RULES if rule.card]
    assert len(set(cards)) == len(cards) >= 15


def explained(engine: str) -> bool:
    """Tell whether a name on a card is a rule's, or stands on the page in italics before its explanation."""
    others = re.findall(r"^\*(.+)\*\n: ", TRUST, re.MULTILINE)
    patterns = [".+".join(map(re.escape, other.split("..."))) for other in others]
    return any(rule.matches(engine) for rule in RULES) or any(re.fullmatch(p, engine) for p in patterns)


def test_every_name_on_a_stored_card_is_explained():
    judged = [claim for claim in CLAIMS if claim["words"] is None]
    names = {engine for claim in judged for engine in claim["engines"]}
    assert len(names) > 8
    assert sorted(name for name in names if not explained(name)) == []
    assert not explained("intuition")


def test_names_of_check_functions_are_said_to_be_the_authors():
    assert any(claim["words"] is not None for claim in CLAIMS)
    assert re.search(r"check function says\n: .*\*stated in words\*", TRUST)


def names_in(source: str) -> set[str]:
    """Find the names that the kernel may put on a card, `n` standing for what varies."""

    def text(node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.JoinedStr):
            return "".join(part.value if isinstance(part, ast.Constant) else "n" for part in node.values)
        return None

    def whole(node: ast.AST) -> list[ast.expr]:
        """List the texts inside an expression, without the pieces of which some are made."""
        if isinstance(node, ast.JoinedStr | ast.Constant):
            return [node]
        return [one for child in ast.iter_child_nodes(node) for one in whole(child)]

    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "by":
            found += node.args
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
            "by", "own", "generic", "engine", "RULE",
        ):  # fmt: skip
            found += whole(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Conclusion":
            found += [part for arg in node.args for part in getattr(arg, "elts", ())]
    return {name for node in found if (name := text(node))} - {", "}


def test_every_name_that_the_kernel_can_put_on_a_card_is_explained():
    names = set().union(*(names_in(path.read_text(encoding="utf-8")) for path in reference.KERNEL.glob("*.py")))
    assert {"exact residual", "induction on n", "Sturm's theorem", "using n", "ball arithmetic"} <= names
    assert {"enumeration of every case", "Z3 nlsat", "generic entries, sizes n"} <= names
    assert sorted(name for name in names if not explained(name)) == []


def test_the_search_puts_no_name_on_a_card_and_sets_no_grade():
    for path in (reference.PACKAGE / "search").glob("*.py"):
        code = path.read_text(encoding="utf-8")
        made = r"SEAL|Conclusion\(|Sign\(|Equal\(|Limit\(|[\"'](proved|certified|exhausted)[\"']"
        assert not re.search(made, code), path


def sympy_used() -> set[str]:
    """Find SymPy's functions and rewriting methods that the kernel calls."""
    found = set()
    harmless = {"count_ops", "default_sort_key", "S", "sqrt", "preorder_traversal"}
    methods = {"subs", "replace", "rewrite", "adjugate", "det", "trace"}
    for path in reference.KERNEL.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sp":
                if isinstance(getattr(sp, node.attr, None), types.FunctionType):
                    found.add(node.attr)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
                found.add(node.func.attr)
    return found - harmless


def test_every_function_of_sympy_that_the_kernel_believes_is_named():
    used = sympy_used()
    assert {"expand", "diff", "subs"} <= used
    assert sorted(name for name in used if f"`{name}`" not in TRUST) == []


def test_what_sympy_says_of_calculus_is_not_asked_in_the_kernel():
    assert sympy_used() & {"integrate", "limit", "summation", "solve", "simplify", "nsimplify", "solveset"} == set()


def limits() -> list[Any]:
    """Read the table of known limits."""
    rows = re.findall(r"^\| `(.+?)` \|(.*?)\| (true|false).*?\| (\w+) \|$", TRUST, re.MULTILINE)
    return [pytest.param(*row, id=row[0]) for row in rows]


@pytest.mark.parametrize(("text", "domain", "truth", "verdict"), limits())
def test_a_known_limit_is_still_one(text: str, domain: str, truth: str, verdict: str):
    sets = dict(re.findall(r"`(\w+)`: `(.+?)`", domain))
    assert decide(statement(text, sets)).verdict == verdict
    if truth == "false":
        assert hunt(statement(text, sets)).verdict == "survived", "the page says that the hunt misses it"


def test_the_table_of_limits_has_rows():
    assert len(limits()) >= 5


# Tests of the rules


def imported(tree: ast.Module) -> tuple[dict[str, str], dict[str, str]]:
    """Map the names by which a test file knows the kernel's modules, and their functions, to their true names."""
    modules, functions = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("qed.kernel", "qed.numeric", "qed.statements"):
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and re.match(r"qed\.(kernel|numeric|statements)\.", node.module or ""):
            home = (node.module or "").rpartition(".")[2]
            functions |= {alias.asname or alias.name: f"{home}.{alias.name}" for alias in node.names}
    return modules, functions


def refusing(path: Path) -> set[str]:
    """Find the rules that a test file names in a test which holds a refusal: no, none, any sign, or an error.

    It is found by reading, so it shows that there is such a test and not that the test is good.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules, functions = imported(tree)
    bodies = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    helpers = {name: node for name, node in bodies.items() if not name.startswith("test")}

    def named(node: ast.AST) -> set[str]:
        found = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in modules:
                found.add(f"{modules[part.value.id]}.{part.attr}")
            elif isinstance(part, ast.Name) and part.id in functions:
                found.add(functions[part.id])
            elif isinstance(part, ast.Name) and part.id in helpers and helpers[part.id] is not node:
                found |= named(helpers[part.id])
        return found

    tests = [node for name, node in bodies.items() if name not in helpers]
    refusals = re.compile(r"\bnot\b|\bNone\b|\bANY\b|\bFalse\b|raises|Unclear|OutOfReach")
    text = {node: " ".join(map(ast.unparse, (*node.decorator_list, *node.body))) for node in tests}
    return set().union(*(named(node) for node in tests if refusals.search(text[node])))


def test_every_rule_has_a_test_in_which_it_refuses():
    found = set().union(*(refusing(path) for path in (ROOT / "tests").glob("test_*.py") if path != Path(__file__)))
    assert {rule.name for rule in RULES} - found == set(UNREFUSED)


def test_a_test_that_only_accepts_is_no_refusal(tmp_path: Path):
    path = tmp_path / "test_it.py"
    head = "from qed.kernel import rules\n\ndef with_x(text):\n    return rules.sturm(text)\n\n"
    path.write_text(head + "def test_yes():\n    assert with_x('x') == 4\n")
    assert refusing(path) == set()
    path.write_text(head + "def test_no():\n    assert with_x('x') is None\n")
    assert refusing(path) == {"rules.sturm"}


# The API reference


@pytest.mark.parametrize("name", qed.__all__)
def test_every_public_name_stands_in_the_reference(name: str):
    assert re.search(rf"^\.\. auto\w+:: qed\.{name}\b", API, re.MULTILINE) or f"`{name}`" in API


def documented() -> list[str]:
    """List what the reference documents as a function."""
    return re.findall(r"^\.\. autofunction:: (\S+)$", API, re.MULTILINE)


@pytest.mark.parametrize("name", documented())
def test_a_documented_function_describes_its_parameters_what_it_returns_and_its_errors(name: str):
    home, _, function = name.rpartition(".")
    found = getattr(__import__(home, fromlist=["x"]), function)
    text = FunctionDoc(found)
    described = [one.strip().lstrip("*") for entry in text["Parameters"] for one in entry.name.split(",")]
    assert sorted(described) == sorted(inspect.signature(found).parameters)
    assert all(entry.type or entry.name.startswith("*") or "**" in entry.name for entry in text["Parameters"])
    # Annotations are text here, as every module postpones them.
    gives = inspect.signature(found).return_annotation
    assert gives == "None" or text["Returns"] or text["Yields"]
    own = ast.parse(inspect.getsource(found)).body[0]
    raised = {
        ast.unparse(node.exc.func)
        for node in walk_own(own)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
    }
    assert raised <= {entry.type for entry in text["Raises"]} | {"Undecided"}


def walk_own(function: ast.AST) -> list[ast.AST]:
    """Walk a function without the functions inside it."""
    found, todo = [], list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop()
        if not isinstance(node, ast.FunctionDef):
            found.append(node)
            todo += ast.iter_child_nodes(node)
    return found


def test_every_function_and_constant_of_the_language_stands_in_the_reference():
    table = API[API.index("## The language of statements") : API.index("## Domains")]
    known = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", table))))
    assert (set(ARITY) | set(CONSTANTS)) - known == set()


def test_every_key_of_a_record_stands_in_the_reference():
    table = API[API.index("## The record of a claim") : API.index("## Commands")]
    known = set(re.findall(r"\w+", " ".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))))
    assert {key for claim in CLAIMS for key in claim} - known == set()


def test_every_command_stands_in_the_reference(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.search(r"\{([\w,]+)\}", capsys.readouterr().out)
    assert commands is not None
    assert [name for name in commands[1].split(",") if f"`python -m qed {name}" not in API] == []


# The pages as they are built


def test_the_lists_are_made_from_the_code_when_the_page_is_built(small: Book):
    for directive in ("{kernel-rules} named", "{kernel-rules} beneath", "{kernel-files}"):
        small.append("book/intro.md", f"```{directive}\n```\n")
    build(small.root)
    page = BeautifulSoup((small.site / "book" / "intro.html").read_text(encoding="utf-8"), "html.parser")
    for rule in RULES:
        term = page.find(id=f"rule-{rule.function.replace('_', '-')}")
        assert term is not None, rule.name
        told = term.find_next_sibling("dd").get_text()
        assert f"def {rule.function}" in told
        assert "Theorem" in told or "Law" in told or "Rule" in told or "Definition" in told
    assert page.find("code", string="rules.py") is not None


def test_a_function_in_the_reference_folds_out_to_its_source(small: Book):
    small.append("book/intro.md", "```{eval-rst}\n.. autofunction:: qed.interval\n```")
    build(small.root)
    page = BeautifulSoup((small.site / "book" / "intro.html").read_text(encoding="utf-8"), "html.parser")
    entry = page.find(id="qed.interval").find_parent("dl")
    assert {"Parameters:", "Returns:", "Raises:"} <= {dt.get_text() for dt in entry.select(".field-list > dt")}
    assert "re.fullmatch" in entry.select_one("details.qed-source").get_text()
    assert "Read an interval" not in entry.select_one("details.qed-source").get_text()


def test_only_reference_pages_ask_for_their_style(small: Book):
    small.append("book/intro.md", "```{kernel-rules} beneath\n```")
    build(small.root)
    pages = [small.site / "book" / f"{name}.html" for name in ("intro", "squares")]
    assert ["reference.css" in page.read_text(encoding="utf-8") for page in pages] == [True, False]


def test_a_changed_rule_makes_the_site_be_built_again(small: Book):
    assert {"qed/kernel/rules.py", "qed/claims/record.py", "qed/site/build.py"} <= set(_inputs(small.root)["frame"])
