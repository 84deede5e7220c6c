"""From the syntax tree to SymPy, writing down on the way what must hold for every step to make sense."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy import Expr, ImmutableMatrix, Symbol

from ..statements.errors import OutOfReach
from ..statements.language import bound_variable
from .scope import ANY, NEG, POS, ZERO, Range, Scope, constant_sign, is_whole, sign, without_corners

CORNERS = ("Abs", "sign", "floor", "ceiling", "Max", "Min")


@dataclass(frozen=True)
class Obligation:
    """An expression, the signs that it may take, the scope in which that must hold, and what for.

    `necessary` tells whether the statement is undefined where it fails; else it is only known to suffice.
    """

    expression: Expr
    allowed: int
    scope: Scope
    reason: str
    necessary: bool = True

    def met(self) -> bool:
        """Tell whether the scope guarantees it."""
        return not sign(self.expression, self.scope) & ~self.allowed


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
    obligations: list[Obligation] = field(default_factory=list)
    smooth: int = 0
    improper: bool = False
    depth: int = 0

    def __post_init__(self) -> None:
        for name in self.matrices:
            for i in range(self.size):
                for j in range(self.size):
                    entry = Symbol(f"{name}#{i + 1},{j + 1}", real=True)
                    self.scope = self.scope.with_symbol(entry, Range(None, None))

    def need(self, expression: Any, allowed: int, reason: str, necessary: bool = True) -> None:
        """Write down an obligation, unless it is plainly met."""
        if sign(expression, self.scope, False) & ~allowed:
            self.obligations.append(Obligation(expression, allowed, self.scope, reason, necessary))

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
            return ImmutableMatrix([[self.scope.symbols[f"{name}#{i},{j}"] for j in cells] for i in cells])
        if name in self.scope.symbols:
            return self.scope.symbols[name]
        if name == "Id" and self.size:
            return ImmutableMatrix.eye(self.size)
        constants = {"pi": sp.pi, "E": sp.E, "oo": sp.oo, "EulerGamma": sp.EulerGamma}
        if name in constants:
            return constants[name]
        raise OutOfReach(f"no symbol {name}")

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.expression(node.left), self.expression(node.right)
        if isinstance(node.op, ast.Pow):
            return self._power(left, right)
        if isinstance(node.op, ast.Div):
            self.need(right, NEG | POS, f"the denominator {right} is not 0")
            return left / right if right != 0 else sp.nan
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(left, ImmutableMatrix) != isinstance(right, ImmutableMatrix):
            raise OutOfReach("a matrix plus a number: write the identity as Id or eye(n)")
        return left + right if isinstance(node.op, ast.Add) else left - right

    def _power(self, base: Any, exponent: Any) -> Any:
        if isinstance(base, ImmutableMatrix):
            if not (isinstance(exponent, sp.Integer) and 0 <= exponent <= 40):
                raise OutOfReach("a matrix to a power that is no natural number, or too high")
            return base**exponent
        if isinstance(base, sp.Add) and exponent.is_Integer and exponent > 40:
            raise OutOfReach("a power too high to expand")
        if is_whole(exponent):
            below = sign(exponent, self.scope)
            if below & NEG:
                self.need(base, NEG | POS, f"{base} is not 0, having a negative exponent", below == NEG)
        elif not sign(exponent, self.scope, False) & (NEG | ZERO):
            self.need(base, POS if self.smooth else POS | ZERO, f"{base} is not negative, having a fractional exponent")
        else:
            self.need(base, POS, f"{base} is positive, having an exponent that is no integer")
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
        if self.smooth and name in ("Abs", "Max", "Min"):
            inner = args if name == "Abs" else [a - b for i, a in enumerate(args) for b in args[:i]]
            if any(sign(u, self.scope) not in (POS, NEG) for u in inner):
                raise OutOfReach(f"the derivative of {name} where it may have a corner")
        if name in ("Abs", "Max", "Min"):
            settled = without_corners(getattr(sp, name)(*args), self.scope)
            if not settled.has(sp.Abs, sp.Max, sp.Min):
                return settled
        if self.smooth and name in CORNERS:
            raise OutOfReach(f"the derivative of {name}")
        self._defined(name, args)
        if name == "Rational":
            self.need(args[1], NEG | POS, f"the denominator {args[1]} is not 0")
            return args[0] / args[1] if args[1] != 0 else sp.nan
        if name == "log":
            return sp.log(args[0]) if len(args) == 1 else sp.log(args[0]) / sp.log(args[1])
        if name == "hyper1f1":
            return sp.hyper([args[0]], [args[1]], args[2])
        return getattr(sp, name)(*args)

    def _matrix(self, name: str, args: list[Any]) -> Any:
        m = args[0]
        if name == "eye":
            return ImmutableMatrix.eye(int(m))
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
        if not isinstance(node.args[1], ast.Name) or node.args[1].id not in self.scope.symbols:
            raise OutOfReach("a derivative by something that is no variable")
        self.smooth += 1
        body = self.expression(node.args[0])
        self.smooth -= 1
        order = self.expression(node.args[2]) if len(node.args) == 3 else sp.Integer(1)
        symbol = self.scope.symbols[node.args[1].id]
        if isinstance(body, ImmutableMatrix):
            return body.applyfunc(lambda entry: sp.diff(entry, symbol, int(order)))
        return sp.diff(body, symbol, int(order))

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
            symbol = Symbol(f"t#{self.depth}", real=True)
            if not infinite and sign(hi - lo, outer) & NEG:  # also where the integral is improper
                raise OutOfReach("an integral that may run backwards")
        else:
            if not (is_whole(lo) and is_whole(hi)):
                raise OutOfReach("a sum between ends that are no integers")
            kind = {"nonnegative": True} if not constant_sign(lo) & NEG and lo.is_number else {}
            symbol = Symbol(f"k#{self.depth}", integer=True, **kind)
        span = Range(None if lo is -sp.oo else lo, None if hi is sp.oo else hi, self.improper, self.improper)
        self.scope = replace_name(outer, variable, symbol, span if name == "Integral" else Range(lo, hi))
        body = self.expression(node.args[0])
        self.scope = outer
        self.depth -= 1
        if name == "Integral":
            return sp.Integral(body, (symbol, lo, hi))
        if lo.is_Integer and hi.is_Integer and hi - lo <= 60:
            terms = [body.subs(symbol, k) for k in range(int(lo), int(hi) + 1)]
            return sp.Add(*terms) if name == "Sum" else sp.Mul(*terms)
        return sp.Sum(body, (symbol, lo, hi)) if name == "Sum" else sp.Product(body, (symbol, lo, hi))

    def _defined(self, name: str, args: list[Any]) -> None:
        x = args[-1]
        weak = POS if self.smooth else POS | ZERO
        if name == "log":
            self.need(args[0], POS, f"the logarithm's argument {args[0]} is positive")
            if len(args) == 2:
                self.need(args[1], POS, f"the logarithm's base {args[1]} is positive")
                self.need(sp.log(args[1]), POS | NEG, f"the logarithm's base {args[1]} is not 1")
        elif name == "sqrt":
            self.need(x, weak, f"the radicand {x} is not negative")
        elif name == "tan":
            self.need(sp.cos(x), POS | NEG, f"cos({x}) is not 0")
        elif name in ("asin", "acos", "atanh"):
            strict = name == "atanh" or self.smooth
            self.need(1 - x**2, POS if strict else POS | ZERO, f"{x} lies between -1 and 1")
        elif name == "acosh":
            self.need(x - 1, weak, f"{x} is at least 1")
        elif name == "LambertW":
            self.need(x + sp.exp(-1), weak, f"{x} is at least -1/e")
        elif name == "factorial":
            if not is_whole(x):
                raise OutOfReach("a factorial of something that is no integer")
            self.need(x, POS | ZERO, f"the factorial's argument {x} is not negative")
        elif name in ("gamma", "loggamma", "digamma"):
            self.need(x, POS, f"the argument {x} of {name} is positive")
        elif name in ("uppergamma", "lowergamma"):
            if is_whole(args[0]):
                self.need(args[0], POS, f"the order {args[0]} of the incomplete gamma function is positive")
            else:
                self.need(args[0], POS, f"the order {args[0]} of the incomplete gamma function is positive")
                self.need(x, weak, f"{x} is not negative, as the order is no integer")
        elif name == "binomial" and not all(is_whole(a) and not sign(a, self.scope) & NEG for a in args):
            raise OutOfReach("a binomial of something else than natural numbers")
        elif name in ("besselj", "besseli", "polylog", "hyper1f1", "beta", "acoth"):
            raise OutOfReach(f"the domain of {name} is not known to the symbolic route")


def replace_name(scope: Scope, name: str, symbol: Symbol, span: Range) -> Scope:
    """Let `name` mean the bound variable `symbol` inside a sum or integral."""
    inner = scope.with_symbol(symbol, span)
    return Scope({**inner.symbols, name: symbol}, inner.ranges, inner.facts, inner.oracle, inner.lemmas)


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
    kind = sign(disc, scope)
    one = ImmutableMatrix.eye(2)
    if kind == POS:
        root = sp.sqrt(disc)
        return sp.exp(center) * (sp.cosh(root) * one + sp.sinh(root) / root * shifted)
    if kind == NEG:
        root = sp.sqrt(-disc)
        return sp.exp(center) * (sp.cos(root) * one + sp.sin(root) / root * shifted)
    raise OutOfReach("the sign of the discriminant is not known" if kind == ANY else "a degenerate discriminant")
