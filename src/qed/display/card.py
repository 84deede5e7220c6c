"""The card of a claim, as text, as HTML, and as a record for other programs."""

from __future__ import annotations

import re
from decimal import Decimal
from html import escape
from typing import Any

from ..claims.record import FLAGS, Claim, head
from ..claims.stored import MIME, SCHEMA
from ..statements.language import parse_expression
from ..statements.words import width_of
from .latex import Writer, domain_tex, name


class Card:
    """What a cell shows of a claim.

    Parameters
    ----------
    claim : Claim
        An accepted claim.
    """

    def __init__(self, claim: Claim):
        self.claim = claim

    def __repr__(self) -> str:
        return plain(self.claim)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return bundle(self.claim)


def bundle(claim: Claim) -> dict[str, Any]:
    """Give a claim's card in every form.

    Returns
    -------
    dict
        Keys ``text/plain``, ``text/html`` and `MIME`; equal claims give equal bytes.
    """
    found = record(claim)
    return {"text/plain": plain(claim), "text/html": html(claim, found), MIME: found}


def hunt_text(claim: Claim) -> str | None:
    """Say what the hunt did."""
    if claim.hunt is None:
        return None
    if claim.hunt.verdict == "out of reach":
        return "no numeric route"
    if (not claim.statement or not claim.statement.domain) and claim.hunt.points <= 1:
        return (
            "the balls of both sides meet"
            if claim.statement and "=" in {r.op for r in claim.statement.relations}
            else ("holds in ball arithmetic")
        )
    points = claim.hunt.points
    return f"no counterexample at {points} point{'s' if points != 1 else ''}"


def record(claim: Claim) -> dict[str, Any]:
    """Give the machine-readable record of a claim."""
    s, c = claim.statement, claim.control
    writer = Writer(s.definitions) if s else Writer()
    missed = c.statement
    return {
        "schema": SCHEMA,
        "id": claim.id,
        "statement": claim.text,
        "latex": writer.relations(s.shown) if s else None,
        "let": [{"name": d.name, "text": head(d), "latex": writer.definition(d)} for d in s.definitions] if s else [],
        "domain": [{"name": n, "set": str(d), "latex": domain_tex(n, d)} for n, d in s.domain.items()] if s else [],
        "where": [{"text": r.text, "latex": writer.relation(r)} for r in s.where_shown] if s else [],
        "grade": claim.grade,
        "effective": claim.effective,
        "weakest": claim.weakest,
        "engines": list(claim.engines),
        "certificate": claim.certificate,
        "hunt": hunt_text(claim),
        "control": {
            "statement": c.text,
            "latex": Writer(missed.definitions).relations(missed.shown) if missed else None,
            "domain": _changed(claim),
            "verdict": c.verdict,
            "witness": c.witness,
            "values": list(c.sides),
        },
        "uses": list(claim.uses),
        "because": claim.because,
        "words": claim.words,
        "cite": claim.cite,
        "source": {"relation": claim.source[0], "note": claim.source[1]} if claim.source else None,
        **({"borrowed": claim.borrowed} if claim.borrowed else {}),
    }


def _changed(claim: Claim) -> list[dict[str, str]]:
    """List the sets (and hypotheses) in which the near-miss differs from the claim."""
    s, m = claim.statement, claim.control.statement
    if s is None or m is None:
        return []
    sets = [{"name": n, "set": str(d), "latex": domain_tex(n, d)} for n, d in m.domain.items() if s.domain.get(n) != d]
    if [r.text for r in m.where_shown] != [r.text for r in s.where_shown]:
        writer = Writer(m.definitions)
        sets += [{"name": "where", "set": r.text, "latex": writer.relation(r)} for r in m.where_shown]
        if not m.where_shown:
            sets.append({"name": "where", "set": "no hypothesis", "latex": r"\text{no hypothesis}"})
    before = {head(d) for d in s.definitions}
    writer = Writer(m.definitions)
    changed = [d for d in m.definitions if head(d) not in before]
    return sets + [{"name": "let", "set": head(d), "latex": writer.definition(d)} for d in changed]


def flags(claim: Claim) -> list[str]:
    """List what must not be overlooked about a claim."""
    return [label for key, label in FLAGS.items() if getattr(claim, key) is not None]


def witness_text(claim: Claim) -> str:
    """Say where and how the near-miss falls."""
    c = claim.control
    if c.statement is None:
        return "refused: " + ", ".join(f"{k}{_is(v)}{v}" for k, v in c.witness.items())
    place = ", ".join(f"{k} = {_about(v)}" for k, v in c.witness.items())
    at = _from(c.witness) or (f" at {place}" if place else "")
    if c.verdict == "undefined":
        return f"undefined{at}: {c.sides[0]}"
    return f"fails{at}: {_about(c.sides[0])} against {_about(c.sides[1])}"


