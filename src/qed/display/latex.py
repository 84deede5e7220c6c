"""Formulas, written from the very tree that is judged."""

from __future__ import annotations

import ast

from ..statements.language import Definition, Domain, Relation, bound_variable

OPERATORS = {"=": "=", "!=": r"\ne", "<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}
GREEK = set(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi chi psi omega".split()
)
NAMES = {"pi": r"\pi", "E": "e", "oo": r"\infty", "EulerGamma": r"\gamma", "Id": "I", "eps": r"\varepsilon"}
PLAIN = {"sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh", "cosh": r"\cosh", "tanh": r"\tanh",
         "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "log": r"\log", "Max": r"\max", "Min": r"\min",
         "gamma": r"\Gamma", "uppergamma": r"\Gamma", "lowergamma": r"\gamma", "LambertW": "W", "beta": r"\mathrm{B}",
         "det": r"\det", "trace": r"\operatorname{tr}", "adjugate": r"\operatorname{adj}"}  # fmt: skip
BITWISE: dict[type[ast.operator], str] = {
    ast.LShift: r"\ll", ast.RShift: r"\gg", ast.BitAnd: r"\mathbin{\&}", ast.BitOr: r"\mathbin{|}",
    ast.BitXor: r"\oplus",
}  # fmt: skip
# Calls that end in something raised or tall, and take parentheses before an exponent.
RAISED = {"exp", "factorial", "sqrt", "transpose", "Sum", "Product", "Integral", "diff", "log"}
# Calls that end in what they act on.
OPEN = {"Sum", "Product", "Limit", "Sup", "Inf", "diff"}
SUBSCRIPTS = set("ijklmnKN")
ADD, HEAD, MUL, POW, ATOM = 1, 2, 3, 4, 5


class Writer:
    """Write syntax trees as LaTeX.

    Parameters
    ----------
    definitions : iterable of Definition
        The names that stand for something; integer-like parameters (i, j, k, l, m, n) become subscripts.
    """

    def __init__(self, definitions: tuple[Definition, ...] = ()):
        self.definitions = {d.name: d for d in definitions}
        self.small = 0

    def relation(self, r: Relation) -> str:
        """Write one relation."""
        return f"{self.tex(r.left)} {OPERATORS[r.op]} {self.tex(r.right)}"

    def relations(self, found: tuple[Relation, ...]) -> str:
        """Write relations that hold together; a chain is written as a chain."""
        text = self.relation(found[0])
        for before, now in zip(found, found[1:], strict=False):
            if before.right is now.left:
                text += f" {OPERATORS[now.op]} {self.tex(now.right)}"
            else:
                text += r",\quad " + self.relation(now)
        return text

    def definition(self, d: Definition) -> str:
        """Write a definition with its head."""
        args: list[ast.expr] = [ast.Name(p) for p in d.params]
        return f"{self._defined(d.name, args, '')} = {self.tex(d.body)}"

    def tex(self, node: ast.expr, floor: int = 0) -> str:
        """Write an expression, in parentheses if it binds less tightly than `floor`."""
        text, level = self._write(node)
        if level >= floor:
            return text
        return self.group(text)

    def group(self, text: str) -> str:
        """Put parentheses around, tall ones around tall things."""
        tall = any(word in text for word in (r"\frac", r"\sum", r"\int", r"\prod", "pmatrix"))
        return rf"\left({text}\right)" if tall else f"({text})"

    def _write(self, node: ast.expr) -> tuple[str, int]:
        if isinstance(node, ast.Constant):
            return (rf"\mathtt{{{node.kind}}}" if node.kind else str(node.value)), ATOM
        if isinstance(node, ast.Name):
            known = self.definitions.get(node.id)
            return (self._defined(node.id, [], "") if known else name(node.id)), ATOM
        if isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.Invert):
                return rf"{{\sim}}{self.tex(node.operand, ATOM)}", POW
            return ("-" if isinstance(node.op, ast.USub) else "") + self.tex(node.operand, MUL), ADD
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise ValueError(ast.unparse(node))

    def _binary(self, node: ast.BinOp) -> tuple[str, int]:
        if type(node.op) in BITWISE:
            # Few readers know which of these binds more tightly, so that parentheses stand around every part.
            return f"{self.tex(node.left, POW)} {BITWISE[type(node.op)]} {self.tex(node.right, POW)}", 0
        if isinstance(node.op, ast.Add | ast.Sub):
            right = self.tex(node.right, MUL if isinstance(node.op, ast.Sub) else ADD)
            if isinstance(node.op, ast.Add) and right.startswith("-"):
                return f"{self.tex(node.left, ADD)} {right}", ADD
            return f"{self.tex(node.left, ADD)} {'+' if isinstance(node.op, ast.Add) else '-'} {right}", ADD
        minus = _minus(node.left)
        lead = ADD if minus else MUL
        if isinstance(node.op, ast.Div):
            if self.small:
                return f"{self.tex(node.left, lead)}/{self.tex(node.right, POW)}", lead
            if isinstance(node.left, ast.UnaryOp) and minus:
                return rf"-\frac{{{self.tex(node.left.operand)}}}{{{self.tex(node.right)}}}", ADD
            top = self.tex(node.left)
            if minus and top.startswith("-"):
                return rf"-\frac{{{top[1:]}}}{{{self.tex(node.right)}}}", ADD
            return rf"\frac{{{top}}}{{{self.tex(node.right)}}}", POW
        if isinstance(node.op, ast.Pow):
            base, level = self._write(node.left)
            if level < ATOM or (isinstance(node.left, ast.Call) and ast.unparse(node.left.func) in RAISED):
                base = self.group(base)
            return f"{base}^{{{self._in_small(node.right)}}}", POW
        small, self.small = (
            self.small,
            0 if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Div) else self.small,
        )
        left = self.group(self.tex(node.left)) if self._open(node.left) else self.tex(node.left, lead)
        self.small = small
        right = self.tex(node.right, HEAD)
        digits = right[0].isdigit() or right.startswith(r"\frac{") and left[-1:].isdigit()
        dot = r"\cdot " if digits else ""
        return f"{left} {dot}{right}", ADD if left.startswith("-") else MUL

    def _open(self, node: ast.expr) -> bool:
        """Say whether a factor ends in a derivative, sum or limit, which would take in the factor behind it."""
        while isinstance(node, ast.UnaryOp) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            node = node.operand if isinstance(node, ast.UnaryOp) else node.right
        operator = isinstance(node, ast.Call) and ast.unparse(node.func) in OPEN
        return operator and self._write(node)[1] < ATOM

    def _in_small(self, node: ast.expr) -> str:
        self.small += 1
        text = self.tex(node)
        self.small -= 1
        return text

    def _defined(self, head: str, args: list[ast.expr], primes: str) -> str:
        params = self.definitions[head].params
        low = [self._in_small(a) for p, a in zip(params, args, strict=True) if p in SUBSCRIPTS]
        high = [self.tex(a) for p, a in zip(params, args, strict=True) if p not in SUBSCRIPTS]
        text = name(head)
        if low:
            text += f"_{{{','.join(low)}}}"
        return text + primes + (self.group(", ".join(high)) if high else "")

    def _call(self, node: ast.Call) -> tuple[str, int]:
        f, args = node.func.id, node.args  # type: ignore[attr-defined]
        if f in self.definitions:
            return self._defined(f, args, ""), ATOM
        if f == "exp":
            inside = self._in_small(args[0])
            return f"e^{{{inside}}}", POW
        if f == "diff":
            return self._derivative(node)
        if f in ("Sum", "Product"):
            k, lo, hi = bound_variable(node)
            sign = r"\sum" if f == "Sum" else r"\prod"
            limits = f"_{{{name(k)}={self._in_small(lo)}}}^{{{self._in_small(hi)}}}"
            return f"{sign}{limits} {self.tex(args[0], MUL)}", MUL
        if f == "Integral":
            t, lo, hi = bound_variable(node)
            body = self.tex(args[0], MUL)
            return rf"\int_{{{self._in_small(lo)}}}^{{{self._in_small(hi)}}} {body}\,d{name(t)}", MUL
        if f in ("Sup", "Inf"):
            x, lo, hi = bound_variable(node)
            ends = rf"{name(x)} \in [{self._in_small(lo)}, {self._in_small(hi)}]"
            return rf"\{f.lower()}_{{{ends}}} {self.tex(args[0], MUL)}", MUL
        if f == "Limit":
            side = ast.literal_eval(args[3]) if len(args) == 4 else "+-"
            to = self.tex(args[2]) + ("" if side == "+-" else f"^{{{side}}}")
            return rf"\lim_{{{self.tex(args[1])}\to {to}}} {self.tex(args[0], MUL)}", MUL
        if f == "realroots":
            x = self.tex(args[1])
            return rf"\#\{{{x}\in\mathbb{{R}} : {self.tex(args[0])} = 0\}}", ATOM
        return self._function(f, args)

    def _function(self, f: str, args: list[ast.expr]) -> tuple[str, int]:
        if f == "factorial":
            return f"{self.tex(args[0], ATOM)}!", ATOM
        if f == "sqrt":
            return rf"\sqrt{{{self.tex(args[0])}}}", ATOM
        if f == "Abs":
            return rf"\left|{self.tex(args[0])}\right|", ATOM
        if f in ("floor", "ceiling"):
            mark = "floor" if f == "floor" else "ceil"
            return rf"\left\l{mark} {self.tex(args[0])} \right\r{mark}", ATOM
        if f in ("binomial", "Rational"):
            command = "binom" if f == "binomial" else "frac"
            return rf"\{command}{{{self.tex(args[0])}}}{{{self.tex(args[1])}}}", ATOM
        if f == "Matrix":
            rows = [" & ".join(self.tex(e) for e in row.elts) for row in args[0].elts]  # type: ignore[attr-defined]
            return r"\begin{pmatrix}" + r" \\ ".join(rows) + r"\end{pmatrix}", ATOM
        if f == "eye":
            return f"I_{{{self.tex(args[0])}}}", ATOM
        if f == "transpose":
            return rf"{self.tex(args[0], ATOM)}^{{\mathsf{{T}}}}", POW
        if f in ("besselj", "besseli", "polygamma"):
            head = r"\psi" if f == "polygamma" else f[-1].upper()
            return f"{head}_{{{self.tex(args[0])}}}{self.group(self.tex(args[1]))}", ATOM
        head = PLAIN.get(f, rf"\operatorname{{{f}}}")
        if f == "log" and len(args) == 2:
            return rf"\log_{{{self.tex(args[1])}}}{self.group(self.tex(args[0]))}", ATOM
        if f in ("det", "trace", "adjugate") and isinstance(args[0], ast.Name):
            return f"{head} {self.tex(args[0])}", HEAD
        return head + self.group(", ".join(self.tex(a) for a in args)), ATOM

    def _derivative(self, node: ast.Call) -> tuple[str, int]:
        body, x = node.args[0], node.args[1]
        order = int(node.args[2].value) if len(node.args) == 3 and isinstance(node.args[2], ast.Constant) else 1  # type: ignore[arg-type]
        if isinstance(body, ast.Call) and isinstance(body.func, ast.Name) and body.func.id in self.definitions:
            mentions = [a for a in body.args if ast.unparse(x) in {ast.unparse(n) for n in ast.walk(a)}]
            if len(mentions) == 1 and isinstance(mentions[0], ast.Name) and order <= 3:
                return self._defined(body.func.id, body.args, "'" * order), ATOM
        power = f"^{{{order}}}" if order > 1 else ""
        variable = self.tex(x)
        return rf"\frac{{d{power}}}{{d{variable}{power}}} {self.tex(body, MUL)}", MUL


