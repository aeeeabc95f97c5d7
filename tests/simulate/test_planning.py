"""Schedules by cycles or energy: is the best of all found, never worse than others, and is what it is compared by what
runs come to?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest

import lifsim
from lifsim.accounting import ACCOUNTINGS, Setup
from lifsim.accounting.machine import Machine
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.hardware.array import sparsity_of
from lifsim.keeping import KEEPINGS
from lifsim.memo import Memo
from lifsim.note import ScheduleNote
from lifsim.play.alone import counted, least_cycles, least_in_turn, played
from lifsim.play.trial import Trial
from lifsim.report.explain.layer import explain
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choice, Choices, choices_of
from lifsim.schedule.partition import allowed, plan_of
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.waves.together import InWaves
from lifsim.schedule.window import TICK, TIMESTEP
from lifsim.simulate.figure import CycleFigure, EnergyFigure, Figure
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import bank_of
from lifsim.simulate.planning import Search
from lifsim.simulate.spikes import read_spikes
from lifsim.units import format_bytes

SLOW = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=20MB", "dram.latency_ns=100")
SMALL = ("buffers.membrane.size_bytes=8KiB", "buffers.weight.size_bytes=16KiB")
DOUBLE = tuple(f"buffers.{name}.double_buffered=true" for name in ("weight", "spike_in", "membrane"))
FEW = ("timesteps=3", *(f"spikes.rates.{layer}=0.2" for layer in ("conv2", "fc1", "fc2")))
"""Timesteps, so that every partition in all windows can be tried."""
AUTO = ScheduleOptions("auto")


def trial_of(arch: str, workload: str, sharing: str, overrides: Sequence[str] = ()) -> tuple[Trial, Choices]:
    inputs = load_inputs(arch, workload, sharing, {}, overrides)
    network, states = inputs.network, states_of(inputs.network, inputs.sharing)
    machine, accounting, memo = Machine.of(inputs.arch), ACCOUNTINGS[inputs.arch.accounting], Memo()
    spikes = read_spikes(network, inputs.sharing, inputs.options, sparsity_of(inputs.arch.array))
    bank, channels = bank_of(inputs.arch, network, states), channels_by_layer(network, states)
    setup = Setup(network, channels, machine, bank, spikes.batch, spikes.kept, memo)
    trial = Trial(
        setup, accounting, accounting.costs(inputs.arch), training=False, keeping=KEEPINGS["stored"], runs=Memo()
    )
    return trial, choices_of(network, states, Chip.of(inputs.arch), spikes.batch, None, memo, None)


def figures_of(trial: Trial) -> list[Figure]:
    setup = trial.setup
    return [CycleFigure(setup.machine), EnergyFigure(setup.machine, setup.bank, trial.costs)]


def sequences(choices: Choices, first: int = 0) -> Iterator[tuple[Choice, ...]]:
    """Every partition, its groups in every choice in which they run."""
    behind = choices.cuts[choices.cuts.index(first) + 1 :]
    if not behind:
        yield ()
    for end in behind:
        for choice in choices.between(first, end):
            yield from ((choice, *rest) for rest in sequences(choices, end))


@pytest.mark.parametrize("sharing", ["none", "layer"])
@pytest.mark.parametrize("memory", [("dram.model=ideal",), SLOW, SMALL])
def test_no_partition_has_less_by_the_sum_of_its_groups(sharing: str, memory: tuple[str, ...]) -> None:
    trial, choices = trial_of("sata128", "lenet5_mnist", sharing, [*FEW, *SMALL, *memory])
    search = Search(trial, choices, AUTO, tuple(allowed(choices, ScheduleOptions("tick"))))
    alone = partial(played, trial.setup, trial.accounting, choices)
    for figure in figures_of(trial):
        price = {choice: figure.of(alone(choice)) for choice in choices.every()}
        found = search.partition(figure)
        best = min(sum(price[choice] for choice in groups) for groups in sequences(choices))
        assert found.exact
        assert sum(price[choice] for choice in found.groups) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("sharing", ["none", "layer"])
@pytest.mark.parametrize("objective", ["dram", "cycles", "energy"])
def test_no_plan_beats_auto_on_a_memory_that_nobody_waits_for(sharing: str, objective: str) -> None:
    """There a group's figure is its own, so that the best sum is the best plan."""
    overrides = [*FEW, *SMALL, "dram.model=ideal"]
    trial, choices = trial_of("sata128", "lenet5_mnist", sharing, overrides)
    found = lifsim.run(
        "sata128", "lenet5_mnist", sharing, schedule="auto", objective=objective, overrides=overrides
    ).totals
    own = {"dram": found.dram_bytes, "cycles": found.cycles, "energy": found.energy_pj.total}[objective].total
    cycles, energy = figures_of(trial)
    best = min(
        {
            "dram": float(sum(record.counts.dram_bytes.total for record in records)),
            "cycles": cycles.of_records(records),
            "energy": energy.of_records(records),
        }[objective]
        for records, _ in (trial.of(plan_of(choices, groups)) for groups in sequences(choices))
    )
    assert own == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("sharing", ["none", "layer", "channel2"])