def _from(witness: dict[str, str]) -> str:
    """Say from which side a limit was taken, where that is all there is to say of the place."""
    return {"+": " from the right", "-": " from the left"}.get(witness.get("side", ""), "")


def rounded(value: str) -> bool:
    """Whether a witness's value is rounded: exact ones are written as integers and fractions, never with a point."""
    return "." in value or re.search(r"\de[+-]?\d", value) is not None


def _about(value: str) -> str:
    return f"about {_zero(value)}" if rounded(value) else value


def _zero(value: str) -> str:
    """Write a ball around 0, whose digits are none and only its exponent known, as 0."""
    return "0" if re.fullmatch(r"0e[+-]\d+", value) else value


def _is(value: str) -> str:
    """Join a name to its value: by a sign of equality, unless the value is said in words."""
    return " " if re.match(r"[a-z]+ ", value) else " = "


def _powers(text: str) -> str:
    """Write numbers such as 1e-09 or 6.88e+2 in escaped text as a reader writes them."""

    def write(found: re.Match[str]) -> str:
        mantissa, exponent = found[1], int(found[2])
        if -4 < exponent < 6:
            return format(Decimal(found[0]), "f")
        power = f"10<sup>{exponent}</sup>".replace("-", "−")
        return power if mantissa == "1" else f"{mantissa}·{power}"

    return re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]\d+)\b", write, text)


def plain(claim: Claim) -> str:
    """Write the card in a few lines of text."""
    s = claim.statement
    grade = (
        claim.grade
        if claim.grade == claim.effective
        else f"{claim.grade} (effective: {claim.effective}, through {claim.weakest})"
    )
    lines = [f"{claim.id}: {grade}" + "".join(f" [{flag}]" for flag in flags(claim)), f"  {claim.text}"]
    if s and s.domain:
        lines.append("  for " + ", ".join(f"{n} in {d}" for n, d in s.domain.items()))
    if s and s.where_shown:
        lines.append("  given " + ", ".join(dict.fromkeys(r.text for r in s.where_shown)))
    if s:
        lines += [f"  where {head(d)}" for d in s.definitions]
    lines.append(f"  joined: {_sentence(claim.because)}" if claim.because else "  proof: " + "; ".join(claim.engines))
    if claim.cite and claim.because:
        lines.append(f"  cites: {claim.cite}")
    if claim.hunt is not None:
        lines.append(f"  hunt: {hunt_text(claim)}")
    changed = "".join(dict.fromkeys(f", {_condition(c)}" for c in _changed(claim)))
    lines.append(f"  near-miss: {claim.control.text}{changed}: {witness_text(claim)}")
    if claim.uses:
        lines.append("  uses: " + ", ".join(claim.uses))
    return "\n".join(lines)


def _condition(changed: dict[str, str]) -> str:
    """Say in text in which set, hypothesis or definition the near-miss differs."""
    kind = changed["name"]
    return (
        f"given {changed['set']}"
        if kind == "where"
        else changed["set"]
        if kind == "let"
        else f"{kind} in {changed['set']}"
    )


def _number(text: str) -> str:
    """Write a witness's value in LaTeX, as far as it is an exact number."""
    try:
        return Writer().tex(parse_expression(text))
    except ValueError:
        return rf"\text{{{text}}}"


def _witness_html(claim: Claim) -> str:
    c = claim.control
    if c.statement is None:
        return "refused: " + _powers(escape(", ".join(f"{k}{_is(v)}{v}" for k, v in c.witness.items())))
    equals = {k: r"\approx" if rounded(v) else "=" for k, v in c.witness.items()}
    place = ", ".join(rf"\({escape(name(k))} {equals[k]} {escape(_short(v))}\)" for k, v in c.witness.items())
    at = _from(c.witness) or (f" at {place}" if place else "")
    if c.verdict == "undefined":
        return f"is undefined{at}: {escape(c.sides[0])}"
    one, other = (rf"{'about ' if rounded(v) else ''}\({escape(_short(v))}\)" for v in c.sides)
    return f"fails{at}: the sides are {one} and {other}"


