"""Starting an article from the template."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template.ipynb"


class NewError(Exception):
    """An article cannot be started; the message says why."""


def new(root: Path, slug: str) -> Path:
    """Copy the template to ``book/<slug>.ipynb`` and put it into the table of contents.

    Raises
    ------
    NewError
        If the slug is ill-formed or taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug):
        raise NewError(f"{slug!r} is no slug, which is lower-case words and digits joined by hyphens; write for "
                       "instance: make new SLUG=my-question")
    path = root / "book" / f"{slug}.ipynb"
    if path.exists() or path.with_suffix(".md").exists():
        raise NewError(f"there is a page {slug} already")
    toc = root / "_toc.yml"
    lines = toc.read_text(encoding="utf-8").splitlines(keepends=True)
    entry = re.compile(r"(\s*- file: book/)([a-z0-9-]+)\s*$")
    articles = [n for n, line in enumerate(lines)
                if (m := entry.match(line)) and (root / "book" / f"{m[2]}.ipynb").exists()]
    if not articles:
        raise NewError("_toc.yml lists no article after which a new one could stand")
    last = articles[-1]
    lines.insert(last + 1, f"{entry.match(lines[last])[1]}{slug}\n")  # type: ignore[index]
    path.write_text(TEMPLATE.read_text(encoding="utf-8").replace("SLUG", slug), encoding="utf-8")
    toc.write_text("".join(lines), encoding="utf-8")
    return path
