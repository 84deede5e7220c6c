"""The numeric route: statements evaluated in FLINT's rational and ball arithmetic.

Nothing here knows SymPy. A value is an exact rational as long as it can be, and from then on a ball
that contains the true value. Real numbers are meant throughout: what has no real value is undefined.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import flint
from flint import acb, arb, arb_mat, arb_series, fmpq, fmpq_poly

from ..statements.errors import OutOfReach, UndefinedAt
from ..statements.language import Relation, bound_variable

PRECISIONS = (64, 128, 256, 512, 1024)
EVALUATIONS = 3000
MAX_TERMS = 4000
Env = dict[str, Any]


# While the hunt evaluates an integral, a radicand that is 0 at an end may reach below 0 in its ball.
rounded_ends = ContextVar("rounded_ends", default=False)


class Unclear(Exception):
    """Internal: a ball is too wide to say whether a value exists."""


class Matrix:
    """A small dense matrix over any kind of value."""

    def __init__(self, rows: Sequence[Sequence[Any]]):
        self.rows = [list(row) for row in rows]

    @classmethod
    def identity(cls, size: int) -> Matrix:
        """Make the identity matrix of a size."""
        return cls([[fmpq(int(i == j)) for j in range(size)] for i in range(size)])

    def map(self, f: Callable[[Any], Any]) -> Matrix:
        """Apply `f` to every entry."""
        return Matrix([[f(entry) for entry in row] for row in self.rows])

    def add(self, other: Matrix) -> Matrix:
        """Add entry by entry."""
        pairs = zip(self.rows, other.rows, strict=True)
        return Matrix([[a + b for a, b in zip(r, s, strict=True)] for r, s in pairs])

    def mul(self, other: Matrix) -> Matrix:
        """Multiply row by column."""
        columns = list(zip(*other.rows, strict=True))
        return Matrix([[sum((a * b for a, b in zip(r, c, strict=True)), fmpq(0)) for c in columns] for r in self.rows])

    def minor(self, i: int, j: int) -> Matrix:
        """Leave out row `i` and column `j`."""
        return Matrix([row[:j] + row[j + 1 :] for k, row in enumerate(self.rows) if k != i])

    def square(self) -> Matrix:
        """Pass a square matrix, and raise for any other."""
        if any(len(row) != len(self.rows) for row in self.rows):
            raise OutOfReach("a trace, a determinant or a power of a matrix that is not square")
        return self

    def det(self) -> Any:
        """Expand along the first row (Laplace)."""
        if not self.rows:
            return fmpq(1)
        signed = (entry * self.minor(0, j).det() * (-1) ** j for j, entry in enumerate(self.rows[0]))
        return sum(signed, fmpq(0))

    def adjugate(self) -> Matrix:
        """Transpose the matrix of cofactors."""
        size = range(len(self.rows))
        return Matrix([[self.minor(j, i).det() * (-1) ** (i + j) for j in size] for i in size])

    def trace(self) -> Any:
        """Sum the diagonal."""
        return sum((row[i] for i, row in enumerate(self.rows)), fmpq(0))

    def exp(self) -> Matrix:
        """Exponentiate with FLINT's rigorous ``arb_mat_exp``."""
        return Matrix(arb_mat(self.map(ball).rows).exp().tolist())


def ball(value: Any) -> Any:
    """Turn an exact rational into a ball, and leave everything else."""
    return arb(value) if isinstance(value, fmpq) else value


def whole(value: Any) -> int | None:
    """Give the integer that a value certainly is, or None."""
    if isinstance(value, fmpq) and value.q == 1:
        return int(value.p)
    return None


def positive(value: Any, what: str) -> None:
    """Pass if a real value is certainly positive, else raise."""
    if value > 0:
        return
    if value <= 0:
        raise UndefinedAt(what)
    raise Unclear(what)


