"""Do objects show themselves in a few lines, and as tables?"""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import lifsim
from lifsim.brief import Brief
from lifsim.units import format_si


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


def test_totals_and_layers_are_tables(result: lifsim.Result) -> None:
    totals, layers = result.totals.frame, result.layers
    assert totals.shape[0] == 1
    assert totals["cycles.total"].item() == layers["cycles.total"].sum() == result.totals.cycles.total
    assert totals["dram_bytes.total"].item() == layers["dram_bytes.total"].sum()
    assert totals["energy_pj.total"].item() == pytest.approx(layers["energy_pj.total"].sum())
    assert {"time_s", "area_mm2", "lif_memory_bytes.forward"} <= set(totals.columns)
    assert len(result.timesteps) == len(layers) * result.network.timesteps or len(result.timesteps) > len(layers)
