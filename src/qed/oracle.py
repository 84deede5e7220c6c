"""Truth for the tests of the checker: statements evaluated with mpmath, by a route that shares no code with it.

The text of a statement, its domain, hypotheses and definitions are read here from Python's syntax tree, and both
sides are evaluated at points of this module's own choice: exactly while everything is rational, else in 60 digits
and, where that leaves a doubt, in 120 and 240.

What is called false is false as far as mpmath can be trusted: an exact failure, a gap that two precisions give
alike, or a side without a value. What is said to hold was only tried: a violation in a narrow place is missed, and
so is one below the 40th digit (the 26th where there is an integral or a supremum, of which a spike between the
points of two grids is missed). Endless sums, limits and improper integrals are beyond it. It serves to sort the
mutants of claims; nothing is ever accepted because of it.
"""

from __future__ import annotations

import ast
import math
import operator
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, reduce
from typing import Any

from mpmath import MPContext

mp = MPContext()
POINTS, DEAR_POINTS, LARGE, GRIDS = 300, 40, 10**9, (160, 233)
Env = dict[str, Any]
stirred = False
ORDER = {"Eq": (0,), "Ne": (-1, 1), "Lt": (-1,), "Le": (-1, 0), "Gt": (1,), "Ge": (1, 0)}  # the signs of left - right
SPELLED = {"NotEq": "Ne", "LtE": "Le", "GtE": "Ge"}
TELLING = [Fraction(p, q) for p, q in ((0, 1), (1, 1), (-1, 1), (1, 2), (-1, 3), (2, 1), (-2, 1), (5, 1), (-7, 1),
           (30, 1), (-30, 1), (1, 1000), (-1, 1000), (400, 1), (-400, 1))]  # fmt: skip
NAMED = {"R": "(-oo, oo)", "Z": "integers (-oo, oo)", "N0": "integers [0, oo)", "N": "integers [1, oo)"}
AT_ZERO = {**dict.fromkeys("sin tan sinh tanh asin atan asinh atanh erf erfi LambertW".split(), 0),
           **dict.fromkeys("exp cos cosh erfc".split(), 1)}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(mp, name) for name in "exp log sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf "
       "erfc erfi gamma factorial loggamma digamma beta besselj besseli polylog".split()},
    "LambertW": mp.lambertw, "hyper1f1": mp.hyp1f1, "uppergamma": mp.gammainc,
    "polygamma": lambda k, x: mp.psi(int(k), x) if k == int(k) >= 0 else mp.nan,
    "lowergamma": lambda s, x: mp.gammainc(s, 0, x),
}  # fmt: skip
SIGNS: dict[str, Callable[[int], int]] = {"USub": operator.neg, "Invert": operator.invert, "UAdd": operator.pos}
WORD_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "BitAnd": operator.and_, "BitOr": operator.or_,
    "BitXor": operator.xor, "LShift": lambda a, b: a << min(b, 128), "RShift": operator.rshift,
}  # fmt: skip


class Undefined(Exception):
    """There is certainly no real value."""


class Doubt(Exception):
    """Nothing is to be said at this point with so many digits; more may help."""


class Beyond(Exception):
    """Nothing is to be said at this point: too large, too long, or a function that is not here."""


class NoSense(Exception):
    """The text says nothing: a matrix is added to a number, say."""


@dataclass(frozen=True)
class Truth:
    """What the oracle found: "false", "holds" (at every point tried), "senseless" or "unknown"; where or why."""

    verdict: str
    witness: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    points: int = 0


def real(x: Any) -> Any:
    """Give a number, or a matrix, at the present precision."""
    return mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x


