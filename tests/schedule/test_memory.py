"""Is the memory of weights and activations what holding the tensors one by one takes?"""

from __future__ import annotations

import pytest

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.network import Input, Lif, Network, Pool
from lifsim.model.sharing import Sharing
from lifsim.schedule.memory import memory_of
from tests.workload import building

RESIDUAL = """
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 8, kernel: 3, padding: 1, stride: 2, batch_norm: true}
- {name: lif2, op: lif}
- {name: conv3, op: conv, out: 8, kernel: 3, padding: 1}
- {name: shortcut, op: conv, input: lif1, out: 8, kernel: 1, stride: 2, batch_norm: true}
- {name: sum, op: add, inputs: [conv3, shortcut]}
- {name: lif3, op: lif}
- {name: pool, op: max_pool, kernel: 2}
- {name: fc1, op: linear, out: 12}
- {name: lif4, op: lif}
- {name: mean, op: time_mean}
- {name: fc2, op: linear, out: 10, bias: true}
"""
ARCH = load_arch("sata128", ["precision.membrane_bits=12", "precision.psum_bits=20"])


def live_bits(network: Network) -> int:
    """The most that is held, walking all timesteps layer by layer, dropping a tensor once all its readers have read."""
    held: dict[str, int] = {}
    most = 0
    for _ in range(network.timesteps):
        waiting = {
            t.name: sum(t.name in {r.name for r in (reader.input, *reader.residuals)} for reader in network.layers)
            for layer in network.layers
            for t in (layer.input, *layer.outputs)
        }
        for layer in network.layers:
            for tensor in (layer.input, *layer.residuals, *layer.outputs):
                real = network.input_bits if tensor.name == "input" else ARCH.precision.psum_bits
                held[tensor.name] = tensor.elements * tensor.bits(real)
            if layer.lif and layer.input.levels is None and layer.rounds == 1:
                held[f"{layer.name} replayed"] = layer.lif.output.elements * ARCH.precision.psum_bits
            held |= {node.name: node.output.elements * 20 for node in network.nodes if node.name == "mean"}
            most = max(most, sum(held.values()))
            for tensor in (layer.input, *layer.residuals):
                waiting[tensor.name] -= 1
            for name in [n for n in held if n != "mean" and waiting.get(n, 1) == 0]:
                del held[name]
    return most


def kept_bits(network: Network) -> int:
    """What a backward pass would look up, collected in a set of (tensor, timestep)."""
    needed: set[tuple[str, int]] = set()
    for node in network.nodes:
        reads_back: list[str] = []
        match node:
            case Lif():
                reads_back = [node.name]
            case Conv() | Linear():
                reads_back = [node.inputs[0]] + [node.name] * node.batch_norm
            case Pool(kind="max"):
                reads_back = [node.inputs[0]]
        needed |= {(name, step) for name in reads_back for step in range(network.node(name).output.timesteps)}
    bits = 0
    for name, _ in needed:
        node = network.node(name)
        real = network.input_bits if isinstance(node, Input) else ARCH.precision.psum_bits
        bits += node.output.elements * node.output.bits(real)
    return bits


@pytest.mark.parametrize("encoding", ["direct", "rate"])
@pytest.mark.parametrize("batch", [1, 3])
def test_activations_are_what_holding_each_tensor_takes(encoding: str, batch: int) -> None:
    network = building.network(RESIDUAL, encoding=encoding)
    memory = memory_of(network, Sharing(), ARCH.precision, batch)
    assert memory.forward.activations == -(-batch * live_bits(network) // 8)
    assert memory.backward["stored"].activations == -(-batch * kept_bits(network) // 8)


def test_a_small_network_by_hand() -> None:
    layers = "- {name: conv1, op: conv, out: 4, kernel: 1}\n- {name: lif1, op: lif}\n- {name: fc, op: linear, out: 3}"
    network = building.network(layers, shape="[2, 2, 2]", timesteps=5)
    memory = memory_of(network, Sharing.parse("channel2"), load_arch("sata128").precision, batch=2)
    weights = 2 * 4 + 16 * 3  # 8 bits each
    assert memory.forward.weights == memory.backward["stored"].weights == weights
    assert memory.forward.lif == memory.paper.lif == 2 * 16 // 2  # half the neurons', 8 bits
    assert memory.backward["reversed"].lif == 2 * (8 + 5 * 2 * 8 * 2 // 8)  # and 2 bits that each of 10 calls forgets
    assert memory.backward["stored"].lif == 2 * 5 * 16  # those of every call
    # 16 spikes beside the image's 8 bytes, or beside 3 psums of 2 bytes; 16 currents of 2 bytes are replayed.
    assert memory.forward.activations == 2 * (16 // 8 + 8 + 16 * 2)
    # The image once, 16 spikes at each of 5 timesteps; no batch norm, so no real values.
    assert memory.backward["stored"].activations == 2 * (8 + 5 * 16 // 8)
    assert memory.forward.total == weights + 16 + 84


def test_sharing_changes_nothing_but_the_membranes() -> None:
    network = load_workload("resnet19_cifar10")
    none, shared = (memory_of(network, Sharing.parse(s), ARCH.precision, 1) for s in ("none", "layer+channel4"))
    for phase in ("forward", "paper", *none.backward):
        before, after = ({"forward": one.forward, "paper": one.paper, **one.backward}[phase] for one in (none, shared))
        assert (before.weights, before.activations) == (after.weights, after.activations)
        if phase == "recomputed":  # tick-batched nothing is kept; layers that share run timestep by timestep
            assert after.lif > before.lif == 0
        else:
            assert (after.lif == before.lif) if phase == "stored" else (after.lif < before.lif)
