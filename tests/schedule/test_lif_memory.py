"""Is the memory of the membranes what EfficientLIF-Net's modules, counted one by one, need?"""

from __future__ import annotations

import dataclasses
import math

import pytest

from lifsim.graph.states import states_of
from lifsim.keeping import KEEPINGS
from lifsim.model.network import Lif, Network, Tensor
from lifsim.model.sharing import Sharing
from lifsim.schedule.lif_memory import LifMemory, lif_memory
from tests.schedule import build

Shape = tuple[int, int, int]


def network(lifs: list[tuple[Shape, str]], timesteps: int = 5, reset: str = "soft") -> Network:
    """A network of LIFs, given as (shape, sharing group), one behind the other."""
    neuron = dataclasses.replace(build.SOFT, reset=reset)
    nodes = tuple(
        Lif(f"lif{number}", (), Tensor(f"lif{number}", shape, timesteps, 1), neuron, group)
        for number, (shape, group) in enumerate(lifs, 1)
    )
    whole = build.network_of(build.conv_layer((1, 1, 1), 1, (1, 1), padding=(0, 0)))
    return dataclasses.replace(whole, timesteps=timesteps, nodes=nodes)


def memory_under(network: Network, sharing: Sharing, membrane_bits: int, batch: int, bptt: str = "stored") -> LifMemory:
    return lif_memory(network, states_of(network, sharing), membrane_bits, batch, KEEPINGS[bptt])


def vgg16(channels_at_16: int) -> list[tuple[Shape, str]]:
    stages = [
        (128, 32, 1, "lif1"),
        (128, 32, 1, "lif2"),
        (channels_at_16, 16, 2, "b"),
        (256, 8, 3, "c"),
        (512, 4, 3, "d"),
    ]
    stages.append((512, 2, 3, "e"))
    return [((c, size, size), group) for c, size, count, group in stages for _ in range(count)]


def resnet19(widths: tuple[int, int, int], by_position: bool) -> list[tuple[Shape, str]]:
    stages = zip(widths, (3, 3, 2), (16, 8, 4), strict=True)
    lifs: list[tuple[Shape, str]] = [((128, 32, 32), "stem")]
    lifs += [
        ((width, size, size), f"{size}.{position if by_position else ''}")
        for width, blocks, size in stages
        for _ in range(blocks)
        for position in range(2)
    ]
    return lifs


@pytest.mark.parametrize(
    ("lifs", "sharing", "elements"),
    [
        (vgg16(256), "none", 473088),
        (vgg16(128), "layer", 321536),
        (vgg16(128), "channel2", 203776),
        (vgg16(128), "channel4", 101888),
        (vgg16(128), "layer+channel2", 160768),
        (resnet19((128, 256, 512), False), "none", 458752),
        (resnet19((256, 512, 512), False), "layer", 237568),
        (resnet19((256, 512, 512), False), "channel2", 376832),
        (resnet19((256, 512, 512), False), "channel4", 188416),
        (resnet19((256, 512, 512), False), "layer+channel2", 118784),
        (resnet19((256, 512, 512), True), "layer+channel2", 172032),
    ],
)
def test_forward_memory_of_the_published_networks(lifs: list[tuple[Shape, str]], sharing: str, elements: int) -> None:
    memory = memory_under(network(lifs), Sharing.parse(sharing), membrane_bits=32, batch=3)
    assert memory.forward == 3 * 4 * elements


@pytest.mark.parametrize("bptt", ["stored", "reversed"])
def test_like_is_compared_with_like(bptt: str) -> None:
    """Undone or stored, shared and unshared alike: what is stored, sharing leaves as it is. At 8 bits every call keeps
    the 2 bits that it forgets."""
    lifs = resnet19((256, 512, 512), True)
    memory = memory_under(network(lifs), Sharing.parse("layer+channel2"), membrane_bits=8, batch=1, bptt=bptt)
    assert (memory.forward, memory.forward_baseline) == (172032, 753664)
    forgotten = 5 * 753664 * 2 // 8
    alike = (172032 + forgotten, 753664 + forgotten) if bptt == "reversed" else (5 * 753664, 5 * 753664)
    assert (memory.backward, memory.backward_baseline) == alike


def test_the_paper_stores_what_is_unshared_and_undoes_what_is_shared() -> None:
    lifs = resnet19((256, 512, 512), True)
    for sharing, kept in (("layer+channel2", 172032), ("none", 5 * 753664)):
        memory = memory_under(network(lifs), Sharing.parse(sharing), membrane_bits=8, batch=1)
        assert memory.paper_backward == kept
        assert memory.backward_baseline == 5 * 753664


def test_a_network_in_which_nothing_is_shared_saves_nothing() -> None:
    """No two neighbouring shapes are equal, so `layer` shares nothing."""
    lifs = [((8, 4, 4), "a"), ((4, 2, 2), "b")]
    memory = memory_under(network(lifs), Sharing.parse("layer"), membrane_bits=8, batch=1)
    assert memory.forward == memory.forward_baseline
    assert memory.paper_backward == memory.backward == memory.backward_baseline


@pytest.mark.parametrize("sharing", ["none", "channel2", "layer"])
def test_membranes_that_cannot_be_recomputed_are_stored_for_every_call(sharing: str) -> None:
    lifs = vgg16(128)
    calls = sum(math.prod(shape) for shape, _ in lifs)
    hard = network(lifs, 4, "hard")
    memory = memory_under(hard, Sharing.parse(sharing), membrane_bits=1, batch=2, bptt="reversed")
    assert memory.backward == memory.backward_baseline == memory.paper_backward == 4 * 2 * calls // 8