def near(digits: int | None = None) -> Any:
    """Give what counts as nothing: all but a third of the digits must agree."""
    return mp.mpf(10) ** (-2 * (digits or mp.dps) // 3)


def sign(x: Any) -> int:
    """Give the sign of a number that is exact or clear of zero."""
    if not isinstance(x, Fraction) and abs(x) < near():
        raise Doubt("a number that may be zero")
    return int(x > 0) - int(x < 0)


def whole(x: Any) -> int:
    """Give an exact integer."""
    if isinstance(x, Fraction) and x.denominator == 1:
        return x.numerator
    raise Beyond("an integer is needed")


def power(a: Any, b: Any) -> Any:
    """Raise to a power: integer exponents for all, others for positive bases; ``0**0`` is 1."""
    if isinstance(b, mp.matrix):
        raise NoSense("a matrix as an exponent")
    if isinstance(b, Fraction) and b.denominator == 1:
        if b < 0 and isinstance(a, mp.matrix):
            raise Beyond("a negative power of a matrix")
        if b < 0:
            return binary(ast.Div(), Fraction(1), power(a, -b))
        exact = isinstance(a, Fraction) and b * max(abs(a.numerator), a.denominator).bit_length() < 20_000
        return (a if exact else real(a)) ** b.numerator
    if isinstance(a, mp.matrix):
        raise NoSense("a power of a matrix that is no integer")
    if sign(a) <= 0:
        if a == 0 and sign(b) > 0:
            return Fraction(0)
        if not isinstance(b, Fraction):
            sign(b - mp.nint(b))
        raise Undefined("a power of a number that is not positive")
    if isinstance(a, Fraction) and b == Fraction(1, 2):
        root = Fraction(math.isqrt(a.numerator), math.isqrt(a.denominator))
        if root**2 == a:
            return root
    return real(a) ** real(b)


def add(a: Any, b: Any) -> Any:
    """Add; where `stirred` is set, with a rounding a little coarser than it is."""
    return a + b if not stirred or isinstance(a, Fraction) else a + b + a * mp.mpf(10) ** (5 - mp.dps)


def binary(op: ast.operator, a: Any, b: Any) -> Any:
    """Apply ``+ - * / **`` to numbers and matrices."""
    if isinstance(op, ast.Pow):
        return power(a, b)
    kinds = [isinstance(x, mp.matrix) for x in (a, b)]
    if isinstance(op, ast.Add | ast.Sub) and kinds[0] != kinds[1] or isinstance(op, ast.Div) and kinds[1]:
        raise NoSense("a matrix and a number")
    if isinstance(op, ast.Div) and sign(b) == 0:
        raise Undefined("division by zero")
    if not isinstance(a, Fraction) or not isinstance(b, Fraction):
        a, b = real(a), real(b)
    match op:
        case ast.Add() | ast.Sub() if kinds[0] and (a.rows, a.cols) != (b.rows, b.cols):
            raise NoSense("matrices of different shapes")
        case ast.Mult() if all(kinds) and a.cols != b.rows:
            raise NoSense("matrices of different shapes")
        case ast.Add():
            return add(a, b)
        case ast.Sub():
            return add(a, -b)
        case ast.Mult():
            return a * b
        case ast.Div():
            return a / b
    raise Beyond("an operator beyond the oracle")


def det(rows: list[list[Any]]) -> Any:
    """Expand along the first row; mpmath's own elimination stumbles over a column of zeros."""
    if not rows:
        return mp.mpf(1)
    return reduce(add, [(-1) ** j * x * det(cut(rows, 0, j)) for j, x in enumerate(rows[0])])


def cut(rows: list[list[Any]], i: int, j: int) -> list[list[Any]]:
    """Leave out row `i` and column `j`."""
    return [row[:j] + row[j + 1 :] for k, row in enumerate(rows) if k != i]


def of_matrix(name: str, m: Any) -> Any:
    """Apply a function to a matrix."""
    if name == "transpose":
        return m.T
    if name not in ("det", "trace", "adjugate", "exp") or m.rows != m.cols:
        raise NoSense(f"{name} of this matrix")
    if name == "exp":
        if mp.mnorm(m) > 400:
            raise Beyond("the exponential of a large matrix")
        return mp.expm(m)
    rows, cells = m.tolist(), range(m.rows)
    if name == "adjugate":
        return mp.matrix([[(-1) ** (i + j) * det(cut(rows, j, i)) for j in cells] for i in cells])
    return det(rows) if name == "det" else mp.fsum(m[i, i] for i in cells)


def function(name: str, values: list[Any]) -> Any:
    """Apply a function of the language to numbers, exactly where that is easy."""
    match name, values:
        case "eye", [n]:
            return mp.eye(whole(n))
        case "sqrt", [x]:
            return power(x, Fraction(1, 2)) if x else x
        case "Abs", [x]:
            return abs(x)
        case "sign", [x]:
            return Fraction(sign(x))
        case "Max" | "Min", _:
            return (max if name == "Max" else min)(values, key=real)
        case "floor" | "ceiling", [x]:
            if not isinstance(x, Fraction):
                sign(x - mp.nint(x))
            return Fraction(int((mp.floor if name == "floor" else mp.ceil)(real(x))))
        case "Rational", [a, b]:
            return binary(ast.Div(), a, b)
        case "log", [x] if x == 1 and isinstance(x, Fraction):
            return x - x
        case "log", [x, base]:
            return binary(ast.Div(), function("log", [x]), function("log", [base]))
        case "factorial", [Fraction(denominator=1) as n] if 0 <= n < 2000:
            return Fraction(math.factorial(int(n)))
        case "binomial", [n, k]:
            result: Any = Fraction(int(whole(k) >= 0))
            for j in range(min(whole(k), 500)):
                result = result * (n - j) / (j + 1)
            return result
        case _, [x] if x == 0 and isinstance(x, Fraction) and name in AT_ZERO:
            return Fraction(AT_ZERO[name])
    if name not in FUNCTIONS:
        raise (NoSense if name in ("det", "trace", "adjugate", "transpose") else Beyond)(f"{name} of a number")
    if name != "log" and any(abs(x) > LARGE for x in values):
        raise Beyond(f"{name} of a large number")
    found = attempt(name, [real(x) for x in values])
    if found is None:
        for i, x in enumerate(values):
            for way in (-near(), near()) if not isinstance(x, Fraction) else ():
                if attempt(name, [real(y) + (way if j == i else 0) for j, y in enumerate(values)]) is not None:
                    raise Doubt(f"{name} at the end of its domain")
        raise Undefined(f"{name} has no real value")
    return found


def attempt(name: str, values: list[Any]) -> Any:
    """Ask mpmath, which outside of the real domain raises or gives infinity or a complex number: here None."""
    try:
        found = FUNCTIONS[name](*values)
    except (ValueError, ZeroDivisionError):
        return None
    small = mp.isfinite(found) and abs(mp.im(found)) <= abs(found) * mp.sqrt(near())
    return mp.re(found) if small else None


def derivative(f: Callable[[Any], Any], at: Any, times: int) -> Any:
    """Differentiate from both sides, which must agree; a matrix entry by entry."""
    first = f(at)
    if isinstance(first, mp.matrix):
        known = cache(lambda x, digits: f(x))

        def entry(i: int, j: int) -> Any:
            return derivative(lambda x: known(x, mp.prec)[i, j], at, times)

        return mp.matrix([[entry(i, j) for j in range(first.cols)] for i in range(first.rows)])
    if isinstance(first, Fraction) and isinstance(f(real(at)), Fraction):
        return Fraction(0)  # nothing in it depends on the variable but through steps
    left, right = (mp.diff(lambda x: real(f(x)), real(at), times, direction=way) for way in (-1, 1))
    if abs(left - right) > mp.sqrt(near()) * max(1, abs(left), abs(right)):
        raise Doubt("a derivative that differs from side to side")
    return (left + right) / 2


def extreme(f: Callable[[Any], Any], lo: Any, hi: Any, way: int) -> Any:
    """Look for the largest (way 1) or least (way -1) value on an interval, from two grids, which must agree."""
    if real(hi) < real(lo):
        raise Beyond("a supremum over nothing")
    found = []
    for count in GRIDS:
        places = [lo + (hi - lo) * (Fraction(k, count) if isinstance(hi - lo, Fraction) else mp.mpf(k) / count)
                  for k in range(count + 1)]  # fmt: skip
        values = [way * real(f(x)) for x in places]
        for k in sorted(range(count + 1), key=lambda k: -values[k])[:2]:
            values.append(golden(lambda x: way * real(f(x)), places[max(k - 1, 0)], places[min(k + 1, count)]))
        found.append(max(values))
    if abs(found[0] - found[1]) > near() * max(1, abs(found[0])):
        raise Doubt("a supremum that two grids do not find alike")
    return way * max(found)


def golden(f: Callable[[Any], Any], a: Any, b: Any) -> Any:
    """Find a local maximum by golden sections; half of the digits of its place give all of its value."""
    a, b, ratio = real(a), real(b), (mp.sqrt(5) - 1) / 2
    narrow = (b - a) * mp.mpf(10) ** (-mp.dps // 2)
    inner = [b - ratio * (b - a), a + ratio * (b - a)]
    values = [f(x) for x in inner]
    while b - a > narrow:
        if values[0] >= values[1]:
            b, inner, values = inner[1], [inner[1] - ratio * (inner[1] - a), inner[0]], [None, values[0]]
            values[0] = f(inner[0])
        else:
            a, inner, values = inner[0], [inner[1], inner[0] + ratio * (b - inner[0])], [values[1], None]
            values[1] = f(inner[1])
    return max(values)


def count_roots(f: Callable[[Any], Any]) -> int:
    """Count the real roots of a polynomial of low degree without multiple ones, from its Taylor coefficients."""
    found = [c if abs(c) > near() else mp.mpf(0) for c in mp.taylor(lambda x: real(f(x)), 0, 30)]
    degree = max((k for k, c in enumerate(found) if c), default=0)
    if not 0 < degree < 25 or abs(mp.polyval(found[::-1], 7) - real(f(Fraction(7)))) > mp.sqrt(near()):
        raise Beyond("no polynomial of low degree")
    roots = mp.polyroots(found[degree::-1], maxsteps=200, extraprec=400)
    return sum(abs(mp.im(root)) < mp.sqrt(near()) * (1 + abs(root)) for root in roots)


class Reader:
    """A reader of expressions: `own` holds the parameters of the definition being read, `env` all other values."""

    def __init__(self, let: Mapping[str, str]):
        self.let: dict[str, tuple[list[str], ast.expr]] = {}
        for head, body in let.items():
            name, _, params = head.partition("(")
            self.let[name.strip()] = (re.findall(r"\w+", params), ast.parse(body.strip(), mode="eval").body)

    def value(self, node: ast.AST, env: Env, own: Env | None = None) -> Any:
        """Evaluate an expression."""
        match node:
            case ast.Constant(value=int() as number):
                return Fraction(number)
            case ast.Name(id=name):
                constants = {"pi": mp.pi, "E": mp.e, "EulerGamma": mp.euler}
                if own and name in own or name in env:
                    found = own[name] if own and name in own else env[name]
                    return mp.matrix([[real(x) for x in row] for row in found]) if isinstance(found, list) else found
                if name in self.let:
                    return self.value(self.let[name][1], env, {})
                if name in constants:
                    return +constants[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return binary(ast.Mult(), Fraction(-1), self.value(inner, env, own))
            case ast.BinOp(left=left, op=op, right=right):
                return binary(op, self.value(left, env, own), self.value(right, env, own))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args, env, own)
        raise Beyond(f"{ast.unparse(node)} is beyond the oracle")

    def along(self, node: ast.expr, name: str, env: Env, own: Env | None, bound: bool = True) -> Callable[[Any], Any]:
        """Give an expression as a function of one name; a `bound` one belongs to the definition it stands in."""
        if own is not None and (bound or name in own):
            return lambda x: self.value(node, env, {**own, name: x})
        return lambda x: self.value(node, {**env, name: x}, own)

    def call(self, name: str, args: list[ast.expr], env: Env, own: Env | None) -> Any:
        """Evaluate a call."""
        match name, args:
            case "Sum" | "Product", [body, ast.Tuple(elts=[ast.Name(id=k), lo, hi])]:
                first, last = whole(self.value(lo, env, own)), whole(self.value(hi, env, own))
                if last - first > 500:
                    raise Beyond("too many terms")
                f = self.along(body, k, env, own)
                terms = [f(Fraction(n)) for n in range(first, last + 1)]
                result = terms[0] if terms else Fraction(int(name == "Product"))
                for term in terms[1:]:
                    result = binary(ast.Add() if name == "Sum" else ast.Mult(), result, term)
                return result
            case "Integral", [body, ast.Tuple(elts=[ast.Name(id=t), lo, hi])]:
                ends = [real(self.value(end, env, own)) for end in (lo, hi)]
                f = self.along(body, t, env, own)
                found, error = mp.quad(lambda x: real(f(x)), ends, error=True)
                if not error <= near() * max(1, abs(found)):
                    raise Beyond("an integral that mpmath does not settle")
                return found
            case "Sup" | "Inf", [body, ast.Tuple(elts=[ast.Name(id=x), lo, hi])]:
                first, last = self.value(lo, env, own), self.value(hi, env, own)
                return extreme(self.along(body, x, env, own), first, last, 1 if name == "Sup" else -1)
            case "diff", [body, ast.Name(id=x), *order]:
                times = whole(self.value(order[0], env, own)) if order else 1
                return derivative(self.along(body, x, env, own, False), self.value(args[1], env, own), times)
            case "realroots", [body, ast.Name(id=x)]:
                return Fraction(count_roots(self.along(body, x, env, own)))
            case "Matrix", [ast.List(elts=rows)]:
                return mp.matrix([[real(self.value(x, env, own)) for x in getattr(row, "elts", ())] for row in rows])
        values = [self.value(argument, env, own) for argument in args]
        if name in self.let:
            params, inner = self.let[name]
            return self.value(inner, env, dict(zip(params, values, strict=True)))
        if any(isinstance(v, mp.matrix) for v in values):
            return of_matrix(name, values[0])
        return function(name, values)


Link = tuple[ast.expr, str, ast.expr]


def links(text: str) -> list[Link]:
    """Read ``Eq(a, b)`` or a chain ``a < b <= c``."""
    match ast.parse(text.strip(), mode="eval").body:
        case ast.Call(func=ast.Name(id=name), args=[left, right]) if name in ORDER:
            return [(left, name, right)]
        case ast.Compare(left=first, ops=ops, comparators=rest):
            names = [type(op).__name__ for op in ops]
            sides = zip([first, *rest], names, rest, strict=False)
            return [(left, SPELLED.get(name, name), right) for left, name, right in sides]
    raise Beyond(f"{text} is no relation")


def compare(left: Any, name: str, right: Any) -> tuple[bool, Any]:
    """Compare two values: whether the relation seems to hold, and a gap (None when all was exact)."""
    if isinstance(left, mp.matrix) != isinstance(right, mp.matrix):
        raise NoSense("a matrix against a number")
    if isinstance(left, mp.matrix):
        if name != "Eq" or (left.rows, left.cols) != (right.rows, right.cols):
            raise NoSense("matrices in order, or of different shapes")
        size, gap = max(map(abs, [*left, *right])), max(left - right, key=abs)
        return abs(gap) <= near() * size, gap
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return (left > right) - (left < right) in ORDER[name], None
    left, right = real(left), real(right)
    if not (mp.isfinite(left) and mp.isfinite(right)):
        raise Beyond("a number beyond mpmath")
    gap = left - right
    if abs(gap) > near() * max(abs(left), abs(right)):
        return (gap > 0) - (gap < 0) in ORDER[name], gap
    if 0 not in ORDER[name]:
        raise Doubt("both sides agree as far as was computed, and should not")
    return True, gap


def holds(reader: Reader, link: Link, env: Env, digits: Sequence[int]) -> bool:
    """Judge a relation at a point; for a falsehood all precisions, and coarser sums, must give the same gap."""
    global stirred
    gaps: list[Any] = []
    doubt = Doubt("the digits did not settle")
    for mp.dps, stirred in [*((n, False) for n in digits), (digits[-1], True)]:
        try:
            true, gap = compare(reader.value(link[0], env), link[1], reader.value(link[2], env))
        except Doubt as problem:
            doubt = problem
            continue
        except (OverflowError, MemoryError, ArithmeticError, ValueError, mp.NoConvergence) as problem:
            raise Beyond(f"{type(problem).__name__} in mpmath") from None
        finally:
            stirred = False
        if true or gap is None:
            if gaps and len(gaps) == len(digits):
                raise Doubt("a gap that may come from rounding")
            return true
        gaps.append(gap)
    if len(gaps) > 2 and all(abs(gap - gaps[-1]) <= abs(gap) / 1000 for gap in gaps):
        return False
    if gaps and 0 in ORDER[link[1]] and abs(gaps[-1]) < near():
        return True  # both sides are zero, as far as was computed
    raise doubt


class Words:
    """Expressions over machine words of one width, in Python's integers."""

    def __init__(self, domain: Mapping[str, str], let: Mapping[str, str]):
        self.names, self.let = sorted(domain), Reader(let).let
        self.width = int(re.sub(r"\D", "", domain[self.names[0]]))

    def value(self, node: ast.AST, env: Mapping[str, int]) -> int:
        """Evaluate an expression modulo two to the width."""
        match node:
            case ast.Constant(value=int() as number):
                if number >> self.width:
                    raise NoSense(f"{number} has more than {self.width} bits")
                return number
            case ast.Name(id=name) if name in env:
                return env[name]
            case ast.Name(id=name) if name in self.let:
                return self.value(self.let[name][1], {n: env[n] for n in self.names})
            case ast.Call(func=ast.Name(id=name), args=args) if name in self.let:
                given = zip(self.let[name][0], [self.value(arg, env) for arg in args], strict=True)
                return self.value(self.let[name][1], {n: env[n] for n in self.names} | dict(given))
            case ast.UnaryOp(op=op, operand=inner) if type(op).__name__ in SIGNS:
                found = SIGNS[type(op).__name__](self.value(inner, env))
            case ast.BinOp(left=left, op=op, right=right) if type(op).__name__ in WORD_OPERATORS:
                found = WORD_OPERATORS[type(op).__name__](self.value(left, env), self.value(right, env))
            case _:
                raise Beyond(f"{ast.unparse(node)} is beyond the oracle")
        return int(found % 2**self.width)

    def holds(self, link: Link, env: Mapping[str, int]) -> bool:
        """Tell whether a relation holds."""
        gap = self.value(link[0], env) - self.value(link[2], env)
        return (gap > 0) - (gap < 0) in ORDER[link[1]]

    def points(self, hint: Mapping[str, str], count: int) -> Iterator[dict[str, int]]:
        """Give the hint, and then random words, every fourth one near a power of two."""
        if set(self.names) <= set(hint):
            yield {name: int(hint[name]) for name in self.names}
        chance = random.Random(1879)
        for _ in range(25 * count):
            words = {name: chance.getrandbits(self.width) for name in self.names}
            near = {
                n: ((1 << chance.randrange(self.width)) + chance.randint(-1, 1)) % 2**self.width for n in self.names
            }
            yield {n: near[n] if chance.random() < 0.25 else words[n] for n in self.names}

    def truth(self, relations: list[Link], where: list[Link], hint: Mapping[str, str], count: int) -> Truth:
        """Say whether a statement about words is false."""
        tried = 0
        try:
            for env in self.points(hint, count):
                if tried < count and all(self.holds(link, env) for link in where):
                    tried += 1
                    if not all(self.holds(link, env) for link in relations):
                        shown = {name: str(word) for name, word in env.items()}
                        return Truth("false", shown, "the sides differ", tried)
        except NoSense as problem:
            return Truth("senseless", reason=str(problem))
        except Beyond as problem:
            return Truth("unknown", reason=str(problem))
        return Truth("holds", points=tried) if tried else Truth("unknown", reason="no point meets the hypotheses")


class Place:
    """The set over which a variable ranges, as its text says."""

    def __init__(self, text: str):
        text = NAMED.get(text, text)
        self.integer, self.matrix = text.startswith("integers"), text.startswith("square")
        inner = text.removeprefix("integers").removeprefix("square").strip()
        self.sizes = [int(n) for n in re.findall(r"\d+", inner)] or [1, 2, 3]
        self.open = inner[0] == "(", inner[-1] == ")"
        mp.dps = 60
        self.ends = [None, None] if self.matrix else [self.end(part.strip()) for part in inner[1:-1].split(",")]

    @staticmethod
    def end(text: str) -> Any:
        """Give an end, None for infinity."""
        return None if text in ("oo", "-oo") else Reader({}).value(ast.parse(text, mode="eval").body, {})

    def __contains__(self, x: Any) -> bool:
        if self.matrix or isinstance(x, list):
            return self.matrix and isinstance(x, list) and len(x) in self.sizes
        for end, way, is_open in zip(self.ends, (1, -1), self.open, strict=True):
            side = 1 if end is None else way * sign(binary(ast.Sub(), x, end))
            if side < 0 or side == 0 and is_open:
                return False
        return not self.integer or x.denominator == 1

    def draw(self, chance: random.Random, size: int) -> Any:
        """Draw a value, a telling one every second time."""
        if self.matrix:
            kind = chance.choice(("zero", "shift", "identity", *7 * ("any",)))
            return [[self.entry(kind, i, j, chance) for j in range(size)] for i in range(size)]
        known = [
            end if isinstance(end, Fraction) else Fraction(mp.nstr(end, 25)) for end in self.ends if end is not None
        ]
        base, bounded = known[0] if known else Fraction(0), len(known) == 2
        way = chance.choice((1, -1)) if not known else -1 if self.ends[0] is None else 1
        if self.integer:
            return base + way * chance.randint(0, int(known[1] - base) if bounded else chance.choice((3, 8, 8, 20, 45)))
        if chance.random() < 0.5:
            near_ends = [end + step for end in known for step in (0, 0, way * Fraction(1, 10**6))]
            return chance.choice([*TELLING, *near_ends, *(base + way * abs(t) for t in TELLING)])
        if bounded:
            return base + (known[1] - base) * Fraction(chance.randint(1, 359), 360)
        return base + way * Fraction(chance.randint(1, 400), chance.choice((1, 7, 30, 41, 200)))

    @staticmethod
    def entry(kind: str, i: int, j: int, chance: random.Random) -> Fraction:
        """Give an entry of a matrix of some kind."""
        if kind == "any":
            return Fraction(chance.randint(-6, 6), chance.choice((1, 1, 2, 3)))
        return Fraction(int(kind == "identity" and i == j or kind == "shift" and j == i + 1))


def points(places: dict[str, Place], where: list[Link], reader: Reader, count: int) -> Iterator[Env]:
    """Draw points of the domain that meet the hypotheses; now and then two variables agree."""
    chance, seen, found = random.Random(1879), set(), 0
    for _ in range(25 * count if places else 1):
        size = chance.choice(next((p.sizes for p in places.values() if p.matrix), [0]))
        env: Env = {name: place.draw(chance, size) for name, place in places.items()}
        if len(env) > 1 and chance.random() < 0.2:
            one, other = chance.sample(sorted(env), 2)
            if not places[one].integer:
                env[one] = env[other]
        if (key := repr(env)) not in seen and found < count and suits(env, places, where, reader):
            found += 1
            yield env
        seen.add(key)


def suits(env: Env, places: dict[str, Place], where: list[Link], reader: Reader) -> bool:
    """Tell whether a point certainly lies in the domain and meets the hypotheses; `Id` is put in."""
    size = next((len(x) for x in env.values() if isinstance(x, list)), 0)
    if size:
        env["Id"] = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    try:
        return all(env[name] in place for name, place in places.items()) and all(
            holds(reader, link, env, (60, 120)) for link in where
        )
    except (Undefined, Doubt, Beyond):
        return False


def truth(
    statement: str, domain: Mapping[str, str], where: Sequence[str] = (), let: Mapping[str, str] | None = None,
    hint: Mapping[str, str] | None = None,
    count: int = POINTS,
) -> Truth:  # fmt: skip
    """Say whether a statement is false, as far as a few hundred points tell.

    Parameters
    ----------
    statement, domain, where, let
        Texts, as in a stored claim.
    hint : dict
        A point to be tried first, as text: somebody else's witness, which is judged here anew.
    count : int
        How many points to try; fewer where an integral or the derivative of a matrix makes them dear.
    """
    try:
        reader, relations = Reader(let or {}), links(statement)
        if any(text.startswith("bits") for text in domain.values()):
            given = [one for w in where for one in links(w)]
            return Words(domain, let or {}).truth(relations, given, hint or {}, count)
        places, hypotheses = {n: Place(d) for n, d in domain.items()}, [one for w in where for one in links(w)]
    except (Doubt, Beyond) as problem:
        return Truth("unknown", reason=str(problem))
    every = " ".join([statement, *(let or {}).values()])
    dear = "Integral" in every or "diff" in every and ("Matrix" in every or any(p.matrix for p in places.values()))
    digits = (40, 60, 110) if "Integral" in every or "Sup(" in every or "Inf(" in every else (60, 120, 900)
    told = [point for point in [_hinted(hint or {}, places)] if point and suits(point, places, hypotheses, reader)]
    doubt, tried, beyond = "", 0, 0
    for env in [*told, *points(places, hypotheses, reader, min(count, DEAR_POINTS) if dear else count)]:
        shown = {name: _text(env[name]) for name in places}
        tried += 1
        for link in relations:
            try:
                if not holds(reader, link, env, digits):
                    return Truth("false", shown, "the sides differ", tried)
            except Undefined as problem:
                return Truth("false", shown, f"undefined: {problem}", tried)
            except NoSense as problem:
                return Truth("senseless", reason=str(problem))
            except Beyond as problem:
                reason, beyond = str(problem), beyond + 1
                break
            except Doubt as problem:
                doubt = doubt or f"{problem} at {shown}"
    if doubt or 2 * beyond >= tried:
        return Truth("unknown", reason=doubt or (reason if tried else "no point meets the hypotheses"), points=tried)
    return Truth("holds", points=tried - beyond)


def _text(x: Any) -> str:
    return "[" + ", ".join(map(_text, x)) + "]" if isinstance(x, list) else str(x)


def _hinted(hint: Mapping[str, str], places: dict[str, Place]) -> Env | None:
    """Read a point given as text; None where that is not exact."""

    def read(node: ast.expr) -> Any:
        return [read(x) for x in node.elts] if isinstance(node, ast.List) else Reader({}).value(node, {})

    try:
        found = {name: read(ast.parse(hint[name], mode="eval").body) for name in places}
    except (Undefined, Doubt, Beyond, KeyError, SyntaxError):
        return None
    return found
