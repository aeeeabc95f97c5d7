"""Do charts draw the books, all of them, and nothing else?"""

from __future__ import annotations

import pytest

import lifsim
from lifsim.report.html.chart import Absent, Bars, Chart, Points, Timed
from lifsim.report.html.charts import CHARTS, buffers, cycles, energy, roofline, schedule, tensors, timeline
from lifsim.report.html.told import Told
from lifsim.simulate.result import Result


def drawn(chart: Chart | Absent) -> Chart:
    assert isinstance(chart, Chart), chart
    return chart


def bars(chart: Chart | Absent) -> Bars:
    mark = drawn(chart).mark
    assert isinstance(mark, Bars)
    return mark


def timed(chart: Chart | Absent) -> Timed:
    mark = drawn(chart).mark
    assert isinstance(mark, Timed)
    return mark


@pytest.fixture(scope="module")
def windows() -> Result:
    """In groups, some in strips."""
    return lifsim.run(workload="vgg9_cifar10", sharing="layer", schedule="timestep")


def test_cycles_and_bytes_of_layers_add_up_to_the_run(shared: Told) -> None:
    for chart, total in ((cycles, shared.totals.cycles.total), (tensors, shared.totals.dram_bytes.total)):
        mark = bars(chart.chart(shared))
        assert sum(sum(one.values) for one in mark.series) == total
        assert mark.categories == shared.layers
        assert all(any(one.values) for one in mark.series)


def test_energy_of_components_adds_up_to_the_run(shared: Told) -> None:
    mark = bars(energy.chart(shared))
    assert sum(sum(one.values) for one in mark.series) == pytest.approx(shared.totals.energy_pj.total.total)
    assert [one.name for one in mark.series] == ["work", "idle", "standing"]
    assert drawn(energy.chart(shared)).table.rows[-1][-2:] == (shared.totals.energy_pj.total.total, 1.0)


def test_tables_have_what_is_drawn(shared: Told) -> None:
    for chart in (cycles.chart(shared), tensors.chart(shared)):
        table, mark = drawn(chart).table, bars(chart)
        assert [row[0] for row in table.rows] == list(mark.categories)
        for place, one in enumerate(mark.series, 1):
            assert tuple(row[place] for row in table.rows) == one.values
            assert table.columns[place].name == one.name
        assert all(sum(row[1:-1]) == row[-1] for row in table.rows)


def test_every_colour_of_a_training_run_is_of_one_tensor() -> None:
    result = lifsim.run("sata_training", "lenet5_mnist", mode="training", batch=2)
    told = Told.of_result("training", result)
    colours = [one.colour for one in bars(tensors.chart(told)).series]
    assert len(set(colours)) == len(colours) > 6
    assert isinstance(schedule.chart(told), Absent)
    assert isinstance(buffers.chart(told), Absent)


def test_buffers_are_those_of_the_run(shared: Told) -> None:
    mark = bars(buffers.chart(shared))
    held, room = mark.series
    assert shared.result is not None
    assert held.values == tuple(use.peak_bytes for use in shared.result.buffers.values())
    assert room.values == tuple(use.usable_bytes for use in shared.result.buffers.values())
    assert not mark.stacked


def test_points_lie_under_the_roofs(shared: Told) -> None:
    mark = drawn(roofline.chart(shared)).mark
    assert isinstance(mark, Points)
    named = [name for cloud in mark.clouds for _, _, name in cloud.points]
    assert named[-1] == "whole run"
    slope, flat = mark.lines
    assert slope.points[-1] == flat.points[0]
    (low, at_low), (ridge, peak) = slope.points
    assert at_low / low == pytest.approx(peak / ridge)
    for cloud in mark.clouds:
        for x, y, _ in cloud.points:
            assert y <= min(peak, x * peak / ridge) * 1.0001


def test_points_on_each_other_are_one_with_all_their_names() -> None:
    told = Told.of_result("vgg16", lifsim.run())
    mark = drawn(roofline.chart(told)).mark
    assert isinstance(mark, Points)
    assert "conv11-13" in [name for cloud in mark.clouds for _, _, name in cloud.points]


def test_the_schedule_covers_the_run(windows: Result) -> None:
    mark = timed(schedule.chart(Told.of_result("windows", windows)))
    assert mark.lanes is not None
    pieces = mark.lanes.pieces
    assert len(pieces) <= schedule.MOST_PIECES * 1.1
    assert {piece[0] for piece in pieces} == set(range(len(windows.network.layers)))
    assert {piece[1] for piece in pieces} == set(range(windows.network.timesteps))
    assert all(0 <= begin < end <= mark.end for _, _, begin, end, _, _ in pieces)
    assert all(0 <= top < bottom <= 1 for *_, top, bottom in pieces)
    assert mark.end <= windows.totals.cycles.total
    for panel in mark.panels:
        (curve,) = panel.curves
        assert panel.top is not None
        assert max(curve.values) <= panel.top
        assert len(curve.values) == len(panel.at)


