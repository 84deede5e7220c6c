"""What a proof is made of: scopes, and theorems that only the rules of the kernel can make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import InitVar, dataclass, field, replace
from types import MappingProxyType

from sympy import Expr, Symbol

# A sign is a set of possibilities; `ANY` is the honest answer when nothing is known.
NEG, ZERO, POS, ANY = 1, 2, 4, 7
MIRROR = {a | b << 1 | c << 2: c | b << 1 | a << 2 for a in (0, 1) for b in (0, 1) for c in (0, 1)}
ENOUGH = {">": POS, ">=": POS | ZERO, "<": NEG, "<=": NEG | ZERO, "!=": NEG | POS, "=": ZERO}
SEAL = object()  # whoever holds it can make theorems; no module outside the kernel may name it


class Refused(Exception):
    """A rule does not apply to what it was given. This concludes nothing."""


def require(holds: object, what: str) -> None:
    """Refuse a step, saying what it lacks."""
    if not holds:
        raise Refused(what)


@dataclass(frozen=True)
class Range:
    """The values of one symbol; an end of None is absent."""

    lo: Expr | None
    hi: Expr | None
    lo_open: bool = False
    hi_open: bool = False

    @property
    def ends(self) -> Iterator[tuple[Expr, bool, int]]:
        """The ends that are there: where, whether it is left out, and 1 for the lower and -1 for the upper."""
        for end, is_open, way in ((self.lo, self.lo_open, 1), (self.hi, self.hi_open, -1)):
            if end is not None:
                yield end, is_open, way


@dataclass(frozen=True)
class Scope:
    """Symbols with their ranges, and hypotheses: expressions with their signs.

    `known` holds theorems about this very scope, for the rules of signs to look up; two scopes that differ in nothing
    else are equal.
    """

    ranges: Mapping[Symbol, Range]
    facts: tuple[tuple[Expr, int], ...] = ()
    names: dict[str, Symbol] = field(default_factory=dict, compare=False)
    known: tuple[Sign, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranges", MappingProxyType(dict(self.ranges)))  # theorems speak of it as it is now
        for t in self.known:
            wider = t.scope.ranges.items() <= self.ranges.items() and set(t.scope.facts) <= set(self.facts)
            require(wider, "a theorem about another scope")

    def is_free(self, symbol: Symbol) -> bool:
        """Tell whether a symbol takes all values of its range, whatever the others are."""
        ends = [end for span in self.ranges.values() for end, *_ in span.ends]
        return symbol in self.ranges and not any(symbol in e.free_symbols for e in (*ends, *(f for f, _ in self.facts)))

    def with_symbol(self, symbol: Symbol, span: Range, name: str = "") -> Scope:
        """Add a bound variable with its range."""
        require(symbol not in self.ranges, f"{symbol} has a range already")
        names = {**self.names, name or symbol.name: symbol}
        return replace(self, ranges={**self.ranges, symbol: span}, names=names)

    def with_range(self, symbol: Symbol, span: Range) -> Scope:
        """Give a symbol another range; what was known is forgotten."""
        return replace(self, ranges={**self.ranges, symbol: span}, known=())

    def knowing(self, *theorems: Sign) -> Scope:
        """Remember theorems about this scope."""
        require(all(t.scope == self for t in theorems), "a theorem about another scope")
        return replace(self, known=(*self.known, *(t for t in theorems if t not in self.known)))

    def by(self, *names: str) -> tuple[str, ...]:
        """Name rules, and those behind what is known here."""
        return tuple(dict.fromkeys((*names, *(name for t in self.known for name in t.by))))


@dataclass(frozen=True)
class _Sealed:
    """Made by the rules of this kernel only. The seal is no field, so that no copy can be altered."""

    seal: InitVar[object]

    def __init_subclass__(cls) -> None:
        if cls.__bases__ != (_Sealed,):
            raise TypeError(f"only the kernel makes a theorem: {cls.__name__} would be one of another kind")

    def __post_init__(self, seal: object) -> None:
        if seal is not SEAL:
            raise TypeError(f"only the kernel makes a theorem: {type(self).__name__} is forged")


@dataclass(frozen=True)
class Sign(_Sealed):
    """At every point of the scope at which the expression has a value, that has one of the signs."""

    expression: Expr
    signs: int
    scope: Scope
    by: tuple[str, ...]


@dataclass(frozen=True)
class Equal(_Sealed):
    """At every point of the scope at which `left` has a value, `right` has the same.

    `converges` tells of an integral on the left that it has a value wherever its integrand has one between the ends.
    """

    left: Expr
    right: Expr
    scope: Scope
    by: tuple[str, ...]
    converges: bool = False


@dataclass(frozen=True)
class Limit(_Sealed):
    """If the expression is defined for all small `u` > 0, it tends to `value`, perhaps infinite, as `u` falls to 0."""

    expression: Expr
    u: Symbol
    value: Expr
    scope: Scope
    by: tuple[str, ...]


Theorem = Sign | Equal | Limit


def names(*theorems: Theorem) -> tuple[str, ...]:
    """Name the rules behind some theorems, each once."""
    return tuple(dict.fromkeys(name for t in theorems for name in t.by))
