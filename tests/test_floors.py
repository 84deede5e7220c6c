"""The package is built in floors: nothing imports upward, not even inside a function."""

import ast
import re

import pytest
from conftest import ROOT

PACKAGE = ROOT / "src" / "qed"
FLOORS = ("statements", "numeric", "kernel", "search", "claims", "display", "site")


def imported(tree: ast.Module, package: tuple[str, ...]) -> set[str]:
    """List the modules that a module of `package` imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def upward(tree: ast.Module, floor: str) -> list[str]:
    """List what a module on a floor imports from the floors above it, or from the top of the package."""
    below = FLOORS[: FLOORS.index(floor) + 1]
    inside = (name.split(".") for name in imported(tree, ("qed", floor)) if name.split(".")[0] == "qed")
    return sorted({".".join(name[:2]) for name in inside if len(name) > 1 and name[1] not in below})


@pytest.mark.parametrize("floor", FLOORS)
def test_nothing_imports_upward(floor):
    paths = sorted((PACKAGE / floor).rglob("*.py"))
    assert paths
    trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: found for name, tree in trees.items() if (found := upward(tree, floor))} == {}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_floors_are_told_from_the_ground_up(page):
    told = (ROOT / page).read_text(encoding="utf-8").partition("in floors")[2].partition("`bench/`")[0]
    assert tuple(name for name in re.findall(r"`(\w+)`", told) if name in FLOORS) == FLOORS


def test_every_folder_of_code_is_a_floor():
    assert {path.parent.name for path in PACKAGE.glob("*/*.py")} == set(FLOORS)


@pytest.mark.parametrize(
    "text",
    ["from ..display import card", "import qed.display.card", "def f():\n    from qed.display.card import Card",
     "from qed import site", "from .. import commands"],
)  # fmt: skip
def test_an_import_from_above_is_seen_in_every_form(text):
    assert upward(ast.parse(text), "claims")


def test_an_import_from_below_is_none():
    assert upward(ast.parse("from ..kernel import hunt\nfrom .record import Claim\nimport sympy"), "claims") == []
