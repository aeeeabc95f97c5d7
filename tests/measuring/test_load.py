"""Is a busy machine seen, and are its figures refused?"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.frame import load
from benchmarks.frame.figure import Figure, Series, Target
from benchmarks.frame.load import BusyError, Load, Snapshot, between, snapshot, wait_until_idle
from benchmarks.frame.machine import this_machine
from benchmarks.frame.members import Benchmark
from benchmarks.frame.results import Record, keep, limits, read
from benchmarks.frame.run import line, measured
from benchmarks.frame.session import Session

OURS = 100
IDLE, BUSY = Load(0.01, 0.0, 10.0), Load(0.5, 0.0, 10.0)


def proc(folder: Path, average: float, work: int, processes: dict[int, tuple[int, int]], stolen: int = 0) -> Path:
    """A /proc of so many ticks at work, of which each process (parent, ticks) had its own: as a user, as the system and
    through children that it waited for, as both."""
    folder.mkdir(exist_ok=True)
    (folder / "loadavg").write_text(f"{average:.2f} 0.10 0.05 1/100 4000\n")
    (folder / "stat").write_text(f"cpu  {work - 3} 1 1 99999 7 1 0 {stolen} 0 0\ncpu0 1 1 1 1\n")
    for pid, (parent, ticks) in processes.items():
        (folder / str(pid)).mkdir(exist_ok=True)
        used = " ".join(str((ticks + place) // 4) for place in range(4))
        fields = f"S {parent} 1 1 0 -1 0 0 0 0 0 {used} 20 0"
        (folder / str(pid) / "stat").write_text(f"{pid} (a (very) odd name) {fields}\n")
    return folder


def watched(folder: Path, ours: int, others: int, stolen: int = 0) -> Load:
    """Ten seconds in which this process and a grandchild of it worked `ours` ticks each, and another process others."""
    first = {OURS: (1, 50), 200: (OURS, 10), 300: (200, 20), 400: (1, 70)}
    before = snapshot(proc(folder, 0.1, 1000, first), OURS, 5.0)
    later = {OURS: (1, 50 + ours), 200: (OURS, 10), 300: (200, 20 + ours), 400: (1, 70 + others)}
    return between(before, snapshot(proc(folder, 0.1, 1000 + 2 * ours + others, later, stolen), OURS, 15.0))


def test_what_this_process_and_those_below_it_do_is_not_others(tmp_path: Path) -> None:
    alone = watched(tmp_path, 900, 0)
    assert (alone.others, alone.stolen, alone.seconds) == (0.0, 0.0, 10.0)
    assert alone.is_idle


@pytest.mark.parametrize(("others", "stolen", "idle"), [(50, 0, True), (51, 0, False), (0, 51, False), (30, 30, False)])
def test_others_and_the_host_may_take_a_twentieth_of_a_core(
    tmp_path: Path, others: int, stolen: int, idle: bool
) -> None:
    seen = watched(tmp_path, 900, others, stolen)
    assert seen.others == pytest.approx(others / 1000)
    assert seen.stolen == pytest.approx(stolen / 1000)
    assert seen.is_idle == idle


def test_a_few_ticks_are_no_sign_in_a_moment() -> None:
    assert Load(0.4, 0.0, 0.1).is_idle
    assert not Load(0.6, 0.0, 0.1).is_idle


def test_the_load_average_alone_makes_a_machine_busy(tmp_path: Path) -> None:
    """Of an idle /proc: nothing works between two readings."""
    assert wait_until_idle(0, 0.01, proc(tmp_path, 0.29, 1000, {1: (0, 10)})) == 0.29
    with pytest.raises(BusyError, match=r"load 0\.30 must be below 0\.3.*--wait SECONDS.*--busy"):
        wait_until_idle(0, 0.01, proc(tmp_path, 0.3, 1000, {1: (0, 10)}))


def test_a_wait_is_told_once_at_its_beginning(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(BusyError):
        wait_until_idle(0.2, 0.01, proc(tmp_path, 5.2, 1000, {1: (0, 10)}), told.append)
    assert [line.partition(" for ")[0] for line in told] == ["busy: load 5.20, others 0% of a core; waiting up to 0 s"]
    told.clear()
    wait_until_idle(1, 0.01, proc(tmp_path, 0.29, 1000, {1: (0, 10)}), told.append)
    assert told == []


@pytest.mark.parametrize(
    ("load_before", "meanwhile", "verdict"), [(0.1, IDLE, ": missed"), (0.3, IDLE, ""), (0.1, BUSY, "")]
)
def test_only_an_idle_machine_misses_a_target(load_before: float, meanwhile: Load, verdict: str) -> None:
    figure = Figure("a", "s", Series((2.0,)), target=Target(1.0))
    told = line(Record(figure, this_machine(), load_before, meanwhile))
    assert told.partition(" [")[0] == f"a: LIFSim 2 s; target 1 s{verdict}"


def test_axes_of_growth_are_named_apart() -> None:
    done = CliRunner().invoke(command.main, ["growth", "layer"])
    assert done.exit_code == 2
    assert (
        " ".join(done.output.replace("│", " ").split())
        .partition("'layer' must be among: ")[2]
        .startswith("'layers', 'layers, shared', ")
    )


def test_the_real_proc_is_read() -> None:
    seen = snapshot()
    assert 0 < seen.own_s < seen.work_s


def figure(name: str, value: float = 1.0) -> Figure:
    """Of one round."""
    return Figure(name, "s", Series((value,)))


def record(name: str, load: Load, value: float = 1.0) -> Record:
    """On this machine."""
    return Record(figure(name, value), this_machine(), 0.1, load)


def test_results_take_the_place_of_those_of_the_same_figures(tmp_path: Path) -> None:
    assert read("some", tmp_path) == []
    keep("some", [record("a", IDLE), record("b", IDLE)], tmp_path)
    keep("some", [record("b", IDLE, 2.0)], tmp_path)
    assert read("some", tmp_path) == [record("a", IDLE), record("b", IDLE, 2.0)]
    assert [file.name for file in tmp_path.iterdir()] == ["some.json"]


def test_figures_of_a_busy_machine_are_never_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="busy machine: b"):
        keep("some", [record("a", IDLE), record("b", BUSY)], tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_limits_are_the_figures_of_the_roofline(tmp_path: Path) -> None:
    keep("roofline", [record("sgemm", IDLE, 30.0)], tmp_path)
    session = Session(1, tmp_path, limits=limits(tmp_path))
    limit, seconds = session.limit("sgemm", 2), session.seconds("sgemm", 60)
    assert limit is not None
    assert seconds is not None
    assert (limit.value, limit.of, seconds.value) == (60.0, "sgemm", 2.0)
    assert session.limit("triad") is session.seconds("triad", 1) is None


def test_what_was_disturbed_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """b is, c every time."""
    loads = iter([IDLE, BUSY, BUSY, IDLE, IDLE, BUSY])
    monkeypatch.setattr("benchmarks.frame.run.between", lambda *_: next(loads))
    values = iter(map(float, range(6)))
    member = Benchmark("some", "", lambda _: (figure(name, next(values)) for name in "abc"))
    told: list[str] = []
    found = [*measured(member, Session(1, tmp_path), 0.1, 2, told.append)]
    assert [(one.figure.name, one.figure.ours.median, one.meanwhile) for one in found] == [
        ("a", 0.0, IDLE), ("b", 4.0, IDLE), ("c", 5.0, BUSY),
    ]  # fmt: skip
    assert [line.endswith("not kept]") for line in told] == [False, True, True, False, False, True]


def test_figures_that_come_at_once_have_the_load_of_what_they_were_measured_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory beside seconds: b comes 10 ms after a; c takes its own time."""
    clock = iter([0.0, 5.0, 5.01, 9.0])
    monkeypatch.setattr("benchmarks.frame.run.snapshot", lambda: Snapshot(0.0, 0.0, 0.0, next(clock)))
    member = Benchmark("some", "", lambda _: (figure(name) for name in "abc"))
    found = [*measured(member, Session(1, tmp_path), 0.1, 1, lambda _: None)]
    assert [one.meanwhile.seconds for one in found] == pytest.approx([5.0, 5.01, 3.99])


