"""Is a `lif` line that was forgotten told, and is what needs none left alone?"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import lifsim
from lifsim.config.resolve import available
from lifsim.config.workload import load_workload
from lifsim.graph.tensors import without_lif
from lifsim.model.network import Network
from tests.workload.building import network

CONV = "op: conv, out: 8, kernel: 3, padding: 1"


@pytest.mark.parametrize("name", available("workload"))
def test_no_shipped_network_has_forgotten_one(name: str) -> None:
    assert without_lif(load_workload(name)) == ()


LIFS = {
    "all": ("a b c", ()),
    "none behind the last": ("a b", ()),
    "none behind the first": ("b", ("a",)),
    "none behind the second": ("a", ("b",)),
    "behind the last alone": ("c", ("a", "b")),
    "none at all": ("", ()),
}


def chain(lifs: str) -> Network:
    lines = []
    for name in ("a", "b", "c"):
        lines.append(f"{{name: {name}, {CONV}}}")
        lines += [f"{{name: lif_{name}, op: lif}}"] if name in lifs.split() else []
        lines += ["{name: pool, op: avg_pool, kernel: 2}"] if name == "a" else []
    return network("\n".join(f"- {line}" for line in lines))


@pytest.mark.parametrize(("lifs", "bare"), LIFS.values(), ids=LIFS)
def test_layers_whose_sums_others_read_are_bare(lifs: str, bare: tuple[str, ...]) -> None:
    assert without_lif(chain(lifs)) == bare


def test_a_sum_that_fires_behind_an_addition_is_not_bare() -> None:
    """As a shortcut's does."""
    layers = f"""
    - {{name: a, {CONV}}}
    - {{name: lif_a, op: lif}}
    - {{name: short, {CONV}}}
    - {{name: b, {CONV}, input: lif_a}}
    - {{name: sum, op: add, inputs: [short, b]}}
    - {{name: lif_b, op: lif}}
    - {{name: c, {CONV}}}
    """
    assert without_lif(network(layers)) == ()
    assert without_lif(network(layers.replace("    - {name: lif_b, op: lif}\n", ""))) == ("short", "b")


@pytest.mark.parametrize(("lifs", "said"), [("a", []), ("b", ["no LIF stands behind a: the next layers read sums"])])
def test_a_run_says_it(lifs: str, said: list[str], tmp_path: Path) -> None:
    """All but the last layer fire, and the last but one alone."""
    wanted = chain(lifs).definition
    wanted["layers"] = [layer for layer in wanted["layers"] if layer["name"] != "c"]
    reads_spikes = {"b": 0.1} if lifs == "a" else {}
    wanted["spikes"] = {"source": "rates", "provenance": "nobody", "rates": reads_spikes}
    file = tmp_path / "net.yaml"
    file.write_text(yaml.safe_dump(wanted))
    notes = lifsim.run(workload=file, overrides=["dram.model=ideal"]).notes
    told = [note for note in notes if "no LIF" in note]
    assert [note[: len(start)] for note, start in zip(told, said, strict=True)] == said
