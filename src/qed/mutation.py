"""Mutants of the book's claims: how sharp the checker is, and whether it accepts what is false.

Every claim's statement and domain are changed in one place, the outcome is judged by the check that the claim
passed, and an oracle that shares no code with the checker says whether it is false.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from copy import copy
from dataclasses import asdict, astuple, dataclass
from typing import Any

from .claims import stored
from .claims.verdict import ACCEPTING, REJECTING, decide, read
from .commands import Unreadable, alone, in_order
from .kernel.lemmas import Lemma
from .oracle import POINTS, truth
from .statements.errors import BadStatement
from .statements.language import BINDERS, Domain, Statement, as_domain, parse_expression
from .statements.words import as_bits

ORACLE_SECONDS = 90.0
SWAPS = [tuple(pair.split()) for pair in (
    "sin cos", "tan atan", "tanh atan", "exp cosh", "log atan", "erf tanh", "erf erfc", "sinh asinh", "sqrt Abs",
    "Max Min", "floor ceiling", "gamma factorial", "uppergamma lowergamma", "besselj besseli", "LambertW log",
    "det trace", "adjugate transpose", "Sum Product",
)]  # fmt: skip
RELATIONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.Gt,), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.Lt,), ast.GtE: (ast.Gt, ast.LtE), ast.NotEq: (),
}  # fmt: skip
ENDS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}


@dataclass(frozen=True)
class Mutant:
    """A statement that differs from a claim in one place; `kind` names the change."""

    kind: str
    text: str
    domain: dict[str, str]
    where: tuple[str, ...]
    let: dict[str, str]

    def read(self) -> Statement:
        """Read the mutant as the checker reads a statement."""
        return read(self.text, dict(self.domain), self.where, self.let)

    def __str__(self) -> str:
        given = [self.text, *(f"{name} in {set}" for name, set in self.domain.items()), *self.where]
        return ", ".join(given)


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: the checker's verdict, the oracle's, and the reason or witness of each."""

    mutant: Mutant
    verdict: str
    engine: str
    truth: str
    reason: str = ""

    @property
    def status(self) -> str:
        """One of accepted, rejected, undecided and survived (the hunt, where nothing else was asked)."""
        return next((name for name, verdicts in STATUS.items() if self.verdict in verdicts), "undecided")


STATUS = {"accepted": ACCEPTING, "rejected": REJECTING, "survived": ("hunted",)}


def as_stated(claim: dict[str, Any]) -> Mutant:
    """Read the text of a stored claim."""
    return Mutant("claim", *astuple(stored.said(claim)))


def mutants(claim: dict[str, Any]) -> list[Mutant]:
    """List the mutants of a stored claim, each of which says something else than the claim and the others."""
    original = as_stated(claim)
    seen, found = {original.read().key}, []
    for mutant in _candidates(original):
        try:
            key = mutant.read().key
        except BadStatement:
            continue
        if key not in seen:
            seen.add(key)
            found.append(mutant)
    return found


def _candidates(original: Mutant) -> Iterator[Mutant]:
    def but(kind: str, **changed: Any) -> Mutant:
        return Mutant(**{**asdict(original), "kind": kind, **changed})

    for kind, tree in altered(ast.parse(original.text.strip(), mode="eval").body):
        yield but(kind, text=ast.unparse(tree))
    for name, text in original.domain.items():
        for kind, set in () if as_bits(text) else sets(as_domain(text, name)):
            yield but(kind, domain={**original.domain, name: set})
    for i, text in enumerate(original.where):
        before, after = original.where[:i], original.where[i + 1 :]
        yield but("hypothesis", where=before + after)
        hypothesis = ast.parse(text, mode="eval").body
        if isinstance(hypothesis, ast.Compare):
            for tree in _with_ops(hypothesis, {one: (other,) for one, other in ENDS.items()}):
                yield but("end", where=(*before, ast.unparse(tree), *after))


def sets(domain: Domain) -> Iterator[tuple[str, str]]:
    """Give a variable other sets: ends opened or closed, moved outwards, or taken away."""
    lo, hi = domain.lo, domain.hi
    if domain.kind == "matrix":
        yield "wider", "square()"
        return
    if domain.kind == "integer":
        if "-oo" not in lo:
            low = int(lo)
            yield from [("wider", "N0" if low > 0 else "Z"), ("wider", "Z")]
            if hi != "oo":
                yield from [("wider", f"integers [{low - 1}, {hi}]"), ("wider", f"integers [{low}, {int(hi) + 1}]")]
        return
    left, right = "(" if domain.lo_open else "[", ")" if domain.hi_open else "]"
    if lo != "-oo":
        yield "end", f"{'[' if domain.lo_open else '('}{lo}, {hi}{right}"
        yield from [("wider", f"{left}{_plus(lo, -1)}, {hi}{right}"), ("wider", f"(-oo, {hi}{right}")]
    if hi != "oo":
        yield "end", f"{left}{lo}, {hi}{']' if domain.hi_open else ')'}"
        yield from [("wider", f"{left}{lo}, {_plus(hi, 1)}{right}"), ("wider", f"{left}{lo}, oo)")]


