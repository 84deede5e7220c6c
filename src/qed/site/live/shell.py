"""Runs a notebook's cells in the reader's browser, and makes of them what the page shows.

It stands in for IPython, of which notebooks use little: display, the formatters that SymPy's `init_printing` fills,
and an expression's value at the end of a cell. IPython itself would work too, and cost each reader three megabytes.
This file uses the standard library only; it also runs outside the browser, where it is tested.
"""

from __future__ import annotations

import ast
import base64
import builtins
import io
import linecache
import logging
import re
import sys
import time
import traceback
import types
from collections.abc import Callable
from typing import Any

CHARACTERS = 100_000  # of a cell's printed output that are shown
DISPLAYS = 200  # of a cell's other outputs
METHODS = {
    "text/html": "_repr_html_", "image/svg+xml": "_repr_svg_", "image/png": "_repr_png_", "image/jpeg": "_repr_jpeg_",
    "text/markdown": "_repr_markdown_", "text/latex": "_repr_latex_",
}  # fmt: skip
_COMMAND = re.compile(r"\s*[%!?]|.*\?\s*$")


class NoInput(RuntimeError):
    """A cell asked for input."""


class Stream(io.TextIOBase):
    """Where a cell prints to."""

    encoding = "utf-8"

    def __init__(self, shell: Shell, name: str) -> None:
        self.shell, self.name = shell, name

    def writable(self) -> bool:
        """Say that one can print to it."""
        return True

    def write(self, text: str) -> int:
        """Hand text to the page."""
        self.shell.print(self.name, text)
        return len(text)

    def flush(self) -> None:
        """Send what is held back."""
        self.shell.flush()