def divide(a: Any, b: Any) -> Any:
    """Divide, raising where the divisor is or may be zero."""
    if isinstance(b, fmpq):
        if b == 0:
            raise UndefinedAt("division by zero")
        return a / b if isinstance(a, fmpq | fmpq_poly) else a * (1 / b)
    if isinstance(b, fmpq_poly):
        raise OutOfReach("a quotient of polynomials")
    constant = b[0] if isinstance(b, arb_series) else b
    if isinstance(constant, arb) and constant.contains(0):
        if constant == 0:
            raise UndefinedAt("division by zero")
        raise Unclear("the divisor may be zero")
    return a / b


def power(a: Any, b: Any) -> Any:
    """Raise to a power; ``0**0`` is 1, and a negative base takes integer exponents only."""
    n = whole(b)
    if isinstance(a, Matrix) and n is None:
        raise OutOfReach("a matrix to a power that is no natural number")
    if n is not None:
        if isinstance(a, Matrix):
            if not 0 <= n <= 64:
                raise OutOfReach("a negative or very high power of a matrix")
            result: Any = Matrix.identity(len(a.square().rows))
            for _ in range(n):
                result = result.mul(a)
            return result
        if isinstance(a, fmpq):
            if n < 0 and a == 0:
                raise UndefinedAt("a negative power of zero")
            if abs(n) * max(a.p.bit_length(), a.q.bit_length()) < 20_000:
                return a**n
            a = arb(a)
        result, square, left = fmpq(1), a, abs(n)
        while left:
            if left & 1:
                result = result * square
            square, left = square * square if left > 1 else square, left >> 1
        return result if n >= 0 else divide(fmpq(1), result)
    if isinstance(a, acb):
        return (ball(b) * a.log(analytic=True)).exp()
    if isinstance(a, fmpq) and a == 0:
        positive(b, "zero to a power that is not positive")
        return fmpq(0)
    base = a[0] if isinstance(a, arb_series) else a
    if rounded_ends.get() and isinstance(a, arb) and a.contains(0) and b > 0:
        top = a.upper()
        return arb(0).union((ball(b) * top.log()).exp()) if top > 0 else arb(0)
    positive(base, "a power of a number that is not positive, with an exponent that is no integer")
    if isinstance(a, fmpq) and isinstance(b, fmpq) and b.q == 2:
        root = a.p.isqrt(), a.q.isqrt()
        if root[0] ** 2 == a.p and root[1] ** 2 == a.q:
            return fmpq(*root) ** int(b.p)
    half = isinstance(b, fmpq) and b == fmpq(1, 2)
    return ball(a).sqrt() if half else (ball(b) * ball(a).log()).exp()


def _log(x: Any) -> Any:
    if isinstance(x, fmpq) and x == 1:
        return fmpq(0)
    if isinstance(x, acb):
        return x.log(analytic=True)
    positive(x[0] if isinstance(x, arb_series) else x, "the logarithm of a number that is not positive")
    return ball(x).log()


def _sqrt(x: Any) -> Any:
    if isinstance(x, acb):
        return x.sqrt(analytic=True)
    if isinstance(x, arb) and not x > 0:
        if x < 0:
            raise UndefinedAt("the square root of a negative number")
        if not rounded_ends.get():
            raise Unclear("the radicand may be negative")
    if isinstance(x, fmpq) and x < 0:
        raise UndefinedAt("the square root of a negative number")
    return power(x, fmpq(1, 2))


def _abs(x: Any) -> Any:
    if isinstance(x, acb):
        return x.real_abs(analytic=True)
    if isinstance(x, arb_series):
        if x[0] > 0:
            return x
        if x[0] < 0:
            return -x
        raise Unclear("the absolute value may have a corner here")
    return abs(x)


def _sign(x: Any) -> Any:
    if isinstance(x, fmpq | arb):
        for truth, value in ((x > 0, 1), (x < 0, -1), (x == 0, 0)):
            if truth:
                return fmpq(value)
        raise Unclear("the sign is not clear")
    raise OutOfReach("sign of this kind of value")


def _log_to_base(x: Any, b: Any) -> Any:
    """Divide two logarithms; exactly if one number is a whole power of the other."""
    found = divide(_log(x), _log(b))
    if isinstance(x, fmpq) and isinstance(b, fmpq) and isinstance(found, arb):
        whole = found.unique_fmpz()
        if whole is not None and abs(whole) < 10_000 and b ** int(whole) == x:
            return fmpq(whole)
    return found