def _plus(text: str, step: int) -> str:
    return ast.unparse(_shifted(parse_expression(text), step))


def _shifted(node: ast.expr, step: int) -> ast.expr:
    match node:
        case ast.Constant(value=int() as number):
            return ast.Constant(number + step)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
            return ast.Constant(step - number)
    return ast.BinOp(node, ast.Add() if step > 0 else ast.Sub(), ast.Constant(abs(step)))


def altered(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Give every tree that differs from a tree in one place, with the kind of the change."""
    yield from _here(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant) or _is_call(node, "eye"):
        return  # a negative constant is one constant, and the size of a matrix is none
    for name, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        for i, child in enumerate(children):
            for kind, new in altered(child) if isinstance(child, ast.expr) else ():
                tree = copy(node)
                setattr(tree, name, [*children[:i], new, *children[i + 1 :]] if isinstance(value, list) else new)
                yield kind, tree


def _is_call(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _here(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Change the top of a tree."""
    match node:
        case ast.Constant(value=int() as c):
            yield from [("constant", ast.Constant(n)) for n in (c + 1, c - 1, -c, 2 * c) if n != c]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as c)):
            yield from [("constant", ast.Constant(n)) for n in (1 - c, -1 - c, c, -2 * c)]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            yield "sign", inner
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from [("sign", ast.BinOp(left, ast.Sub(), right)), ("summand", left), ("summand", right)]
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            yield from [("sign", ast.BinOp(left, ast.Add(), right)), ("summand", left)]
            yield "summand", ast.UnaryOp(ast.USub(), right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            yield from [("factor", left), ("factor", right)]
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            yield from [("factor", left), ("factor", ast.BinOp(ast.Constant(1), ast.Div(), right))]
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            yield "exponent", ast.BinOp(left, ast.Pow(), _shifted(right, 1))
        case ast.Call(func=ast.Name(id="Eq"), args=[left, right]):
            yield from ((kind, ast.Call(node.func, [left, new], [])) for kind, new in _beside(right))
        case ast.Compare(comparators=rest):
            yield from (("relation", tree) for tree in _with_ops(node, RELATIONS))
            for i, side in enumerate(rest):
                for kind, new in _beside(side):
                    yield kind, ast.Compare(node.left, node.ops, [*rest[:i], new, *rest[i + 1 :]])
        case ast.Call(func=ast.Name(id=name), args=args):
            for pair in SWAPS:
                if name in pair:
                    yield "function", ast.Call(ast.Name(pair[1 - pair.index(name)]), args, [])
            if name in BINDERS and isinstance(args[1], ast.Tuple):
                for i, step in ((1, -1), (1, 1), (2, -1), (2, 1)):
                    ends = list(args[1].elts)
                    if "oo" not in ast.unparse(ends[i]):
                        ends[i] = _shifted(ends[i], step)
                        yield "range", ast.Call(node.func, [args[0], ast.Tuple(ends)], [])


def _beside(side: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Move a side by a thousandth, absolutely and relatively, and flip its sign."""
    thousandth = ast.BinOp(ast.Constant(1), ast.Div(), ast.Constant(1000))
    yield from (("one side", ast.BinOp(side, op, thousandth)) for op in (ast.Add(), ast.Sub()))
    if isinstance(side, ast.Constant) and side.value == 0:
        return
    for scale in (1001, 999):
        by = ast.BinOp(ast.Constant(scale), ast.Div(), ast.Constant(1000))
        yield "one side", ast.BinOp(by, ast.Mult(), side)
    yield "sign", ast.UnaryOp(ast.USub(), side)


def _with_ops(node: ast.Compare, others: dict[Any, tuple[Any, ...]]) -> Iterator[ast.Compare]:
    for i, op in enumerate(node.ops):
        for other in others.get(type(op), ()):
            yield ast.Compare(node.left, [*node.ops[:i], other(), *node.ops[i + 1 :]], node.comparators)


@dataclass(frozen=True)
class Task:
    """A mutant with what the check of its claim was given."""

    claim: str
    mutant: Mutant
    lemmas: tuple[tuple[str, Mutant], ...] = ()
    certificate: str | None = None
    hunt_only: bool = False


def tasks(claims: list[dict[str, Any]], slug: str | None = None, sample: int | None = None) -> list[Task]:
    """Collect the mutants of claims.

    Parameters
    ----------
    claims : list of dict
        Stored claims; those stated in words have no mutants.
    slug : str
        An article or the id of a claim; all claims if None.
    sample : int
        The largest number of mutants of each claim, always the same ones.

    Raises
    ------
    Unreadable
        When there is no such claim.
    """
    formal = {claim["id"]: claim for claim in claims if claim["latex"] is not None}
    found = []
    for id, claim in formal.items():
        if slug not in (None, id, id.partition(".")[0]):
            continue
        chosen = mutants(claim)
        if sample is not None and sample < len(chosen):
            chosen = random.Random(id).sample(chosen, sample)
        lemmas = tuple((name, as_stated(formal[name])) for name in claim["uses"] if name in formal)
        in_words = claim["because"] is not None or claim["cite"] is not None
        found += [Task(id, mutant, lemmas, claim.get("certificate"), in_words) for mutant in chosen]
    if not found:
        raise Unreadable(f"no formal claim or article is called {slug}" if slug else "no formal claim there")
    return found


def judged(task: Task) -> tuple[str, str, dict[str, str]]:
    """Judge a mutant as its claim was judged: the verdict, by what or why, and a witness."""
    lemmas = [Lemma(name, stated.read()) for name, stated in task.lemmas]
    hint = parse_expression(task.certificate) if task.certificate is not None else None
    try:
        found = decide(task.mutant.read(), lemmas, hint, hunt_only=task.hunt_only)
    except Exception as problem:
        return "undecided", f"failed with {type(problem).__name__}: {problem}", {}
    return found.verdict, "; ".join(found.engines or found.tried), found.witness


def classed(asked: tuple[Task, dict[str, str], int]) -> tuple[str, str]:
    """Ask the oracle about a mutant, a witness first, then so many points: its verdict, and where or why."""
    task, witness, count = asked
    m = task.mutant
    found = truth(m.text, m.domain, m.where, m.let, witness, count)
    place = ", ".join(f"{name} = {value}" for name, value in found.witness.items())
    return found.verdict, ": ".join(part for part in (place, found.reason) if part)


def examine(task: Task, apart: bool = True, count: int = POINTS) -> Outcome:
    """Judge a mutant and ask the oracle.

    Parameters
    ----------
    task : Task
        The mutant and what it is judged with.
    apart : bool
        Whether to use a process for each of the two, so that neither can hang or break the other.
    count : int
        At how many points the oracle looks.
    """
    if not apart:
        verdict, engine, witness = judged(task)
        return Outcome(task.mutant, verdict, engine, *classed((task, witness, count)))
    answer, why = alone(judged, task)
    verdict, engine, witness = answer or ("undecided", why, {})
    answer, why = alone(classed, (task, witness, count), ORACLE_SECONDS)
    found, reason = answer or ("unknown", f"the oracle: {why}")
    return Outcome(task.mutant, verdict, engine, found, reason)


def survey(work: list[Task], jobs: int | None = None) -> Iterator[Outcome]:
    """Examine mutants, each in processes of its own, `jobs` at a time; outcomes in the order given."""
    return in_order(examine, work, jobs)


def score(claim: str, outcomes: list[Outcome]) -> dict[str, Any]:
    """Count what became of a claim's mutants.

    Returns
    -------
    dict
        For the false ones among the `mutants`, how many were rejected, left undecided, accepted, or survived the hunt
        (where a claim is joined in words); `sharpness` is the rejected among all that make sense. Then the texts.
    """

    def those(status: str, *truths: str) -> list[str]:
        found = [o for o in outcomes if o.status == status and o.truth in truths]
        return [f"[{o.mutant.kind}] {o.mutant} ({o.reason})" for o in found]

    said = [o for o in outcomes if o.truth != "senseless"]
    rejected = sum(o.status == "rejected" for o in said)
    return {
        "claim": claim,
        "mutants": len(said),
        "senseless": len(outcomes) - len(said),
        "false": sum(o.truth == "false" for o in said),
        "unknown": sum(o.truth == "unknown" for o in said),
        "rejected": rejected,
        "rejected_false": len(those("rejected", "false")),
        "sharpness": round(rejected / len(said), 3) if said else None,
        "accepted_false": those("accepted", "false", "senseless"),
        "undecided_false": those("undecided", "false"),
        "survived_false": those("survived", "false", "senseless"),
        "rejected_unconfirmed": those("rejected", "holds", "unknown", "senseless"),
    }


def total(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Add the scores of claims up."""
    sums: dict[str, Any] = {}
    for key in scores[0].keys() - {"claim", "sharpness"}:
        sums[key] = sum((found[key] for found in scores), [] if isinstance(scores[0][key], list) else 0)
    return {"claim": f"{len(scores)} claims", **sums, "sharpness": round(sums["rejected"] / max(sums["mutants"], 1), 3)}


def line(found: dict[str, Any]) -> str:
    """Write a score in one line, and below it the false mutants that were not rejected."""
    missed = {kind: found[f"{kind}_false"] for kind in ("accepted", "undecided", "survived")}
    counts = ", ".join(f"{len(texts)} {kind}" for kind, texts in missed.items() if texts or kind == "accepted")
    text = (
        f"{found['claim']}  {found['mutants']} mutants, {found['false']} false: {found['rejected_false']} rejected, "
        f"{counts}; sharpness {found['sharpness']}"
    )
    return "\n".join([text, *(f"  {kind.upper()} {one}" for kind, texts in missed.items() for one in texts)])
