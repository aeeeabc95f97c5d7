"""Are members of other packages that cannot be used told, with their package and the way out, and do they leave others
alone?"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.accounting import ACCOUNTINGS
from lifsim.accounting.own import Own
from lifsim.accounting.prices import Costs
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.hardware.array import DATAFLOWS, Dataflow
from lifsim.hardware.array.dataflow.output_stationary import OutputStationary
from lifsim.hardware.memory import PerBit
from lifsim.model.arch import Arch
from lifsim.registry import Registry, registry_of


@dataclass(frozen=True)
class Package:
    """Of an entry point."""

    name: str
    requires: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """An entry point whose module is not on disk."""

    name: str
    found: Callable[[], type[Any]]
    dist: Package = Package("acme")
    module: str = "acme.members"

    @property
    def value(self) -> str:
        return f"{self.module}:{self.name.title()}"

    def load(self) -> type[Any]:
        return self.found()


def member(name: str, **parts: Any) -> type[Any]:
    return type("Mine", (OutputStationary,), {"name": name, "title": name, "__module__": "acme.members"} | parts)


def leaves() -> type[Any]:
    sys.exit(0)


def misses() -> type[Any]:
    raise ImportError("cannot import name 'Future'")


class Bare(Dataflow):
    """It has nothing of what a newer, or this, protocol asks."""

    name = title = "bare"


ENTRIES = [
    Entry("good", lambda: member("good")),
    Entry("leaves", leaves),
    Entry("misses", misses, Package("acme", ["numpy>=1", "lifsim>=99", "lifsim-more"])),
    Entry("bare", lambda: Bare),
    Entry("os", lambda: member("os")),
    Entry("twice", lambda: member("twice")),
    Entry("twice", lambda: member("twice"), Package("other")),
    Entry("wrong", lambda: member("wrong", sums_in_pes=None)),
]

TOLD = {
    "leaves": r"acme\): dataflow acme.members:Leaves must load, but: SystemExit\(0\); mend it, or uninstall acme",
    "misses": r"acme\): .*cannot import name 'Future'.*; its package asks for lifsim>=99, and this is \d.*; mend it",
    "bare": r"acme\): .*must have folds, words, .*, as Dataflow asks",
    "os": r"acme\): .*'os' of acme.members must have another name: lifsim.hardware.*output_stationary has it",
    "wrong": r"acme\) sums_in_pes: must be True or False, is None; mend acme.members.Mine.sums_in_pes",
}


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Registry[Any]:
    """Dataflows, with those of ENTRIES."""
    monkeypatch.setattr("lifsim.registry.entry_points", lambda group: ENTRIES if group == "lifsim.dataflows" else [])
    shipped = dict(DATAFLOWS.shipped)
    for name, value in (
        ("_members", shipped),
        ("_origins", {name: DATAFLOWS.origin(name) for name in shipped}),
        ("_unfit", {}),
        ("_looked_at", {"shipped"}),
    ):
        monkeypatch.setattr(DATAFLOWS, name, value)
    return DATAFLOWS


def test_each_is_told_and_those_that_can_be_used_are_there(others: Registry[Any]) -> None:
    assert [*others] == [*others.shipped, "good"]
    assert [*others.unfit] == ["bare", "leaves", "misses", "os", "twice", "wrong"]
    assert type(others["os"]) is OutputStationary
    for name, words in TOLD.items():
        assert re.match(rf"member {name} \({words}", str(others.unfit[name])), str(others.unfit[name])
    twice = "member twice: must be a dataflow of one package, acme and other have one each; uninstall one"
    assert str(others.unfit["twice"]) == twice


def test_who_names_one_is_told_why_not(others: Registry[Any], capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("leaves", "bare", "twice"):
        assert main(["run", "--set", f"array.dataflow={name}", "--set", "dram.model=ideal"]) == 2
        assert capsys.readouterr().err == f"--set array.dataflow: {others.unfit[name]}\n"
        with pytest.raises(InputError, match=f"member {name}"):
            lifsim.load_arch("sata128", [f"array.dataflow={name}"])
    assert lifsim.load_arch("sata128", ["array.dataflow=good"]).array.dataflow == "good"


def test_it_is_told_beside_what_else_is_wrong(others: Registry[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--set", "array.dataflow=leaves", "--set", "array.rows=-1", "--set", "clock_hz=0"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert f"--set array.dataflow: {others.unfit['leaves']}" in told


def test_a_neuron_that_cannot_be_used_is_told_where_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lifsim.registry.entry_points", lambda **_: [Entry("spiky", misses)])
    for name, value in (("_unfit", {}), ("_looked_at", {"shipped"})):
        monkeypatch.setattr(registry_of("neuron"), name, value)
    path = tmp_path / "net.yaml"
    layers = "layers:\n- {name: a, op: linear, out: 2}\n- {name: b, op: lif, share: 5}\n"
    path.write_text(f"name: net\ntimesteps: 1\ninput: {{shape: [4]}}\nneuron: {{model: spiky}}\n{layers}")
    with pytest.raises(InputError) as told:
        lifsim.load_workload(str(path))
    neuron, share = map(str, told.value.faults)
    assert re.search(r"net.yaml:4:\d+ neuron.model: member spiky \(acme\): neuron model .*'Future'", neuron)
    assert "layers.b.share" in share


def test_a_list_has_the_good_ones_and_tells_of_the_others(
    others: Registry[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "dataflows"]) == 2
    told = capsys.readouterr()
    assert told.out.splitlines()[-1].split() == ["good", "good", "(package", "acme)"]
    assert told.err.splitlines() == [str(fault) for fault in others.unfit.values()]


def test_what_a_decorator_put_in_before_its_module_failed_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry[Any] = Registry("dataflow", Dataflow, "lifsim.hardware.array.dataflow", "of.acme")

    def half() -> type[Any]:
        registry.register(member("half"))
        raise RuntimeError("behind its decorator")

    monkeypatch.setattr("lifsim.registry.entry_points", lambda **_: [Entry("half", half)])
    with pytest.raises(InputError, match="behind its decorator"):
        registry["half"]
    assert not list(registry)


def test_a_layer_kind_that_cannot_be_used_is_told_where_a_workload_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    layers = registry_of("layer")
    monkeypatch.setattr("lifsim.registry.entry_points", lambda **_: [Entry("pixels", misses)])
    for name, value in (("_unfit", {}), ("_looked_at", {"shipped"})):
        monkeypatch.setattr(layers, name, value)
    path = tmp_path / "net.yaml"
    head = "name: net\ntimesteps: 1\ninput: {shape: [4]}\nlayers:\n"
    path.write_text(head + "- {name: a, op: pixels, out: 2}\n")
    with pytest.raises(InputError, match=r"member pixels \(acme\): layer kind .*cannot import name 'Future'"):
        lifsim.load_workload(str(path))


@pytest.mark.parametrize("factor", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("dram", ["cycle", "bandwidth"])
def test_an_accounting_that_prices_dram_by_itself_balances_under_any_memory(
    factor: float, dram: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a device whose ranks stand by, too: it told of their energy as if it were charged."""

    class Other(Own):
        name, title = "other", "DRAM at another price"

        def costs(self, arch: Arch) -> Costs:
            return replace(super().costs(arch), dram=PerBit(4.0 * factor))

    monkeypatch.setattr(ACCOUNTINGS, "_members", dict(ACCOUNTINGS))
    monkeypatch.setattr(ACCOUNTINGS, "_origins", {name: ACCOUNTINGS.origin(name) for name in ACCOUNTINGS})
    ACCOUNTINGS.register(Other)
    keys = ["dram.bandwidth_bytes_per_s=1GB", "dram.energy_pj_per_bit=4.0", "dram.source=t", "dram.energy=per_bit"]
    given = ["accounting=other", *(["dram.model=bandwidth", *keys] if dram == "bandwidth" else [])]
    totals = lifsim.run("sata128", "lenet5_mnist", overrides=given).totals
    assert totals.energy_pj.dram.total == pytest.approx(totals.dram_bytes.total * 8 * 4.0 * factor)
    assert "background_pj" not in str(totals.tree().get("dram"))
    assert "_standby_pj" not in str(totals.tree().get("dram"))