def _minus(node: ast.expr) -> bool:
    """Say whether an expression is a product or quotient with a minus sign before it, which needs no parentheses."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        node = node.left
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def name(text: str) -> str:
    """Write a variable's name: Greek letters, and digits or a tail after ``_`` as a subscript."""
    if text in NAMES:
        return NAMES[text]
    head, _, tail = text.partition("_")
    digits = head.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if not tail and digits and digits.isdigit():
        head, tail = head[: -len(digits)], digits
    if head in GREEK or (head.capitalize() == head and head.lower() in GREEK):
        head = rf"\{head}"
    elif len(head) > 1:
        head = rf"\mathrm{{{head}}}"
    return f"{head}_{{{tail}}}" if tail else head


def domain_tex(variable: str, d: Domain) -> str:
    """Write the set over which a variable ranges."""
    x = name(variable)
    if d.kind == "matrix":
        if len(d.sizes) == 1:
            return rf"{x} \in \mathbb{{R}}^{{{d.sizes[0]}\times {d.sizes[0]}}}"
        return rf"{x} \in \mathbb{{R}}^{{N\times N}}"
    named = {"R": r"\mathbb{R}", "Z": r"\mathbb{Z}", "N": r"\mathbb{N}", "N0": r"\mathbb{N}_0"}.get(str(d))
    if named:
        return rf"{x} \in {named}"
    if d.kind == "bits":
        return rf"{x} \in \mathbb{{Z}}/2^{{{int(d.hi).bit_length()}}}"
    writer = Writer()
    lo, hi = (writer.tex(ast.parse(t, mode="eval").body) for t in (d.lo, d.hi))
    if d.kind == "integer":
        return rf"{x} \in \{{{lo}, \dots, {hi}\}}"
    return rf"{x} \in {'(' if d.lo_open else '['}{lo}, {hi}{')' if d.hi_open else ']'}"