def _short(value: str) -> str:
    """Write a value in LaTeX, exact or rounded; one with parts, such as a matrix, part by part."""
    if value.startswith("["):
        rows = re.findall(r"\[([^\[\]]*)\]", value)
        lines = (" & ".join(_short(part.strip()) for part in row.split(",")) for row in rows)
        return r"\begin{pmatrix}" + r" \\ ".join(lines) + r"\end{pmatrix}"
    mantissa, e, exponent = value.partition("e")
    if rounded(value) and e and exponent.lstrip("+-").isdigit():
        return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if mantissa != "0" else "0"
    if re.fullmatch(r"-?\d+/\d{6,}", value) and 10**12 % int(value.partition("/")[2]) == 0:
        return format(Decimal(value.partition("/")[0]) / Decimal(value.partition("/")[2]), "f")  # exact, and comparable
    return value if rounded(value) else _number(value)


def html(claim: Claim, found: dict[str, Any]) -> str:
    """Write the card as HTML without style or script; formulas stand between ``\\(`` and ``\\)``."""
    s = claim.statement
    parts = [
        f'<section class="qed-card" data-grade="{claim.grade}" data-effective="{claim.effective}" id="{claim.id}" '
        f'aria-label="Claim {claim.id}: {claim.grade}">',
        f'<header class="qed-head"><a class="qed-id" href="#{claim.id}">{claim.id}</a>',
        f'<strong class="qed-grade">{claim.grade}</strong>',
        *(f'<span class="qed-flag">{flag}</span>' for flag in flags(claim)),
        "</header>",
    ]
    if s is None:
        parts.append(f'<p class="qed-words">{escape(claim.text)}</p>')
    else:
        parts.append(rf'<div class="qed-statement">\[{escape(found["latex"])}\]</div>')
        conditions = [rf"\({escape(d['latex'])}\)" for d in found["domain"]]
        given = [rf"\({escape(w['latex'])}\)" for w in found["where"]]
        if conditions:
            parts.append(
                '<div class="qed-domain">for '
                + ", ".join(conditions)
                + ("".join(f", given {g}" for g in given))
                + "</div>"
            )
        lets = [rf"\({escape(d['latex'])}\)" for d in found["let"]]
        if lets:
            parts.append('<div class="qed-let">where ' + ", ".join(lets) + "</div>")
    parts.append('<dl class="qed-routes">')
    rows = [
        ("Joined", _prose(_sentence(claim.because)))
        if claim.because
        else ("Proof", _powers(escape("; ".join(claim.engines))))
    ]
    if claim.cite and claim.because:
        rows.append(("Cites", escape(claim.cite)))
    if claim.hunt is not None:
        found_at = hunt_text(claim) or ""
        means = "in integers" if s and width_of(s) else "in ball arithmetic"
        rows.append(("Hunt", found_at + (f", {means}" if found_at.startswith("no counterexample") else "")))
    missed = rf"\({escape(found['control']['latex'])}\)" if found["control"]["latex"] else escape(claim.control.text)
    missed += "".join(rf", \({escape(c['latex'])}\)" for c in found["control"]["domain"])
    rows.append(("Near-miss", f'{missed} <span class="qed-witness">{_witness_html(claim)}</span>'))
    if claim.effective != claim.grade:
        through = f'through <a href="#{claim.weakest}">{claim.weakest}</a>'
        rows.append(("Effective", f'<span class="qed-effective">{claim.effective}</span>, {through}'))
    if claim.uses:
        rows.append(("Uses", ", ".join(f'<a href="#{u}">{u}</a>' for u in claim.uses)))
    if claim.source:
        note = f": {_prose(claim.source[1])}" if claim.source[1] else ""
        rows.append(("Source", f"{claim.source[0]}{note}"))
    parts += [f"<dt>{label}</dt><dd>{content}</dd>" for label, content in rows]
    parts.append("</dl>")
    exact = f"<summary>Exact statement</summary><pre>{escape(_exact(claim))}</pre>"
    parts.append(f'<details class="qed-exact">{exact}</details></section>')
    return "\n".join(parts)


def _sentence(text: str) -> str:
    """Give an author's argument the capital and the full stop of a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _prose(text: str | None) -> str:
    """Escape an author's sentence; ``$...$`` in it is mathematics."""
    pieces = escape(text or "").split("$")
    return "".join(rf"\({piece}\)" if i % 2 else piece for i, piece in enumerate(pieces))


def _exact(claim: Claim) -> str:
    s = claim.statement
    if s is None:
        return claim.text
    lines = [claim.text, *(f"{n} in {d}" for n, d in s.domain.items())]
    lines += dict.fromkeys(f"given {r.text}" for r in s.where_shown)
    lines += [f"where {head(d)}" for d in s.definitions]
    if claim.certificate:
        lines.append(f"certificate: {claim.certificate}")
    changed = "".join(dict.fromkeys(f", {_condition(c)}" for c in _changed(claim)))
    return "\n".join([*lines, f"near-miss: {claim.control.text}{changed}", f"  {witness_text(claim)}"])
