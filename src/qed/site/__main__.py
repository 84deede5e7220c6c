"""The commands behind the Makefile: ``python -m qed.site``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from qed.site.build import LOCAL, BuildError, build


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m qed.site", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder that holds _toc.yml")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the site into _build/html")
    commands.add_parser("epub", help="make an EPUB of the book from its site")
    commands.add_parser("pdf", help="print a PDF of the book from its site, with Chromium or Chrome")
    commands.add_parser("serve", help="show the built site on a local port")
    offline = commands.add_parser("offline", help="build the site with Python for browsers inside it")
    offline.add_argument("--from", type=Path, dest="source", help="an unpacked distribution of Pyodide")
    again = commands.add_parser("refresh", help="execute notebooks and store their outputs")
    again.add_argument("slug", nargs="*")
    commands.add_parser("audit", help="look up known vulnerabilities of the pinned dependencies")
    commands.add_parser("new", help="start an article from the template").add_argument("slug")
    given = parser.parse_args(arguments)
    root = given.root.resolve()
    if not (root / "_toc.yml").exists():
        print(f"{root} holds no book: there is no _toc.yml. Go to the folder that holds it, or name that folder "
              f"before the command: python -m qed.site --root FOLDER {given.command}", file=sys.stderr)  # fmt: skip
        return 1
    if given.command == "build":
        return _build(root)
    if given.command in ("epub", "pdf"):
        return _edition(root, given.command)
    if given.command == "serve":
        from qed.site.serve import serve

        return serve(root / "_build" / "html")
    if given.command == "offline":
        return _offline(root, given.source)
    if given.command == "refresh":
        return _refresh(root, given.slug)
    if given.command == "audit":
        return _audit(root)
    return _new(root, given.slug)


def _audit(root: Path) -> int:
    from qed.site.audit import AuditError, audit

    try:
        said, vulnerable = audit(root)
    except AuditError as error:
        print(error, file=sys.stderr)
        return 1
    print(said)
    return 1 if vulnerable else 0


def _offline(root: Path, source: Path | None) -> int:
    from qed.site.live.offline import OfflineError, collect, imported

    print("collecting Python for browsers ...", flush=True)
    try:
        present, missing = collect(root / LOCAL, imported(root / "book"), source and source.resolve())
    except OfflineError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"  there: {', '.join(present)}")
    for name, why in missing.items():
        print(f"  missing: {name}, {why}")
    if missing:
        print("Cells that import what is missing will say so. To have it, unpack Pyodide's full distribution,\n"
              "then: make offline FROM=folder")
    return _build(root, "pyodide")


def _build(root: Path, pyodide: str | None = None) -> int:
    try:
        print(build(root, pyodide))
    except BuildError as error:
        print(error, file=sys.stderr)
        kept = " The last good site is untouched." if (root / "_build" / "html").exists() else ""
        print(f"The site was not built; the causes are above.{kept}", file=sys.stderr)
        return 1
    return 0


def _edition(root: Path, kind: str) -> int:
    from qed.site.epub import epub
    from qed.site.pdf import pdf

    try:
        made = epub(root) if kind == "epub" else pdf(root)
    except BuildError as error:
        print(error, file=sys.stderr)
        print(f"The {kind.upper()} was not made; the causes are above.", file=sys.stderr)
        return 1
    print(f"The {kind.upper()} is at {os.path.relpath(made)} ({made.stat().st_size / 1e6:.1f} MB)")
    return 0


def _refresh(root: Path, slugs: list[str]) -> int:
    from qed.site import register
    from qed.site.refresh import RefreshError, in_order, refresh

    paths = [root / "book" / f"{slug}.ipynb" for slug in slugs] or sorted(root.glob("book/*.ipynb"))
    failed = 0
    try:
        paths = in_order(paths)
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    for path in paths:
        print(f"executing {path.name} ...", flush=True)
        try:
            if not path.exists():
                raise RefreshError(f"there is no {path.relative_to(root)}")
            count = refresh(path)
        except RefreshError as error:
            print(error, file=sys.stderr)
            failed += 1
        else:
            print(f"stored the outputs of {count} code cells of {path.name}")
    if failed:
        print(f"{failed} of {len(paths)} notebooks failed and were left as they were.", file=sys.stderr)
    else:
        print(f"Refreshed {len(paths)} of {len(paths)} notebooks.")
        try:
            register.record(root / "book")
            print("".join(f"{line}\n" for line in register.faults(root / "book")), file=sys.stderr, end="")
        except (ValueError, OSError) as error:
            print(f"The claims were not registered: {error}", file=sys.stderr)
            failed = 1
    return 1 if failed else 0


def _new(root: Path, slug: str) -> int:
    from qed.site.new import NewError, new

    try:
        path = new(root, slug)
    except NewError as error:
        print(f"No article was started: {error}.", file=sys.stderr)
        return 1
    print(f"Started {path.relative_to(root)}. Write it (make lab), then: make refresh NB={slug}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
