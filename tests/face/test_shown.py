"""Do objects show themselves in a few lines, and as tables?"""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

import lifsim
from lifsim.brief import Brief
from lifsim.schedule.plan import Plan
from lifsim.units import format_bytes, format_si


@pytest.fixture(scope="module")
def result() -> lifsim.Result:
    return lifsim.run("sata128", "lenet5_mnist", "channel2", overrides=["dram.model=ideal"])


def test_a_result_is_about_ten_lines_with_its_main_figures(result: lifsim.Result) -> None:
    lines = repr(result).splitlines()
    assert 8 <= len(lines) <= 13
    assert max(map(len, lines)) <= 80
    assert lines[0] == "lenet5_mnist, T=32, batch 1, sharing channel2, on sata128"
    shown = {line[:14].strip(): line[14:].strip() for line in lines[1:]}
    totals = result.totals
    assert shown["cycles"].startswith(f"{totals.cycles.total:,}")
    spent = totals.energy_pj.total
    kinds = {"work": spent.work, "idle": spent.idle, "standing": spent.standing}
    parts = ", ".join(f"{format_si(pj * 1e-12, 'J')} {kind}" for kind, pj in kinds.items())
    assert shown["energy"] == f"{spent.total * 1e-6:.4g} uJ: {parts}"
    moved = totals.dram_bytes
    assert shown["DRAM"].startswith(f"{moved.total / 1024:.4g} KiB: weights {moved.weights / moved.total:.1%}, spikes ")
    assert shown["LIF memory"].startswith(f"{totals.lif_memory_bytes.forward / 1024:.4g} KiB forward")
    assert str(result) == repr(result)


def test_a_comparison_is_a_line_a_step(result: lifsim.Result) -> None:
    """Of two that differ in nothing but what each line says."""
    found = lifsim.beside_none(result)
    assert found is not None
    title, *lines = str(found).splitlines()
    assert title == f"{result.name} against none; none alike has as few LIF units (64 of 128)"
    assert [line.strip().startswith(step.says) for line, step in zip(lines, found.steps, strict=True)] == [True] * 3
    own, last = found.steps[0], found.steps[-1]
    assert (own.ours, own.theirs, last.theirs) == (result, found.alike.result, found.machine.result)
    memory = own.ours.totals.lif_memory_bytes.forward / own.theirs.totals.lif_memory_bytes.forward - 1
    assert f"LIF memory {100 * memory:+.1f} %" in lines[0]
    assert memory == -0.5
    cycles = last.ours.totals.cycles.total / last.theirs.totals.cycles.total - 1
    assert f"cycles {100 * cycles:+.1f} %" in lines[-1]
    assert repr(found) == str(found)
    assert found._repr_html_().count("<tr>") == 3


def test_a_notebook_shows_the_same_figures(result: lifsim.Result) -> None:
    found: list[str] = []

    class Cells(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data)

    Cells().feed(result._repr_html_())
    assert found == [result.brief.title, *(part for pair in result.brief.figures.items() for part in pair)]
    assert len(result._repr_html_()) < 3000


@pytest.mark.parametrize(
    "shown",
    [lifsim.load_arch("sata128"), lifsim.load_workload("resnet19_cifar10"), lifsim.Sharing.parse("layer+channel2")],
    ids=["arch", "network", "sharing"],
)
def test_inputs_are_short(shown: object) -> None:
    assert len(repr(shown)) < 700
    assert "resnet19_cifar10" in repr(shown) or "sata128" in repr(shown) or "layer+channel2" in repr(shown)


def test_a_sharing_is_what_it_says() -> None:
    for text in ("none", "layer", "channel4", "layer+channel2"):
        assert eval(repr(lifsim.Sharing.parse(text)), {"Sharing": lifsim.Sharing}) == lifsim.Sharing.parse(text)  # noqa: S307


def test_names_from_files_are_text_wherever_they_are_shown() -> None:
    brief = Brief("<b>\x1b[31m", {"a\nb": "<script>"})
    assert str(brief) == "<b>\\x1b[31m\n  a\\nb  <script>"
    assert "<script>" not in brief.html
    assert "&lt;script&gt;" in brief.html
    assert "\x1b" not in brief.html


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """Of VGG-9 under some schedules; nobody waits for its memory."""
    asked = {name: ("none", name) for name in ("tick", "timestep", "fused")} | {"layer": ("layer", "tick")}
    runs = {
        name: lifsim.run("sata128", "vgg9_cifar10", sharing, schedule=schedule, overrides=["dram.model=ideal"])
        for name, (sharing, schedule) in asked.items()
    }
    return {name: run.plan for name, run in runs.items() if run.plan}


