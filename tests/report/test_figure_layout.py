"""Is every figure legible: no word on another, none cut, no raw key? Does its title say what it is of?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

import lifsim
from lifsim.errors import InputError
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import PAPER, SLIDES, Sheet
from lifsim.report.figures.style import house_style
from lifsim.report.figures.subject import Subject
from lifsim.report.figures.text_size import drawable, short_names, width_pt
from lifsim.report.plot.drawing import Asked, drawn
from lifsim.sweeps.result import SweepResult
from tests.report import measured

NAMES = ("digits_cnn", "vgg9_cifar10", "lenet5_mnist", "sata_training")
SHARINGS = ("none", "channel2", "channel4", "layer", "layer+channel2")
LONG = "an-architecture-of-a-name-that-is-as-long-as-eighty-characters-are-and-ends-with-"


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """Of what Matplotlib says nothing reaches the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def swept(rows: list[dict[str, Any]], failed: int = 0) -> SweepResult:
    """A sweep of these points, and some that failed."""
    broken = {**dict.fromkeys(rows[0]), "workload": "digits_cnn", "sharing": "layer", "error": "broken"}
    return SweepResult((), (*({**row, "error": None} for row in rows), *([broken] * failed)), None, {"digits_cnn": 4})


def rows(arch: str = "sata128", lines: int = 4, sizes: int = 6) -> list[dict[str, Any]]:
    """Of a sweep over architectures or sharings, and sizes of a buffer; the second line and the third are the same."""
    found = []
    for line in range(lines):
        for step in range(sizes):
            number = 1 if line == 2 else line
            found.append({
                "workload": "digits_cnn", "arch": arch if arch == "sata128" else f"{arch}{line}", "batch": 2,
                "sharing": f"channel{line + 2}" if arch == "sata128" else "none",
                "buffers.membrane.size_bytes": 8192 << step, "cycles.total": 10**8 + 10**5 * number - 2**step,
                "energy_pj.total": 1e10 * (1 + number) / (1 + step) + 3e9 * step,
                "dram_bytes.membrane_read": (8 << 20) // (number + 1) >> step,
            })  # fmt: skip
    return found


