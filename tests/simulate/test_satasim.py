"""Are SATA_Sim's published results met, from its workloads and architectures?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import lifsim
from lifsim.accounting import ACCOUNTINGS, Asked
from lifsim.accounting.energy import EnergyPj
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import energy_of
from lifsim.accounting.records import added
from lifsim.accounting.satasim.counting import count_layers
from lifsim.accounting.satasim.prices import costs_of
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.hardware.lif_unit import lif_bank
from lifsim.model.activity import Spikes
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network, Tensor
from lifsim.report.figures.roofline import table as roofline_table
from lifsim.report.validation.satasim import published_figures

SHIPPED = Path(__file__).parents[2] / "arch_configs" / "sata128_satasim.yaml"
KIB = 1024


def arch_of(**changes: object) -> Arch:
    return Arch.model_validate(yaml.safe_load(SHIPPED.read_text()) | changes)


def layer(kind: str, size: int, channels: int, kernel: int, filters: int, stride: int = 1) -> Layer:
    out = (size + 2 - kernel) // stride + 1
    shape, spikes = (channels, size, size), Tensor("input", (channels, size, size), 1, 1)
    window = {"kernel": (kernel, kernel), "stride": (stride, stride), "padding": (1, 1)}
    return Layer(0, f"{kind}{size}x{channels}", kind, spikes, shape, filters, **window, groups=1,
                 out_shape=(filters, out, out), rounds=1, timesteps=1, lif=None, outputs=(), residuals=(),
                 flat=kind == "linear")  # fmt: skip


def network(layers: list[Layer], timesteps: int, sparsity: float) -> Network:
    named = tuple(replace(each, index=i, name=f"{each.name}_{i}") for i, each in enumerate(layers))
    rates = {each.name: (round(1 - sparsity, 12),) for each in named}
    return Network("net", "", timesteps, "rate", 8, (), named, Spikes("rates", rates, "SATA_Sim", False))


def conv(*sizes: int) -> Layer:
    return layer("conv", *sizes)


def linear(channels: int, filters: int) -> Layer:
    return layer("linear", 1, channels, 1, filters)


VGG9 = [conv(32, 3, 3, 64), conv(32, 64, 3, 64), conv(16, 64, 3, 128), conv(8, 128, 3, 128), conv(4, 128, 3, 256)]
VGG9 += [conv(4, 256, 3, 256), conv(4, 256, 3, 256), linear(1024, 1024), linear(1024, 512)]
CIFARNET = [conv(32, 3, 3, 128), conv(32, 128, 3, 256), conv(16, 256, 3, 512), conv(8, 512, 3, 1024)]
CIFARNET += [conv(4, 1024, 3, 512), linear(8192, 1024), linear(1024, 512)]
RESNET19 = [conv(32, 3, 3, 64), *[conv(32, 64, 3, 64)] * 4, conv(16, 64, 3, 128), conv(16, 128, 3, 128)]
RESNET19 += [conv(16, 128, 3, 128, 2), conv(16, 128, 3, 128), conv(8, 128, 3, 256), *[conv(8, 256, 3, 256)] * 3]
RESNET19 += [conv(4, 256, 3, 512, 2), *[conv(4, 512, 3, 512)] * 3, linear(512, 10)]


def energy_nj(net: Network, arch: Arch) -> dict[str, float]:
    """The figures of SATA_Sim's computation-energy.yaml and memory-energy.yaml."""
    counts, costs = count_layers(net, arch), costs_of(arch)
    bank = lif_bank(arch.lif, arch.array.pes, channel_groups=1)
    energy: EnergyPj = added([energy_of(each, costs, Machine.of(arch), bank) for each in counts])
    found = {}
    for tag in ("spike_mac", "lif", "spad"):
        logic = getattr(energy.compute, tag)
        parts = {
            "operation": logic.operation,
            "ungated": logic.ungated,
            "leakage": logic.standing,
            "total": logic.total,
        }
        found |= {f"{tag} {part}": pj for part, pj in parts.items()}
    for name in ("weight", "spike_in", "spike_out"):
        buffer = getattr(energy.buffers, name)
        parts = {"dynamic": buffer.work, "leakage": buffer.standing, "total": buffer.total}
        found |= {f"{name} {part}": pj for part, pj in parts.items()}
    found |= {"sram": energy.sram.total, "dram": energy.dram.total}
    return {name: pj * 1e-3 for name, pj in found.items()}


