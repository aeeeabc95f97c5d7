"""Are accountings members like others, and does nobody else ask for them by name?"""

from __future__ import annotations

from dataclasses import replace

import pytest

import lifsim
from lifsim.accounting import ACCOUNTINGS, Accounting, Setup
from lifsim.accounting.books import Accesses, Cycles, Operations, SramAccesses
from lifsim.accounting.counts import ElementBits, LayerCounts
from lifsim.accounting.prices import Costs, costs_of
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.hardware.array import DATAFLOWS
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.play.dram import with_estimated_work
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.traffic import DramBytes


def test_accountings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "accountings"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["lifsim", "satasim"] == list(ACCOUNTINGS)


def test_an_unknown_accounting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="'satasin' must be one of lifsim, satasim; did you mean 'satasim'"):
        lifsim.run("sata128", "lenet5_mnist", overrides=["accounting=satasin"])


@pytest.mark.parametrize("name", ["sata128", "eyeriss_like", "sata_training"])
def test_the_pass_of_satasim_is_counted_by_satasim_alone(name: str) -> None:
    """With the way out; every accounting that LIFSim ships but that one refuses it."""
    with pytest.raises(InputError, match=r"array\.dataflow: 'sata' must be os under accounting lifsim: ") as error:
        lifsim.load_arch(name, ["array.dataflow=sata"])
    assert "rule of accounting satasim" in str(error.value)
    refused = [each for each in ACCOUNTINGS if DATAFLOWS["sata"].refusal(each)]
    assert refused == [each for each in ACCOUNTINGS if each != "satasim"]


def test_nobody_skips_zeros_that_are_a_mean_rate() -> None:
    for sparsity in ("skip", "ptb"):
        with pytest.raises(InputError, match=f"'{sparsity}' must go with dataflow os, not sata"):
            lifsim.load_arch("sata128_satasim", [f"array.sparsity={sparsity}"])


def test_what_an_accounting_does_not_know_is_told_at_once() -> None:
    changed = ["accounting=satasim", "dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB"]
    with pytest.raises(InputError) as error:
        lifsim.run("eyeriss_like", "lenet5_mnist", overrides=changed)
    assert "'satasim' must go with dataflow sata, not " in str(error.value)
    assert "must be ideal under accounting satasim" in str(error.value)
    with pytest.raises(InputError, match="spikes: engine must be workload"):
        lifsim.run("sata128_satasim", "lenet5_mnist", spikes="engine")


Own = type(ACCOUNTINGS["lifsim"])


class Padded(Own):  # type: ignore[valid-type,misc]
    """Every layer is counted with one more LIF update."""

    name, title = "padded", "one more"

    def count(self, setup: Setup, facts: NetworkFacts, group: GroupPlan) -> list[LayerCounts]:
        layers = super().count(setup, facts, group)
        return [replace(one, ops=replace(one.ops, lif_updates=one.ops.lif_updates + 1)) for one in layers]


class Unready(Padded):
    """It does not train."""

    name, trains = "unready", False


class Unscheduled(Accounting):
    """A cycle a layer, as a member of another package that says nothing else of itself."""

    name, title, scheduled = "unscheduled", "a cycle a layer", False

    def costs(self, arch: Arch) -> Costs:
        return costs_of(arch)

    def count_unscheduled(self, network: Network, arch: Arch) -> list[LayerCounts]:  # noqa: ARG002
        one, none = Cycles(1, 1, 0, 0, 0, 0, 0, 0), Accesses(0, 0)
        rest = Operations(0, 0, 0, 0, 0), DramBytes(), SramAccesses(*[none] * 5), none, ElementBits(1, 1, 1, 1, 1)
        return [LayerCounts(layer.name, one, *rest, 0.0, "", (), 0) for layer in network.layers]


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are registered."""
    monkeypatch.setattr(ACCOUNTINGS, "_members", dict(ACCOUNTINGS))
    monkeypatch.setattr(ACCOUNTINGS, "_origins", {name: ACCOUNTINGS.origin(name) for name in ACCOUNTINGS})
    for member in (Padded, Unready, Unscheduled):
        ACCOUNTINGS.register(member)


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("bptt", ["stored", "reversed"])
def test_training_is_counted_by_the_accounting_that_the_architecture_names(bptt: str) -> None:
    def updates(*overrides: str) -> list[dict[str, int]]:
        how = {"mode": "training", "batch": 1, "bptt": bptt}
        result = lifsim.run("sata_training", "lenet5_mnist", overrides=overrides, **how)
        return [{name: stage.ops.lif_updates for name, stage in one.stages.items()} for one in result.records]

    own, padded = updates(), updates("accounting=padded")
    calls = {"forward", "recompute"}
    assert padded == [{name: count + (name in calls) for name, count in one.items()} for one in own]


@pytest.mark.usefixtures("others")
def test_an_accounting_that_does_not_train_is_not_made_to() -> None:
    lifsim.run("sata_training", "lenet5_mnist", overrides=("accounting=unready",))
    with pytest.raises(InputError, match="mode: training must be inference: accounting unready knows no other"):
        lifsim.run("sata_training", "lenet5_mnist", mode="training", overrides=("accounting=unready",))


@pytest.mark.usefixtures("others")
def test_an_accounting_without_a_schedule_refuses_what_it_is_not_told() -> None:
    """Its figures would be those of another run than was asked for."""
    ideal = ["accounting=unscheduled", "dram.model=ideal", "dram.energy_pj_per_bit=1", "dram.source=nobody"]
    assert lifsim.run("sata128", "lenet5_mnist", overrides=ideal).totals.cycles.total == 5
    with pytest.raises(InputError, match="'cycle' must be ideal under accounting unscheduled, which knows no waiting"):
        lifsim.run("sata128", "lenet5_mnist", overrides=["accounting=unscheduled"])
    for asked, told in (
        ({"batch": 3}, "batch: 3 must be 1: accounting unscheduled counts one image"),
        ({"schedule": "timestep"}, "schedule: timestep must be tick: accounting unscheduled counts layer by layer"),
        (
            {"spikes": "engine"},
            "spikes: engine must be workload: accounting unscheduled counts at the workload's rates",
        ),
    ):
        with pytest.raises(InputError, match=told):
            lifsim.run("sata128", "lenet5_mnist", overrides=ideal, **asked)


def test_a_schedule_is_compared_by_what_it_reads_and_writes() -> None:
    """Currents that are replayed come back oftener than they go out."""

    class Charge:
        def estimated(self, *asked: int) -> None:
            self.asked = asked

    moved = DramBytes(weights=1, spikes_in=10, spikes_out=100, residual=1000, psum_read=70_000, psum_write=10_000)
    result = lifsim.run("sata128", "lenet5_mnist")
    charge = Charge()
    counts = replace(result.records[0].counts, dram_bytes=moved)
    with_estimated_work(counts, charge, 400_000_000)  # type: ignore[arg-type]
    assert charge.asked == (71_011, 10_100, counts.cycles.total, 400_000_000)
