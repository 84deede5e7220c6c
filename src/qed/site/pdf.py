"""The PDF: the built site as one long page, printed by Chromium.

Of the programs tried it alone sets KaTeX's formulas right. What paper needs besides is in ``print/print.css``.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from qed.site import about
from qed.site.build import BuildError, build
from qed.site.editions import LICENCE, PRINT, Book, about_book, elsewhere, read
from qed.site.frame import KATEX
from qed.site.pages import Page, Part, parts, settle

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")  # fmt: skip
TIMES = 6  # as often as a page is printed at most; the second time usually agrees with the first
WIDTH = 590  # pixels between the margins of `print.css`
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # fmt: skip

# What is folded is opened. A cell that is long may be broken, so that pages are filled. A line of mathematics that is
# wider than the page, where it can be neither scrolled nor cut, is set smaller. What is still too wide is named.
# A formula gets its TeX as its words in place of its MathML, which would be printed too.
_FIT = """() => {
  for (const formula of document.querySelectorAll(".katex")) {
    const shown = formula.querySelector(".katex-html");
    shown.removeAttribute("aria-hidden");
    shown.setAttribute("role", "img");
    shown.setAttribute("aria-label", `$${formula.querySelector("annotation").textContent}$`);
    formula.querySelector(".katex-mathml").remove();
  }
  document.querySelectorAll("details").forEach((fold) => fold.open = true);
  for (const cell of document.querySelectorAll(".cell_input")) cell.classList.toggle("long", cell.offsetHeight > 260);
  for (const box of document.querySelectorAll("div.math, .qed-domain, .qed-let, td")) {
    const size = parseFloat(getComputedStyle(box).fontSize), ratio = box.clientWidth / box.scrollWidth;
    if (ratio < 1) box.style.fontSize = `${Math.floor(1000 * size * ratio) / 1000}px`;
  }
  return [...document.querySelectorAll("main *")].filter((e) =>
    !e.closest(".katex") && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 2 &&
    getComputedStyle(e).display != "inline"
  ).map((e) => `${e.closest("main").id}: ${e.className || e.tagName}, ${e.textContent.trim().slice(0, 60)}`);
}"""


def pdf(root: Path) -> Path:
    """Print a PDF of the book at `root`, from its site, which is built first if it is not up to date.

    Returns
    -------
    Path
        The file, ``_build/<title>.pdf``.

    Raises
    ------
    BuildError
        If the site cannot be built, or there is no browser to print it.
    """
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        raise BuildError(
            "The PDF is printed by Chromium or Chrome, and there is none here; on Debian and Ubuntu: "
            "apt install chromium, on macOS: install Google Chrome."
        )
    build(root)
    book, plan, source = about_book(root), parts(root), root / "_build" / "print.html"
    pages = _printed_pages(root, book)
    numbers: dict[str, int] = {}
    try:
        with _browser(path) as browser:
            for _ in range(TIMES):  # the contents need the numbers of pages, and take pages themselves
                source.write_text(_printed(book, plan, pages, numbers), encoding="utf-8")
                printed = _print(browser, source)
                before, numbers = numbers, _numbers(printed)
                if numbers == before:
                    break
            else:
                moved = ", ".join(sorted({key for key, n in numbers.items() if before.get(key) != n})[:3])
                raise BuildError(f"The page numbers of the contents do not settle in {TIMES} printings, that of {moved}"
                                 " among them; make a heading there shorter or longer.")  # fmt: skip
    finally:
        source.unlink(missing_ok=True)
    target = root / "_build" / f"{book.name}.pdf"
    _store(printed, target, book)
    return target


def _printed_pages(root: Path, book: Book) -> dict[str, Page]:
    site, plan = root / "_build" / "html", parts(root)
    names = {f"{page}.html": page.rpartition("/")[2] for part in plan for page in part.pages}

    def page(name: str) -> Page:
        slug = name.rpartition("/")[2]

        def link(address: str) -> str | None:
            path, _, anchor = address.partition("#")
            if path in names:
                return f"#{names[path]}" + (f"--{anchor}" if anchor else "")
            return elsewhere(address, site, book)

        def picture(address: str) -> str:
            return address if address.startswith("data:") else (site / unquote(address)).as_uri()

        return read(
            site,
            name,
            book,
            without="",
            link=link,
            picture=picture,
            anchor=lambda anchor: f"{slug}--{anchor}",
        )

    pages = {name: page(name) for part in plan for name in part.pages}
    known = {f"#{anchor}" for one in pages.values() for anchor in {one.slug, *one.anchors}}
    settle(pages.values(), known, lambda address: address.partition("--")[0] if address.startswith("#") else None)
    return pages


def _printed(book: Book, plan: list[Part], pages: dict[str, Page], numbers: dict[str, int]) -> str:
    """The whole book as one page of HTML."""
    fonts = about.fonts_folder()
    faces = "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; '
        f'src: url("{(fonts / file).as_uri()}"); }}'
        for family, file, weight, style in (
            ("Book", "STIXGeneral.ttf", 400, "normal"), ("Book", "STIXGeneralItalic.ttf", 400, "italic"),
            ("Book", "STIXGeneralBol.ttf", 700, "normal"), ("Book", "STIXGeneralBolIta.ttf", 700, "italic"),
            ("Book Mono", "DejaVuSansMono.ttf", 400, "normal"), ("Book Mono", "DejaVuSansMono-Bold.ttf", 700, "normal"),
        ))  # fmt: skip
    heads = "\n".join(
        f"#{page.slug} {{ page: {_page_name(page)}; }}\n"
        f"@page {_page_name(page)} {{ @top-left {{ content: {json.dumps(page.title, ensure_ascii=False)}; }} }}"
        for page in pages.values()
    )

    def row(level: int, anchor: str, words: str) -> str:
        number = numbers.get(anchor, "")
        return (
            f'<li class="level-{level}"><a href="#{escape(anchor)}"><span>{escape(words)}</span>'
            f"<span>{number}</span></a></li>"
        )

    contents = []
    for part in plan:
        if part.caption:
            contents.append(f'<li class="part">{escape(part.caption)}</li>')
        for page in (pages[name] for name in part.pages):
            contents.append(row(1, page.slug, page.title))
            contents += [row(2, anchor, words) for level, anchor, words in page.headings if level == 2]
    inner = about.inside(book.mark)
    mark = f'<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">{inner}</svg>' if book.mark else ""
    web = escape(book.address)
    where = f'<p>The book on the web, where its figures move: <a href="{web}">{web}</a></p>' if web else ""
    front = (
        f'<section class="title">{mark}<p class="name">{escape(book.title)}</p>'
        f'<p class="words">{escape(book.words)}</p>'
        f'<p class="author">{escape(book.author)}</p></section>'
        f'<section class="imprint"><p>{escape(book.copyright)}</p><p>{LICENCE}</p>{where}'
        f"<p>As of {book.date.day} {book.date:%B %Y}.</p></section>"
        f'<nav class="contents"><h1>Contents</h1><ol>{"".join(contents)}</ol></nav>'
    )
    body = "".join(f'<main id="{page.slug}">{page.markup}</main>' for page in pages.values())
    styles = (KATEX / "katex.min.css", PRINT / "graph.css", PRINT / "print.css")
    links = "".join(f'<link rel="stylesheet" href="{style.as_uri()}">' for style in styles)
    return (
        f'<!DOCTYPE html><html lang="{book.language}"><head><meta charset="utf-8"><title>{escape(book.title)}</title>'
        f"<style>{faces}</style>{links}<style>{heads}</style></head><body>{front}{body}</body></html>"
    )


def _page_name(page: Page) -> str:
    return "p-" + page.slug


@contextmanager
def _browser(path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            page = program.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
            page.emulate_media(media="print")
            yield page
        finally:
            program.close()


def _print(page: Any, source: Path) -> bytes:
    page.goto(source.as_uri())
    page.evaluate("document.fonts.ready")
    if wide := page.evaluate(_FIT):
        raise BuildError("Wider than the paper, and cannot be broken:\n" + "\n".join(wide))
    printed: bytes = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    return printed


def _numbers(printed: bytes) -> dict[str, int]:
    """The page on which each linked anchor stands."""
    import pikepdf

    with pikepdf.open(io.BytesIO(printed)) as file:
        order = {page.obj.objgen: number for number, page in enumerate(file.pages, 1)}
        return {unquote(str(name).lstrip("/")): order[place[0].objgen] for name, place in file.Root.Dests.items()}


def _store(printed: bytes, target: Path, book: Book) -> None:
    """Write the file, packed, with the book's own date and name in place of the browser's."""
    import pikepdf

    partial = target.with_suffix(".partial")
    with pikepdf.open(io.BytesIO(printed)) as file:
        moment = f"D:{book.date:%Y%m%d}000000Z"
        file.docinfo = file.make_indirect(pikepdf.Dictionary(
            Title=book.title, Author=book.author, Subject=book.words, Producer="Chromium", CreationDate=moment,
            ModDate=moment))  # fmt: skip
        file.Root.Lang = book.language
        # Chromium knows pictures with words only.
        for part in file.objects:
            if isinstance(part, pikepdf.Dictionary) and part.get("/S") == "/Figure":
                words = str(part.get("/Alt", ""))
                if words[:1] == words[-1:] == "$":
                    part.S, part.Alt = pikepdf.Name("/Formula"), words[1:-1]
        file.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        file.save(partial, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    os.replace(partial, target)