def published_nj(path: Path) -> dict[str, float]:
    published = published_figures(path)
    compute, memory = published["computation-energy"], published["memory-energy"]
    figures = {}
    for ours, theirs in (("spike_mac", "spike-mac"), ("lif", "lif"), ("spad", "spad")):
        parts = ("operation", "ungated", "leakage")
        figures |= {f"{ours} {part}": compute[theirs][f"energy-{part}"] for part in parts}
        figures[f"{ours} total"] = compute[theirs]["total"]
    for ours, theirs in (("weight", "weight"), ("spike_in", "ifmap"), ("spike_out", "ofmap")):
        parts = ("dynamic", "leakage", "total")
        figures |= {f"{ours} {part}": memory[f"GLB-{theirs}"][f"{theirs}-{part}"] for part in parts}
    return figures | {"sram": memory[""]["sram_total"], "dram": memory[""]["dram_total"]}


def test_every_figure_of_the_bntt_result_is_met(figures: Path) -> None:
    published = published_nj(figures / "satasim_bntt.csv")
    found = energy_nj(load_workload("satasim_bntt"), load_arch("sata128_satasim"))
    assert {name: found[name] for name in published} == pytest.approx(published, rel=1e-9)


def test_the_sum_of_operations_is_truncated_once_as_floats_are() -> None:
    counts = count_layers(load_workload("satasim_bntt"), load_arch("sata128_satasim"))
    operations = added([each.ops for each in counts])
    assert sum(each.cycles.total for each in counts) == 18726463
    assert (operations.macs_executed, operations.lif_updates) == (190041292, 3962880)


# nJ in SATA_Sim's repository, inference-energy-cal/results, at 0f0a2f8 (tssl, direct) and 32d1bf7.
TSSL = {"spike_mac total": 338444.98751482496, "lif total": 890334.4698176, "spad total": 3513181.494486975}
TSSL |= {"dram": 20160406.874454, "sram": 6157044.062306}
TT_SNN = {"spike_mac total": 137964.57530097, "lif total": 365622.99276344, "spad total": 1438057.4651922297}
TT_SNN |= {"dram": 8335824.954156001, "sram": 2664071.0509677995}
T2 = {"spike_mac total": 21041.675540085, "lif total": 57561.369256319995, "spad ungated": 931332.6453535999}
T2 |= {"spad operation": 189889.25796719998, "spad total": 1128633.5857348798}
T2 |= {"spike_in dynamic": 12892.062171360001, "spike_in leakage": 14465.169049625001}
T2 |= {"spike_out dynamic": 4711.539712, "weight total": 293463.7761035, "sram": 375477.101317435}


DIRECT = {"spike_mac total": 606863.0294060251, "lif total": 1576291.2607264, "spad total": 6254140.138245375}
DIRECT |= {"dram": 20160406.874454, "sram": 9716604.944777}


def test_other_published_results_are_met() -> None:
    assert _chosen(DIRECT, energy_nj(network(CIFARNET, 10, 0.9), arch_of())) == pytest.approx(DIRECT, rel=1e-9)
    assert _chosen(TSSL, energy_nj(network(CIFARNET, 5, 0.9), arch_of())) == pytest.approx(TSSL, rel=1e-9)
    assert _chosen(TT_SNN, energy_nj(network(RESNET19, 4, 0.9), arch_of())) == pytest.approx(TT_SNN, rel=1e-9)


def test_the_newer_version_with_its_precisions_and_scratchpads_is_met() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text())
    counts = {"spad_weight": 288, "spad_psum": 64}
    components = [each | {"count": counts.get(each["name"], each.get("count", 1))} for each in shipped["components"]]
    buffers = shipped["buffers"] | {"spike_in": {"size_bytes": "8KiB", "banks": 2, "port_bits": 256}}
    version = {"psum_times_t": True, "act_bits": 2}
    arch = arch_of(satasim=version, components=components, buffers=buffers)
    found = energy_nj(network(VGG9, 2, 0.9), arch)
    assert _chosen(T2, found) == pytest.approx(T2, rel=1e-9)
    assert found["dram"] == pytest.approx(1941428.3321055, rel=1e-5)  # whole bytes a layer


def _chosen(published: dict[str, float], found: dict[str, float]) -> dict[str, float]:
    return {name: found[name] for name in published}


def test_a_slower_clock_spreads_the_same_power_over_a_longer_period() -> None:
    net = network(VGG9[:2], 2, 0.9)
    fast, slow = energy_nj(net, arch_of()), energy_nj(net, arch_of(clock_hz="200MHz"))
    compute = [name for name in fast if name.split()[0] in ("spike_mac", "lif", "spad")]
    assert {name: slow[name] for name in compute} == pytest.approx({name: 2 * fast[name] for name in compute})
    assert slow["dram"] == fast["dram"]


def test_linear_layers_count_once_per_filter_where_the_version_says_so() -> None:
    net = network([linear(100, 10)], 3, 0.5)
    nine, one = (
        count_layers(net, arch_of(satasim={"linear_as_3x3": flag}))[0].ops.lif_updates for flag in (True, False)
    )
    assert (nine, one) == (9 * 10 * 3, 10 * 3)