def test_a_plan_tells_its_groups_in_order_with_their_bytes(plans: dict[str, Plan]) -> None:
    assert set(plans) == {"tick", "timestep", "fused", "layer"}
    for plan in plans.values():
        title, *lines = repr(plan).splitlines()
        assert title.startswith(f"plan of 9 layers in {len(plan.groups)} group")
        shown = plan.brief.figures
        assert list(shown)[-1] == "DRAM"
        assert shown["DRAM"] == format_bytes(plan.dram.total)
        ends = [(name.split(" to ")[0], name.split(" to ")[-1]) for name in shown if name != "DRAM"]
        names = [layer.layer for layer in plan.layers]
        covered = [name for first, last in ends for name in names[names.index(first) : names.index(last) + 1]]
        assert covered == names
        assert len(lines) == len(shown)
        assert plan._repr_html_().count("<tr>") == len(lines)


def test_a_plan_says_how_its_groups_run(plans: dict[str, Plan]) -> None:
    moved = {name: format_bytes(plan.dram.total) for name, plan in plans.items()}
    assert plans["tick"].brief.figures["conv1 to fc3"] == f"tick-batched, each alone, {moved['tick']}"
    assert plans["timestep"].brief.figures["conv1 to fc3"].startswith("timestep by timestep, together, ")
    assert plans["fused"].brief.figures["conv1 to conv2"].startswith("fused, 32 rows a wave, together, ")
    strips = plans["layer"].groups[0].strips[0].rows
    first = plans["layer"].brief.figures["conv1 to conv2"]
    assert first.startswith(f"timestep by timestep, in strips of {strips} row")
    assert plans["layer"].brief.figures["fc3"] == f"tick-batched, {format_bytes(plans['layer'].groups[-1].dram.total)}"


def test_a_long_plan_is_cut(plans: dict[str, Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifsim.schedule.words.LINES", 2)
    found = plans["layer"].brief.figures
    assert len(found) == 4
    assert found["..."] == f"{len(plans['layer'].groups) - 2} more lines"


def test_what_the_engine_gives_is_shapes_and_rates() -> None:
    images, labels = np.random.default_rng(0).random((4, 1, 8, 8)), np.arange(4)
    found = lifsim.infer("digits_cnn", "random", images, timesteps=3)
    shown = found.brief.figures
    assert repr(found).splitlines()[0] == "inference of 4 images"
    assert shown["logits"] == "4 x 10 float32"
    assert shown["outputs"] == "3 x 4 x 10 float32"
    assert shown["spikes of lif1"] == f"3 x 4 x 16 x 8 x 8 bool, {found.spikes['lif1'].mean():.1%} ones"
    assert "<table>" in found._repr_html_()
    slopes = lifsim.gradients("digits_cnn", "random", images, labels, timesteps=3)
    assert repr(slopes).splitlines()[0] == "gradients of 4 images"
    assert slopes.brief.figures["loss"] == f"{slopes.loss:.6g}"
    assert slopes.brief.figures["fc3.weight"] == f"10 x 64 float32, norm {np.linalg.norm(slopes['fc3.weight']):.4g}"
    assert len(slopes.brief.figures) == 1 + len(slopes)


def test_totals_and_layers_are_tables(result: lifsim.Result) -> None:
    totals, layers = result.totals.frame, result.layers
    assert totals.shape[0] == 1
    assert totals["cycles.total"].item() == layers["cycles.total"].sum() == result.totals.cycles.total
    assert totals["dram_bytes.total"].item() == layers["dram_bytes.total"].sum()
    assert totals["energy_pj.total"].item() == pytest.approx(layers["energy_pj.total"].sum())
    assert {"time_s", "area_mm2", "lif_memory_bytes.forward"} <= set(totals.columns)
    assert len(result.timesteps) == len(layers) * result.network.timesteps or len(result.timesteps) > len(layers)
