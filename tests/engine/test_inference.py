"""Does the engine equal a loop over neurons and timesteps, for every layer, reset and sharing?"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.engine.inference import Engine
from lifsim.engine.weights import checked_weights, weight_shapes
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.neurons.lif import LifNeuron
from tests.engine.build import SOFT, Builder, resnet19
from tests.oracles import lif as oracle

NEURONS = st.builds(
    LifNeuron,
    tau=st.sampled_from([4 / 3, 2.0, 1.5, 10.0]),
    threshold=st.sampled_from([1.0, 0.5, 1.25]),
    reset=st.sampled_from(["hard", "soft"]),
    u_reset=st.sampled_from([0.0, -0.25, 0.25]),
    decay_input=st.booleans(),
)

SHARE = st.sampled_from([True, True, False])


def dyadic_weights(network: Network, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights in eighths: every order of sums gives the same bits, so that engine and oracle must be equal."""
    weights = {}
    for name, shape in weight_shapes(network).items():
        values = rng.integers(-8, 12, shape) / 8
        if name.endswith(".bn.running_var"):
            values = np.ones(shape) - 1e-5
        weights[name] = values.astype(np.float32)
    return weights


@st.composite
def cases(draw: st.DrawFn) -> tuple[Network, Sharing, int, int]:
    channels = draw(st.sampled_from([4, 8]))
    size = draw(st.sampled_from([(1, 1), (1, 7), (4, 4), (5, 3)]))
    timesteps, encoding = draw(st.integers(1, 4)), draw(st.sampled_from(["direct", "event"]))
    neuron = draw(NEURONS)
    build = Builder((draw(st.integers(1, 3)), *size), timesteps, encoding)
    build.conv(
        "conv1", channels, (3, 3) if size[0] > 1 else (1, 3), padding=(1, 1) if size[0] > 1 else (0, 1), bias=True
    )
    build.lif("lif1", neuron, share=draw(SHARE))
    groups = draw(st.sampled_from([1, 2, channels]))
    kernel = (draw(st.integers(1, min(3, size[0] + 2))), draw(st.integers(1, 3)))
    build.conv("conv2", channels, kernel, padding=(kernel[0] // 2, kernel[1] // 2), groups=groups, batch_norm=False)
    build.lif("lif2", neuron, share=draw(SHARE))
    if build.nodes[-1].output.shape == (channels, *size) and draw(st.booleans()):
        build.conv("conv3", channels, (1, 1), padding=(0, 0), batch_norm=False).add("add", "conv3", "lif1")
        build.lif("lif3", neuron, share=draw(SHARE))
    kind = draw(st.sampled_from(["max", "avg", "none"]))
    height, width = build.nodes[-1].output.shape[1:]
    if kind != "none" and min(height, width) >= 2:
        padding = draw(st.sampled_from([(0, 0), (1, 1)]))
        divides = padding == (1, 1) or height % 2 == width % 2 == 0
        stride = draw(st.sampled_from([(1, 1), (2, 2), (2, 1)] if divides else [(1, 1), (2, 1)]))
        build.pool("pool", kind, stride=stride, padding=padding)
    stride = draw(st.sampled_from([(1, 1), (2, 2), (1, 2)]))
    build.conv("conv4", channels, stride=stride, batch_norm=False).lif("lif4", neuron, share=draw(SHARE))
    build.linear("fc", 8).lif("lif5", neuron, share=draw(SHARE))
    sharing = draw(st.sampled_from(["none", "layer", "channel2", "channel4", "layer+channel2"]))
    return build.network(), Sharing.parse(sharing), draw(st.integers(1, 3)), draw(st.integers(0, 2**32 - 1))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(cases())
def test_does_the_engine_equal_the_neuron_by_neuron_oracle(case: tuple[Network, Sharing, int, int]) -> None:
    network, sharing, batch, seed = case
    rng = np.random.default_rng(seed)
    weights = dyadic_weights(network, rng)
    steps = network.nodes[0].output.timesteps
    x = rng.integers(0, 2, (steps, batch, *network.nodes[0].output.shape)) / (4 if network.encoding == "direct" else 1)
    for dtype in (np.float32, np.float64):
        expected, last = oracle.run(network, sharing, weights, x, dtype)
        got: dict[str, list[np.ndarray]] = {}
        engine = Engine(network, sharing, checked_weights(network, weights), dtype, Workers(2))
        outcome = engine.run(x, lambda node, _, value, got=got: got.setdefault(node.name, []).append(value.copy()))
        for name, spikes in expected.items():
            assert np.array_equal(np.concatenate(got[name]), spikes), name
        for name, membranes in last.items():
            np.testing.assert_allclose(outcome.membranes[name], membranes, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sharing", ["none", "layer", "channel4", "layer+channel2"])
def test_does_a_residual_network_equal_the_oracle(sharing: str) -> None:
    network = resnet19([8, 8, 8, 8], (3, 8, 8), 2)
    rng = np.random.default_rng(3)
    weights = dyadic_weights(network, rng)
    x = rng.integers(-4, 5, (1, 2, 3, 8, 8)) / 4
    expected, _ = oracle.run(network, Sharing.parse(sharing), weights, x, np.float64)
    got: dict[str, list[np.ndarray]] = {}
    engine = Engine(network, Sharing.parse(sharing), checked_weights(network, weights), np.float64)
    engine.run(x, lambda node, _, value: got.setdefault(node.name, []).append(value.copy()))
    for name, spikes in expected.items():
        assert np.array_equal(np.concatenate(got[name]), spikes), name
    assert 0 < np.concatenate(got["s2b0_lif2"]).mean() < 1


def random_setting() -> tuple[Network, dict[str, np.ndarray], np.ndarray]:
    network = (
        Builder((3, 9, 9), 3).conv("a", 12).lif("la").conv("b", 12).lif("lb").pool("p", kernel=(3, 3)).linear("fc", 5)
    ).network()
    rng = np.random.default_rng(1)
    weights = {
        name: np.abs(rng.normal(0.1, 0.4, shape)).astype(np.float32) for name, shape in weight_shapes(network).items()
    }
    return network, weights, rng.normal(size=(1, 6, 3, 9, 9))


def test_do_threads_and_other_images_leave_every_bit_alone() -> None:
    network, weights, x = random_setting()
    outputs = [
        Engine(network, Sharing.parse("layer"), checked_weights(network, weights), workers=Workers(threads))
        .run(x)
        .outputs
        for threads in (1, 2, 5)
    ]
    assert all(np.array_equal(outputs[0], other) for other in outputs[1:])
    order = np.array([4, 2, 0, 1, 5, 3])
    engine = Engine(network, Sharing.parse("layer"), checked_weights(network, weights))
    assert np.array_equal(engine.run(x[:, order]).outputs, outputs[0][:, order])
    assert np.array_equal(engine.run(x[:, 3:4]).outputs, outputs[0][:, 3:4])


def test_is_every_fault_of_the_weights_named() -> None:
    network, weights, _ = random_setting()
    broken = dict(weights)
    del broken["a.bn.bias"]
    broken["fc.wieght"] = broken.pop("fc.weight")
    broken["b.weight"] = broken["b.weight"].astype(np.int64)
    broken["a.weight"] = broken["a.weight"][:, :2]
    broken["fc.bias"] = np.full(5, np.nan, np.float32)
    broken["b.bn.running_var"] = -broken["b.bn.running_var"]
    with pytest.raises(InputError) as caught:
        checked_weights(network, broken)
    text = str(caught.value)
    for part in (
        "a.bn.bias",
        "fc.wieght",
        "did you mean 'fc.weight'",
        "int64",
        "[12, 2, 3, 3]",
        "not finite",
        "variance",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.zeros((1, 2, 3, 8, 9)), "shape"),
        (np.zeros((2, 2, 3, 9, 9)), "shape"),
        (np.zeros((1, 0, 3, 9, 9)), "shape"),
        (np.full((1, 2, 3, 9, 9), np.nan), "not finite"),
        (np.zeros((1, 2, 3, 9, 9), complex), "number"),
    ],
)
def test_are_inputs_that_do_not_fit_refused_with_the_reason(x: np.ndarray, reason: str) -> None:
    network, weights, _ = random_setting()
    with pytest.raises(InputError, match=reason):
        Engine(network, Sharing(), checked_weights(network, weights)).run(x)


def test_is_a_sharing_that_does_not_divide_the_channels_refused() -> None:
    network, weights, x = random_setting()
    with pytest.raises(InputError, match="12 channels of la"):
        Engine(network, Sharing.parse("channel5"), checked_weights(network, weights)).run(x)


def test_pixels_behind_the_last_window_of_a_pool_are_left_out() -> None:
    """Windows of 2 x 2, two apart, on maps of 5 x 7, and on what they see of them, 4 x 6."""
    rng = np.random.default_rng(3)
    whole, seen = (
        Builder((2, *pixels), 2).conv("a", 4, (1, 1), padding=(0, 0)).lif("l").pool("p").linear("fc", 2).network()
        for pixels in [(5, 7), (4, 6)]
    )
    weights = {name: rng.uniform(0, 1, shape).astype(np.float32) for name, shape in weight_shapes(whole).items()}
    x = rng.uniform(0, 4, (1, 2, 2, 5, 7)).astype(np.float32)
    found, wanted = (
        Engine(network, Sharing(), checked_weights(network, weights)).run(values).outputs
        for network, values in [(whole, x), (seen, x[..., :4, :6])]
    )
    np.testing.assert_array_equal(found, wanted)
    assert len(np.unique(found)) > 2


def test_does_event_input_that_is_not_spikes_say_so() -> None:
    network = Builder((2, 4, 4), 2, "event").conv("a", 4).lif("l", SOFT).network()
    weights = {name: np.ones(shape, np.float32) for name, shape in weight_shapes(network).items()}
    with pytest.raises(InputError, match="0 or 1"):
        Engine(network, Sharing(), checked_weights(network, weights)).run(np.full((2, 1, 2, 4, 4), 0.5))


@pytest.mark.parametrize(("encoding", "times"), [("direct", 1), ("rate", 3)])
def test_what_does_not_change_over_time_is_computed_once_where_layers_share(encoding: str, times: int) -> None:
    """lif1 and lif2 share, so that what lies between them runs timestep by timestep; but a shortcut that reads the
    image itself, not its spikes, is the same at all of them."""
    build = Builder((2, 4, 4), 3, encoding).conv("conv1", 4).lif("lif1").conv("conv2", 4)
    build.conv("shortcut", 4, of="input").add("sum", "conv2", "shortcut").lif("lif2").linear("fc", 2)
    network, calls = build.network(), Counter()
    x = np.ones((network.nodes[0].output.timesteps, 1, 2, 4, 4))
    weights = checked_weights(network, dyadic_weights(network, np.random.default_rng(0)))
    Engine(network, Sharing.parse("layer"), weights).run(x, lambda node, *_: calls.update([node.name]))
    assert dict(calls) == {
        "input": 1, "conv1": 1, "lif1": 3, "conv2": 3, "shortcut": times, "sum": 3, "lif2": 3, "fc": 1
    }  # fmt: skip