def test_layers_that_sata_sim_cannot_count_are_refused_all_at_once() -> None:
    grouped = replace(conv(8, 4, 3, 4), groups=4)
    with pytest.raises(InputError) as error:
        count_layers(network([grouped, conv(2, 4, 3, 4), conv(8, 4, 3, 4)], 2, 0.9), arch_of())
    text = [str(fault) for fault in error.value.faults]
    assert len(text) == 2
    assert "conv8x4_0: must have groups 1, has 4" in text[0]
    assert "conv2x4_1: kernel [3, 3] must fit into the map [2, 2]" in text[1]


def test_timesteps_add_up_to_the_layer() -> None:
    for version in ({}, {"psum_times_t": True}):
        for each in count_layers(network(VGG9[2:4], 3, 0.9), arch_of(satasim=version)):
            steps = each.timesteps
            assert [step.timestep for step in steps] == [0, 1, 2]
            assert sum(step.array_cycles for step in steps) == each.cycles.array
            assert sum(step.fill_drain_cycles for step in steps) == each.cycles.fill_drain
            assert sum(step.macs_effective for step in steps) == each.ops.macs_effective
            assert sum(step.input_reads for step in steps) == each.sram_accesses.spike_in.reads
            held = sum(step.pe_utilisation * (step.array_cycles + step.fill_drain_cycles) for step in steps)
            assert held == pytest.approx(each.pe_utilisation * each.cycles.total)
            assert sum(step.output_writes for step in steps) == each.sram_accesses.spike_out.writes


def test_an_array_of_one_pe_has_books_that_balance() -> None:
    one = arch_of(array={"rows": 1, "cols": 1, "dataflow": "sata", "sparsity": "gate"})
    (layer_counts,) = count_layers(network([linear(4, 1)], 2, 0.5), one)
    assert layer_counts.cycles.total == (4 - 1) * 2 + 3 * 2
    assert layer_counts.cycles.fill_drain >= 0


def test_inputs_that_sata_sim_does_not_know_are_refused() -> None:
    with pytest.raises(InputError) as error:
        lifsim.run(arch="sata128_satasim", workload="satasim_bntt", batch=2)
    assert "batch: 2 must be 1" in str(error.value)
    asked = [(False, "auto", 1, "rates"), (False, "tick", 2, "rates")]
    asked += [(False, "tick", 1, "trace"), (False, "tick", 1, "engine")]
    faults = [[str(fault) for fault in ACCOUNTINGS["satasim"].faults(Asked(*each))] for each in asked]
    for (fault,), path in zip(faults, ("schedule", "batch", "trace", "spikes"), strict=True):
        assert fault.startswith(f"{path}: ")


def test_it_does_not_train() -> None:
    with pytest.raises(InputError, match="mode: training must be inference: accounting satasim knows no other"):
        lifsim.run(arch="sata128_satasim", workload="satasim_bntt", mode="training")


def test_a_run_gives_the_published_totals() -> None:
    totals = lifsim.run(arch="sata128_satasim", workload="satasim_bntt").totals
    assert totals.cycles.total == 18726463
    assert totals.energy_pj.compute.spad.total == pytest.approx(1328921.1793447803e3, rel=1e-9)


def test_the_array_is_used_as_much_as_the_products_without_padding_need() -> None:
    """A 3 x 3 convolution of 8 x 8 x 4 has 6 x 6 outputs without padding, of 36 products each."""
    arch, net = arch_of(), network([layer("conv", 8, 4, 3, 16)], 4, 0.5)
    (counted,) = count_layers(net, arch)
    pes, products = arch.array.rows * arch.array.cols, 6 * 6 * 16 * 36
    assert counted.pe_utilisation == pytest.approx(4 * products / (pes * counted.cycles.total))
    for step in counted.timesteps:
        cycles = step.array_cycles + step.fill_drain_cycles
        assert step.pe_utilisation == pytest.approx(products / (pes * cycles))


@pytest.mark.parametrize("workload", ["satasim_bntt", "vgg9_cifar10", "lenet5_mnist"])
def test_no_more_pes_are_busy_than_in_the_layers(workload: str) -> None:
    """SATA_Sim counts cycles without padding, and operations with it: of the array both are of the same products."""
    run = lifsim.run("sata128_satasim", workload)
    running = [record.counts.cycles.array + record.counts.cycles.fill_drain for record in run.records]
    busy = [record.counts.pe_utilisation for record in run.records]
    mean = sum(share * cycles for share, cycles in zip(busy, running, strict=True)) / sum(running)
    assert run.totals.pe_utilisation == pytest.approx(mean, rel=1e-12)
    assert max(busy) <= 1
    frame = roofline_table(run)
    assert (frame["macs_per_s"] <= frame["attainable_macs_per_s"] * (1 + 1e-12)).all()
    shares = frame["macs_per_s"] / frame["peak_macs_per_s"]
    assert shares.to_list() == pytest.approx([*busy, mean], rel=1e-12)