def _floor(x: Any) -> Any:
    if isinstance(x, fmpq):
        return fmpq(x.p // x.q)
    found = x.floor().unique_fmpz() if isinstance(x, arb) else None
    if found is None:
        raise Unclear("the integer part is not clear")
    return fmpq(found)


def _extreme(larger: bool) -> Callable[..., Any]:
    def pick(*values: Any) -> Any:
        best = values[0]
        for value in values[1:]:
            if isinstance(best, acb) or isinstance(value, acb):
                best = (acb(best).real_max if larger else acb(best).real_min)(acb(value), analytic=True)
            elif isinstance(best, fmpq) and isinstance(value, fmpq):
                best = value if (value > best) == larger else best
            elif isinstance(best, fmpq | arb) and isinstance(value, fmpq | arb):
                best = (ball(best).max if larger else ball(best).min)(ball(value))
            else:
                raise OutOfReach("Max or Min of this kind of value")
        return best

    return pick


def _factorial(x: Any) -> Any:
    n = whole(x)
    if n is not None and 0 <= n <= 3000:
        return fmpq(flint.fmpz.fac_ui(flint.fmpz(n)))
    if n is not None and n < 0:
        raise UndefinedAt("the factorial of a negative integer")
    return _gamma(ball(x) + 1)


def _gamma(x: Any) -> Any:
    n = whole(x)
    if n is not None:
        if n <= 0:
            raise UndefinedAt("gamma at a pole")
        return _factorial(fmpq(n - 1))
    if isinstance(x, arb) and x.contains_integer() and not x > 0:
        raise Unclear("gamma near a pole")
    return ball(x).gamma()


def _binomial(n: Any, k: Any) -> Any:
    top, low = whole(n), whole(k)
    if low is None:
        raise OutOfReach("a binomial with a lower index that is no integer")
    if low < 0:
        return fmpq(0)
    if top is not None and 0 <= top <= 5000:
        return fmpq(flint.fmpz.bin_uiui(top, low))
    result: Any = fmpq(1)
    for j in range(low):
        result = divide(result * (n - j), fmpq(j + 1))
    return result


def _uppergamma(s: Any, x: Any) -> Any:
    if isinstance(x, fmpq) and x == 0:
        positive(s, "an incomplete gamma function at 0, of an order that is not positive")
        return _gamma(s)
    if isinstance(x, arb_series):
        return arb_series.gamma_upper(ball(s), x)
    if isinstance(x, acb):
        if whole(s) is None or whole(s) <= 0:  # type: ignore[operator]
            raise OutOfReach("an incomplete gamma function with a branch cut under the integral")
        return x.gamma_upper(acb(s))
    order = whole(s)
    if order is None or order <= 0:
        positive(x, "an incomplete gamma function on its branch cut")
    return ball(x).gamma_upper(ball(s))


OUTSIDE: dict[str, Callable[[Any], bool]] = {
    "asin": lambda x: x < -1 or x > 1, "acos": lambda x: x < -1 or x > 1, "acosh": lambda x: x < 1,
    "atanh": lambda x: x <= -1 or x >= 1, "LambertW": lambda x: x + (-arb(1)).exp() < 0,
    "loggamma": lambda x: x <= 0,
}  # fmt: skip


# Where the branch cut of a function may meet a box of complex numbers, FLINT encloses one branch only.
CUT: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(("asin", "acos", "atanh"), lambda re, im: im.contains(0) and not (re > -1 and re < 1)),
    **dict.fromkeys(("atan", "asinh"), lambda re, im: re.contains(0) and not (im > -1 and im < 1)),
    "acosh": lambda re, im: im.contains(0) and not re > 1,
    "loggamma": lambda re, im: im.contains(0) and not re > 0,
    "LambertW": lambda re, im: im.contains(0) and not re + (-arb(1)).exp() > 0,
    "polylog": lambda re, im: im.contains(0) and not re < 1,
    "bessel": lambda re, im: im.contains(0) and not re > 0,
}