@pytest.mark.parametrize(
    ("arch", "overrides"),
    [
        ("sata128", SMALL),
        ("sata128", (*SMALL, *DOUBLE)),
        ("sata128", SLOW),
        ("sata128_skip", ()),
        ("tpu_like_small", ()),
        ("eyeriss_like", ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB")),
        ("sata128", ("buffers.weight.port_bits=32", "buffers.weight.banks=1", "dram.device=hbm2")),
    ],
)
def test_no_group_goes_below_its_floor_when_it_is_played(arch: str, sharing: str, overrides: tuple[str, ...]) -> None:
    trial, choices = trial_of(arch, "lenet5_mnist", sharing, [*FEW, *overrides])
    close = []
    for choice in choices.every():
        before, after = (count(trial.setup, trial.accounting, choices, choice) for count in (counted, played))
        for figure in figures_of(trial):
            assert figure.floor(before) <= figure.of(after) * (1 + 1e-12)
        close.append(figures_of(trial)[0].floor(before) / figures_of(trial)[0].of(after))
    assert max(close) > 0.8  # a floor that is far below everything would pass, too


def test_of_groups_that_tie_first_weights_count_as_far_as_no_layer_before_hides_them() -> None:
    """All layers tick-batched, and fc1 timestep by timestep, ten bytes a cycle. What the first group waits for nothing
    hides, and what another does the least work of the layer before it: of fc1, with all of its weights at once, a
    part."""
    machine = ("array.dataflow=is", "buffers.weight.size_bytes=8MiB")
    memory = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=7GB", "dram.latency_ns=0")  # 700 MHz
    trial, choices = trial_of("tpu_like_small", "vgg9_cifar10", "none", [*machine, *memory])
    layers = trial.setup.network.layers  # 8-bit weights
    tied = [*allowed(choices, ScheduleOptions("tick")), choices.planned(6, 7, TIMESTEP)]
    price = least_in_turn(trial.setup, trial.accounting, choices, tied)
    counts = {choice: counted(trial.setup, trial.accounting, choices, choice) for choice in tied}
    waited = {}
    for choice in tied:
        before = min((counts[other][0].cycles.total for other in tied if other.end == choice.first), default=0)
        first = -(-choice.group.layers[0].tiling.filters * layers[choice.first].reduction // 10)
        more = price[choice] - least_cycles(trial.setup.machine, counts[choice])
        assert more == max(0, first - before)
        if more:
            waited[layers[choice.first].name, choice.group.window] = before > 0
    assert waited == {("conv1", TICK): False, ("fc1", TIMESTEP): True}


def test_one_group_by_itself_is_the_run() -> None:
    trial, choices = trial_of("sata128", "vgg9_cifar10", "layer", SMALL)
    (whole,) = allowed(choices, ScheduleOptions("timestep"))
    records, _ = trial.of(plan_of(choices, [whole]))
    assert played(trial.setup, trial.accounting, choices, whole) == tuple(record.counts for record in records)


def test_groups_by_themselves_take_what_they_take_in_a_run() -> None:
    """But for loads under the last steps of the group before, and rows that are open."""
    trial, choices = trial_of("sata128", "vgg9_cifar10", "none")
    groups = allowed(choices, ScheduleOptions("tick"))
    records, _ = trial.of(plan_of(choices, groups))
    alone = sum(
        layer.cycles.total for choice in groups for layer in played(trial.setup, trial.accounting, choices, choice)
    )
    together = sum(record.counts.cycles.total for record in records)
    assert alone == pytest.approx(together, rel=0.005)


FIXED = ({"schedule": "tick"}, {"schedule": "timestep"}, {"schedule": "auto"})


@pytest.mark.parametrize("sharing", ["none", "layer"])
@pytest.mark.parametrize(
    ("mode", "arch"),
    [("inference", "sata128_skip"), pytest.param("training", "sata_training", marks=pytest.mark.slow)],
)
def test_auto_is_never_worse_than_what_is_fixed(mode: str, arch: str, sharing: str) -> None:
    def figures(**options: str) -> dict[str, float]:
        totals = lifsim.run(arch, "alexnet_cifar10", sharing, mode=mode, batch=1, overrides=SMALL, **options).totals
        return {"dram": totals.dram_bytes.total, "cycles": totals.cycles.total, "energy": totals.energy_pj.total.total}

    found = {name: figures(schedule="auto", objective=name) for name in ("dram", "cycles", "energy")}
    others = [*found.values(), *(figures(**options) for options in FIXED)]
    for name, own in found.items():
        assert own[name] <= min(other[name] for other in others) * (1 + 1e-12)


def test_the_note_says_which_schedule_it_came_to() -> None:
    by_cycles = lifsim.run(schedule="auto", objective="cycles")
    assert by_cycles.totals.cycles.total <= lifsim.run(schedule="tick").totals.cycles.total
    (note,) = [note for note in by_cycles.notes if note.startswith("--objective")]
    same = [word for word in ("tick", "fused") if by_cycles.plan == lifsim.run(schedule=word).plan]
    whose = f"as --schedule {same[0]}" if same else "groups of its own"
    assert note.startswith(
        (f"--objective cycles: {whose}, the fewest cycles of ", "--objective cycles: as --objective ")
    )
    assert not any(note.startswith("--objective") for note in lifsim.run(schedule="auto").notes)


def test_fewest_bytes_that_cost_many_cycles_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folds under `ws` load their weights at every timestep of a timestep-major group; fused ones, which move fewer
    bytes, do not."""
    monkeypatch.setattr(InWaves, "of", lambda *_: [])
    ideal = ["dram.model=ideal"]
    tick = lifsim.run("tpu_like_small", "lenet5_mnist", overrides=ideal)
    auto = lifsim.run("tpu_like_small", "lenet5_mnist", schedule="auto", overrides=ideal)
    (note,) = [note for note in auto.notes if note.startswith("--schedule auto")]
    dearer = auto.totals.cycles.total / tick.totals.cycles.total
    saved = tick.totals.dram_bytes.total - auto.totals.dram_bytes.total
    assert dearer > 1.5
    assert saved > 0
    assert f"{format_bytes(saved)} ({saved / tick.totals.dram_bytes.total:.2%}) less than tick's" in note
    assert f"by {dearer:.2f} times its cycles" in note


@pytest.mark.parametrize("options", [{"schedule": "tick"}, {"schedule": "auto", "objective": "cycles"}])
def test_no_such_price_is_told_where_none_was_paid(options: dict[str, str]) -> None:
    auto = lifsim.run("sata128", "vgg9_cifar10", schedule="auto")
    assert auto.totals.cycles.total <= lifsim.run("sata128", "vgg9_cifar10").totals.cycles.total
    for run in (auto, lifsim.run("tpu_like_small", "lenet5_mnist", **options)):
        assert not any(note.startswith("--schedule auto") for note in run.notes)


def test_where_groups_are_given_only_how_they_run_is_searched() -> None:
    trial, choices = trial_of("sata128", "vgg9_cifar10", "none", SLOW)
    asked = replace(AUTO, groups=tuple(plan_of(choices, allowed(choices, ScheduleOptions("tick"))).begins))
    (chosen, *_) = Search(trial, choices, asked, tuple(allowed(choices, asked))).by("cycles")
    assert chosen.begins == asked.groups


def test_by_cycles_a_layer_may_take_a_tiling_that_moves_more() -> None:
    """Row tiles save bytes under `ws`, and load the array's weights again and again."""
    tick, auto, by_cycles = (
        lifsim.run("tpu_like_small", "vgg9_cifar10", **options).totals
        for options in ({"schedule": "tick"}, {"schedule": "auto"}, {"schedule": "auto", "objective": "cycles"})
    )
    assert auto.dram_bytes.total <= tick.dram_bytes.total < by_cycles.dram_bytes.total
    assert by_cycles.cycles.total < 0.95 * min(tick.cycles.total, auto.cycles.total)


def test_of_equal_tilings_the_narrowest_is_taken_where_the_next_tile_comes_meanwhile() -> None:
    """What a layer asks for first waits in the queue behind the weights of its second tile."""

    def took(size: str, double: str) -> tuple[int, int, int]:
        overrides = (f"buffers.weight.size_bytes={size}", f"buffers.weight.double_buffered={double}")
        result = lifsim.run("tpu_like_small", "vgg9_cifar10", overrides=overrides)
        tilings = [layer.tiling.filter_tiles for layer in (result.plan.layers if result.plan else ())]
        return result.totals.dram_bytes.total, result.totals.cycles.total, sum(tilings)

    small, large = took("1MiB", "true"), took("8MiB", "true")
    assert large[0] == small[0]
    assert large[1] <= 1.003 * small[1]
    assert large[2] > took("8MiB", "false")[2]


@pytest.mark.slow
def test_few_cycles_that_cost_many_bytes_are_told() -> None:
    """LeNet-5 fused moves less than half the bytes of the plan with the fewest cycles, and takes 1.3 % more. It is told
    where the run is, and where a layer is explained."""
    options = {"batch": 64, "overrides": ["dram.model=ideal"]}
    least = lifsim.run("tpu_like_small", "lenet5_mnist", schedule="auto", objective="cycles", **options)
    fused = lifsim.run("tpu_like_small", "lenet5_mnist", schedule="fused", **options)
    ours, theirs = ((run.totals.cycles.total, run.totals.dram_bytes.total) for run in (least, fused))
    assert ours[0] < theirs[0] < ours[0] / 0.95
    assert ours[1] > 2 * theirs[1]
    less, times = f"{1 - ours[0] / theirs[0]:.2%} fewer cycles", f"{ours[1] / theirs[1]:.1f} times the DRAM bytes"
    both = f"{format_bytes(ours[1])} for {format_bytes(theirs[1])}"
    (note,) = [one for one in least.notes if isinstance(one, ScheduleNote)]
    figures = f"({ours[0]:,} for {theirs[0]:,})"
    assert note == f"--objective cycles: {less} {figures} than --schedule fused for {times} ({both})"
    assert note.brief == f"{less} than --schedule fused for {times}, {both}"
    assert note.brief in explain(least, "conv2").head


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "value"), [("MORE", 3.0), ("LESS", 0.01)])
def test_what_costs_less_or_saves_more_is_not(monkeypatch: pytest.MonkeyPatch, limit: str, value: float) -> None:
    """2.1 times the bytes; 1.3 % fewer cycles."""
    monkeypatch.setattr(f"lifsim.simulate.planning.{limit}", value)
    overrides = ["dram.model=ideal"]
    least = lifsim.run(
        "tpu_like_small", "lenet5_mnist", schedule="auto", objective="cycles", batch=64, overrides=overrides
    )
    assert not any(isinstance(one, ScheduleNote) for one in least.notes)