@pytest.fixture
def one_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of results of a command that knows one benchmark."""
    member = Benchmark("some", "Is it fast?", lambda _: iter([figure("a")]))
    monkeypatch.setattr(command, "benchmarks", lambda: {"some": member})
    monkeypatch.setattr(command, "DOCS", tmp_path)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results")
    return tmp_path


@pytest.mark.parametrize("options", [[], ["run"], ["run", "some"]])
def test_nothing_is_measured_on_a_busy_machine(
    one_member: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    def refuse(_: float, **__: object) -> float:
        raise BusyError("the machine is busy: load 1.00")

    monkeypatch.setattr(command, "wait_until_idle", refuse)
    done = CliRunner().invoke(command.main, options)
    assert (done.exit_code, done.output) == (1, "Error: the machine is busy: load 1.00\n")
    assert [*one_member.iterdir()] == []


def test_busy_prints_and_writes_nothing(one_member: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.frame.run.between", lambda *_: IDLE)
    page = one_member / "performance.md"
    page.write_text("<!-- figures of some -->\n<!-- end of figures -->\n")
    done = CliRunner().invoke(command.main, ["run", "--busy"])
    assert (done.exit_code, done.output) == (0, "some: Is it fast?\n  a: LIFSim 1 s\n")
    assert page.read_text() == "<!-- figures of some -->\n<!-- end of figures -->\n"
    assert [*one_member.iterdir()] == [page]


@pytest.mark.parametrize("meanwhile", [IDLE, BUSY])
def test_an_idle_machine_s_figures_are_kept_and_told(
    one_member: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: Load
) -> None:
    monkeypatch.setattr(command, "wait_until_idle", lambda _, **__: 0.12)
    monkeypatch.setattr("benchmarks.frame.run.between", lambda *_: meanwhile)
    page = one_member / "performance.md"
    page.write_text("# Speed\n\n<!-- figures of some -->\n<!-- end of figures -->\n")
    done = CliRunner().invoke(command.main, ["run", "some"])
    assert ("| a | 1 s |" in page.read_text()) == meanwhile.is_idle
    assert ("load 0.12 before" in page.read_text()) == meanwhile.is_idle
    assert ("Not measured yet" in page.read_text()) != meanwhile.is_idle
    assert done.exit_code == (0 if meanwhile.is_idle else 1)
    assert ("busy meanwhile, not kept: some: a" in done.output) != meanwhile.is_idle


def test_unknown_benchmarks_are_refused(one_member: Path) -> None:
    done = CliRunner().invoke(command.main, ["run", "sone"])
    assert done.exit_code == 2
    assert "sone must be among: some" in done.output
    assert [*one_member.iterdir()] == []


def test_the_rule_is_what_the_documents_say() -> None:
    text = (Path(command.__file__).parents[1] / "docs" / "performance.md").read_text("utf-8")
    assert f"below {load.MOST_LOAD}" in text
    assert f"{load.MOST_SHARE:.0%} of a core" in text
