"""Are synthetic spikes exact, reproducible and independent of everything but their name, timestep and image?"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from lifsim.errors import InputError
from lifsim.model.network import Network
from lifsim.trace.draws import bernoulli
from lifsim.trace.synthesise import synthesise
from tests.trace.networks import small_network


def _with_rates(**rates: tuple[float, ...]) -> Network:
    return small_network(rates={name.replace("_", ""): value for name, value in rates.items()})


@pytest.mark.parametrize("rate", [0.15, 0.5, 1e-5, 1 - 1e-5, 2.0**-16 * 1.5])
def test_rates_lie_within_binomial_noise(rate: float) -> None:
    spikes = np.empty(4_000_000, np.uint8)
    bernoulli(rate, np.random.PCG64(1), spikes)
    assert abs(int(spikes.sum(dtype=np.int64)) - rate * len(spikes)) < 5 * np.sqrt(rate * (1 - rate) * len(spikes))


def test_a_rate_below_the_first_draw_is_decided_by_the_second() -> None:
    ties = [1 << 44, 1 << 47, 1 << 40, 1 << 46, (1 << 46) - 1, 1 << 47, 0]
    words = _Fixed([0, 5 << 48, *(tie << 16 for tie in ties)])
    spikes = np.empty(8, np.uint8)
    bernoulli(2.0**-18, words, spikes)
    assert spikes.tolist() == [1, 0, 1, 0, 1, 0, 1, 0]


class _Fixed(np.random.PCG64):
    """A generator of given words."""

    def __init__(self, words: list[int]) -> None:
        super().__init__(0)
        self._words = words

    def random_raw(self, size: int) -> np.ndarray:  # type: ignore[override]
        drawn, self._words = self._words[:size], self._words[size:]
        return np.array(drawn, np.uint64)


def test_zero_and_one_are_exact() -> None:
    trace = synthesise(_with_rates(conv2=(0.0, 1.0, 0.5), fc=(1.0,)), 2, 0)
    assert [int(trace.layer("conv2").read(step, 0, 2).sum()) for step in (0, 1)] == [0, 2 * 140]
    assert trace.layer("fc").read(2, 0, 2).all()


def test_the_analogue_image_is_all_ones_and_comes_once() -> None:
    first = synthesise(small_network(), 2, 0).layers[0]
    assert first.shape == (1, 2, 2, 5, 7)
    assert first.read(0, 0, 2).all()


def test_spikes_depend_on_seed_layer_timestep_and_image_only() -> None:
    network, alone = _with_rates(conv2=(0.5,), fc=(0.5,)), _with_rates(conv2=(0.5,))
    one, many = synthesise(network, 1, 7), synthesise(replace(alone, layers=network.layers[1:2]), 5, 7)
    np.testing.assert_array_equal(one.layer("conv2").read(1, 0, 1), many.layer("conv2").read(1, 0, 1))
    np.testing.assert_array_equal(many.layer("conv2").read(1, 3, 4), many.layer("conv2").read(1, 0, 5)[3:4])
    blocks = {many.layer("conv2").read(step, image, image + 1).tobytes() for step in range(3) for image in range(5)}
    assert len(blocks) == 15
    assert (synthesise(network, 1, 8).layer("conv2").read(1, 0, 1) != one.layer("conv2").read(1, 0, 1)).any()


def test_layers_that_read_one_tensor_see_the_same_spikes() -> None:
    network = _with_rates(conv2=(0.5,), shortcut=(0.5,), fc=(0.5,))
    conv2 = network.layers[1]
    shortcut = replace(conv2, name="shortcut")
    nodes = (*network.nodes, replace(network.node("conv2"), name="shortcut"))
    trace = synthesise(replace(network, nodes=nodes, layers=(*network.layers, shortcut)), 1, 0)
    np.testing.assert_array_equal(trace.layer("conv2").read(2, 0, 1), trace.layer("shortcut").read(2, 0, 1))


def test_spikes_are_the_same_on_every_machine() -> None:
    spikes = synthesise(small_network(), 2, 42).layer("conv2").read(1, 0, 2)
    assert hashlib.sha256(spikes.tobytes()).hexdigest()[:16] == "b4ee230954288811"


def test_every_fault_of_the_rates_is_reported_at_once() -> None:
    with pytest.raises(InputError) as caught:
        synthesise(_with_rates(conv2=(0.1, 0.2), conv3=(0.1,), conv1=(1.5,)), 0, -1)
    text = str(caught.value)
    for part in (
        "rates.conv2: must be one rate or 3",
        "did you mean",
        "1.5 must be",
        "rates.fc: must have",
        "batch: 0",
    ):
        assert part in text
    assert "seed: -1" in text