class Formatter:
    """How objects become one kind of output: by a function given for their type, or by a method of theirs."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.type_printers: dict[type, Callable[..., Any]] = {}

    def for_type(self, cls: type, function: Callable[..., Any] | None = None) -> Callable[..., Any] | None:
        """Set the function for a type; return the one before."""
        before = self.type_printers.get(cls)
        if function is not None:
            self.type_printers[cls] = function
        return before

    def __call__(self, thing: Any) -> Any:
        for cls in type(thing).__mro__:
            if cls in self.type_printers:
                return self.type_printers[cls](thing)
        method = None if isinstance(thing, type) else getattr(thing, self.method, None)
        return method() if callable(method) else None


class Plain(Formatter):
    """How objects become text."""

    def __init__(self) -> None:
        super().__init__("_repr_pretty_")

    def __call__(self, thing: Any) -> str:
        printer = types.SimpleNamespace(said=[])
        printer.text = printer.said.append
        for cls in type(thing).__mro__:
            if cls in self.type_printers:
                self.type_printers[cls](thing, printer, False)
                return "".join(printer.said)
        return repr(thing)


class Shell:
    """Runs cells in one namespace.

    Parameters
    ----------
    send : callable
        Called with a kind and a dictionary for each thing that a cell puts out: ``"stream"`` (name, text),
        ``"display"`` (data, metadata), ``"cut"`` and ``"error"`` (see :meth:`explain`).
    packages : iterable of str
        The modules that this Python offers beside the standard library, for messages.
    """

    colors = "nocolor"

    def __init__(self, send: Callable[[str, dict[str, Any]], None], packages: Any = ()) -> None:
        self.send, self.packages = send, sorted(packages)
        self.main = types.ModuleType("__main__")
        self.user_ns = self.main.__dict__
        self.execution_count = 0
        formatters: dict[str, Formatter] = {mime: Formatter(method) for mime, method in METHODS.items()}
        self.display_formatter = types.SimpleNamespace(formatters={"text/plain": Plain(), **formatters})
        self.events = types.SimpleNamespace(register=lambda *_: None, unregister=lambda *_: None)
        self._begin()

    def _begin(self) -> None:
        self.held: list[str] = []
        self.name, self.size, self.shown, self.cut = "stdout", 0, 0, False
        self.sent = time.monotonic()

    def run(self, number: int, source: str) -> bool:
        """Run a cell; say whether it ended without an error.

        Parameters
        ----------
        number : int
            The cell's place among the code cells of the page, for messages.
        source : str
            Its code.
        """
        self._begin()
        self.execution_count += 1
        before = sys.stdout, sys.stderr, sys.modules.get("__main__")
        sys.stdout, sys.stderr = Stream(self, "stdout"), Stream(self, "stderr")
        sys.modules["__main__"] = self.main
        try:
            self._run(f"cell {number}", source)
        except BaseException as error:  # whatever it is, the page goes on
            self.flush()
            self.send("error", self.explain(error, number, source))
            return False
        finally:
            self.flush()
            sys.stdout, sys.stderr = before[:2]
            if before[2] is not None:
                sys.modules["__main__"] = before[2]
        return True

    def _run(self, name: str, source: str) -> None:
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        tree = ast.parse(source, name)
        last = tree.body[-1] if tree.body and not source.rstrip().endswith(";") else None
        if isinstance(last, ast.Expr):
            tree.body.pop()
        try:
            exec(compile(tree, name, "exec", dont_inherit=True), self.user_ns)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), name, "eval", dont_inherit=True), self.user_ns)
                if value is not None:
                    self.user_ns["_"] = value
                    self.display(value)
        finally:
            self._pictures()

    def print(self, name: str, text: str) -> None:
        """Take what a cell prints; beyond a limit it is dropped, since a page that grows without end dies of it."""
        if self.cut:
            return
        if name != self.name:
            self.flush()
            self.name = name
        text = text[: CHARACTERS - self.size]
        self.size += len(text)
        self.held.append(text)
        if self.size >= CHARACTERS:
            self._stop_showing()
        elif len(self.held) >= 500 or time.monotonic() - self.sent > 0.1:
            self.flush()

    def flush(self) -> None:
        """Send what was printed and held back."""
        if self.held:
            self.send("stream", {"name": self.name, "text": "".join(self.held)})
        self.held, self.sent = [], time.monotonic()

    def _stop_showing(self) -> None:
        self.flush()
        self.cut = True
        self.send("cut", {})

    def display(self, *things: Any, raw: bool = False, metadata: Any = None, **_: Any) -> None:
        """Show objects as IPython's function of that name does."""
        for thing in things:
            data, about = (dict(thing), metadata or {}) if raw else self.format(thing)
            self.flush()
            if self.cut:
                return
            if self.shown == DISPLAYS:
                self._stop_showing()
                return
            self.shown += 1
            self.send("display", {"data": {mime: _plain(value) for mime, value in data.items()}, "metadata": about})

    def format(self, thing: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give an object's outputs by MIME type, and their metadata."""
        data: dict[str, Any] = {}
        bundle = None if isinstance(thing, type) else getattr(thing, "_repr_mimebundle_", None)
        if callable(bundle):
            given = bundle()
            if isinstance(given, tuple):
                return given[0], given[1]
            data = dict(given)
        for mime, formatter in self.display_formatter.formatters.items():
            if mime not in data:
                try:
                    value = formatter(thing)
                except Exception as error:
                    self.print("stderr", f"{mime} of a {type(thing).__name__}: {type(error).__name__}: {error}\n")
                    continue
                if value is not None:
                    data[mime] = value
        return data, {}

    def _pictures(self) -> None:
        """Show the figures that a cell drew with Matplotlib's `pyplot`, and close them."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        for number in pyplot.get_fignums() if pyplot else ():
            file = io.BytesIO()
            pyplot.figure(number).savefig(file, format="png", bbox_inches="tight", dpi=144)  # type: ignore[union-attr]
            self.display({"image/png": file.getvalue(), "text/plain": "a figure"}, raw=True)
        if pyplot:
            pyplot.close("all")

    def explain(self, error: BaseException, number: int, source: str) -> dict[str, Any]:
        """Say what went wrong.

        Returns
        -------
        dict
            ``name`` and ``message`` of the error, ``line`` of the cell where it arose (None if it has none),
            ``advice``: a sentence on what to do, or an empty one; ``trace``: the way there through the cells;
            ``missing``: whether a name was not defined.
        """
        here = f"cell {number}"
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        lines = [f.lineno for f in frames if f.filename == here]
        line = lines[-1] if lines else None
        name, message = type(error).__name__, str(error)
        if isinstance(error, SyntaxError) and error.filename == here:
            line, message = error.lineno, error.msg
        if frames and not type(error).__module__.startswith("qed."):  # those say in words what happened
            cells = [f for f in frames if re.fullmatch(r"cell \d+", f.filename)]
            trace = "".join(f"{f.filename}, line {f.lineno}: {f.line}\n" for f in cells)
            if frames[-1] not in cells:
                trace += f"then {frames[-1].filename.rpartition('site-packages/')[2]}, line {frames[-1].lineno}\n"
        else:
            trace = ""
        return {"name": name, "message": message, "line": line, "trace": trace, "missing": name == "NameError",
                "advice": self._advise(error, line, source)}  # fmt: skip

    def _advise(self, error: BaseException, line: int | None, source: str) -> str:
        if isinstance(error, SyntaxError) and line is not None:
            text = (source.splitlines() or [""])[min(line, len(source.splitlines()) or 1) - 1]
            if _COMMAND.match(text):
                return (f"Line {line} is a command of Jupyter, not Python: take it out, or download the notebook "
                        "and run it in JupyterLab.")
            return "Python cannot read the cell; nothing of it has run."
        if isinstance(error, ModuleNotFoundError):
            offered = ", ".join(self.packages) or "the standard library only"
            return (f"The Python of this page has no {(error.name or '').partition('.')[0]}. It offers: {offered}. For "
                    "others, download the notebook and run it in JupyterLab or Colab.")
        if isinstance(error, NoInput):
            return "Write the value into the cell instead."
        if isinstance(error, NameError):
            return "Has the cell run that defines it? Run to here runs all cells above, then this one."
        if isinstance(error, MemoryError):
            return "The memory that the browser gives this page is used up: make the task smaller."
        if isinstance(error, SystemExit):
            return "There is nothing to exit from here; Python goes on."
        return ""


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _no_input(prompt: object = "") -> str:
    raise NoInput("a cell on this page cannot ask for input")


def _shown_as(method: str) -> type:
    """Make a class like IPython's HTML: data, shown in one way."""

    def __init__(self: Any, data: Any = None, **_: Any) -> None:
        self.data = data

    return type(method, (), {"__init__": __init__, method: lambda self: self.data})


def install(shell: Shell) -> None:
    """Make the shell what notebooks find where they look for IPython."""
    plain = sys.modules["IPython.lib.pretty"] = types.ModuleType("IPython.lib.pretty")
    plain.pretty = repr  # type: ignore[attr-defined]
    display = types.ModuleType("IPython.display")
    math = _shown_as("_repr_latex_")
    vars(display).update(
        display=shell.display, clear_output=lambda wait=False: None, HTML=_shown_as("_repr_html_"),
        Markdown=_shown_as("_repr_markdown_"), Latex=math, SVG=_shown_as("_repr_svg_"), Image=_shown_as("_repr_png_"),
        Math=type("Math", (math,), {"_repr_latex_": lambda self: rf"$\displaystyle {self.data.strip('$')}$"}),
    )  # fmt: skip
    modules: dict[str, dict[str, Any]] = {
        "IPython": {"get_ipython": lambda: shell, "__version__": "9.0.0", "version_info": (9, 0, 0, ""),
                    "display": display},
        "IPython.core": {}, "IPython.core.pylabtools": {}, "IPython.lib": {"pretty": plain}, "IPython.terminal": {},
        "IPython.core.display": vars(display), "IPython.core.interactiveshell": {"InteractiveShell": Shell},
        "IPython.terminal.interactiveshell": {"TerminalInteractiveShell": type("TerminalInteractiveShell", (), {})},
    }  # fmt: skip
    for name, content in modules.items():
        module = sys.modules[name] = types.ModuleType(name)
        vars(module).update({key: value for key, value in content.items() if key != "__name__"})
    sys.modules["IPython"].lib = sys.modules["IPython.lib"]  # type: ignore[attr-defined]
    sys.modules["IPython.display"] = display
    # A page starts Matplotlib afresh each time, and it would tell each time that it looks for fonts.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    builtins.get_ipython = lambda: shell  # type: ignore[attr-defined]
    builtins.display = shell.display  # type: ignore[attr-defined]
    builtins.input = _no_input
