"""What the site says of itself to browsers and to other sites: icons, manifest, sitemap, feed, previews.

All of it is made from ``_config.yml`` (title, author, ``qed_description``, ``html.favicon``, ``html.baseurl``) and from
``CHANGELOG.md``.
"""

from __future__ import annotations

import io
import json
import re
import textwrap
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError

from qed.site import changes

CARD = Path(__file__).parent / "card.svg"
PAPER = "#fbfaf7"
ICONS = {"icon-192.png": 192, "icon-512.png": 512, "apple-touch-icon.png": 180}
LONGEST = 200  # characters of a description, about as many as search engines and previews show


def setup(app: Sphinx) -> None:
    """Connect what this module makes; called by the extension."""
    app.add_config_value("qed_description", "", "html", [str])
    app.connect("builder-inited", check)
    app.connect("html-page-context", add_head)
    app.connect("build-finished", write)


def check(app: Sphinx) -> None:
    """Refuse an address that is none, and a changelog that cannot be read."""
    base = app.config.html_baseurl
    if base and not re.fullmatch(r"https?://[^\s/]+/(\S*/)?", base):
        raise ConfigError(
            f"_config.yml: html.baseurl {base!r} is no address of a folder; "
            "write for instance: https://example.org/book/"
        )
    try:
        _changes(app)
    except changes.BadChangelog as error:
        raise ConfigError(str(error)) from None


def _changes(app: Sphinx) -> list[changes.Change]:
    path = Path(app.srcdir, "CHANGELOG.md")
    return changes.read(path) if path.exists() else []


def description(document: nodes.document | None, default: str) -> str:
    """The first sentence of a page's first paragraph, formulas as TeX; for a page without one, the book's."""
    title = next(iter(document.findall(nodes.section)), None) if document is not None else None
    first = next((node for node in title.children if isinstance(node, nodes.paragraph)), None) if title else None
    if first is None:
        return default
    sentence = re.split(r"(?<=[.?:]) ", " ".join(first.astext().split()))[0]
    sentence = re.sub(":$", ".", sentence)
    return textwrap.shorten(sentence, LONGEST, placeholder=" …")


def add_head(app: Sphinx, page: str, _template: str, context: dict[str, Any], document: Any) -> None:
    """Put title, description, icons, manifest and feed into the head of a page."""
    if app.builder.name != "html":
        return
    config, base, path = app.config, app.config.html_baseurl, context["pathto"]
    words = description(document, config.qed_description)
    about = {
        "og:type": "website" if page == config.root_doc else "article",
        "og:site_name": config.html_title,
        "og:title": context.get("title") or config.html_title,
        "og:description": words,
    }
    lines = [f'<meta name="description" content="{escape(words)}" />']
    if base:
        about |= {
            "og:url": f"{base}{page}.html",
            "og:image": f"{base}_static/card.png",
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": f"{config.html_title}. {config.qed_description}",
        }
        lines.append('<meta name="twitter:card" content="summary_large_image" />')
    lines += [f'<meta property="{name}" content="{escape(value)}" />' for name, value in about.items()]
    lines.append(f'<link rel="apple-touch-icon" href="{path("_static/apple-touch-icon.png", 1)}" />')
    lines.append(f'<link rel="manifest" href="{path("manifest.webmanifest", 1)}" />')
    if _changes(app):
        lines.append(
            f'<link rel="alternate" type="application/atom+xml" title="Changes" href="{path("feed.xml", 1)}" />'
        )
    context["metatags"] = context.get("metatags", "") + "\n    " + "\n    ".join(lines)


def write(app: Sphinx, failed: Exception | None) -> None:
    """Write the files that stand beside the pages."""
    if failed or app.builder.name != "html":
        return
    out, config, base = Path(app.outdir), app.config, app.config.html_baseurl
    mark = Path(app.srcdir, config.html_favicon).read_text(encoding="utf-8") if config.html_favicon else None
    if mark is not None:
        _write_pictures(out, mark, config.html_title, config.qed_description)
    manifest = {
        "name": config.html_title,
        "short_name": config.html_title,
        "description": config.qed_description,
        "lang": config.language,
        "start_url": "index.html",
        "scope": "./",
        "display": "minimal-ui",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [
            {"src": f"_static/{name}", "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"}
            for name, size in ICONS.items()
        ]
        if mark
        else [],
    }
    (out / "manifest.webmanifest").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    if base:
        (out / "sitemap.xml").write_bytes(sitemap([f"{base}{page}.html" for page in sorted(app.env.found_docs)]))
    if found := _changes(app):
        (out / "feed.xml").write_bytes(changes.feed(found, config.html_title, config.author, base))


def sitemap(addresses: list[str]) -> bytes:
    """Write a sitemap as sitemaps.org describes it."""
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for address in addresses:
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = address
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def render(svg: str, width: int, height: int, background: str | None = None) -> bytes:
    """Draw an SVG as PNG; its text in Matplotlib's fonts, so that it looks alike on every machine."""
    import resvg_py

    fonts = fonts_folder()
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        width=width,
        height=height,
        background=background,
        skip_system_fonts=True,
        font_files=[str(fonts / name) for name in ("STIXGeneral.ttf", "STIXGeneralItalic.ttf")],
    )
    return bytes(drawn)


def fonts_folder() -> Path:
    """The folder of the fonts that come with Matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts", "ttf")


def inside(svg: str) -> str:
    """What stands between the outermost tags of an SVG, to be drawn inside another."""
    return re.sub(r"\A.*?<svg[^>]*>|</svg>\s*\Z", "", svg, flags=re.DOTALL)


def _write_pictures(out: Path, mark: str, title: str, words: str) -> None:
    from PIL import Image

    inner = inside(mark)
    static = out / "_static"
    # On an icon the mark keeps to the middle, which no system cuts off.
    icon = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-13 -13 58 58">{inner}</svg>'
    for name, size in ICONS.items():
        (static / name).write_bytes(render(icon, size, size, PAPER))
    small = [Image.open(io.BytesIO(render(mark, size, size))) for size in (16, 32, 48)]
    small[-1].save(out / "favicon.ico", sizes=[image.size for image in small], append_images=small[:-1])
    lines = "".join(
        f'<text x="82" y="{336 + 48 * n}">{escape(line)}</text>' for n, line in enumerate(textwrap.wrap(words, 66)[:2])
    )
    card = CARD.read_text(encoding="utf-8")
    card = card.replace("MARK", inner).replace("TITLE", escape(title)).replace("WORDS", lines)
    (static / "card.png").write_bytes(render(card, 1200, 630))
