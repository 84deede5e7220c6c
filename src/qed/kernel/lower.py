"""From the syntax tree to SymPy, writing down on the way what must hold for every step to make sense."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy import Expr, ImmutableMatrix, Symbol

from ..statements.errors import OutOfReach
from ..statements.language import Domain, bound_variable
from .signs import conditions, defined, derivative, integrable, is_whole, power_conditions, sign, without_corners
from .theorems import ANY, NEG, POS, ZERO, Range, Scope

CORNERS = ("Abs", "sign", "floor", "ceiling", "Max", "Min")
REAL, WEAK = ("log", "tan", "atanh"), ("asin", "acos", "acosh", "LambertW")  # no value elsewhere; no slope at the ends
CONSTANTS = {"pi": sp.pi, "E": sp.E, "oo": sp.oo, "EulerGamma": sp.EulerGamma}


@dataclass(frozen=True)
class Goal:
    """What has to be shown: an expression has one of the signs everywhere on a scope; and what for.

    `necessary` tells whether the statement is undefined where it fails; else it is only known to suffice.
    """

    expression: Expr
    allowed: int
    scope: Scope
    reason: str
    necessary: bool = True


def domain_scope(domain: dict[str, Domain]) -> Scope:
    """Make the symbols of a statement from its domain: real or integer, and nothing more for SymPy to know."""
    names, ranges = {}, {}
    for name, d in domain.items():
        if d.kind != "matrix":
            names[name] = symbol = Symbol(name, integer=True) if d.kind == "integer" else Symbol(name, real=True)
            lo, hi = (None if t in ("oo", "-oo") else sp.sympify(t, rational=True) for t in (d.lo, d.hi))
            ranges[symbol] = Range(lo, hi, d.lo_open, d.hi_open)
    return Scope(ranges, (), names)


@dataclass
class Lowering:
    """Turn syntax trees into SymPy expressions.

    Parameters
    ----------
    scope : Scope
        The symbols and their ranges.
    size : int
        The size of matrix variables; each becomes a matrix of symbols.
    improper : bool
        Whether integrands need to be defined only between the ends of their integrals.
    """

    scope: Scope
    size: int = 0
    matrices: tuple[str, ...] = ()
    obligations: list[Goal] = field(default_factory=list)
    smooth: int = 0
    improper: bool = False
    depth: int = 0
    integrals: list[tuple[Expr, Scope]] = field(default_factory=list)

    def __post_init__(self) -> None:
        cells = range(1, self.size + 1)
        for name in (f"{matrix}#{i},{j}" for matrix in self.matrices for i in cells for j in cells):
            if name not in self.scope.names:
                self.scope = self.scope.with_symbol(Symbol(name, real=True), Range(None, None))

    def need(self, expression: Any, allowed: int, reason: str, necessary: bool = True) -> None:
        """Write down an obligation, unless it is plainly met."""
        if sign(expression, self.scope) & ~allowed:
            self.obligations.append(Goal(expression, allowed, self.scope, reason, necessary))

    def expression(self, node: ast.expr) -> Any:
        """Lower one expression; the result is an `Expr` or an `ImmutableMatrix`."""
        if isinstance(node, ast.Constant):
            return sp.Integer(node.value)
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.UnaryOp):
            inner = self.expression(node.operand)
            return -inner if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise OutOfReach(ast.unparse(node))

    def _name(self, name: str) -> Any:
        if name in self.matrices:
            cells = range(1, self.size + 1)
            return ImmutableMatrix([[self.scope.names[f"{name}#{i},{j}"] for j in cells] for i in cells])
        if name == "Id" and self.size:
            return ImmutableMatrix.eye(self.size)
        known = {**CONSTANTS, **self.scope.names}
        if name not in known:
            raise OutOfReach(f"no symbol {name}")
        return known[name]

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.expression(node.left), self.expression(node.right)
        if isinstance(node.op, ast.Pow):
            return self._power(left, right)
        if isinstance(node.op, ast.Div):
            if isinstance(right, ImmutableMatrix):
                raise OutOfReach("a quotient by a matrix")
            return self._quotient(left, right)
        if isinstance(left, ImmutableMatrix) and isinstance(right, ImmutableMatrix):
            fits = left.cols == right.rows if isinstance(node.op, ast.Mult) else left.shape == right.shape
            if not fits:
                raise OutOfReach("matrices of shapes that do not fit")
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(left, ImmutableMatrix) != isinstance(right, ImmutableMatrix):
            raise OutOfReach("a matrix plus a number: write the identity as Id or eye(n)")
        return left + right if isinstance(node.op, ast.Add) else left - right

    def _quotient(self, left: Any, right: Any) -> Any:
        self.need(right, NEG | POS, f"the denominator {right} is not 0")
        return left / right if right != 0 else sp.nan

    def _power(self, base: Any, exponent: Any) -> Any:
        if isinstance(base, ImmutableMatrix):
            if not (isinstance(exponent, sp.Integer) and 0 <= exponent <= 40):
                raise OutOfReach("a matrix to a power that is no natural number, or too high")
            if base.rows != base.cols:
                raise OutOfReach("a power of a matrix that is not square")
            return base**exponent
        if isinstance(base, sp.Add) and exponent.is_Integer and exponent > 40:
            raise OutOfReach("a power too high to expand")
        certain = sign(exponent, self.scope) == NEG if is_whole(exponent) else exponent.is_Rational and not self.smooth
        for needed in power_conditions(base, exponent, self.scope, bool(self.smooth)):
            self.need(*needed, certain)
        return base**exponent

    def _call(self, node: ast.Call) -> Any:
        name = node.func.id  # type: ignore[attr-defined]
        if name in ("Sum", "Product", "Integral"):
            return self._binder(name, node)
        if name == "diff":
            return self._derivative(node)
        if name == "Matrix":
            rows = node.args[0].elts  # type: ignore[attr-defined]
            return ImmutableMatrix([[self.expression(entry) for entry in row.elts] for row in rows])
        if name in ("Limit", "realroots"):
            raise OutOfReach(f"{name} has no symbolic route here")
        args = [self.expression(argument) for argument in node.args]
        if any(isinstance(a, ImmutableMatrix) for a in args) or name == "eye":
            return self._matrix(name, args)
        if self.smooth and name in CORNERS:
            inner = args if name == "Abs" else [a - b for i, a in enumerate(args) for b in args[:i]]
            if name not in ("Abs", "Max", "Min") or any(sign(u, self.scope) not in (POS, NEG) for u in inner):
                raise OutOfReach(f"the derivative of {name} where it may have a corner")
        if name in ("Abs", "Max", "Min"):
            if any(a.has(sp.I, sp.nan, sp.zoo) for a in args):
                raise OutOfReach(f"{name} of what is no real number")
            return without_corners(getattr(sp, name)(*args), self.scope)
        if name == "sqrt":
            weak = POS if self.smooth else POS | ZERO
            self.need(args[0], weak, f"the radicand {args[0]} is not negative", not self.smooth)
            return sp.sqrt(args[0])
        if name == "Rational":
            return self._quotient(*args)
        needs = conditions(name, args[:1] if name == "log" else args, bool(self.smooth))
        if needs is None:
            raise OutOfReach(f"the domain of {name} is not known to the symbolic route")
        for needed in needs:
            self.need(*needed, name in REAL if self.smooth else name in (*REAL, *WEAK))
        if name == "log" and len(args) == 2:
            self.need(args[1], POS, f"the logarithm's base {args[1]} is positive")
            return self._quotient(sp.log(args[0]), sp.log(args[1]))
        return getattr(sp, name)(*args)

    def _matrix(self, name: str, args: list[Any]) -> Any:
        m = args[0]
        if name == "eye":
            if not (isinstance(m, sp.Integer) and 1 <= m <= 40):
                raise OutOfReach("an identity matrix of no size, or too large")
            return ImmutableMatrix.eye(int(m))
        if not isinstance(m, ImmutableMatrix) or len(args) > 1:
            raise OutOfReach(f"{name} of matrices and numbers")
        if name != "transpose" and m.rows != m.cols:
            raise OutOfReach(f"{name} of a matrix that is not square")
        if name == "det":
            return sp.expand(m.det(method="berkowitz"))
        if name == "trace":
            return m.trace()
        if name == "adjugate":
            return ImmutableMatrix(m.adjugate(method="berkowitz").applyfunc(sp.expand))
        if name == "transpose":
            return m.T
        if name == "exp":
            return exponential(m, self.scope)
        raise OutOfReach(f"{name} of a matrix")

    def _derivative(self, node: ast.Call) -> Any:
        if not isinstance(node.args[1], ast.Name) or node.args[1].id not in self.scope.names:
            raise OutOfReach("a derivative by something that is no variable")
        self.smooth += 1
        body = self.expression(node.args[0])
        self.smooth -= 1
        order = self.expression(node.args[2]) if len(node.args) == 3 else sp.Integer(1)
        symbol = self.scope.names[node.args[1].id]
        if isinstance(body, ImmutableMatrix):
            return body.applyfunc(lambda entry: self._differentiated(entry, symbol, int(order)))
        return self._differentiated(body, symbol, int(order))

    def _differentiated(self, body: Expr, symbol: Symbol, order: int) -> Expr:
        for _ in range(order):
            slope = derivative(body, symbol)
            powers = [t for t in sp.preorder_traversal(slope) if t.is_Pow and t.free_symbols <= set(self.scope.ranges)]
            if not defined(slope, self.scope, body):
                for needed in (c for t in powers for c in power_conditions(t.base, t.exp, self.scope)):
                    self.need(*needed, False)
                if not defined(slope, self.scope, sp.Tuple(body, *powers)):
                    raise OutOfReach(f"the formula {slope} of a derivative may have no value somewhere")
            body = slope
        return body

    def _binder(self, name: str, node: ast.Call) -> Any:
        variable, lo_node, hi_node = bound_variable(node)
        lo, hi = self.expression(lo_node), self.expression(hi_node)
        infinite = lo in (sp.oo, -sp.oo) or hi in (sp.oo, -sp.oo)
        if infinite and not (name == "Integral" and self.improper):
            raise OutOfReach("an infinite range")
        if lo is sp.oo or hi is -sp.oo:
            raise OutOfReach("an integral that runs backwards")
        outer = self.scope
        self.depth += 1
        if name == "Integral":
            symbol, span = Symbol(f"t#{self.depth}", real=True), between(lo, hi, self.improper)
            if not infinite and sign(hi - lo, outer) & NEG:  # also where the integral is improper
                raise OutOfReach("an integral that may run backwards")
        else:
            if not (is_whole(lo) and is_whole(hi)):
                raise OutOfReach("a sum between ends that are no integers")
            symbol, span = Symbol(f"k#{self.depth}", integer=True), Range(lo, hi)
        self.scope = outer.with_symbol(symbol, span, variable)
        body = self.expression(node.args[0])
        self.scope = outer
        self.depth -= 1
        if name == "Integral":
            if not integrable(body, symbol):
                raise OutOfReach("an integrand that jumps inside a quotient, a logarithm or the like")
            self.integrals.append((sp.Integral(body, (symbol, lo, hi)), outer))
            return self.integrals[-1][0]
        if lo.is_Integer and hi.is_Integer and hi - lo <= 60:
            terms = [body.subs(symbol, k) for k in range(int(lo), int(hi) + 1)]
            return sp.Add(*terms) if name == "Sum" else sp.Mul(*terms)
        return sp.Sum(body, (symbol, lo, hi)) if name == "Sum" else sp.Product(body, (symbol, lo, hi))


def between(lo: Expr, hi: Expr, is_open: bool) -> Range:
    """Give the range between two ends, of which an infinite one is absent."""
    return Range(None if lo is -sp.oo else lo, None if hi is sp.oo else hi, is_open, is_open)


def exponential(m: Any, scope: Scope) -> Any:
    """Exponentiate a matrix in closed form.

    Theorem: for nilpotent N the series ends; for a 2x2 matrix with tau = tr/2 and B = M - tau I,
    Cayley-Hamilton gives B^2 = D I with D = -det B, so the series splits into cosh and sinh of sqrt(D),
    into cos and sin of sqrt(-D), or into I + B where D = 0.
    """
    size = m.rows
    center = m[0, 0] if size != 2 else (m[0, 0] + m[1, 1]) / 2
    shifted = (m - center * ImmutableMatrix.eye(size)).applyfunc(sp.expand)
    power, total, k = ImmutableMatrix.eye(size), ImmutableMatrix.zeros(size, size), 0
    while k < size and not power.is_zero_matrix:
        total, k = total + power / sp.factorial(k), k + 1
        power = (power * shifted).applyfunc(sp.expand)
    if power.is_zero_matrix:
        return sp.exp(center) * total
    if size != 2:
        raise OutOfReach("the exponential of a general matrix of this size")
    disc = sp.expand(-shifted.det())
    kind, one = sign(disc, scope), ImmutableMatrix.eye(2)
    if kind == POS:
        root = sp.sqrt(disc)
        return sp.exp(center) * (sp.cosh(root) * one + sp.sinh(root) / root * shifted)
    if kind == NEG:
        root = sp.sqrt(-disc)
        return sp.exp(center) * (sp.cos(root) * one + sp.sin(root) / root * shifted)
    raise OutOfReach("the sign of the discriminant is not known" if kind == ANY else "a degenerate discriminant")