def _off_cut(name: str, z: Any) -> None:
    """Raise unless a complex box certainly avoids the branch cut of a function."""
    if isinstance(z, acb) and name in CUT and CUT[name](z.real, z.imag):
        raise Unclear(f"{name} near its branch cut")


def _bessel(name: str) -> Callable[[Any, Any], Any]:
    def apply(n: Any, x: Any) -> Any:
        if isinstance(x, acb):
            _off_cut("bessel", x)
        elif whole(n) is None:
            if isinstance(x, fmpq) and x == 0 and n > 0:
                return fmpq(0)
            positive(x, f"a Bessel function of order {n} at a number that is not positive")
        return getattr(ball(x), name)(ball(n))

    return apply


def _polylog(s: Any, x: Any) -> Any:
    if isinstance(x, fmpq | arb) and x > 1:
        raise UndefinedAt("a polylogarithm beyond 1")
    _off_cut("polylog", x)
    if isinstance(x, arb_series):
        # Theorem: z times the derivative of Li_s(z) is Li_(s-1)(z).
        start = arb_series([_polylog(s, x[0])], x.prec)
        if x.prec == 1:
            return start
        shorter = arb_series(list(x), x.prec - 1)
        slope = divide(_polylog(s - 1, shorter), shorter) * x.derivative()
        return start + slope.integral()
    return ball(x).polylog(ball(s))


def _polygamma(k: Any, x: Any) -> Any:
    """Differentiate the logarithm of gamma k + 1 times."""
    order = whole(k)
    if order is None or order < 0:
        raise OutOfReach("a polygamma function of an order that is no natural number")
    if isinstance(x, arb_series):
        start = arb_series([_polygamma(k, x[0])], x.prec)
        if x.prec == 1:
            return start
        return start + (_polygamma(k + 1, arb_series(list(x), x.prec - 1)) * x.derivative()).integral()
    if isinstance(x, fmpq) and x <= 0 and x.q == 1:
        raise UndefinedAt("a polygamma function at a pole")
    found = acb(ball(x)).polygamma(acb(order))
    if not found.is_finite():
        raise Unclear("a polygamma function near a pole")
    return found if isinstance(x, acb) else found.real


def _method(name: str) -> Callable[[Any], Any]:
    at_zero = {"exp": 1, "sin": 0, "cos": 1, "tan": 0, "sinh": 0, "cosh": 1, "tanh": 0, "asin": 0, "atan": 0,
               "asinh": 0, "atanh": 0, "erf": 0, "erfc": 1, "erfi": 0, "LambertW": 0}.get(name)  # fmt: skip
    spelled = {"LambertW": "lambertw", "loggamma": "lgamma"}.get(name, name)

    def apply(x: Any) -> Any:
        if at_zero is not None and isinstance(x, fmpq) and x == 0:
            return fmpq(at_zero)
        x = ball(x)
        _off_cut(name, x)
        if rounded_ends.get() and isinstance(x, arb) and name in ("asin", "acos") and not (x > 1 or x < -1):
            ends = [getattr(arb(min(max(end, arb(-1)), arb(1))), name)() for end in (x.lower(), x.upper())]
            return ends[0].union(ends[1])
        if isinstance(x, arb_series) and name in ("sinh", "cosh", "tanh"):
            if name == "tanh":
                return 1 - divide(fmpq(2), (2 * x).exp() + 1)
            up, down = x.exp(), (-x).exp()
            return (up - down) / 2 if name == "sinh" else (up + down) / 2
        if not hasattr(x, spelled):
            raise OutOfReach(f"{name} of this kind of value")
        if isinstance(x, arb) and name in OUTSIDE and OUTSIDE[name](x):
            raise UndefinedAt(f"{name} outside its domain")
        return getattr(x, spelled)()

    return apply


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _method(name) for name in "exp sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc erfi "
       "loggamma LambertW".split()},
    "log": lambda x, b=None: _log(x) if b is None else _log_to_base(x, b),
    "sqrt": _sqrt, "Abs": _abs, "sign": _sign, "floor": _floor, "ceiling": lambda x: -_floor(-x),
    "Max": _extreme(True), "Min": _extreme(False), "factorial": _factorial, "gamma": _gamma, "binomial": _binomial,
    "uppergamma": _uppergamma, "lowergamma": lambda s, x: _gamma(s) - _uppergamma(s, x),
    "beta": lambda a, b: divide(_gamma(a) * _gamma(b), _gamma(a + b)), "Rational": divide,
    "polygamma": _polygamma, "digamma": lambda x: _polygamma(fmpq(0), x),
    "besselj": _bessel("bessel_j"), "besseli": _bessel("bessel_i"), "polylog": _polylog,
    "hyper1f1": lambda a, b, x: ball(x).hypgeom_1f1(ball(a), ball(b)),
    "det": lambda m: m.square().det(), "trace": lambda m: m.square().trace(),
    "adjugate": lambda m: m.square().adjugate(),
    "transpose": lambda m: Matrix(list(zip(*m.rows, strict=True))),
}  # fmt: skip


