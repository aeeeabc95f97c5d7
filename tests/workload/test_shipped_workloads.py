"""Are the shipped networks those of their papers and traces?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.config.resolve import available
from lifsim.config.workload import load_workload
from lifsim.graph.states import states_of
from lifsim.model.sharing import Sharing

SHIPPED = sorted(path.stem for path in (Path(__file__).parents[2] / "workloads").glob("*.yaml"))
DATA_SETS = ("cifar10", "cifar100", "tinyimagenet", "imagenet100", "ncaltech101")
FAMILIES = ("vgg16", "vgg16_efficientlif", "resnet19")


def membranes(workload: str, sharing: str) -> int:
    return sum(state.elements for state in states_of(load_workload(workload), Sharing.parse(sharing)))


def test_every_network_of_the_design_is_shipped():
    wanted = {f"{family}_{data}" for family in FAMILIES for data in DATA_SETS}
    wanted |= {"vgg9_cifar10", "alexnet_cifar10", "lenet5_mnist", "har_sfcn_ucihar", "har_sdcl_ucihar"}
    assert wanted <= set(available("workload"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_workload_loads_under_its_own_name_and_says_where_its_rates_come_from(name):
    network = load_workload(name)
    assert network.name == name
    assert network.description
    if network.spikes.source == "rates":
        assert network.spikes.provenance


@pytest.mark.parametrize("family", FAMILIES)
def test_rates_are_called_measured_on_the_network_of_the_trace_only(family):
    measured = {data for data in DATA_SETS if load_workload(f"{family}_{data}").spikes.measured}
    assert measured == ({"cifar10"} if family == "vgg16" else set())


LIF_MEMORY = {
    ("vgg16_efficientlif_cifar10", "none"): 473088,
    ("vgg16_efficientlif_shared_cifar10", "layer"): 321536,
    ("vgg16_efficientlif_shared_cifar10", "channel2"): 203776,
    ("vgg16_efficientlif_shared_cifar10", "channel4"): 101888,
    ("vgg16_efficientlif_shared_cifar10", "layer+channel2"): 160768,
    ("resnet19_cifar10", "none"): 458752,
    ("resnet19_shared_cifar10", "layer"): 237568,
    ("resnet19_shared_cifar10", "channel2"): 376832,
    ("resnet19_shared_cifar10", "channel4"): 188416,
    ("resnet19_shared_cifar10", "layer+channel2"): 118784,
    ("resnet19_positions_imagenet100", "none"): 753664 * 49,
    ("resnet19_positions_imagenet100", "layer+channel2"): 172032 * 49,
}


@pytest.mark.parametrize(("workload", "sharing"), LIF_MEMORY)
def test_membranes_equal_those_of_efficientlif_nets_published_networks(workload, sharing):
    assert membranes(workload, sharing) == LIF_MEMORY[workload, sharing]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_map_of_224_has_49_times_the_membranes_of_one_of_32(family):
    assert membranes(f"{family}_imagenet100", "none") == 49 * membranes(f"{family}_cifar10", "none")


@pytest.mark.parametrize("name", ["vgg16_cifar10", "vgg9_cifar10", "lenet5_mnist"])
def test_layers_and_rates_are_those_of_the_real_trace(spike_trace, name):
    network = load_workload(name)
    assert network.spikes.measured
    with np.load(spike_trace(name), allow_pickle=False) as trace:
        arrays = [trace[key] for key in trace.files]
    assert len(arrays) == len(network.layers)
    for index, (spikes, layer) in enumerate(zip(arrays, network.layers, strict=True)):
        assert spikes.shape[1:] == (layer.in_shape if layer.kind == "conv" else layer.in_shape[:1])
        if index > 0:
            assert len(spikes) == layer.rounds
            rates = spikes.reshape(len(spikes), -1).mean(axis=1)
            np.testing.assert_allclose(network.spikes.rates[layer.name], rates, atol=5.1e-6)


def test_resnet19_projects_where_a_stage_begins_and_reads_spikes_elsewhere():
    layers = {layer.name: layer for layer in load_workload("resnet19_cifar10").layers}
    assert len(layers) == 1 + 2 * 8 + 3 + 1
    assert [layers[f"s{stage}b1_shortcut"].kernel for stage in (1, 2, 3)] == [(1, 1)] * 3
    assert layers["s1b1_shortcut"].residuals[0].levels is None
    assert layers["s1b2_conv2"].residuals[0].name == "s1b1_lif2"
    assert layers["s3b2_conv2"].out_shape == (512, 4, 4)
    assert layers["fc1"].input.levels == 16


@pytest.mark.parametrize("name", ["resnet19_cifar10", "resnet19_imagenet100", "vgg16_tinyimagenet", "alexnet_cifar10"])
def test_rates_that_are_not_measured_are_those_of_an_unpruned_network(name):
    """At the same relative depth: those of VGG-9's input of the same number of layers on its way, interpolated."""
    network, lender = load_workload(name), load_workload("vgg9_cifar10")
    assert not network.spikes.measured
    assert not network.spikes.pruned
    assert "vgg9_cifar10" in network.spikes.provenance
    known = [float(np.mean(lender.spikes.rates[layer.name])) for layer in lender.layers[1:-1]]
    plain = [rates[0] for name, rates in network.spikes.rates.items() if name != "fc1"]
    assert min(known) - 1e-3 <= min(plain)
    assert max(plain) <= max(known) + 1e-3
    assert plain[0] == pytest.approx(np.interp(1 / _depth(network), np.arange(1, 8) / 9, known), abs=2e-3)


def _depth(network):
    layers = {layer.name for layer in network.layers}
    behind = {}
    for node in network.nodes:
        behind[node.name] = max((behind[name] for name in node.inputs), default=0) + (node.name in layers)
    return max(behind.values())
