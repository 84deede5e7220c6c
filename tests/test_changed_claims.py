"""A changed sign in any claim of the book is refused, with a witness."""

import ast

import pytest
from conftest import ROOT

from qed.claims.verdict import ACCEPTING, decide, read
from qed.commands import stored_claims
from qed.statements.language import certificate

CLAIMS = {claim["id"]: claim for claim in stored_claims(ROOT / "book") if claim["latex"] is not None}
REVERSED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def as_stated(claim, text):
    """Read a statement over the domain and with the definitions of a stored claim."""
    let = dict(definition["text"].split(" = ", 1) for definition in claim["let"])
    domain = {variable["name"]: variable["set"] for variable in claim["domain"]}
    return read(text, domain, tuple(dict.fromkeys(w["text"] for w in claim["where"])), let)


def changed(relations):
    """Change the sign of a right side (0 into 1, for -0 is 0), or turn an inequality round, one relation at a time."""
    for relation in relations:
        left, right = ast.unparse(relation.left), ast.unparse(relation.right)
        other = {"0": "1", "-oo": "oo"}.get(right, f"-({right})")
        yield f"Eq({left}, {other})" if relation.op == "=" else f"{left} {REVERSED[relation.op]} {right}"


@pytest.mark.parametrize("id", CLAIMS)
def test_the_claim_holds_in_the_hunt_and_falls_with_its_sign_changed(id):
    claim = CLAIMS[id]
    hunted = claim["hunt"] != "no numeric route"  # a limit is judged by the rules alone
    stated = as_stated(claim, claim["statement"])
    hint = certificate(claim["certificate"]) if claim["certificate"] else None
    found = decide(stated, certificate=hint, hunt_only=hunted).verdict
    assert found == "hunted" if hunted else found in ACCEPTING
    for text in changed(stated.shown):
        refused = decide(as_stated(claim, text), certificate=hint, hunt_only=hunted)
        assert refused.refuses and (refused.witness or not (hunted and claim["domain"])), text
