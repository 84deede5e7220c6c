"""Outputs of notebooks: cards, figures and explorers."""

from __future__ import annotations

import io
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from itertools import pairwise
from typing import Any

from docutils import nodes
from myst_nb.core.render import MimeData, MimeRenderPlugin, NbElementRenderer
from sphinx.transforms import SphinxTransform

from qed.site import cards, inert, ledger, notebooks

# What an explorer brings along for notebooks; pages of the site have it in files of their own.
_BROUGHT = re.compile(r"<style>.*?</style>|<script>.*?</script>", re.DOTALL)


class qed_figure(nodes.General, nodes.Element):
    """A figure: a picture and its caption."""


class qed_picture(nodes.image):
    """The picture of a figure, with its true width and height."""


class qed_panels(nodes.General, nodes.Element):
    """The columns of a picture, which stand below one another where they would be too small side by side."""


class qed_caption(nodes.General, nodes.TextElement):
    """The caption of a figure, with its number."""


class qed_explorer(nodes.raw):
    """A picture with sliders and the states they lead to."""


class Outputs(MimeRenderPlugin):
    """Render the outputs that `qed` stores; leave all others to MyST-NB."""

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """Return the nodes of a card, a figure or an explorer, None for anything else."""
        env = renderer.renderer.sphinx_env
        if inline or env is None or "qed_macros" not in env.config:
            return None  # installed beside it, the plugin is asked by other people's books as well
        if data.mime_type == notebooks.CLAIM:
            return []  # for programs; the page shows the card
        if data.mime_type == "text/html" and "figure" in data.output_metadata.get("qed", {}):
            shown = qed_explorer("", _BROUGHT.sub("", data.string).replace("\n\n", "\n"), format="html")
            return [_figure(renderer, data, shown)]
        if data.mime_type == "text/html" and 'class="qed-ledger"' in data.string:
            return [ledger.ledger_part(part="summary")]  # the list stands at the head of the page
        if data.mime_type == "text/html" and 'class="qed-' in data.string:
            inert.check(data.string, (env.docname, data.line or 0))
            shown = cards.raw(cards.card(env, data.string, (env.docname, data.line or 0)))
            shown["inert"] = True  # the formulas that were set in it need no second look
            return [shown]
        if data.mime_type == "image/svg+xml":  # shown as a file of its own, which a reader may open
            inert.check(data.string, (env.docname, data.line or 0))
        if data.mime_type == "image/png" and "figure" in data.output_metadata.get("qed", {}):
            return [_figure(renderer, data, _picture(renderer, data))]
        return None


def _picture(renderer: NbElementRenderer, data: MimeData) -> nodes.Element:
    """Give a picture, in as many parts as it may be taken into; the words for it stand at the first."""
    from PIL import Image

    about = data.output_metadata["qed"]
    whole = Image.open(io.BytesIO(b64decode(data.content)))
    edges = [0, *(2 * cut for cut in about.get("cuts", ())), whole.width]
    shown = qed_panels("")
    for left, right in pairwise(edges):
        part = data
        if len(edges) > 2:
            file = io.BytesIO()
            whole.crop((left, 0, right, whole.height)).save(file, format="png")
            part = replace(data, content=b64encode(file.getvalue()).decode())
        image = renderer.render_image(part)[0]
        words = "" if left else about["alt"]
        shown += qed_picture(uri=image["uri"], alt=words, size=((right - left) // 2, whole.height // 2))
    return shown if len(shown) > 1 else shown[0]


def _figure(renderer: NbElementRenderer, data: MimeData, shown: nodes.Element) -> nodes.Element:
    about: dict[str, Any] = data.output_metadata["qed"]
    env = renderer.renderer.sphinx_env
    number = env.temp_data["qed_figures"] = env.temp_data.get("qed_figures", 0) + 1
    words = qed_caption("", "", number=number)
    with renderer.renderer.current_node_context(words):
        renderer.renderer.nested_render_text(about["caption"], data.line or 0, inline=True)
    return qed_figure("", shown, words, ids=[about["figure"]])


class RequireAlt(SphinxTransform):
    """Refuse a picture in prose that says nothing to those who do not see it."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Warn of each such picture."""
        for image in self.document.findall(nodes.image):
            if not isinstance(image, qed_picture) and not image.get("alt", "").strip():
                cards.warn(f"the picture {image['uri']} has no alternative text", image if image.line else image.parent)


def visit_figure(translator: Any, node: nodes.Element) -> None:
    """Open a figure."""
    translator.body.append(translator.starttag(node, "figure", CLASS="qed-figure"))


def depart_figure(translator: Any, node: nodes.Element) -> None:
    """Close a figure."""
    translator.body.append("</figure>\n")


def visit_panels(translator: Any, node: nodes.Element) -> None:
    """Open the columns of a picture."""
    translator.body.append(f'<div class="qed-panels qed-columns-{len(node)}">')


def depart_panels(translator: Any, node: nodes.Element) -> None:
    """Close the columns of a picture."""
    translator.body.append("</div>\n")


def visit_picture(translator: Any, node: nodes.Element) -> None:
    """Write the picture; with its size, so that the page does not move when it arrives."""
    source = f"{translator.builder.imgpath}/{translator.builder.images[node['uri']]}"
    width, height = node["size"]
    translator.body.append(
        translator.emptytag(node, "img", "\n", src=source, alt=node["alt"], width=width, height=height)
    )
    raise nodes.SkipNode


def visit_caption(translator: Any, node: nodes.Element) -> None:
    """Open a caption with the figure's number."""
    translator.body.append(f'<figcaption><span class="qed-number">Figure {node["number"]}.</span> ')


def depart_caption(translator: Any, node: nodes.Element) -> None:
    """Close a caption."""
    translator.body.append("</figcaption>\n")


def add_explorers(app: Any, _page: str, _template: str, _context: dict[str, Any], document: Any) -> None:
    """Give script and style of explorers to the pages that have one."""
    if document is not None and any(document.findall(qed_explorer)):
        app.add_css_file("explorer.css")
        app.add_js_file("explorer.js", loading_method="defer")