def study_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of accuracies under other sharings, and of pruned networks: fire, accuracy and bytes."""
    transfers = [
        {"trained": a, "run": b, "accuracy_mean": 0.1 + 0.15 * i + 0.02 * j, "accuracy_std": None, "seeds": 1,
         "spike_rate_mean": 0.1}
        for i, a in enumerate(SHARINGS) for j, b in enumerate(SHARINGS)
    ]  # fmt: skip
    pruned = [
        {"workload": "digits_cnn", "sharing": name, "retrain_epochs": 3, "share": share, "seeds": 2,
         "active_share_mean": 0.85 - 0.01 * i - 0.1 * share, "active_share_std": 0.01,
         "accuracy_mean": 0.98 - 0.2 * share**4, "accuracy_std": 0.005, "weight_bits": 8, "membrane_bits": 8,
         "weight_bytes": round(29000 * (1 - share)), "lif_bytes": {0: 3200, 1: 1600, 3: 1600}.get(i, 800)}
        for i, name in enumerate(SHARINGS) for share in (0.0, 0.2, 0.5, 0.8, 0.95)
    ]  # fmt: skip
    return pd.DataFrame(transfers), pd.DataFrame(pruned)


def fig6(style: str, size: str | None) -> Figure:
    from lifsim.report.figures import fig6_transfer
    from lifsim.report.figures.style import canvas, headline

    table, subject = study_tables()[0], Subject(["digits_cnn"], "the engine", [4], [64])

    def draw(sheet: Sheet) -> Drawn:
        figure, (axes,) = canvas(sheet, 1, 2.9)
        fig6_transfer.draw(table, axes)
        headline(figure, fig6_transfer.title(table, subject))
        return Drawn(figure, table)

    return drawn(draw, Asked(None, style=style, size=size).page())


def fig8(style: str, size: str | None) -> Figure:
    from lifsim.report.figures import fig8, fig8_memory
    from lifsim.report.memory_inputs import read_memory_inputs
    from lifsim.report.memory_table import memory_rows

    left, subject = study_tables()[1], Subject(["digits_cnn"], "the engine", [4], [64])
    read = read_memory_inputs(["vgg9_cifar10", "lenet5_mnist"], ["none", "layer", "channel2"], "sata128", [], None, 1)
    right = fig8_memory.table(memory_rows(read.networks, read.sharings, read.arch, 1), 32, 32, 0.9)
    return drawn(
        lambda sheet: Drawn(fig8.drawn(left, right, subject, sheet), left), Asked(None, style=style, size=size).page()
    )


FIGURES: Mapping[str, Callable[[str, str | None], Figure]] = {
    "fig1": lambda style, size: lifsim.plot.fig1("vgg9_cifar10", batch=4, style=style, size=size),
    "fig6": fig6,
    "fig7": lambda style, size: lifsim.plot.fig7(workload="vgg9_cifar10", style=style, size=size),
    "fig7_nothing": lambda style, size: lifsim.plot.fig7(workload="lenet5_mnist", style=style, size=size),
    "fig8": fig8,
    "fig8_right": lambda style, size: lifsim.plot.fig8(networks=["vgg9_cifar10", "digits_cnn"], style=style, size=size),
    "fig9": lambda style, size: lifsim.plot.fig9(
        [run("none"), run()], networks=["digits_cnn"], mini_batch=2, style=style, size=size
    ),
    "roofline": lambda style, size: lifsim.plot.roofline(run(), style=style, size=size),
    "schedule": lambda style, size: lifsim.plot.schedule(run(), style=style, size=size),
    "schedule_strips": lambda style, size: lifsim.plot.schedule(strips(), layers="conv1:conv6", style=style, size=size),
}


def run(sharing: str = "channel2") -> lifsim.Result:
    return lifsim.run(
        "sata128", "lenet5_mnist", sharing, overrides=["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB"]
    )


def strips() -> lifsim.Result:
    return lifsim.run(workload="vgg9_cifar10", sharing="layer", overrides=["dram.model=ideal"])


SWEEPS: Mapping[str, dict[str, Any]] = {
    "lines": {"x": "buffers.membrane.size_bytes", "y": "dram_bytes.membrane_read", "by": "sharing"},
    "heat": {"heat": ("buffers.membrane.size_bytes", "sharing"), "y": "energy_pj.total"},
    "pareto": {"pareto": ("energy_pj.total", "cycles.total"), "by": "sharing"},
}


def legible(figure: Figure, *names: str) -> None:
    """No word on another, none cut, none a key, none too small."""
    assert measured.overlapping(figure) == []
    assert measured.cut(figure) == []
    assert measured.keys(figure, *NAMES, *names) == []


def title_of(figure: Figure) -> str:
    """Of the figure and its parts, in one line."""
    return " ".join(part.get_suptitle().replace("\n", " ") for part in (figure, *figure.subfigs))


@pytest.mark.slow
@pytest.mark.parametrize("style", ["paper", "slides"])
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_legible_and_says_what_it_is_of(name: str, style: str) -> None:
    figure = FIGURES[name](style, None)
    legible(figure)
    of = {"paper": PAPER, "slides": SLIDES}[style]
    assert measured.smallest_pt(figure) > 0.8 * of.font_pt
    assert float(figure.get_size_inches()[0]) in (of.single_in, of.double_in)
    title = title_of(figure)
    assert "T = " in title
    assert "batch " in title
    assert any(network in title for network in NAMES[:3]) or "2 networks" in title
    assert "nan" not in title


@pytest.mark.parametrize("style", ["paper", "slides"])
@pytest.mark.parametrize("kind", SWEEPS)
def test_every_figure_of_a_sweep_is_legible(kind: str, style: str) -> None:
    figure = lifsim.plot.sweep(swept(rows(), failed=2), style=style, **SWEEPS[kind])
    legible(figure)
    title = title_of(figure)
    assert title.startswith("digits_cnn on sata128, T = 4, batch 2, ")
    assert "24 points, 2 of the sweep's failed" in title


@pytest.mark.slow
@pytest.mark.parametrize("kind", SWEEPS)
@pytest.mark.parametrize(("lines", "sizes"), [(1, 1), (30, 3), (12, 9)])
def test_a_sweep_of_few_or_many_points_or_of_long_names_is_legible(kind: str, lines: int, sizes: int) -> None:
    by_arch = {
        **SWEEPS[kind],
        **({"heat": ("buffers.membrane.size_bytes", "arch")} if kind == "heat" else {"by": "arch"}),
    }
    for found, how in ((rows(lines=lines, sizes=sizes), SWEEPS[kind]), (rows(LONG, lines, sizes), by_arch)):
        figure = lifsim.plot.sweep(swept(found), **how)
        legible(figure)


@pytest.mark.parametrize("name", ["网络 $x$ \\frac", "a_{b}^2 & 100 %", "\U0001f9ff" * 20])
def test_signs_that_no_font_has_are_a_box_each(name: str, tmp_path: Path) -> None:
    found = [{**row, "arch": f"{name}{row['sharing']}"} for row in rows(lines=3)]
    out = [tmp_path / f"f.{kind}" for kind in ("png", "svg", "pdf")]
    figure = lifsim.plot.sweep(swept(found), x="buffers.membrane.size_bytes", y="cycles.total", by="arch", out=out)
    assert measured.cut(figure) == []
    assert all(file.stat().st_size > 1000 for file in out)
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert not any("\\u" in name.lower() for name in names)
    assert name.isascii() or all("□" in name for name in names)
    assert len(set(names)) == 3  # architectures, each with a band: none is joined with another


def test_names_that_differ_in_such_signs_only_still_differ() -> None:
    assert short_names(["\U0001f9ff", "\U0001f9f0"], 20) == ["□ (1)", "□ (2)"]


def test_a_font_that_has_the_signs_draws_them_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    sign = "\u1d81"  # the house's font lacks it; this one comes with Matplotlib, too
    with house_style():
        assert drawable(f"a{sign}") == "a□"
    monkeypatch.setattr("lifsim.report.figures.text_size.OTHER_SCRIPTS", ("No Such Font", "STIXGeneral"))
    with house_style():
        assert drawable(f"a{sign}") == f"a{sign}"
        assert width_pt(sign, 10) > 0
        assert drawable("\U0001f9ff") == "□"


def test_lines_that_coincide_are_one_of_both_names_and_ones_that_meet_all_show() -> None:
    figure = lifsim.plot.sweep(swept(rows()), **SWEEPS["lines"])
    (axes,), (legend,) = figure.axes, figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["channel2", "channel3 = channel4", "channel5"]
    widths = [(line.get_markersize(), line.get_linewidth()) for line in axes.get_lines()]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3


def test_thirty_lines_are_told_apart() -> None:
    figure = lifsim.plot.sweep(swept(rows(lines=30)), **SWEEPS["lines"])
    looks = [(line.get_color(), line.get_marker()) for line in figure.axes[0].get_lines()]
    assert len(looks) == len(set(looks)) == 29  # two coincide


def test_bytes_have_binary_ticks() -> None:
    for figure in (
        lifsim.plot.sweep(swept(rows(lines=2, sizes=2)), **SWEEPS["lines"]),
        lifsim.plot.fig7(workload="vgg9_cifar10"),
    ):
        axis = figure.axes[0].yaxis
        assert axis.get_label_text().replace("\n", " ").endswith("iB]")
        step = axis.get_majorticklocs()[2] - axis.get_majorticklocs()[1]
        assert step == 2 ** (int(step).bit_length() - 1)


@pytest.mark.parametrize("kind", SWEEPS)
def test_a_unit_that_ticks_say_is_not_said_again(kind: str) -> None:
    figure = lifsim.plot.sweep(swept(rows()), **SWEEPS[kind])
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        ticks = [text.get_text() for text in axis.get_ticklabels()]
        if any("iB" in tick for tick in ticks):
            assert "[" not in axis.get_label_text()
        elif ticks and kind != "heat":
            assert "[" in axis.get_label_text()


def test_bars_of_one_height_are_of_one_size_in_every_panel_of_memory() -> None:
    panels = lifsim.plot.fig7(workload="vgg9_cifar10", batch=4).axes[:5]
    assert len({axes.get_ylim() for axes in panels}) == 1
    assert len({axes.get_ylabel() for axes in panels if axes.get_ylabel()}) == 1
    tallest = max(patch.get_y() + patch.get_height() for axes in panels for patch in axes.patches)
    assert tallest < panels[0].get_ylim()[1] < 1.2 * tallest


@pytest.mark.parametrize("idle", [True, False])
def test_a_curve_of_what_shares_nothing_says_so_on_an_axis_of_a_percent(idle: bool) -> None:
    from lifsim.report.figures.fig9_dram import draw_curve

    axes = Figure().subplots()
    sizes = [1 << bits for bits in range(10, 14)]
    points = {"workload": "lenet5_mnist", "membrane_buffer_bytes": sizes, "sign_changes": False}
    frames = [
        pd.DataFrame({**points, "sharing": sharing, "normalised": 1.0, "shares_nothing": idle and sharing == "layer"})
        for sharing in ("none", "layer")
    ]
    draw_curve(pd.concat(frames), axes, sizes[1])
    assert axes.get_ylim() == (-1.0, 1.0)
    assert axes.get_xlabel() == "membrane buffer"
    assert any("shares nothing" in text.get_text() for text in axes.texts) == idle
    assert axes.get_legend_handles_labels()[1] == ["lenet5_mnist" + idle * " (shares nothing)"]


@pytest.mark.slow
def test_what_shares_nothing_says_so() -> None:
    seven = lifsim.plot.fig7(workload="lenet5_mnist", sharings=["layer"])
    eight = lifsim.plot.fig8(networks=["lenet5_mnist"], sharings=["none", "layer"])
    nine = lifsim.plot.fig9(part="bottom", networks=["lenet5_mnist"], mini_batch=2)
    for figure in (seven, eight, nine):
        assert any("nothing" in text.get_text() for text in measured.words(figure))
    shares = lifsim.plot.fig7(workload="vgg9_cifar10", sharings=["layer"])
    assert not any("(shares" in text.get_text() for text in measured.words(shares))


@pytest.mark.parametrize(("size", "inches"), [("4x3in", (4, 3)), ("101.6x76.2mm", (4, 3)), ("10.16cmx7.62cm", (4, 3))])
def test_a_size_that_is_asked_for_is_that_of_the_file(size: str, inches: tuple[int, int], tmp_path: Path) -> None:
    figure = lifsim.plot.fig1("lenet5_mnist", size=size, out=[tmp_path / "f.png", tmp_path / "f.pdf"])
    assert tuple(figure.get_size_inches()) == pytest.approx(inches)
    header = (tmp_path / "f.png").read_bytes()[16:24]
    pixels = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")
    assert pixels == (300 * inches[0], 300 * inches[1])
    box = f"/MediaBox [ 0 0 {72 * inches[0]} {72 * inches[1]} ]".encode()
    assert box in (tmp_path / "f.pdf").read_bytes()


def test_a_size_without_room_and_nonsense_are_refused(tmp_path: Path) -> None:
    for size, told in (
        ("1.6x1.5in", r"size: 1.6x1.5in has no room for .*: \d.*in has"),
        ("1x9in", "must be 1.5 to 40 in each way"),
        ("50x50in", "must be 1.5 to 40 in each way"),
        ("3x4", "must be WIDTHxHEIGHT in in, cm or mm"),
        ("3e9x4in", "must be WIDTHxHEIGHT"),
    ):
        with pytest.raises(InputError, match=told):
            lifsim.plot.fig1("lenet5_mnist", size=size, out=tmp_path / "f.png")
    with pytest.raises(InputError, match="style: 'slide' must be one of paper, slides; did you mean 'slides'"):
        lifsim.plot.fig1("lenet5_mnist", style="slide")
    assert list(tmp_path.iterdir()) == []