def value(node: ast.expr, env: Env) -> Any:
    """Evaluate a syntax tree at a point, at FLINT's present precision.

    Parameters
    ----------
    node : ast.expr
        An expression with its definitions put in.
    env : dict
        Exact rationals (or matrices, or series) for its free names.

    Raises
    ------
    UndefinedAt
        When there is certainly no real value.
    Unclear
        When a larger precision may help.
    OutOfReach
        When the language has it and this evaluator has not; never a guess.
    """
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, int):
            raise OutOfReach(f"no value for {node.value!r}")
        return fmpq(node.value)
    if isinstance(node, ast.Name):
        if node.id in env:
            return env[node.id]
        constants = {"pi": arb.pi, "E": arb.const_e, "EulerGamma": arb.const_euler}
        if node.id in constants:
            return constants[node.id]()
        raise OutOfReach(f"no value for {node.id}")
    if isinstance(node, ast.UnaryOp):
        inner = value(node.operand, env)
        if isinstance(node.op, ast.UAdd):
            return inner
        return inner.map(lambda entry: -entry) if isinstance(inner, Matrix) else -inner
    if isinstance(node, ast.BinOp):
        return _binary(node.op, value(node.left, env), value(node.right, env))
    if isinstance(node, ast.Call):
        return _call(node, env)
    raise OutOfReach(f"no value for {ast.unparse(node)}")


def _binary(op: ast.operator, a: Any, b: Any) -> Any:
    if isinstance(op, ast.Pow):
        return power(a, b)
    if isinstance(op, ast.Div):
        return a.map(lambda entry: divide(entry, b)) if isinstance(a, Matrix) else divide(a, b)
    if isinstance(op, ast.Mult):
        if isinstance(a, Matrix) and isinstance(b, Matrix):
            return a.mul(b)
        if isinstance(a, Matrix) or isinstance(b, Matrix):
            matrix, scalar = (a, b) if isinstance(a, Matrix) else (b, a)
            return matrix.map(lambda entry: entry * scalar)
        return a * b
    if isinstance(a, Matrix) != isinstance(b, Matrix):
        raise OutOfReach("a matrix plus a number: write the identity as Id or eye(n)")
    if isinstance(a, Matrix):
        return a.add(b if isinstance(op, ast.Add) else b.map(lambda entry: -entry))
    return a + b if isinstance(op, ast.Add) else a - b


