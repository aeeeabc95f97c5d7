"""Do the neuron models fire as those of other packages, as their equations say, and alike in every way of running?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.neuron import read_neuron
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.engine.neurons import bound, fire, initial_state
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.optimiser import Adam
from lifsim.engine.weights import checked_weights, load_weights, save_arrays, weight_shapes
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.model.network import Lif, Network, Tensor
from lifsim.model.sharing import Sharing
from lifsim.neurons import NEURONS, NeuronModel
from lifsim.neurons.cuba_lif import CubaLifNeuron
from lifsim.neurons.integrate_fire import IfNeuron
from lifsim.neurons.lif import LifNeuron
from tests.engine.build import Builder

CASES = range(15)
STEPS, ROWS, CHANNELS = 6, 5, 8


def said(**keys: Any) -> NeuronModel:
    neuron, faults = read_neuron(keys)
    assert not faults
    return neuron


def layer(neuron: NeuronModel, *shape: int) -> Lif:
    return Lif("l", ("x",), Tensor("l", shape, STEPS, 1), neuron, None)


@pytest.mark.parametrize("case", CASES)
def test_spikes_and_states_equal_snntorchs_and_norses(figures: Path, case: int) -> None:
    with np.load(figures / "neurons.npz", allow_pickle=False) as archive:
        vectors = {key.removeprefix(f"c{case:02d}_"): archive[key] for key in archive if key.startswith(f"c{case:02d}")}
    x = vectors["x"]
    neuron = bound(layer(said(**json.loads(str(vectors["keys"]))), x.shape[1]), {}, 1)
    state = initial_state(neuron, (1, x.shape[1]), np.float32)
    for step, row in enumerate(x):
        spikes = fire(row[None, None], state, 1, neuron, Workers(1))
        assert np.array_equal(spikes[0, 0], vectors["spikes"][step]), (str(vectors["source"]), step)
        np.testing.assert_allclose(state[0][0], vectors["membrane"][step], rtol=0, atol=1e-5)
        if "current" in vectors:
            current = state[1][0] * vectors["current_factor"]
            np.testing.assert_allclose(current, vectors["current"][step], rtol=1e-5, atol=1e-5)
    assert 0 < vectors["spikes"].mean() < 1


def test_the_vectors_meet_the_threshold_and_fire_above_it_only(figures: Path) -> None:
    with np.load(figures / "neurons.npz", allow_pickle=False) as archive:
        met = sum(int((archive[key] == 1).sum()) for key in archive if key.endswith("_membrane"))
        assert len([key for key in archive if key.endswith("_keys")]) == len(CASES)
    assert met > 5


@st.composite
def neurons(draw: st.DrawFn) -> NeuronModel:
    """Any model with any of its parameters."""
    keys: dict[str, Any] = {
        "threshold": draw(st.sampled_from([0.5, 1.0])),
        "reset": draw(st.sampled_from(["hard", "soft"])),
        "u_reset": draw(st.sampled_from([0.0, -0.25])),
        "fires": draw(st.sampled_from(["at", "above"])),
        "reset_step": draw(st.sampled_from(["this", "next"])),
    }
    model = draw(st.sampled_from(["lif", "if", "cuba_lif"]))
    if model != "if":
        keys["reset_order"] = draw(st.sampled_from(["after_leak", "before_leak"]))
        keys["decay_input"] = draw(st.booleans())
        keys["tau" if model == "lif" else "tau_mem"] = draw(st.sampled_from([4 / 3, 2.0, 10.0]))
    if model == "cuba_lif":
        keys |= {"tau_syn": draw(st.sampled_from([1.5, 4.0])), "current": draw(st.sampled_from(["now", "next"]))}
    return said(model=model, **keys)


def by_equations(x: np.ndarray, neuron: Any) -> tuple[np.ndarray, float]:
    """One neuron, step by step, in float64, as docs/model.md writes it; and how near it came to its threshold."""
    hard, theta = neuron.reset == "hard", neuron.threshold
    tau = getattr(neuron, "tau", getattr(neuron, "tau_mem", np.inf))
    decays, two = getattr(neuron, "decay_input", False), neuron.name == "cuba_lif"
    target = neuron.u_reset if hard and not two else 0.0
    u, i, margin, out = target, 0.0, np.inf, []
    first_resets = getattr(neuron, "reset_order", "after_leak") == "before_leak"

    def leaked(value: float) -> float:
        return value - (value - target) / tau

    def beyond(value: float) -> bool:
        return value > theta if neuron.fires == "above" else value >= theta

    def reset(value: float, fired: bool) -> float:
        return (neuron.u_reset if hard else value - theta) if fired else value

    for value in x:
        current, i = i, (i * (1 - 1 / neuron.tau_syn) + value) if two else 0.0
        drive = (i if neuron.current == "now" else current) if two else value
        drive = drive / tau if decays else drive
        if neuron.reset_step == "this":
            charged = (u if first_resets else leaked(u)) + drive
            fired = beyond(charged)
            u = reset(charged, fired)
            u = leaked(u) if first_resets else u
        else:
            before = beyond(u)
            charged = leaked(reset(u, before)) + drive if first_resets else reset(leaked(u) + drive, before)
            fired, u = beyond(charged), charged
        margin = min(margin, abs(charged - theta))
        out.append(fired)
    return np.array(out, np.uint8), margin


@settings(max_examples=150, deadline=None)
@given(neurons(), st.integers(0, 1000))
def test_every_model_does_what_its_equations_say(neuron: NeuronModel, seed: int) -> None:
    x = np.random.default_rng(seed).normal(0.5, 2, (20, 4))
    state = initial_state(neuron, (1, 4), np.float64)
    spikes = fire(x[:, None], state, len(x), neuron, Workers(1))
    for index in range(4):
        expected, margin = by_equations(x[:, index], neuron)
        if margin > 1e-9:
            assert np.array_equal(spikes[:, 0, index], expected), neuron


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([LifNeuron, IfNeuron]),
    st.sampled_from([("soft", 0.0), ("hard", 0.0), ("hard", -0.25)]),
    st.booleans(),
    st.sampled_from([1, 2]),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 100),
)
def test_the_vectorised_call_equals_the_compiled_one_bit_for_bit(
    model: type, reset: tuple[str, float], decay: bool, groups: int, dtype: Any, seed: int
) -> None:
    neuron = model(reset=reset[0], u_reset=reset[1], **({"decay_input": decay} if model is LifNeuron else {}))
    assert neuron.compiled() is not None
    spread = bound(layer(replace(neuron, threshold=(1.0,) * CHANNELS), CHANNELS), {}, 1)
    assert spread.compiled() is None
    x = np.random.default_rng(seed).normal(0.5, 2, (STEPS, ROWS, CHANNELS)).astype(dtype)
    found = []
    for one in (neuron, spread):
        if groups > 1:  # thresholds over channels must be as many as a group has
            one = replace(one, threshold=np.ones(CHANNELS // groups)) if one is spread else one
        state = initial_state(one, (ROWS, CHANNELS // groups), dtype)
        charged = np.empty((STEPS, ROWS, CHANNELS), dtype)
        found.append((fire(x, state, STEPS, one, Workers(1), charged), charged, state[0]))
    for left, right in zip(*found, strict=True):
        assert np.array_equal(left, right)


def test_a_neuron_without_a_leak_adds_up_its_inputs() -> None:
    x = np.array([0.25, 0.5, 0.125, 0.25], np.float32)[:, None, None]
    for neuron in (IfNeuron(), LifNeuron(tau=np.inf, decay_input=False), LifNeuron(tau=1e12, decay_input=False)):
        state, charged = initial_state(neuron, (1, 1), np.float32), np.empty((4, 1, 1), np.float32)
        spikes = fire(x, state, 4, neuron, Workers(1), charged)
        assert charged.ravel().tolist() == [0.25, 0.75, 0.875, 1.125]
        assert spikes.ravel().tolist() == [0, 0, 0, 1]
        assert state[0].item() == 0.125


def test_parameters_of_channels_and_neurons_are_those_of_single_neurons() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(0.5, 2, (STEPS, 2 * 6, 3)).astype(np.float32)  # two images of [3, 2, 3]
    by_neuron = rng.uniform(1.5, 4, (3, 2, 3))
    neuron = CubaLifNeuron(tau_mem=(2.0, 3.0, 5.0), tau_syn="weights")
    whole = bound(layer(neuron, 3, 2, 3), {"l.tau_syn": by_neuron}, 2)
    spikes = fire(x, initial_state(whole, (12, 3), np.float32), STEPS, whole, Workers(1))
    for image, (row, column), channel in _sites():
        alone = CubaLifNeuron(tau_mem=neuron.tau_mem[channel], tau_syn=by_neuron[channel, row, column])
        at = image * 6 + row * 3 + column
        mine = x[:, at : at + 1, channel : channel + 1]
        expected = fire(mine, initial_state(alone, (1, 1), np.float32), STEPS, alone, Workers(1))
        assert np.array_equal(spikes[:, at, channel], expected[:, 0, 0])


def _sites() -> list[tuple[int, tuple[int, int], int]]:
    return [(image, (row, column), channel) for image, row, column, channel in np.ndindex(2, 2, 3, 3)]


def test_threads_and_rows_change_no_bit() -> None:
    x = np.random.default_rng(5).normal(0.5, 2, (STEPS, 40, CHANNELS)).astype(np.float32)
    by_neuron = np.random.default_rng(6).uniform(1.5, 4, (CHANNELS, 5, 8))
    neuron = bound(layer(CubaLifNeuron(tau_mem="weights"), CHANNELS, 5, 8), {"l.tau_mem": by_neuron}, 1)
    one, four = (
        fire(x, initial_state(neuron, (40, CHANNELS), np.float32), STEPS, neuron, Workers(threads))
        for threads in (1, 4)
    )
    assert np.array_equal(one, four)


def test_every_model_has_words_and_a_membrane_that_fires() -> None:
    assert list(NEURONS) == ["cuba_lif", "if", "lif"]
    for neuron in NEURONS.values():
        assert neuron.title
        assert neuron.states[0].name == "membrane"
        assert len(neuron.rest()) == len(neuron.states)
        assert not list(neuron.broken_rules())


def _network() -> Network:
    return Builder((2, 4, 4), STEPS).conv("c", 3).lif("l", LifNeuron(tau="weights")).linear("fc", 3).network()


def test_parameters_in_the_weights_file_are_checked_used_and_kept_by_training(tmp_path: Path) -> None:
    network = _network()
    assert weight_shapes(network)["l.tau"] == (3, 4, 4)
    weights = dict(random_weights(network, 0))
    assert (weights["l.tau"] == np.float32(4 / 3)).all()
    weights["l.tau"] = np.array([1.5, 3.0, 9.0], np.float32)
    save_arrays(tmp_path / "weights.npz", weights)
    engine = Engine(network, Sharing(), load_weights(tmp_path / "weights.npz", network))
    outcome = engine.run(np.random.default_rng(0).normal(size=(1, 2, 2, 4, 4)))
    spread = dict(weights) | {"l.tau": np.broadcast_to(weights["l.tau"][:, None, None], (3, 4, 4)).copy()}
    same = Engine(network, Sharing(), checked_weights(network, spread))
    again = same.run(np.random.default_rng(0).normal(size=(1, 2, 2, 4, 4)))
    assert np.array_equal(outcome.membranes["l"], again.membranes["l"])
    for wrong, message in (
        (np.full(3, 0.5, np.float32), "every value must be > 1, not 0.5 to 0.5"),
        (np.full(3, np.nan, np.float32), "every value must be finite"),
        (np.full(4, 2, np.float32), r"shape \[4\] must be \[3, 4, 4\] or \[3\]"),
    ):
        with pytest.raises(InputError, match=message):
            checked_weights(network, weights | {"l.tau": wrong})
    run = Learner(network, Sharing()).forward(weights, np.random.default_rng(0).normal(size=(1, 2, 2, 4, 4)))
    gradients = run.backward(np.ones_like(run.outputs))
    stepped, _ = Adam().step(weights, gradients, {}, 0.1)
    assert np.array_equal((dict(weights) | stepped)["l.tau"], weights["l.tau"])
    assert not np.array_equal(stepped["c.weight"], weights["c.weight"])


def test_an_outcome_has_every_variable() -> None:
    network = Builder((2, 4, 4), STEPS).conv("c", 3).lif("l", CubaLifNeuron()).linear("fc", 3).network()
    engine = Engine(network, Sharing(), random_weights(network, 0))
    outcome = engine.run(np.random.default_rng(0).normal(size=(1, 2, 2, 4, 4)))
    assert {name: value.shape for name, value in outcome.states["l"].items()} == {
        "membrane": (2, 3, 4, 4),
        "current": (2, 3, 4, 4),
    }
    assert np.array_equal(outcome.membranes["l"], outcome.states["l"]["membrane"])
    assert not np.array_equal(outcome.states["l"]["current"], outcome.states["l"]["membrane"])
