"""Run here, and the ways out: cells that run in the reader's browser, and notebooks to take away."""

from __future__ import annotations

import base64
import datetime
import hashlib
import html
import io
import json
import posixpath
import shutil
import zipfile
from collections.abc import Collection
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.transforms import SphinxTransform

from qed.site import pages
from qed.site.build import LOCAL

HERE = Path(__file__).parent
PACKAGE = HERE.parent.parent
FOLDER = "_static/live"
FILES = "LICENSE", "editor.mjs", "live.css", "outputs.mjs", "page.mjs", "shell.py", "worker.mjs"
ARCHIVE = "notebooks.zip"
SUFFIXES = (".py", ".typed", ".css", ".js", ".json")  # of what the checker is made of


def setup(app: Sphinx) -> None:
    """Register what belongs to notebooks' pages."""
    app.add_config_value("qed_pyodide", "cdn", "html", [str])
    app.add_transform(ShowWays)
    app.connect("builder-inited", _write)
    app.connect("html-page-context", _add_script)


def pinned() -> dict[str, Any]:
    """The version of Pyodide that the book is tested with: addresses, checksums, wheels it lacks."""
    found: dict[str, Any] = json.loads((HERE / "pyodide.json").read_text(encoding="utf-8"))
    return found


def settings(place: str, macros: dict[str, str], wheel: str) -> dict[str, Any]:
    """What a page needs to know to start Python.

    Parameters
    ----------
    place : str
        Where Pyodide is: ``"cdn"``, the address of a folder elsewhere, or a folder of the site.
    macros : dict
        Macros for formulas.
    wheel : str
        The address of the wheel of `qed`, from the folder of the settings.
    """
    about = pinned()
    wheels = [locked(one["url"], one["sha256"], one["name"], one["version"], [module])
              for module, one in about["wheels"].items()]  # fmt: skip
    known = {"version": about["version"], "macros": macros, "qed": wheel, "shell": "shell.py"}
    if place == "cdn":
        return known | {"base": about["core"], "packages": about["packages"], "sums": about["sums"], "wheels": wheels}
    if "//" in place:
        return known | {"base": place.rstrip("/") + "/", "wheels": wheels}
    return known | {"base": posixpath.relpath(place, FOLDER).rstrip("/") + "/"}  # which holds the wheels too


def locked(file: str, sha256: str, name: str, version: str, imports: list[str], depends: list[str] | None = None
           ) -> dict[str, Any]:  # fmt: skip
    """Give a package's entry in Pyodide's lock file, by which it is fetched and checked."""
    return {"name": name, "version": version, "file_name": file, "install_dir": "site", "package_type": "package",
            "sha256": sha256, "imports": imports, "depends": depends or [], "unvendored_tests": False}  # fmt: skip


