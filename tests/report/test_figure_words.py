"""Are keys told in words and units, whichever they are?"""

from __future__ import annotations

import json
import re

import pytest
from matplotlib.text import Text

import lifsim
from lifsim.report.figures.scales import binary_step
from lifsim.report.figures.subject import Subject
from lifsim.report.figures.text_size import ELLIPSIS, short, short_names, width_pt, wrapped
from lifsim.report.figures.words import label_of, unit_of, words_of
from lifsim.simulate.resolved import resolved_arch


@pytest.mark.parametrize(
    ("key", "words", "unit"),
    [
        ("buffers.membrane.size_bytes", "membrane buffer: size", "bytes"),
        ("dram_bytes.membrane_read", "DRAM traffic: membrane read", "bytes"),
        ("energy_pj.compute.lif.idle", "energy: compute, LIF, idle", "J"),
        ("energy_pj.total", "energy: total", "J"),
        ("cycles.stall_weights", "cycles: stall weights", "cycles"),
        ("sram_accesses.spike_in.reads", "buffer accesses: spike in, reads", "elements"),
        ("array.rows", "PE array: rows", ""),
        ("clock_hz", "clock", "Hz"),
        ("dram.bandwidth_bytes_per_s", "DRAM: bandwidth", "B/s"),
        ("time_s", "latency", "s"),
        ("area_mm2", "area", "mm²"),
        ("sharing", "sharing", ""),
    ],
)
def test_keys_in_words(key: str, words: str, unit: str) -> None:
    assert (words_of(key), unit_of(key).name) == (words, unit)


def test_no_key_of_settings_or_figures_reaches_an_axis_raw() -> None:
    result = lifsim.run("sata128", "lenet5_mnist", overrides=["dram.model=ideal"])

    def keys(tree: object, path: str) -> list[str]:
        if not isinstance(tree, dict):
            return [path]
        return [key for name, value in tree.items() for key in keys(value, f"{path}.{name}" if path else name)]

    found = [*keys(json.loads(json.dumps(resolved_arch(result.arch))), ""), *result.totals.figures]
    assert len(found) > 150
    for key in found:
        assert "_" not in label_of(key, unit_of(key).name), key
        assert words_of(key).strip(), key


def test_numbers_in_the_unit_of_their_key() -> None:
    assert unit_of("energy_pj.total").text(12.3e9) == "12.3 mJ"
    assert unit_of("energy_pj.total").scaled(12.3e9) == ("mJ", 1e9)
    assert unit_of("buffers.weight.size_bytes").text(32768) == "32 KiB"
    assert unit_of("dram_bytes.total").scaled(3 << 20) == ("MiB", float(1 << 20))
    assert unit_of("cycles.total").scaled(104_800_000) == ("million cycles", 1e6)
    assert unit_of("cycles.total").scaled(0) == ("cycles", 1.0)
    assert unit_of("dram_bytes.total").scaled(0) == ("bytes", 1.0)


def test_steps_of_bytes_are_powers_of_two_and_few() -> None:
    for span in (0, 1, 5, 7, 1000, 324.9 * 2**20, 2**40):
        step = binary_step(span)
        assert step == 2 ** (int(step).bit_length() - 1)
        assert span / step <= 6
        assert step == 1 or span / (step / 2) > 6


def test_titles_say_all_four() -> None:
    assert Subject(["a"], "m", [4], [1]).title("more") == "a on m, T = 4, batch 1, more"
    assert Subject(["a", "b"], "m", [4, 8, 4], [1, 16]).title() == "2 networks on m, T = 4 and 8, batch 1 and 16"
    assert Subject(["a"], "m", [], [1, 2, 4]).title("") == "a on m, batch 1 to 4"


def test_lines_fit_and_lose_no_letter() -> None:
    for text in ("one, two three; four, five six seven", "x" * 200, "a, " + "y" * 90 + " b", "word"):
        lines = wrapped(text, 8, 60)
        assert all(width_pt(line, 8) <= 60 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped("one, two three, four", 8, width_pt("one, two three,", 8) + 1) == ["one, two three,", "four"]
    assert wrapped("", 8, 60) == []


def test_short_names_still_differ() -> None:
    names = [f"{'n' * 50}{middle}{'m' * 50}" for middle in "ab"]
    assert len(short(names[0], 20)) == 20
    assert len(set(short_names(names, 20))) == 2
    assert short_names(["none", "none", "layer"], 20) == ["none", "none", "layer"]


@pytest.mark.parametrize("figure", ["fig7", "fig9", "fig10", "sweep"])
def test_sharings_where_possible_have_their_whole_names(figure: str) -> None:
    """lenet5_mnist has layers that cannot share, so that every name of a sharing ends in `-where-possible`."""
    where, network = "-where-possible", "lenet5_mnist"
    sharings = ["none", f"layer{where}", f"channel4{where}", f"layer+channel2{where}"]
    match figure:
        case "fig7":
            drawn = lifsim.plot.fig7(workload=network, sharings=sharings)
        case "fig9":
            runs = [lifsim.run(workload=network, sharing=one) for one in sharings[::2]]
            drawn = lifsim.plot.fig9(runs, part="top")
        case "sweep":
            swept = lifsim.sweep(workload=network, sharing=sharings, jobs=1, vary={"array.rows": [8, 16]})
            drawn = lifsim.plot.sweep(swept, x="array.rows", by="sharing")
        case _:
            drawn = lifsim.plot.fig10(networks=[network], buffers="4KiB,16KiB", sharings=sharings)
    told = [text.get_text() for text in drawn.findobj(Text)]
    assert not [text for text in told if ELLIPSIS in text]
    joined = {text.replace("\n", "") for text in told}
    for sharing in ("channel4",) if figure == "fig9" else ("layer", "layer+channel2"):
        assert [text for text in joined if re.search(rf"\b{re.escape(sharing)}-where-possible", text)]
