"""Does the mutation run make the faults that it says, and does it count them right?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mutation.draw import candidates, draw
from tests.mutation.ledger import Explanations, Ledger, key_of
from tests.mutation.mutant import Mutant
from tests.mutation.selection import Limits, Ran
from tests.mutation.sites import mutants
from tests.mutation.tally import Tally
from tests.mutation.targets import TARGETS
from tests.mutation.workshop import Verdict, verdict_of

ROOT = Path(__file__).parents[2]


def changed(line: str) -> set[str]:
    """What a line may become."""
    return {each.apply(line.encode()).decode() for each in mutants("x.py", line.encode())}


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("a < b", {"pass", "(a <= b)"}),
        ("x = a == b", {"x = (a != b)"}),
        ("x = a + b", {"x = (a - b)"}),
        ("x = -(-a // b)", {"x = (-a // b)", "x = -((-a * b))", "x = -((a) // b)"}),
        ("x = 3", {"x = 4", "x = 2"}),
        ("x = 0", {"x = 1"}),
        ("x = True", {"x = False"}),
        ("x = min(a, b)", {"x = (max(a, b))"}),
        ("x = np.ceil(a)", {"x = (np.floor(a))"}),
        ("x = a and b", {"x = (a or b)"}),
        ("x = not a", {"x = (a)"}),
        ("if a:\n    b()", {"if (not a):\n    b()", "if a:\n    pass"}),
        ("x += y", {"pass", "x -= y"}),
        ("x = f(a, b)", {"x = f(b, a)"}),
        ("x = f(a, key=b)", {"x = f(a, )"}),
        ("x = [a for a in b if a]", {"x = [a for a in b if (not a)]"}),
    ],
)
def test_a_line_becomes(line: str, becomes: set[str]) -> None:
    assert changed(line) == becomes


@pytest.mark.parametrize(
    "line",
    [
        '"""1 < 2"""',
        "x: Literal[1]",
        "def f(x: A[1]) -> B[2]: return x",
        "@cache(1)\ndef f(): return x",
        "raise ValueError(1 + 2)",
        "assert a < b",
        "x = f'{a + 1}'",
        "faults = [Fault('must be', a + 1)]",
        "logging.getLogger(__name__).warning('x', 1)",
        "if TYPE_CHECKING:\n    x = 1",
        "class A:\n    def __repr__(self): return str(1)",
        "x = zip(a, b, strict=True)",
        "x = lru_cache(4)(f)",
    ],
)
def test_what_changes_no_figure_is_left_alone(line: str) -> None:
    assert changed(line) == set()


def test_a_text_of_several_lines_and_other_letters_is_found() -> None:
    source = "π = 1\nx = f(\n    'é', a=(\n        b\n    ),\n    c=d,\n)\n".encode()
    found = {each.before: each for each in mutants("x.py", source) if each.operator == "keyword"}
    assert found["a=(\n        b\n    ),"].apply(source).decode() == "π = 1\nx = f(\n    'é', \n    c=d,\n)\n"
    assert found["c=d,"].line == 6
    with pytest.raises(ValueError, match="has"):
        found["c=d,"].apply(source.replace(b"d", b"e"))


def test_the_draw_is_the_seeds_and_a_longer_one_goes_on() -> None:
    found = candidates(ROOT, TARGETS["schedule"])
    ten = draw(found, 10, seed=3)
    assert len({(each.file, each.line) for each in draw(found, 200, seed=3)}) == 200
    assert draw(found, 200, seed=3)[:10] == ten
    assert draw(found, 10, seed=4) != ten


@pytest.mark.parametrize("package", TARGETS)
def test_every_package_has_mutants_that_compile(package: str) -> None:
    for each in draw(candidates(ROOT, TARGETS[package]), 40, seed=0):
        assert each.file.startswith(TARGETS[package].folder)
        source = (ROOT / each.file).read_bytes()
        assert each.apply(source) != source
        compile(each.apply(source), each.file, "exec")


@pytest.fixture
def mutant() -> Mutant:
    return Mutant("a.py", 7, 0, 1, "f", "constant", "1", "2")


def test_tests_of_the_line_come_first_then_of_the_package_then_the_fast(mutant: Mutant, tmp_path: Path) -> None:
    (tmp_path / "1").write_text(
        json.dumps({"tests": [["own/slow", 9], ["own/fast", 1]], "lines": {"a.py": {"7": [0, 1]}}})
    )
    others = {"tests": [["other/fast", 0.1], ["own/of_the_file", 0.1]], "lines": {"a.py": {"7": [0], "8": [0, 1]}}}
    (tmp_path / "2").write_text(json.dumps(others))
    ran = Ran.load([tmp_path / "1", tmp_path / "2"])
    chosen = ran.select(mutant, ("own",), Limits())
    assert list(chosen.items()) == [("own/fast", 1), ("own/slow", 9), ("other/fast", 0.1), ("own/of_the_file", 0.1)]
    assert list(ran.select(mutant, ("own",), Limits(seconds=2))) == ["own/fast", "other/fast", "own/of_the_file"]
    assert ran.select(mutant, ("own",), Limits(tests=1)) == {"own/fast": 1}


def test_a_test_of_a_kernel_runs_all_of_it(mutant: Mutant) -> None:
    ran = Ran([("quick", 0.1), ("calls_it", 1.0)], {"a.py": {1: [0], -1: [1]}, "b.py": {0: [0], 7: [0]}})
    assert (ran.compiled("a.py"), ran.compiled("b.py")) == (True, False)
    assert list(ran.select(mutant, (), Limits())) == ["calls_it", "quick"]


def test_of_the_tests_of_a_line_each_file_has_its_fastest_before_another_has_a_second(mutant: Mutant) -> None:
    tests = [("x.py::slow", 3.0), ("y.py::slower", 4.0), ("x.py::fast", 1.0), ("y.py::fast", 2.0)]
    chosen = Ran(tests, {"a.py": {7: [0, 1, 2, 3]}}).select(mutant, (), Limits())
    assert list(chosen) == ["x.py::fast", "y.py::fast", "x.py::slow", "y.py::slower"]


def test_what_pytest_says_is_understood() -> None:
    assert verdict_of(0, "3 passed") == Verdict("survived")
    assert verdict_of(1, "F\nFAILED tests/a.py::t[x - y] - assert 1\n1 failed") == Verdict("failed", "tests/a.py::t[x")
    assert verdict_of(1, "ERROR tests/a.py\n1 error") == Verdict("failed", "tests/a.py")
    assert verdict_of(1, ".\nTimeout (0:01:05)!\nThread 0x1:\n") == Verdict("timeout")
    assert verdict_of(4, "") == Verdict("failed")


def test_a_run_goes_on_where_it_stopped_and_tries_survivors_again(mutant: Mutant, tmp_path: Path) -> None:
    other = Mutant("a.py", 8, 0, 1, "f", "constant", "1,\n 'x'", "2")
    ledger = Ledger(tmp_path / "ledger.csv")
    ledger.add(mutant, Verdict("failed", "t"))
    ledger.add(other, Verdict("survived"))
    again = Ledger(tmp_path / "ledger.csv")
    assert (again.verdict(mutant), again.verdict(other)) == (Verdict("failed", "t"), None)
    again.add(other, Verdict("timeout"))
    assert Ledger(tmp_path / "ledger.csv").verdict(other) == Verdict("timeout")


def test_survivors_are_counted_whether_explained_or_not(mutant: Mutant) -> None:
    explained = Mutant("moved/a.py", 9, 5, 6, "f", "constant", "1 +\n  1", "2", "x = 1 +")
    verdicts = {mutant: Verdict("untested"), explained: Verdict("survived")}
    verdicts[Mutant("a.py", 10, 0, 1, "f", "constant", "1", "2")] = Verdict("failed")
    tally = Tally.of("p", verdicts, Explanations({("a.py", "f", "x = 1 +", "1 + 1", "2"): "equal"}))
    assert tally == Tally("p", 3, failed=1, timeout=0, explained=1, unexplained=1)
    assert tally.row() == "| p | 3 | 1 | 0 | 1 | 1 | 66.7 % |"


def test_every_explanation_is_given_once() -> None:
    rows = Path(__file__).with_name("survivors.csv").read_text().splitlines()[1:]
    assert len(Explanations.load().why) == len(rows)
    assert all(Explanations.load().why.values())


def test_every_explanation_is_of_a_mutant_that_there_is() -> None:
    """The folder may change, but who changes the line or its function looks at the explanation again."""
    explained = Explanations.load().why
    files = [path for path in (ROOT / "lifsim").rglob("*.py") if path.name in {key[0] for key in explained}]
    assert explained.keys() <= {key_of(each) for path in files for each in mutants(path.name, path.read_bytes())}
