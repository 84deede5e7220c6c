"""Statements about machine words, decided by Z3."""

from __future__ import annotations

import ast
from typing import Any

from ..numeric.words import failure
from ..statements.errors import BadStatement, Disagreement
from ..statements.language import Relation, Statement
from ..statements.words import width_of

RLIMIT = 20_000_000


def decide_words(judged: Statement) -> tuple[str, dict[str, str], tuple[str, str]]:
    """Decide a statement about words of bits.

    Theorem: a statement holds for all words that meet the hypotheses if and only if no words meet the hypotheses and
    its negation; Z3 turns this into a question about single bits and answers it. A first question whether any words
    meet the hypotheses guards against proofs about nothing.

    On cards: ``Z3 bit-vectors``.

    Returns
    -------
    verdict : str
        "proved", "refuted", "vacuous", or "undecided" when the budget is spent.
    witness, sides
        For a refutation: the words, and both sides there, evaluated anew in Python's integers.

    Raises
    ------
    Disagreement
        When Python's integers do not confirm what Z3 gave as a counterexample.
    """
    import z3

    width = width_of(judged)
    names = {name: z3.BitVec(name, width) for name in judged.domain}

    def encode(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return z3.BitVecVal(value, width)
            case ast.Name(id=name):
                return names[name]
            case ast.UnaryOp(op=op, operand=inner):
                value = encode(inner)
                return ~value if isinstance(op, ast.Invert) else -value if isinstance(op, ast.USub) else value
            case ast.BinOp(left=left, op=op, right=right):
                a, b = encode(left), encode(right)
                match op:
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.Mult():
                        return a * b
                    case ast.LShift():
                        return a << b
                    case ast.RShift():
                        return z3.LShR(a, b)
                    case ast.BitAnd():
                        return a & b
                    case ast.BitOr():
                        return a | b
                    case ast.BitXor():
                        return a ^ b
        raise BadStatement(f"no words of bits in {ast.unparse(node)}")

    def relation(r: Relation) -> Any:
        a, b = encode(r.left), encode(r.right)
        compared = {"=": a == b, "!=": a != b, "<": z3.ULT(a, b), "<=": z3.ULE(a, b), ">": z3.UGT(a, b)}
        return compared.get(r.op, z3.UGE(a, b))

    def ask(*formulas: Any) -> tuple[Any, Any]:
        solver = z3.SolverFor("QF_BV")
        solver.set("rlimit", RLIMIT)
        solver.set("random_seed", 0)
        solver.add(*formulas)
        answer = solver.check()
        return answer, solver.model() if answer == z3.sat else None

    given = [relation(h) for h in judged.where]
    met, _ = ask(*given)
    if met != z3.sat:
        return ("vacuous" if met == z3.unsat else "undecided"), {}, ("", "")
    answer, model = ask(*given, z3.Not(z3.And([relation(r) for r in judged.relations])))
    if answer == z3.unsat:
        return "proved", {}, ("", "")
    if answer != z3.sat:
        return "undecided", {}, ("", "")
    env = {name: model.eval(v, model_completion=True).as_long() for name, v in names.items()}
    sides = failure(judged, env)
    if sides is None:
        raise Disagreement(f"Z3 refutes {judged.text} at {env}, and Python's integers do not: one errs")
    return "refuted", {name: str(value) for name, value in env.items()}, sides
