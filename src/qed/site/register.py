"""The register of claims: every claim of the book with its grade, kept beside the notebooks.

A notebook does not know what it said before. The register does: it only gains claims and higher grades by itself, so
that a claim that vanished, or whose grade fell, is noticed until a person takes its line out or lowers it.
"""

from __future__ import annotations

from pathlib import Path

from qed.site import notebooks

NAME = "claims.txt"
HEAD = """\
# Every claim of the book and its effective grade. `make refresh` adds claims and raises grades.
# To withdraw or weaken a claim, change its line here and say why in CHANGELOG.md.
"""


def load(folder: Path) -> dict[str, str]:
    """Read the register of a folder of notebooks: the grades by claim, empty if there is none.

    Raises
    ------
    ValueError
        If a line is no claim with a grade, or a claim has two lines.
    """
    path = folder / NAME
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else (), 1):
        if line.startswith("#") or not line.strip():
            continue
        id, _, grade = line.partition(" ")
        if grade not in notebooks.GRADES:
            raise ValueError(f"{NAME}, line {number}: {line!r} is no claim with one of the grades "
                             f"{', '.join(notebooks.GRADES)}")
        if id in found:
            raise ValueError(f"{NAME}, line {number}: the claim {id} has a line already; keep the one that is meant")
        found[id] = grade
    return found


def stored(folder: Path) -> dict[str, str]:
    """Give the effective grades by claim that the notebooks of a folder hold; a file that is none is an error."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            found |= {claim.id: claim.record["effective"] for claim in notebooks.claims(notebooks.read(path))}
        except notebooks.BadNotebook as error:
            raise notebooks.BadNotebook(f"{path.name}: {error}") from None
    return found


def faults(folder: Path) -> list[str]:
    """List the claims that vanished, those whose grades fell, and those that are not registered, a sentence each."""
    known, now = load(folder), stored(folder)
    said = f"if that is meant, change its line in {NAME} and say so in CHANGELOG.md"
    found = [f"the claim {id}, {grade}, is in no notebook any more; {said}"
             for id, grade in known.items() if id not in now]
    found += [f"the claim {id} was {grade} and is {now[id]}; {said}"
              for id, grade in known.items() if id in now and _rank(now[id]) > _rank(grade)]
    found += [f"the claim {id} is not in {NAME}; run: make refresh NB={id.partition('.')[0]}"
              for id in now if id not in known]
    return found


def record(folder: Path) -> None:
    """Write into the register what is new in the notebooks of a folder, or higher; take nothing out, lower nothing."""
    known, now = load(folder), stored(folder)
    best = {id: min((grades[id] for grades in (known, now) if id in grades), key=_rank) for id in {**known, **now}}
    notebooks.write(folder / NAME, HEAD + "".join(f"{id} {grade}\n" for id, grade in sorted(best.items())))


def _rank(grade: str) -> int:
    return notebooks.GRADES.index(grade)
