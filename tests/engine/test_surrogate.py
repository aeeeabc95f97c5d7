"""Are surrogate gradients those of finite differences: of their primitives, and of the loss of a smoothed network?"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.weights import weight_shapes
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.neurons.lif import LifNeuron
from tests.engine.build import Builder
from tests.oracles import smoothed

IMAGES, H = 4, 1e-6
KINDS = ["atan", "sigmoid", "triangle"]
SHARE = st.sampled_from([True, True, False])


def slopes(surrogate: Surrogate, distances: np.ndarray) -> np.ndarray:
    """What one neuron, at these distances from its threshold, hands back of a gradient of 1."""
    neuron = LifNeuron(tau=2.0, threshold=1.0, reset="soft", u_reset=0.0, decay_input=False)
    build = Builder((1, 1, 1), 1).conv("conv", 1, (1, 1), padding=(0, 0), batch_norm=False)
    net = build.lif("lif", neuron).linear("fc", 1, bias=False).network()
    weights = {name: np.ones(shape) for name, shape in weight_shapes(net).items()}
    run = Learner(net, Sharing(), surrogate, dtype=np.float64).forward(
        weights, (1.0 + distances).reshape(1, -1, 1, 1, 1)
    )
    return run.backward(np.ones_like(run.outputs), with_input=True)["input"].ravel()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alpha", [None, 0.5, 3.0])
def test_a_slope_is_the_difference_quotient_of_the_surrogates_primitive(kind: str, alpha: float | None) -> None:
    surrogate = Surrogate.named(kind) if alpha is None else Surrogate(kind, alpha)
    steepness = alpha or {"atan": 2.0, "sigmoid": 4.0, "triangle": 1.0}[kind]
    distances, h = np.linspace(-3.017, 2.983, 241), 1e-6
    primitive = partial(smoothed.PRIMITIVES[kind], alpha=steepness)
    assert primitive(np.array([-100.0, 0.0, 100.0])) == pytest.approx([0, 0.5, 1], abs=1e-2)
    quotients = (primitive(distances + h) - primitive(distances - h)) / (2 * h)
    np.testing.assert_allclose(slopes(surrogate, distances), quotients, rtol=1e-6, atol=2e-6)


def test_slopes_at_the_threshold_by_hand() -> None:
    """All begin at the same slope unless their alpha is given."""
    here = np.zeros(1)
    for kind, alpha in (("atan", 2.0), ("sigmoid", 4.0), ("triangle", 1.0)):
        assert slopes(Surrogate(kind, alpha), here) == slopes(Surrogate.named(kind), here) == pytest.approx([1.0])
    assert slopes(Surrogate("atan", 2.0), here + 1 / np.pi) == pytest.approx([0.5])
    assert slopes(Surrogate("triangle", 2.0), here + 0.25) == pytest.approx([1.0])


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, Sharing]:
    """Everything that a network can be trained with, but for a mean over time."""
    hard, decays, norm = draw(st.booleans()), draw(st.booleans()), st.booleans()
    neuron = LifNeuron(draw(st.sampled_from([4 / 3, 2.0])), 1.0, "hard" if hard else "soft", 0.0, decays)
    build = Builder((2, 3, 4), draw(st.integers(1, 3)), draw(st.sampled_from(["direct", "event"])))
    build.conv("conv1", 4, bias=True, batch_norm=draw(norm)).lif("lif1", neuron, share=draw(SHARE))
    groups = draw(st.sampled_from([1, 2, 4]))
    build.conv("conv2", 4, groups=groups, batch_norm=draw(norm)).lif("lif2", neuron, share=draw(SHARE))
    build.conv("conv3", 4, (1, 1), padding=(0, 0), batch_norm=draw(norm)).add("add", "conv3", "lif1")
    build.lif("lif3", neuron)
    build.pool("pool", draw(st.sampled_from(["max", "avg"])), (3, 2), draw(st.sampled_from([(1, 2), (2, 2)])), (1, 1))
    build.linear("fc1", 4, batch_norm=draw(norm)).lif("lif4", neuron)
    sharing = draw(st.sampled_from(["none", "layer", "channel2", "layer+channel2"]))
    return build.linear("fc", 3).network(), Sharing.parse(sharing)


@settings(max_examples=20, deadline=None)
@given(networks(), st.integers(0, 2**32 - 1), st.sampled_from(KINDS), st.sampled_from([0.5, 1.0, 3.0]))
def test_gradients_of_all_weights_are_those_of_the_smoothed_networks_loss(
    case: tuple[Network, Sharing], seed: int, kind: str, alpha: float
) -> None:
    """Along a random direction of each weight, and of the one that has the largest gradient."""
    network, sharing = case
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(0.2, 0.5, shape) for name, shape in weight_shapes(network).items()}
    x = rng.random((network.nodes[0].output.timesteps, IMAGES, *network.nodes[0].output.shape))
    x = x * 2 if network.encoding == "direct" else np.floor(x * 2)
    labels = rng.integers(0, 3, IMAGES)
    loss = partial(
        smoothed.loss, network, sharing, x=x, labels=labels, primitive=partial(smoothed.PRIMITIVES[kind], alpha=alpha)
    )
    value, decided = loss(weights)
    assume(decided.variance > 0.01)  # else a norm amplifies so much that differences do not tell
    for keeping in ["stored", "recomputed"] + ["reversed"] * all(lif.neuron.reset == "soft" for lif in network.lifs):
        learner = Learner(network, sharing, Surrogate(kind, alpha), keeping, np.float64)
        run = learner.forward(weights, x if network.encoding == "direct" else x.astype(np.uint8))
        found, grad = cross_entropy(run.outputs, labels)
        assert found == pytest.approx(value)
        gradients = run.backward(grad)
        assert set(gradients) == {name for name in weights if "running" not in name}
        largest = max(np.abs(gradient).max() for gradient in gradients.values())
        for name, gradient in gradients.items():
            steepest = np.abs(gradient) == np.abs(gradient).max()
            for direction in (rng.normal(size=gradient.shape), steepest.astype(float)):
                ahead, behind = (
                    loss(weights | {name: weights[name] + step * direction}, around=decided)[0] for step in (H, -H)
                )
                expected = pytest.approx((gradient * direction).sum(), abs=1e-5 * largest + 1e-8)
                assert (ahead - behind) / (2 * H) == expected, name
