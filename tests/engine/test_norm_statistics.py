"""Does training follow `norm_statistics`, and are its gradients those of finite differences in float64?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lifsim.engine.training.backprop import Learner
from lifsim.engine.weights import weight_shapes
from lifsim.errors import InputError
from lifsim.model.network import Network, NormStatistics
from lifsim.model.sharing import Sharing
from tests.engine.build import Builder

Arrays = dict[str, np.ndarray]


def smooth(statistics: NormStatistics) -> Network:
    """Without neurons: two norms, the second one's input depends on the first one's statistics."""
    build = Builder((2, 4, 4), 3, "rate").conv("conv1", 3).conv("conv2", 2, (1, 1), padding=(0, 0)).linear("fc", 2)
    return replace(build.network(), norm_statistics=statistics)


def drawn(network: Network) -> tuple[Arrays, np.ndarray]:
    rng = np.random.default_rng(5)
    weights = {name: rng.normal(0, 0.7, shape) for name, shape in weight_shapes(network).items()}
    weights |= {name: np.abs(value) + 0.5 for name, value in weights.items() if name.endswith("running_var")}
    return weights, (rng.random((3, 2, *network.nodes[0].output.shape)) < 0.5).astype(np.uint8)


def loss(network: Network, weights: Arrays, x: np.ndarray) -> tuple[float, Any]:
    """Weighted so that no gradient vanishes by symmetry."""
    run = Learner(network, Sharing(), dtype=np.float64).forward(weights, x)
    factors = np.cos(np.arange(run.outputs.size)).reshape(run.outputs.shape)
    return float((factors * run.outputs).sum()), (run, factors)


@pytest.mark.parametrize("statistics", ["timestep", "all_timesteps", "frozen"])
def test_gradients_are_those_of_finite_differences(statistics: NormStatistics) -> None:
    network = smooth(statistics)
    weights, x = drawn(network)
    _, (run, factors) = loss(network, weights, x)
    gradients = run.backward(factors)
    learnt = {name for name in weights if "running" not in name}
    if statistics == "frozen":  # the norm is a part of the weights
        learnt = {name for name in learnt if ".bn." not in name}
    assert set(gradients) == learnt
    for name, gradient in gradients.items():
        for place in list(np.ndindex(gradient.shape))[:6]:
            sides = []
            for way in (1, -1):
                moved = weights[name].copy()
                moved[place] += way * 1e-5
                sides.append(loss(network, weights | {name: moved}, x)[0])
            assert gradient[place] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-5, abs=1e-7), (name, place)


def test_statistics_of_all_timesteps_are_of_one_batch() -> None:
    """As of the timesteps laid out as images: mean 0, variance 1 over both, and one step of the running ones."""
    network = smooth("all_timesteps")
    weights, x = drawn(network)
    run = Learner(network, Sharing(), dtype=np.float64).forward(weights, x)
    flat = Builder((2, 4, 4), 1, "rate").conv("conv1", 3).conv("conv2", 2, (1, 1), padding=(0, 0)).linear("fc", 2)
    again = Learner(flat.network(), Sharing(), dtype=np.float64).forward(weights, x.reshape(1, 6, *x.shape[2:]))
    np.testing.assert_allclose(run.outputs.reshape(6, -1), again.outputs[0], rtol=1e-12)
    for name, value in run.running_statistics().items():
        np.testing.assert_allclose(value, again.running_statistics()[name], rtol=1e-12)


def test_frozen_statistics_stay_and_are_those_of_inference() -> None:
    from lifsim.engine.inference import Engine

    network = smooth("frozen")
    weights, x = drawn(network)
    run = Learner(network, Sharing(), dtype=np.float64).forward(weights, x)
    assert run.running_statistics() == {}
    engine = Engine(network, Sharing(), weights, np.float64)
    np.testing.assert_allclose(run.outputs, engine.run(x).outputs, rtol=1e-9)


@pytest.mark.parametrize(("sharing", "legal"), [("none", True), ("channel2", True), ("layer", False)])
def test_statistics_of_timesteps_to_come_are_refused(sharing: str, legal: bool) -> None:
    build = Builder((2, 4, 4), 3, "rate").conv("conv1", 4).lif("lif1").conv("conv2", 4).lif("lif2").linear("fc", 2)
    network = replace(build.network(), norm_statistics="all_timesteps")
    learner = Learner(network, Sharing.parse(sharing), dtype=np.float64)
    if legal:
        learner.check()
        return
    with pytest.raises(InputError, match="conv2: must not take statistics of all timesteps between layers that share"):
        learner.check()


@pytest.mark.parametrize("statistics", ["timestep", "all_timesteps", "frozen"])
def test_recomputed_membranes_have_the_same_gradients(statistics: NormStatistics) -> None:
    build = Builder((2, 4, 4), 2, "rate").conv("conv1", 4).lif("lif1").conv("conv2", 4).lif("lif2").linear("fc", 2)
    network = replace(build.network(), norm_statistics=statistics)
    weights, x = drawn(network)
    found = []
    for keeping in ("stored", "reversed", "recomputed"):
        run = Learner(network, Sharing.parse("channel2"), keeping=keeping, dtype=np.float64).forward(weights, x[:2])
        found.append(run.backward(np.ones_like(run.outputs)))
    for other in found[1:]:
        for name, gradient in found[0].items():
            np.testing.assert_allclose(other[name], gradient, rtol=1e-6, atol=1e-9)
