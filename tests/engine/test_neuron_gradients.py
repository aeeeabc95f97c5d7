"""Are the gradients of neuron models those of finite differences, however they are computed?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.engine.neurons import fire, initial_state
from lifsim.engine.training.adjoint import Adjoint
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.membranes import reversible_calls
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.weights import weight_shapes
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.model.sharing import Sharing
from lifsim.neurons.cuba_lif import CubaLifNeuron
from lifsim.neurons.integrate_fire import IfNeuron
from lifsim.neurons.lif import LifNeuron
from tests.engine.build import Builder

STEPS, ROWS, CHANNELS = 5, 3, 4
ATAN = Surrogate("atan", 2.0)

MODELS = [
    CubaLifNeuron(tau_mem=3.0, tau_syn=2.0),
    CubaLifNeuron(tau_mem=3.0, tau_syn=2.0, reset="hard", u_reset=-0.25, fires="at"),
    CubaLifNeuron(tau_mem=2.0, tau_syn=4.0, current="next", decay_input=False),
    CubaLifNeuron(tau_mem=np.array([2.0, 3.0, 4.0, 5.0]), tau_syn=2.0, threshold=np.array([0.5, 1.0, 1.5, 2.0])),
    CubaLifNeuron(tau_mem=np.random.default_rng(1).uniform(1.5, 4, (ROWS, CHANNELS))),
    LifNeuron(tau=np.array([1.5, 2.0, 3.0, 4.0])),
    LifNeuron(tau=2.0, reset="hard", fires="above", decay_input=False),
    IfNeuron(),
    IfNeuron(threshold=np.array([0.5, 1.0, 1.5, 2.0])),
]


def smooth_loss(x: np.ndarray, spikes: np.ndarray, weights: np.ndarray, neuron: Any) -> float:
    """Sum of weights * (the primitive of the surrogate at u'), where `spikes`, which reset, are given."""
    k, total = neuron.constants(np.float64), 0.0
    state = initial_state(neuron, (ROWS, CHANNELS), np.float64)
    for step in range(STEPS):
        state = neuron.charge(x[step], state, k)
        distance = state[0] - neuron.threshold
        total += float((weights[step] * (np.arctan(np.pi * distance) / np.pi + 0.5)).sum())
        state = neuron.settle(state, spikes[step].astype(bool), k)
    return total


@pytest.mark.parametrize("neuron", MODELS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_finite_differences(neuron: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, grad = rng.normal(0.5, 2, (STEPS, ROWS, CHANNELS)), rng.normal(size=(STEPS, ROWS, CHANNELS))
    state, charged = initial_state(neuron, (ROWS, CHANNELS), np.float64), np.empty_like(x)
    spikes = fire(x, state, STEPS, neuron, Workers(1), charged)
    adjoint, zeros = Adjoint(neuron, ATAN, Workers(1)), tuple(np.zeros_like(variable) for variable in state)
    found = adjoint.stored(grad, spikes, charged, zeros)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-6
        ends = [smooth_loss(x + sign * step, spikes, grad, neuron) for sign in (1, -1)]
        assert found[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)
    if neuron.cannot_be_undone() is None:
        begin = tuple(np.zeros_like(variable) for variable in state)
        undone = adjoint.reversed(grad, spikes, x, state, begin)
        np.testing.assert_allclose(undone, found, rtol=1e-9, atol=1e-9)
        for variable, value in zip(state, neuron.rest(), strict=True):
            np.testing.assert_allclose(variable, value, atol=1e-9)  # all calls are undone


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["soft", "hard"]), st.booleans(), st.sampled_from([1, 2]), st.integers(0, 50))
def test_the_vectorised_backward_pass_equals_the_compiled_one(reset: str, decay: bool, groups: int, seed: int) -> None:
    neuron = LifNeuron(tau=2.0, reset=reset, decay_input=decay)
    shape, size = (STEPS, ROWS, CHANNELS), CHANNELS // groups
    rng = np.random.default_rng(seed)
    x, grad = rng.normal(0.5, 2, shape), rng.normal(size=shape)
    results = []
    for one in (neuron, replace(neuron, threshold=np.ones(size))):
        state, charged = initial_state(one, (ROWS, size), np.float64), np.empty(shape)
        spikes = fire(x, state, STEPS, one, Workers(1), charged)
        adjoint, carried = Adjoint(one, ATAN, Workers(1)), (np.zeros((ROWS, size)),)
        results.append([adjoint.stored(grad, spikes, charged, carried), carried[0]])
        if reset == "soft":
            carried = (np.zeros((ROWS, size)),)
            results[-1] += [adjoint.reversed(grad, spikes, x, state, carried), carried[0], state[0]]
    for left, right in zip(*results, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


def _network(neuron: Any) -> Any:
    build = Builder((2, 4, 4), 4).conv("conv1", 4).lif("lif1", neuron).conv("conv2", 4).lif("lif2", neuron)
    return build.linear("fc", 3).network()


def _weights(network: Any) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    return {
        name: np.abs(rng.normal(1, 0.1, shape)) if name.endswith("running_var") else rng.normal(0, 0.7, shape)
        for name, shape in weight_shapes(network).items()
    }


@pytest.mark.parametrize("sharing", ["none", "layer", "channel2", "layer+channel2"])
def test_undone_states_give_the_gradients_of_stored_ones(sharing: str) -> None:
    network = _network(CubaLifNeuron(tau_mem=2.0, tau_syn=1.5))
    weights, x = _weights(network), np.random.default_rng(4).normal(size=(1, 2, 2, 4, 4))
    found = []
    for keeping in ("stored", "reversed"):
        learner = Learner(network, Sharing.parse(sharing), keeping=keeping, dtype=np.float64)
        learner.check()
        run = learner.forward(weights, x)
        found.append(run.backward(cross_entropy(run.outputs, np.array([0, 2]))[1]))
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(found[1][name], gradient, rtol=1e-4, atol=1e-9)


def test_what_has_no_gradient_or_cannot_be_undone_is_refused() -> None:
    cases = [
        (CubaLifNeuron(reset_step="next"), "stored", "lif1: has no gradient, so that it cannot be trained"),
        (LifNeuron(reset_order="before_leak"), "recomputed", "lif2: has no gradient, so that it cannot be trained"),
        (CubaLifNeuron(reset="hard"), "reversed", "lif1: hard reset forgets the membrane"),
        (CubaLifNeuron(tau_mem="weights"), "reversed", "lif1: parameters in the weights file must go with states"),
    ]
    for neuron, keeping, message in cases:
        with pytest.raises(InputError, match=message):
            Learner(_network(neuron), Sharing(), keeping=keeping).check()


def test_neurons_that_do_not_leak_are_undone_as_often_as_one_likes() -> None:
    assert reversible_calls(IfNeuron()) > 1 << 30
    assert reversible_calls(LifNeuron()) == 16
    assert 1 < reversible_calls(CubaLifNeuron(tau_mem=2.0, tau_syn=2.0)) < 64