def wheel() -> tuple[str, bytes]:
    """Make the wheel of `qed` that browsers and Colab install: without the site's part.

    Returns
    -------
    name, content : str, bytes
        Equal sources give equal bytes.
    """
    about = metadata.distribution("qed-book")
    stem = f"qed_book-{about.version}"
    files = {path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes() for path in sorted(PACKAGE.rglob("*"))
             if path.suffix in SUFFIXES and HERE.parent not in path.parents}
    info = f"{stem}.dist-info"
    files[f"{info}/METADATA"] = (about.read_text("METADATA") or about.read_text("PKG-INFO") or "").encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: qed\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    for path in about.files or ():
        if path.parent.name == "licenses":
            files[f"{info}/licenses/{path.name}"] = path.read_binary()
    record = "".join(f"{name},sha256={_record(content)},{len(content)}\n" for name, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{stem}-py3-none-any.whl", archive(files)


def _record(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def archive(files: dict[str, bytes], date: datetime.date = datetime.date(1980, 1, 1), stored: Collection[str] = ()
            ) -> bytes:  # fmt: skip
    """Pack files, in their order, so that equal files give equal bytes; those named in `stored` are not compressed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, content in files.items():
            about = zipfile.ZipInfo(name, (date.year, date.month, date.day, 0, 0, 0))
            about.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            target.writestr(about, content)
    return packed.getvalue()


def _write(app: Sphinx) -> None:
    """Write the files of live cells, and the archive of all notebooks, into the site."""
    if app.builder.name not in ("html", "dirhtml"):
        return
    folder, site, root = Path(app.outdir, FOLDER), Path(app.outdir), Path(app.srcdir)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in (*(HERE / name for name in FILES), HERE.parent / "katex" / "katex.min.js"):
        shutil.copy(path, folder)
    name, content = wheel()
    (folder / name).write_bytes(content)
    place = app.config.qed_pyodide
    # The checksum in the address, so that no browser keeps using an older one of the same version.
    found = settings(place, app.config.qed_macros, f"{name}?{hashlib.sha256(content).hexdigest()[:8]}")
    (folder / "settings.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if place != "cdn" and "//" not in place:
        if not (root / LOCAL / "pyodide.mjs").exists():
            raise ConfigError(f"qed_pyodide in _config.yml is {place!r}, a folder of the site, and {LOCAL} holds no "
                              "Pyodide to put there; run: make offline")
        shutil.copytree(root / LOCAL, site / place, dirs_exist_ok=True)
    notebooks = {path.name: path.read_bytes() for path in sorted((root / "book").glob("*.ipynb"))}
    if (root / "LICENSE").exists():
        notebooks["LICENSE"] = (root / "LICENSE").read_bytes()
    (site / ARCHIVE).write_bytes(archive(notebooks))


def _add_script(app: Sphinx, page: str, _template: str, _context: dict[str, Any], document: Any) -> None:
    if document is not None and app.env.doc2path(page).endswith(".ipynb"):
        app.add_js_file("runhere.js", loading_method="defer")


class ShowWays(SphinxTransform):
    """Put under a notebook's title how to run it here, and how to take it away."""

    default_priority = 401  # after the list of claims, which looks for the end of the opening

    def apply(self, **kwargs: Any) -> None:
        """Insert the line if this page is a notebook."""
        path = Path(self.env.doc2path(self.env.docname))
        if path.suffix != ".ipynb":
            return
        title = next(iter(self.document.findall(nodes.title)), None)
        if title is None or title.parent is None:
            return
        up = posixpath.relpath(".", posixpath.dirname(self.env.docname) or ".") + "/"
        about = repository(Path(self.env.srcdir))
        place = posixpath.join(about.get("path_to_book") or "", f"{self.env.docname}.ipynb")
        markup = ways(self.env.docname, up, about.get("url") or "", about.get("branch") or "main", place, wheel_name())
        shown = addnodes.only(expr="builder_html or builder_dirhtml")  # a book on paper has no buttons
        shown += nodes.raw("", markup, format="html")
        title.parent.insert(title.parent.index(title) + 1, shown)


def repository(root: Path) -> dict[str, str]:
    """What _config.yml says of the repository: ``url``, ``branch`` and ``path_to_book``, each if it is there.

    Jupyter Book keeps none of it when the theme's options are given.
    """
    return pages.settings(root).get("repository") or {}


def wheel_name() -> str:
    """The file name of the wheel of `qed`."""
    return f"qed_book-{metadata.version('qed-book')}-py3-none-any.whl"


def ways(page: str, up: str, address: str = "", branch: str = "main", place: str = "", wheel: str = "") -> str:
    """The line under a notebook's title, as HTML.

    Parameters
    ----------
    page : str
        The page's name from the root of the site, without suffix.
    up : str
        The relative address of the root of the site.
    address, branch, place : str
        The repository's address, empty if it is not known, its branch, and where in it the notebook is.
    wheel : str
        The name of the wheel of `qed`.
    """
    notebook = f"{page}.ipynb"
    name = posixpath.basename(notebook)
    links = [
        f'<a href="{up}_sources/{notebook}" download="{name}">Notebook</a>',
        f'<a href="{up}{ARCHIVE}" download>All notebooks</a>',
    ]
    address = address.rstrip("/").removesuffix(".git")
    if address:
        at = urlsplit(address)
        github = at.path.strip("/") if at.netloc == "github.com" else ""
        where = f"gh/{github}" if github else f"git/{quote(address, safe='')}"
        if github:
            colab = "https://colab.research.google.com/github"
            links.append(_link(f"{colab}/{github}/blob/{quote(branch)}/{quote(place)}", "Colab"))
        binder = f"https://mybinder.org/v2/{where}/{quote(branch, safe='')}"
        links.append(_link(f"{binder}?labpath={quote(place, safe='')}", "Binder"))
        install = f"<code>%pip install git+{html.escape(address)}</code>"
    else:
        where = f"{up}{FOLDER}/{wheel}"
        install = f'<code data-wheel="{where}">%pip install <a href="{where}">{wheel}</a></code>'
    return (
        '<div class="qed-ways" role="group" aria-label="This notebook">'
        '<button type="button" class="qed-run-here">Run here</button>'
        f'{"".join(links)}<details><summary>Elsewhere</summary><p>In Colab or in a Jupyter of your own, run this '
        f"line first: {install}</p></details>"
        '<p role="status"></p></div>'
    )


def _link(address: str, text: str) -> str:
    return f'<a href="{html.escape(address)}" rel="external">{text}</a>'