def _call(node: ast.Call, env: Env) -> Any:
    name = node.func.id  # type: ignore[attr-defined]
    if name in ("Sum", "Product"):
        variable, lo, hi = bound_variable(node)
        first, last = whole(value(lo, env)), whole(value(hi, env))
        if first is None or last is None or last - first > MAX_TERMS:
            raise OutOfReach("a sum without end, or with too many terms")
        total: Any = fmpq(0 if name == "Sum" else 1)
        for k in range(first, last + 1):
            env["#terms"] = env.get("#terms", 0) + 1
            if env["#terms"] > MAX_TERMS:
                raise OutOfReach("too many terms")
            inner = {**env, variable: fmpq(k)}
            term = value(node.args[0], inner)
            env["#terms"] = inner["#terms"]
            total = total + term if name == "Sum" else total * term
        return total
    if name == "Integral":
        return _integral(node, env)
    if name == "diff":
        variable = node.args[1].id if isinstance(node.args[1], ast.Name) else ""
        order = whole(value(node.args[2], env)) if len(node.args) == 3 else 1
        point: Any = env.get(variable)
        inside = isinstance(point, arb_series) and point.length() == 2 and point[1] == 1  # within another derivative
        if not (isinstance(point, fmpq | arb) or inside) or order is None or order < 0:
            raise OutOfReach("this derivative")
        kept = point.prec if inside else 1
        at = arb_series([point[0] if inside else ball(point), 1], order + kept)
        series = value(node.args[0], {**env, variable: at})

        def derived(entry: Any) -> Any:
            if not isinstance(entry, arb_series):
                return fmpq(0) if order else entry
            for _ in range(order):
                entry = entry.derivative()
            return entry if inside else entry[0]

        return series.map(derived) if isinstance(series, Matrix) else derived(series)
    if name == "realroots":
        variable = node.args[1].id if isinstance(node.args[1], ast.Name) else ""
        polynomial = value(node.args[0], {**env, variable: fmpq_poly([0, 1])})
        if not isinstance(polynomial, fmpq | fmpq_poly):
            raise OutOfReach("the roots of something that is no polynomial with rational coefficients")
        return fmpq(count_real_roots(fmpq_poly([polynomial]) if isinstance(polynomial, fmpq) else polynomial))
    if name == "Matrix":
        return Matrix([[value(entry, env) for entry in row.elts] for row in node.args[0].elts])  # type: ignore[attr-defined]
    if name == "eye":
        size = whole(value(node.args[0], env))
        if size is None or not 1 <= size <= 40:
            raise OutOfReach("an identity matrix of no size, or too large")
        return Matrix.identity(size)
    if name not in FUNCTIONS:  # a limit among them, whose variable must not be taken from the domain
        raise OutOfReach(f"{name} has no numeric route here")
    args = [value(argument, env) for argument in node.args]
    if name == "exp" and isinstance(args[0], Matrix):
        return args[0].square().exp()
    return finite(FUNCTIONS[name](*args))


def finite(found: Any) -> Any:
    """Pass what is a number; at a pole FLINT gives a ball that is none, and a later factor could hide that."""
    parts = list(found) if isinstance(found, arb_series) else [found] if isinstance(found, arb | acb) else []
    if not all(part.is_finite() for part in parts):
        raise Unclear("a function may have a pole here")
    return found


def _integral(node: ast.Call, env: Env) -> Any:
    variable, lo, hi = bound_variable(node)
    a, b = ball(value(lo, env)), ball(value(hi, env))
    if not isinstance(a, arb) or not isinstance(b, arb):
        raise OutOfReach("an integral with moving ends")
    if a == b:
        return fmpq(0)
    held = {name: acb(v) if isinstance(v, arb) else v for name, v in env.items()}

    def integrand(z: acb, analytic: bool) -> acb:
        # On a piece of the path itself an enclosure is enough, so corners do no harm there.
        on_path = not analytic and z.imag == 0
        try:
            return acb(value(node.args[0], {**env, variable: z.real} if on_path else {**held, variable: z}))
        except (Unclear, UndefinedAt, TypeError):
            return acb("nan")

    try:
        result = acb.integral(integrand, a, b, rel_tol=arb(2) ** -60, eval_limit=EVALUATIONS, use_heap=True)
    except SystemError as problem:
        raise OutOfReach("the integrand has no numeric route") from problem
    if not result.is_finite():
        raise Unclear("the integral is not enclosed")
    if not result.imag.contains(0):
        raise UndefinedAt("the integrand is not real")
    return result.real


