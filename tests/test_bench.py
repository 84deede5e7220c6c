"""The benchmarks' own arithmetic; what they measure is not a matter of tests."""

import importlib.util
import json
import subprocess
import sys

import pytest
from conftest import ROOT

from qed.mutation import score


def part(name):
    """Load a part of the benchmarks."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "bench" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_unknown_part_is_refused_by_name_and_nothing_is_written():
    def folder():
        return {path.name: path.read_bytes() for path in (ROOT / "bench").iterdir() if path.is_file()}

    before = folder()
    run = subprocess.run([sys.executable, "bench", "chekcer"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 2 and run.stderr.startswith("There is no part chekcer; the parts are build, ")
    assert folder() == before


def test_a_part_replaces_its_own_figures_and_no_others(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "__main__.py").write_text((ROOT / "bench" / "__main__.py").read_text())
    (tmp_path / "b" / "one.py").write_text("def figures():\n    return {'a': 1}\n")
    (tmp_path / "b" / "results.json").write_text('{"one": {"a": 0, "old": 0}, "two": {"b": 2}}')
    run = subprocess.run([sys.executable, "b", "one"], capture_output=True, text=True, cwd=tmp_path)
    found = json.loads((tmp_path / "b" / "results.json").read_text())
    assert run.returncode == 0 and found["one"] == {"a": 1} and found["two"] == {"b": 2}
    assert set(found) == {"one", "two", "machine"}


def test_the_mutants_that_were_not_rejected_are_counted_and_named_by_claim():
    from qed.mutation import Mutant, Outcome

    mutant = Mutant("sign", "x > 0", {"x": "R"}, (), {})
    outcomes = [Outcome(mutant, verdict, "", truth) for verdict, truth in
                (("proved", "false"), ("refuted", "false"), ("undecided", "false"), ("proved", "holds"))]  # fmt: skip
    found = part("mutation").summary([score("t.a", outcomes), score("t.b", outcomes[1:2])])
    assert (found["false"], found["false accepted"], found["false rejected"]) == (4, 1, 2)
    assert found["rejected of the false"] == pytest.approx(0.5)
    assert list(found["accepted false"]) == ["t.a"] and "x > 0" in found["accepted false"]["t.a"][0]


def test_the_median_and_the_slow_end_of_times_are_told_apart():
    found = part("checker").spread([0.1] * 90 + [2.0] * 9 + [20.0], 0.5)
    assert (found["number"], found["median"], found["95 percent"], found["longest"]) == (100, 0.1, 2.0, 20.0)
    assert found["longest, in imports of sympy"] == 40


def test_the_page_on_speed_is_the_one_that_the_stored_figures_give():
    results = json.loads((ROOT / "bench" / "results.json").read_text(encoding="utf-8"))
    assert (ROOT / "book" / "how-fast.md").read_text(encoding="utf-8") == part("_page").page(results)


def test_a_figure_over_its_budget_is_called_missed_and_one_that_is_not_there_not_measured():
    speed = part("_page")
    text = speed.page({"checker": {"import qed": {"seconds": 0.71}, "statements": {"median": 0.3}},
                       "pages": {"a, local: ratio": 0.2, "b, local: ratio": 0.6, "b, slow: ratio": 0.4}})
    assert "| `import qed`, s | 0.7 | 0.71 | **missed** |" in text
    assert "| a verdict, median, s | 0.3 | 0.3 | kept |" in text
    assert "slowest article | 0.5 | 0.6 | **missed** |" in text
    assert "| Stop, s | 1 | not measured |  |" in text


def test_a_figure_measured_several_times_is_judged_by_its_median_and_shown_with_its_spread():
    text = part("_page").page({"live": {"Stop": part("_spread").spread([1.004, 0.5, 2])}})
    assert "| Stop, s | 1 | 1.0 (0.5 to 2.0) | kept |" in text
    pages = {"a, local: ratio": 0.2, "b, local: ratio": {"median": 0.6, "least": 0.1, "most": 9}}
    text = part("_page").page({"pages": pages})
    assert "slowest article | 0.5 | 0.6 (0.1 to 9) | **missed** |" in text


def test_every_figure_that_the_page_asks_for_is_one_that_a_part_measures():
    source = "".join((ROOT / "bench" / f"{name}.py").read_text(encoding="utf-8")
                     for name in ("build", "checker", "faults", "live", "mutation", "pages"))
    for rows in part("_page").GROUPS.values():
        for _, (_, *keys), _ in rows:
            words = [word for key in keys for word in key.replace(",", "").replace(":", "").split()]
            assert [word for word in words if word not in source] == [], keys
