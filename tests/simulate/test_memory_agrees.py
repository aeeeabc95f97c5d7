"""Do `lifsim memory` and a training run agree on what is kept, whatever shares, recomputes and changes weights?

Maps are eight wide, so that no row of spikes ends within a byte; membranes have 16 bits.
"""

from __future__ import annotations

import dataclasses

import pytest

from lifsim.config.arch import load_arch
from lifsim.keeping import KEEPINGS
from lifsim.model.network import Network
from lifsim.model.product import Product
from lifsim.model.sharing import Sharing
from lifsim.optimizers import OPTIMIZERS
from lifsim.report.memory_table import MemoryRow, memory_rows
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from tests.simulate.test_norms import LAYERS as NORMED
from tests.workload import building

PLAIN = """
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
- {name: lif2, op: lif}
- {name: fc, op: linear, out: 3}
"""
TIMESTEPS, BATCH = 3, 2


def _network(layers: str) -> Network:
    found = building.network(layers, encoding="rate", timesteps=TIMESTEPS, shape="[2, 8, 8]")
    rates = {layer.name: (0.3,) for layer in found.layers}
    return dataclasses.replace(found, spikes=dataclasses.replace(found.spikes, source="rates", rates=rates))


def _both(layers: str, sharing: str, bptt: str, *overrides: str) -> tuple[Result, MemoryRow]:
    machine = ("dram.model=ideal", "precision.membrane_bits=16", *overrides)
    endless = (f"buffers.{name}.size_bytes=1GiB" for name in ("weight", "spike_in", "spike_out", "membrane", "psum"))
    arch, network, shared = load_arch("sata_training", (*machine, *endless)), _network(layers), Sharing.parse(sharing)
    result = run(arch, network, shared, Options(mode="training", bptt=bptt, batch=BATCH))
    (row,) = memory_rows([network], [shared], arch, BATCH)
    return result, row


@pytest.mark.parametrize("layers", [PLAIN, NORMED], ids=["plain", "normed"])
@pytest.mark.parametrize("sharing", ["none", "layer", "channel2", "channel4", "layer+channel2"])
@pytest.mark.parametrize("bptt", KEEPINGS)
def test_membranes_and_activations(layers: str, sharing: str, bptt: str) -> None:
    """What is in flight aside: `memory` has an image at a time, a run as many as its schedule."""
    result, row = _both(layers, sharing, bptt)
    memory, ran = row.memory.lif[bptt].memory, result.totals.lif_memory_bytes
    kept = memory.backward - memory.in_flight
    assert kept == ran.backward - ran.in_flight == result.stages["forward"].dram_bytes.states_write
    assert memory.forward == ran.forward
    written, network = result.stages["forward"].dram_bytes, result.network
    image = bytes_of(BATCH * TIMESTEPS * network.layers[0].input.elements)
    bare = [layer for layer in network.layers if layer.lif is None and not _normed(network, layer.name)]
    sums = sum(bytes_of(BATCH * TIMESTEPS * layer.outputs[0].elements * 16) for layer in bare)
    activations = row.memory.backward[bptt].activations
    assert activations == image + written.spikes_out + written.sums_write - sums


def _normed(network: Network, name: str) -> bool:
    node = network.node(name)
    return isinstance(node, Product) and node.batch_norm


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("masters", ["true", "false"])
@pytest.mark.parametrize(("weight", "state"), [(8, 32), (5, 11)])
def test_what_the_optimizer_keeps(name: str, masters: str, weight: int, state: int) -> None:
    """A run reads it and writes it once a batch."""
    keys = (f"optimizer.master_weights={masters}", f"optimizer.state_bits={state}", f"precision.weight_bits={weight}")
    for sharing, bptt in (("none", "stored"), ("layer", "recomputed"), ("channel2", "reversed")):
        result, row = _both(PLAIN, sharing, bptt, f"optimizer.name={name}", *keys)
        phases = [*row.memory.backward.values(), row.memory.paper]
        assert {2 * phase.optimizer for phase in phases} == {result.totals.dram_bytes.optimizer_state}  # type: ignore[attr-defined]
        assert row.memory.forward.optimizer == 0
        assert row.tree()["memory_bytes"]["backward_stored"]["optimizer"] == phases[0].optimizer
    assert (phases[0].optimizer > 0) == (OPTIMIZERS[name].state_values > 0 or masters == "true")