def count_real_roots(polynomial: fmpq_poly, lo: fmpq | None = None, hi: fmpq | None = None) -> int:
    """Count the distinct real roots between two numbers, both left out; None is infinite.

    Theorem (Sturm): for a < b that are no multiple roots, the number of those in (a, b] is the loss of sign variations
    along the chain p, p', -rem, ... from a to b.
    """
    if polynomial.degree() < 0:
        raise OutOfReach("the zero polynomial")
    chain = [polynomial, polynomial.derivative()]
    while chain[-1].degree() >= 0:
        chain.append(-(chain[-2] % chain[-1]))

    def variations(at: fmpq | None, way: int) -> int:
        values = [p[p.degree()] * way ** p.degree() if at is None else p(at) for p in chain[:-1]]
        signs = [v > 0 for v in values if v != 0]
        return sum(a != b for a, b in zip(signs, signs[1:], strict=False))

    return variations(lo, -1) - variations(hi, 1) - (hi is not None and polynomial(hi) == 0)


def precisions(relation: Relation) -> tuple[int, ...]:
    """Give the precisions worth trying: balls never confirm an equation, and integrals are dear."""
    if any(
        isinstance(n, ast.Name) and n.id == "Integral"
        for side in (relation.left, relation.right)
        for n in ast.walk(side)
    ):
        return PRECISIONS[1:2]
    return PRECISIONS[:3] if relation.op == "=" else PRECISIONS


def holds(relation: Relation, env: Env, round_ends: bool = False) -> tuple[bool | None, tuple[Any, Any] | None]:
    """Judge a relation at a point.

    Theorem: a ball contains the true value, so that numbers in two balls that do not meet stand in the balls' order.

    On cards: ``ball arithmetic``.

    Parameters
    ----------
    relation : Relation
        What is judged.
    env : dict
        An exact value for every free name.
    round_ends : bool
        Take an integrand as defined up to the ends of its interval. Nothing may be concluded from a relation that
        holds so; the hunt concludes nothing.

    Returns
    -------
    verdict : bool or None
        True or False when that is certain, None when no precision settles it.
    sides : tuple or None
        Both values, at the precision that settled it.

    Raises
    ------
    UndefinedAt
        When a side certainly has no value at the point.
    """
    sides = None
    saved = flint.ctx.prec
    token = rounded_ends.set(round_ends)
    try:
        for precision in precisions(relation):
            flint.ctx.prec = precision
            try:
                left, right = value(relation.left, dict(env)), value(relation.right, dict(env))
            except Unclear:
                continue
            except (TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as problem:
                raise OutOfReach(f"{type(problem).__name__} in the evaluation: {problem}") from problem
            verdict, sides = _compare(left, relation.op, right)
            if verdict is not None:
                return verdict, sides
    finally:
        flint.ctx.prec = saved
        rounded_ends.reset(token)
    return None, sides


def _compare(left: Any, op: str, right: Any) -> tuple[bool | None, tuple[Any, Any] | None]:
    if isinstance(left, Matrix) or isinstance(right, Matrix):
        if not (isinstance(left, Matrix) and isinstance(right, Matrix)) or op != "=":
            raise OutOfReach("matrices are compared with Eq, and with matrices")
        if [len(row) for row in left.rows] != [len(row) for row in right.rows]:
            raise OutOfReach("matrices of different shapes")
        flat = [pair for rows in zip(left.rows, right.rows, strict=True) for pair in zip(*rows, strict=True)]
        verdicts = [_compare(a, op, b) for a, b in flat]
        wrong = next((sides for verdict, sides in verdicts if verdict is False), None)
        if wrong:
            return False, wrong
        seen = verdicts[0][1] if all(sides for _, sides in verdicts) else None
        return (True if all(verdict for verdict, _ in verdicts) else None), seen
    if not isinstance(left, fmpq | arb) or not isinstance(right, fmpq | arb):
        raise OutOfReach("sides that are no real numbers")
    gap = left - right
    if isinstance(gap, arb) and not gap.is_finite():
        return None, None
    for truth, verdict in {
        "=": ((gap == 0, True), (gap != 0, False)),
        "!=": ((gap != 0, True), (gap == 0, False)),
        "<": ((gap < 0, True), (gap >= 0, False)),
        "<=": ((gap <= 0, True), (gap > 0, False)),
        ">": ((gap > 0, True), (gap <= 0, False)),
        ">=": ((gap >= 0, True), (gap < 0, False)),
    }[op]:
        if truth:
            return verdict, (left, right)
    return None, (left, right)
