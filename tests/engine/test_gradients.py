"""Are gradients those of PyTorch, and the same whether states are stored or recomputed?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.engine.training.backprop import Learner, Pass
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.weights import weight_shapes
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.neurons.lif import LifNeuron
from tests.engine.build import HARD, SOFT, Builder, resnet19


def torch_names(name: str) -> str:
    """Name in the vectors of our weight `name`."""
    node, _, term = name.partition(".")
    return f"{node.replace('conv', 'bn')}.{term[3:]}" if term.startswith("bn.") else name


def tiny(vectors: dict[str, Any], sharing: Sharing) -> Network:
    neuron = HARD if not np.isnan(vectors["v_reset"]) else SOFT
    build = Builder((3, 8, 8), int(vectors["T"])).conv("conv1", 8).lif("lif1", neuron).conv("conv2", 8)
    return build.lif("lif2", neuron).pool("pool", str(vectors["pool"])).linear("fc", 10).network()


@pytest.mark.slow
@pytest.mark.parametrize("keeping", ["stored", "reversed", "recomputed"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["none", "none_soft", "layer", "channel2"])
@pytest.mark.parametrize("images", [2, 4])
def test_are_gradients_those_of_pytorch(
    request: pytest.FixtureRequest, images: int, name: str, dtype: Any, keeping: str
) -> None:
    if images == 2:
        path = request.getfixturevalue("figures") / f"snn_tiny_grad_{name}.npz"
    else:
        path = request.getfixturevalue("reference") / "snn_vectors" / f"vectors_tiny_grad_{name}.npz"
    with np.load(path, allow_pickle=False) as archive:
        vectors = dict(archive)
    assert len(vectors["y"]) == images
    sharing = Sharing.parse(name.removesuffix("_soft"))
    network = tiny(vectors, sharing)
    weights = {key: vectors[f"param_{torch_names(key)}"].astype(dtype) for key in weight_shapes(network)}
    learner = Learner(network, sharing, Surrogate("atan", float(vectors["alpha"])), keeping, dtype)
    if keeping == "reversed" and not np.isnan(vectors["v_reset"]):
        with pytest.raises(InputError, match="hard reset"):
            learner.forward(weights, vectors["x"][None].astype(dtype))
        return
    run = learner.forward(weights, vectors["x"][None].astype(dtype))

    halves = [half for spikes in run.spikes.values() for half in np.split(spikes, sharing.channels, axis=2)]
    for call, spikes in enumerate(halves):
        assert np.array_equal(spikes, vectors[f"spk_{call:03d}"])
    np.testing.assert_allclose(run.outputs, vectors["outputs"], rtol=0, atol=1e-5)
    loss, grad = cross_entropy(run.outputs, vectors["y"])
    assert loss == pytest.approx(float(vectors["loss_f64"]), rel=1e-6)
    for state in states_of(network, sharing):
        shape = (len(vectors["y"]), *state.shape[1:], state.shape[0])
        membranes = np.moveaxis(run.membranes.states[state.name][0].reshape(shape), -1, 1)
        np.testing.assert_allclose(membranes, vectors[f"vfinal_{state.name}"], rtol=0, atol=1e-5)
    for key, value in run.running_statistics().items():
        np.testing.assert_allclose(value, vectors[f"after_{torch_names(key)}"], rtol=1e-5, atol=1e-6)

    gradients = run.backward(grad, with_input=True)
    gradients["x"] = gradients.pop("input")[0]
    assert set(gradients) == {key for key in weight_shapes(network) if "running" not in key} | {"x"}
    for key, value in gradients.items():
        exact = vectors[f"grad64_{torch_names(key)}"]
        tolerance = 1e-4 if dtype is np.float32 else 1e-9
        assert np.abs(value - exact).max() <= tolerance * np.abs(exact).max(), key


SHARE = st.sampled_from([True, True, False])


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, Sharing]:
    neuron = LifNeuron(draw(st.sampled_from([4 / 3, 2.0])), 1.0, "soft", 0.0, draw(st.booleans()))
    build = Builder((2, 5, 6), draw(st.integers(1, 4)), draw(st.sampled_from(["direct", "event"])))
    build.conv("conv1", 4, bias=True).lif("lif1", neuron, share=draw(SHARE))
    build.conv("conv2", 4, groups=draw(st.sampled_from([1, 2, 4])), batch_norm=draw(st.booleans())).lif(
        "lif2", neuron, share=draw(SHARE)
    )
    build.conv("conv3", 4, (1, 1), padding=(0, 0)).add("add", "conv3", "lif1").lif("lif3", neuron)
    build.pool("pool", draw(st.sampled_from(["max", "avg"])), (3, 2), draw(st.sampled_from([(1, 2), (2, 2)])), (1, 0))
    build.conv("conv4", 4, (2, 3), draw(st.sampled_from([(1, 1), (2, 1)])), (0, 1), batch_norm=False)
    build.lif("lif4", neuron, share=draw(SHARE)).linear("fc1", 4, batch_norm=True).lif(
        "lif5", neuron, share=draw(SHARE)
    )
    if draw(st.booleans()):
        build.time_mean("mean")
    sharing = draw(st.sampled_from(["none", "layer", "channel2", "layer+channel4"]))
    return build.linear("fc2", 3).network(), Sharing.parse(sharing)


def drawn(network: Network, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(0.2, 0.5, shape) for name, shape in weight_shapes(network).items()}
    x = rng.random((network.nodes[0].output.timesteps, 3, *network.nodes[0].output.shape))
    return weights, (x * 2 if network.encoding == "direct" else (x < 0.4)).astype(np.float64), rng.integers(0, 3, 3)


def step(learner: Learner, seed: int) -> tuple[Pass, int, dict[str, np.ndarray]]:
    weights, x, labels = drawn(learner.network, seed)
    run = learner.forward(weights, x if learner.network.encoding == "direct" else x.astype(np.uint8))
    kept = run.membranes.kept_bytes
    return run, kept, run.backward(cross_entropy(run.outputs, labels)[1], with_input=True)


@settings(max_examples=30, deadline=None)
@given(networks(), st.integers(0, 2**32 - 1), st.sampled_from(["atan", "sigmoid", "triangle"]))
def test_do_all_ways_to_keep_states_give_the_same_gradients_from_the_bytes_of_the_formula(
    case: tuple[Network, Sharing], seed: int, kind: str
) -> None:
    network, sharing = case
    ways = ("stored", "reversed", "recomputed")
    learners = [Learner(network, sharing, Surrogate.named(kind), keeping, np.float64) for keeping in ways]
    (_, stored_bytes, stored), (_, reversed_bytes, again), recomputed = (step(learner, seed) for learner in learners)
    scale = max(np.abs(grad).max() for grad in stored.values())
    for name, grad in stored.items():
        assert np.abs(grad - again[name]).max() <= 1e-4 * np.abs(grad).max() + 1e-9 * scale, name
        assert np.array_equal(grad, recomputed[2][name]), name
    states = states_of(network, sharing)
    stepwise = {node.name for stretch in learners[0].stretches if not stretch.folded for node in stretch.nodes}
    begin = [state for state in states if state.lifs[0] in stepwise]
    assert recomputed[1] == 3 * 8 * (network.timesteps - 1) * sum(state.elements for state in begin)
    calls = sum(lif.output.elements for lif in network.lifs)
    assert stored_bytes == 3 * 8 * network.timesteps * calls
    per_step = {state.name: state.channels * len(state.lifs) for state in states}
    if all(count * network.timesteps <= 16 for count in per_step.values()):
        assert reversed_bytes == 3 * 8 * sum(state.elements for state in states)


@pytest.mark.parametrize("sharing", ["layer", "channel4", "layer+channel2"])
def test_do_long_chains_of_calls_stay_precise(sharing: str) -> None:
    network = resnet19([8, 8, 8, 8], (3, 16, 16), 6)
    stored, again = (
        step(Learner(network, Sharing.parse(sharing), keeping=keeping, dtype=np.float64), 5)[2]
        for keeping in ("stored", "reversed")
    )
    for name, grad in stored.items():
        assert np.abs(grad - again[name]).max() <= 1e-4 * np.abs(grad).max(), name


@settings(max_examples=15, deadline=None)
@given(networks(), st.integers(0, 2**32 - 1))
def test_are_gradients_behind_the_last_spikes_those_of_finite_differences(
    case: tuple[Network, Sharing], seed: int
) -> None:
    """Nothing is approximated behind the last LIF layer, so that differences of the loss must agree."""
    network, sharing = case
    weights, x, labels = drawn(network, seed)
    x = x if network.encoding == "direct" else x.astype(np.uint8)
    learner = Learner(network, sharing, dtype=np.float64)
    run = learner.forward(weights, x)
    grad = run.backward(cross_entropy(run.outputs, labels)[1])["fc2.weight"]
    for place in [(0, 0), (2, 3)]:
        losses = []
        for change in (1e-5, -1e-5):
            moved = weights["fc2.weight"].copy()
            moved[place] += change
            outputs = learner.forward(weights | {"fc2.weight": moved}, x).outputs
            losses.append(cross_entropy(outputs, labels)[0])
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(grad[place], abs=1e-7)


@pytest.mark.parametrize("keeping", ["stored", "reversed", "recomputed"])
def test_weights_have_the_same_gradients_where_nobody_asks_for_the_inputs(keeping: str) -> None:
    """As training asks: the input's gradient is left out, and nothing else."""
    build = Builder((2, 6, 6), 3).conv("conv1", 4).lif("lif1", SOFT).conv("conv2", 4).lif("lif2", SOFT)
    learner = Learner(build.linear("fc", 3).network(), Sharing(), Surrogate("atan", 2.0), keeping, np.float64)
    _, _, every = step(learner, 5)
    weights, x, labels = drawn(learner.network, 5)
    run = learner.forward(weights, x if learner.network.encoding == "direct" else x.astype(np.uint8))
    found = run.backward(cross_entropy(run.outputs, labels)[1])
    assert found.keys() == every.keys() - {"input"}
    for name, grad in found.items():
        assert np.array_equal(grad, every[name]), name
    assert np.abs(found["conv1.weight"]).max() > 0