def test_of_many_pieces_fewer_are_drawn_over_the_same_time(windows: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told.of_result("windows", windows)
    fine = timed(schedule.chart(told))
    monkeypatch.setattr(schedule, "MOST_PIECES", 100)
    coarse = timed(schedule.chart(told))
    assert fine.lanes is not None
    assert coarse.lanes is not None
    assert len(coarse.lanes.pieces) <= 100 < len(fine.lanes.pieces)
    spans = [{lane: (min(p[2] for p in one.pieces if p[0] == lane), max(p[3] for p in one.pieces if p[0] == lane))
              for lane in range(len(one.names))} for one in (fine.lanes, coarse.lanes)]  # fmt: skip
    assert spans[0] == spans[1]


def test_groups_end_where_the_plan_says() -> None:
    result = lifsim.run(workload="resnet19_cifar10", sharing="layer", schedule="auto")
    assert result.plan is not None
    mark = timed(schedule.chart(Told.of_result("auto", result)))
    assert mark.lanes is not None
    assert [place for place, _ in mark.lanes.borders] == [group.last for group in result.plan.groups[:-1]]


def test_the_timeline_spends_the_cycles_of_the_books(windows: Result) -> None:
    told = Told.of_result("windows", windows)
    mark = timed(timeline.chart(told))
    share, bandwidth = mark.panels[:2]
    counted = windows.totals.cycles
    whole = {cycles.CAUSES[name]: getattr(counted, name) for name in vars(counted) if name.startswith("stall_")}
    whole["array at work"] = counted.array + counted.fill_drain + counted.lif
    ports = sum(record.counts.port_stalls.total for record in windows.records)
    for curve in share.curves:
        spent = sum(curve.values[:-1]) / timeline.BINS * mark.end
        assert spent == pytest.approx(whole[curve.name], abs=ports + 1e-3 * mark.end)
    assert all(
        sum(at) == pytest.approx(1, abs=1e-3) for at in zip(*(curve.values for curve in share.curves), strict=True)
    )
    seconds = mark.end / windows.arch.clock_hz / timeline.BINS
    assert sum(bandwidth.curves[0].values[:-1]) * seconds == pytest.approx(windows.totals.dram_bytes.total, rel=1e-3)


def most_of(chart: Chart | Absent, title: str) -> float:
    """The highest value of the panel whose title begins so."""
    (panel,) = (one for one in timed(chart).panels if one.title.startswith(title))
    return max(panel.curves[0].values)


def test_charts_agree_on_how_full_the_output_buffer_is() -> None:
    """Layer by layer all spikes leave for DRAM: a tile that fills the buffer for a short time does so in all three."""
    told = Told.of_result("vgg16", lifsim.run(workload="vgg16_cifar10", sharing="channel4"))
    bar = bars(buffers.chart(told))
    held = dict(zip(bar.categories, bar.series[0].values, strict=True))["spikes out"]
    assert held == 32 * 1024
    assert most_of(schedule.chart(told), "spikes in the output buffer") == held
    assert most_of(timeline.chart(told), "tiles of spikes out") == pytest.approx(held, rel=1e-4)


def test_what_goes_from_layer_to_layer_is_on_chip_and_in_no_tile_and_captions_say_so() -> None:
    told = Told.of_result("fused", lifsim.run(workload="lenet5_mnist", sharing="channel2", schedule="fused"))
    bar = bars(buffers.chart(told))
    held = dict(zip(bar.categories, bar.series[0].values, strict=True))["spikes out"]
    assert most_of(schedule.chart(told), "spikes in the output buffer") == held
    assert most_of(timeline.chart(told), "tiles of spikes out, from or to DRAM") < held
    assert "goes from layer to layer there is not among them" in drawn(timeline.chart(told)).caption
    for chart in (buffers.chart(told), schedule.chart(told)):
        assert "from layer to layer" in drawn(chart).caption


@pytest.mark.parametrize(
    ("arch", "setting", "absent"),
    [
        ("sata128", ("dram.model=ideal",), {"Buffers", "Timeline"}),
        ("sata128_satasim", (), {"Buffers", "Timeline", "The schedule"}),
    ],
)
def test_what_cannot_be_drawn_says_why(arch: str, setting: tuple[str, ...], absent: set[str]) -> None:
    told = Told.of_result("run", lifsim.run(arch, "lenet5_mnist", overrides=setting))
    left_out = [found for draw in CHARTS if isinstance(found := draw(told), Absent)]
    assert {one.title.partition(":")[0] for one in left_out} == absent
    assert all(len(one.why) > 10 for one in left_out)


def test_of_a_run_that_was_only_read_it_says_what_is_missing(renamed: Told) -> None:
    left_out = [found for draw in CHARTS if isinstance(found := draw(renamed), Absent)]
    assert len(left_out) == 3
    assert {one.why for one in left_out} == {renamed.why_not}
