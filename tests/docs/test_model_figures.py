"""Are the figures of docs/model.md what runs say today? A plan that moves fewer bytes makes an example of the old one
false, and no reader can tell."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from typing import Any

import pytest

import lifsim
from tests.checkout import ROOT

MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
OPTIONS = {"arch": str, "workload": str, "schedule": str, "dram": str, "rates_scale": float}


def _section(title: str) -> str:
    """From the heading that begins with `title` to the next one of its kind."""
    (text,) = re.findall(rf"^## {re.escape(title)}.*?(?=^## |\Z)", MODEL, re.DOTALL | re.MULTILINE)
    return str(text)


def _rows(text: str) -> list[list[str]]:
    """Cells of the lines of tables."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _run(command: str) -> lifsim.Result:
    """Of the options of `lifsim run`."""
    words = shlex.split(command)
    pairs = list(zip(words[::2], words[1::2], strict=True))
    options: dict[str, Any] = {
        name: OPTIONS[name](value) for key, value in pairs if (name := key[2:].replace("-", "_")) in OPTIONS
    }
    return lifsim.run(**options, overrides=[value for key, value in pairs if key == "--set"])


CHANGES = [
    (found[1], cycles, energy) for _, instead, cycles, energy in
    (row for row in _rows(_section("13. What would change your decision")) if len(row) == 4)
    if (found := re.search(r"`(--[^`]+)`", instead))
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("command", "cycles", "energy"), CHANGES, ids=[command for command, _, _ in CHANGES])
def test_what_would_change_a_decision(command: str, cycles: str, energy: str) -> None:
    totals = _run(command).totals
    assert (f"{totals.cycles.total:,}", f"{totals.energy_pj.total.total / 1e9:.2f} mJ") == (cycles, energy)


def test_most_assumptions_have_a_command() -> None:
    assert len(CHANGES) > 10


@pytest.mark.slow
@pytest.mark.parametrize("title", ["3. The PE array", "4. LIF units"])
def test_python_prints_the_table_below_it(title: str) -> None:
    """The last four figures of a line that it prints are those of a row, in the precision of the row."""
    block, below = re.findall(r"```python\n(.*?)```\n\n(.*?)\n\n", _section(title), re.DOTALL)[0]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(block, "docs/model.md", "exec"), {})  # noqa: S102
    found = [[float(word) for word in line.split()[-4:]] for line in printed.getvalue().splitlines()]
    figures = [[cell.replace(",", "") for cell in row] for row in _rows(below)]
    told = [[cell for cell in row if re.fullmatch(r"[0-9.]+", cell)] for row in figures]
    assert {len(row) for row in told} == {0, 4}
    for row in filter(None, told):
        assert any(all(_says(cell, value) for cell, value in zip(row, line, strict=True)) for line in found), row


def _says(cell: str, value: float) -> bool:
    """Whether `value`, rounded like the `cell`, is the cell."""
    return f"{value:.{len(cell.partition('.')[2])}f}" == cell


@pytest.mark.slow
def test_the_fewest_bytes_can_cost_cycles() -> None:
    """LeNet-5's, on two machines."""
    (sentences,) = re.findall(r"LeNet-5 on sata128 takes.*?those of `tick`\)", MODEL, re.DOTALL)
    told = [int(figure.replace(",", "")) for figure in re.findall(r"\d+,\d+", sentences)]
    found = []
    for arch in ("sata128", "tpu_like_small"):
        auto, tick = (lifsim.run(arch, "lenet5_mnist", schedule=name).totals for name in ("auto", "tick"))
        found += [auto.cycles.total, auto.dram_bytes.total, tick.cycles.total, tick.dram_bytes.total]
    fastest = lifsim.run("sata128", "lenet5_mnist", schedule="auto", objective="cycles").totals
    sata128, other = found[:4], found[4:]
    assert told == [*sata128, *other, fastest.cycles.total, fastest.dram_bytes.total]


def _swept(network: str, sharing: str, kib: int) -> lifsim.Result:
    """Timestep by timestep, with a membrane buffer of so many KiB."""
    changes = ["dram.model=ideal", f"buffers.membrane.size_bytes={kib}KiB"]
    return lifsim.run("sata128", network, sharing, schedule="timestep", overrides=changes)


@pytest.mark.slow
def test_bytes_over_the_membrane_buffer() -> None:
    """The whole table, in KiB: membranes of none and layer, then all of their bytes."""
    (table,) = re.findall(r"\| buffer \| none, membranes \|.*?\n\n", MODEL, re.DOTALL)
    for size, *told in _rows(table)[1:]:
        kib = int(size.split()[0])
        moved = [_swept("vgg16_efficientlif_tinyimagenet", name, kib).totals.dram_bytes for name in ("none", "layer")]
        membranes = [each.membrane_read + each.membrane_write for each in moved]
        assert told == [f"{each / 1024:.0f}" for each in (*membranes, *(each.total for each in moved))], size


@pytest.mark.slow
def test_membranes_over_their_buffer() -> None:
    """In MB, of three sharings; what moves nothing is 0."""
    (table,) = re.findall(r"\| buffer \| none \| layer \| channel4 \|.*?\n\n", MODEL, re.DOTALL)
    for size, *told, _ in _rows(table)[1:]:
        amount, unit = size.split()
        kib = int(amount) * (1024 if unit == "MiB" else 1)
        for sharing, cell in zip(("none", "layer", "channel4"), told, strict=True):
            moved = _swept("vgg16_tinyimagenet", sharing, kib).totals.dram_bytes
            found = (moved.membrane_read + moved.membrane_write) / 1e6
            assert cell == ("0" if found == 0 else f"{found:.2f}"), (size, sharing)


@pytest.mark.slow
def test_what_early_exit_saves() -> None:
    """Ten images, under an ideal memory: the first table."""
    (table,) = re.findall(r"\| ten images \| cycles \|.*?\n\n", MODEL, re.DOTALL)
    exits: dict[str, Any] = {"schedule": "timestep", "exit_steps": {1: 0.6, 2: 0.3, 4: 0.1}}
    runs: list[dict[str, Any]] = [{"schedule": "auto"}, {"schedule": "timestep"}, exits, {**exits, "chunk": 1}]
    for (name, *told), options in zip(_rows(table)[1:], runs, strict=True):
        totals = lifsim.run("sata128", batch=10, overrides=["dram.model=ideal"], **options).totals
        moved, energy = totals.dram_bytes, totals.energy_pj.total.total / 1e9
        figures = [f"{totals.cycles.total:,}", f"{moved.total / 1e6:.2f}", f"{moved.weights / 1e6:.2f}"]
        assert told == [*figures, f"{energy:.1f} mJ"], name
