"""Do the lines by which a run shows itself say what its figures are?"""

from __future__ import annotations

import pytest

import lifsim
from lifsim.accounting.books import Cycles
from lifsim.play.bound import waits_words
from lifsim.play.words import dram_words, image_words
from lifsim.report.html.answer import Answer
from lifsim.report.html.told import Told
from lifsim.schedule.traffic import DramBytes
from lifsim.training.traffic import StageBytes


def test_dram_bytes_are_told_by_what_moves_the_most_first() -> None:
    moved = DramBytes(weights=600, spikes_in=100, spikes_out=50, residual=50, membrane_read=150, membrane_write=50)
    assert dram_words(moved) == "1000 B: weights 60.0%, spikes 20.0%, membranes 20.0%"
    assert dram_words(DramBytes(psum_read=1024)) == "1 KiB: psums 100.0%"
    assert dram_words(DramBytes()) == "0 B"


def test_many_parts_are_told_as_three_and_what_is_left() -> None:
    moved = StageBytes(
        weights=400, gradients_read=200, states_write=150, sums_read=100, weight_updates=80, spikes_in=40, psum_read=30
    )
    assert dram_words(moved) == ("1000 B: weights 40.0%, gradients 20.0%, kept states 15.0%, other 25.0%")
    four = StageBytes(weights=450, gradients_read=300, states_write=150, sums_read=100)
    assert dram_words(four).endswith("kept states 15.0%, sums of norms 10.0%")


def test_an_image_has_its_share_of_a_batch() -> None:
    assert image_words(4, 4000, 2e-3, 8e9, 4 << 20) == "1,000 cycles, 500 us, 2 mJ, 1 MiB of DRAM"


@pytest.mark.parametrize(
    ("units", "banks", "helps"),
    [
        (16, 2, "more LIF units (16 now)"),
        (1024, 2, "widen the ports of spike_in, or more banks: "),
        (1024, 4, "load in smaller tiles: "),
    ],
)
def test_what_would_help_is_what_it_waits_for_most(units: int, banks: int, helps: str) -> None:
    """Few units on a large array: their calls take longer than all waits for memory. Where there are enough of them,
    inputs wait for their banks, and where these are more, for the DRAM."""
    ports = [f"buffers.{name}.banks={banks}" for name in ("spike_in", "spike_out")]
    run = lifsim.run("tpu_like_small", "lenet5_mnist", overrides=(f"lif.units={units}", *ports))
    first = max(run.remedies, key=lambda remedy: remedy.share)
    assert run.brief.figures["would help"] == first.brief
    assert first.brief.startswith(helps)
    if units == 16:
        assert first.share == run.totals.cycles.lif / run.totals.cycles.total
        assert run.brief.figures["bound by"].startswith("LIF units; ")


def test_buffers_that_hold_nothing_are_told_with_what_they_leak() -> None:
    """All that the line names, gated, saves the share that it says."""
    run = lifsim.run("sata128", "lenet5_mnist")
    gated = lifsim.run("sata128", "lenet5_mnist", overrides=("buffers.membrane.idle=gated", "buffers.psum.idle=gated"))
    saved = 1 - gated.totals.energy_pj.total.total / run.totals.energy_pj.total.total
    assert run.brief.figures["would save"] == f"gate the unused membrane and psum buffers: {saved:.1%} of the energy"
    assert "would save" not in gated.brief.figures


def test_a_buffer_that_is_much_too_large_is_told_with_what_it_stands_for() -> None:
    """Of the energy; not one that is full to an eighth, nor ones that cost less than all others."""
    large = ("buffers.weight.size_bytes=64MiB",)
    run = lifsim.run("sata128", "lenet5_mnist", overrides=large)
    energy, held = run.totals.energy_pj, run.buffers["weight"].peak_bytes
    share = energy.buffers.weight.standing / energy.total.total
    told = f"a smaller weight buffer ({held / (64 << 20):.1%} full): up to {share:.1%} of the energy"
    assert run.brief.figures["would save"] == told
    for size, proposed in ((8 * held, True), (8 * held - 1024, False)):
        other = lifsim.run("sata128", "lenet5_mnist", overrides=(f"buffers.weight.size_bytes={size}",))
        assert other.buffers["weight"].peak_bytes == held
        energy = other.totals.energy_pj
        assert energy.buffers.weight.standing > 0.5 * energy.total.total
        assert ("a smaller weight buffer (" in other.brief.figures["would save"]) == proposed
    little = lifsim.run("sata128", "lenet5_mnist", overrides=("buffers.spike_out.size_bytes=64KiB",))
    assert 8 * little.buffers["spike_out"].peak_bytes < 64 << 10
    assert "smaller" not in little.brief.figures["would save"]


def waiting(cycles: int) -> Cycles:
    """Of a million in all."""
    return Cycles(10**6, 10**6 - cycles, 0, 0, cycles, 0, 0, 0)


def test_hardly_any_waiting_is_not_told_as_none() -> None:
    """`0.0%` would contradict the word wait."""
    assert waits_words(waiting(499)) == "less than 0.1% of the cycles wait, most for weights"
    assert waits_words(waiting(502)) == "0.1% of the cycles wait, 0.1% for weights"


def test_the_page_and_the_first_screen_say_alike_that_a_memory_is_ideal() -> None:
    run = lifsim.run("sata128", "lenet5_mnist", overrides=("dram.model=ideal",))
    assert run.brief.figures["bound by"] == "array work; an ideal memory takes no time"
    assert "It is bound by array work; an ideal memory takes no time." in Answer.of(Told.of_result("a", run)).sentence


def test_the_schedule_says_what_it_came_to() -> None:
    ideal = ("dram.model=ideal",)
    assert lifsim.run(workload="lenet5_mnist", overrides=ideal).schedule_words == "tick: 5 layers tick-batched"
    turns = lifsim.run(workload="vgg9_cifar10", sharing="layer", overrides=ideal).schedule_words
    assert turns == "tick: 1 layer tick-batched, 8 layers timestep by timestep (2 in strips)"
    windows = lifsim.run(workload="vgg9_cifar10", schedule="window:2", overrides=ideal).schedule_words
    assert windows == "window:2: 1 layer tick-batched, 8 layers in windows of 2 timesteps"
    given = lifsim.run(workload="lenet5_mnist", groups=("conv1:tick", "conv2"), overrides=ideal)
    assert given.schedule_words.startswith("groups as given: 1 layer tick-batched, ")
    assert lifsim.run("sata128_satasim", "satasim_bntt").schedule_words == "tick"
