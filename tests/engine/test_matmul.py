"""Does the engine multiply two tensors of spikes exactly, and record both?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.engine.calibration import calibrated_weights
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.engine.record import Source, record_spikes
from lifsim.engine.training.backprop import Learner
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.model.activity import Spikes
from lifsim.model.network import Network
from lifsim.model.product import Given, Product
from lifsim.model.sharing import Sharing
from lifsim.trace.opening import open_trace
from tests.oracles import matmul
from tests.schedule.networks import network

TAU, THETA = 4 / 3, 1.1


def attention() -> Network:
    """Queries, keys and values of 6 channels on 2 x 3 tokens; two heads."""
    layers: list[dict[str, Any]] = []
    for role in "qkv":
        layers += [
            {"name": f"w{role}", "op": "conv", "out": 6, "kernel": 1, "batch_norm": True, "input": "input"},
            {"name": role, "op": "lif"},
        ]
    layers += [
        {"name": "map", "op": "matmul", "inputs": ["q", "k"], "heads": 2, "transpose_second": True},
        {"name": "mix", "op": "matmul", "inputs": ["map", "v"], "heads": 2},
        {"name": "mixed", "op": "lif", "neuron": {"threshold": THETA}},
        {"name": "fc", "op": "linear", "out": 4},
    ]
    return network(layers, (6, 2, 3), 3)


def spikes(images: int = 2) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 2, (3, images, 6, 2, 3)).astype(np.uint8)


def seen(net: Network, sharing: str, dtype: Any = np.float64) -> dict[str, np.ndarray]:
    """Values [T, B, C, H, W] of all nodes."""
    parts: dict[str, list[np.ndarray]] = {}
    engine = Engine(net, Sharing.parse(sharing), random_weights(net, 0), dtype)
    engine.run(spikes(), lambda node, _, value: parts.setdefault(node.name, []).append(value.copy()))
    return {name: np.concatenate(values) for name, values in parts.items()}


@pytest.mark.parametrize("sharing", ["none", "channel2", "channel3"])
def test_products_are_those_of_numpy_and_neurons_behind_them_fire_as_one_by_one(sharing: str) -> None:
    values = seen(attention(), sharing)
    heads = {name: values[name].astype(np.int64).reshape(3, 2, 2, 3, 6) for name in "qkv"}  # [T, B, heads, d, tokens]
    met = np.einsum("tbhdn,tbhdm->tbhmn", heads["q"], heads["k"])
    assert (values["map"].reshape(3, 2, 2, 6, 6) == met).all()
    assert values["map"].dtype == np.uint8
    mixed = np.einsum("tbhmn,tbhdm->tbhdn", met, heads["v"]).reshape(3, 2, 6, 2, 3)
    assert (values["mix"] == mixed).all()
    groups = Sharing.parse(sharing).channels
    states = np.zeros((2, 6 // groups, 2, 3))
    for step in range(3):
        for group in range(groups):
            channels = slice(group * 6 // groups, (group + 1) * 6 // groups)
            states = states + (mixed[step, :, channels] - states) / TAU
            fired = states >= THETA
            assert (values["mixed"][step, :, channels] == fired).all()
            states = states - fired * THETA


@given(st.integers(1, 2), st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 2)), st.booleans(), st.data())
def test_products_and_ones_in_both_are_those_of_a_walk(
    heads: int, features: int, size: tuple[int, int], turned: bool, data: st.DataObject
) -> None:
    """Of counts, too."""
    tokens = size[0] * size[1]
    others = heads * (features if turned else data.draw(st.integers(1, 3)))
    if not turned:
        features = tokens
    shapes = (heads * features, *size), (others, *size)
    layers = [{"name": "m", "op": "matmul", "inputs": ["a", "b"], "heads": heads, "transpose_second": turned}]
    before: list[dict[str, Any]] = []
    for name, shape in zip("ab", shapes, strict=True):
        before += [{"name": f"w{name}", "op": "conv", "out": shape[0], "kernel": 1, "input": "input"}]
        before += [{"name": name, "op": "lif"}]
    net = network([*before, *layers], (1, *size), 1)
    node = net.node("m")
    assert isinstance(node, Product)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    first, second = (rng.integers(0, 3, (2, *shape)) for shape in shapes)
    affine = np.ones(node.output.shape[0]), np.zeros(node.output.shape[0])
    put_out = node.forward(Given(None, *affine, False, Workers()))
    out = put_out([np.moveaxis(x[None], 2, -1) for x in (first, second)])
    met = node.ones_in_both(first != 0, second != 0)
    for image in range(2):
        walked, both = matmul.product(first[image].tolist(), second[image].tolist(), heads, turned)
        assert np.moveaxis(out[0, image], -1, 0).tolist() == walked
        assert met[image] == both


def test_a_trace_holds_both_operands(tmp_path: Path) -> None:
    net, path = attention(), tmp_path / "spikes.npz"
    rates = {"wq": (0.5,), "wk": (0.5,), "wv": (0.5,), "map": (0.3,), "map:second": (0.2,), "mix:second": (0.4,)}
    stated = replace(net, spikes=Spikes("rates", rates, "test", False))
    record_spikes(stated, Sharing(), Source(batch=2), path)
    with open_trace(path, stated) as trace:
        names = [layer.name for layer in trace.layers]
        assert names == ["wq", "wk", "wv", "map", "map:second", "mix", "mix:second", "fc"]
        shares = {layer.name: np.mean([layer.read(step, 0, 2) for step in range(3)]) for layer in trace.layers}
    assert shares["map"] == pytest.approx(0.3, abs=0.05)
    assert shares["map:second"] == pytest.approx(0.2, abs=0.05)
    assert shares["mix:second"] == pytest.approx(0.4, abs=0.05)


def test_neurons_behind_a_product_have_nothing_to_be_tuned_by() -> None:
    """So that no rate need be stated of who reads them; queries, keys and values need one each."""
    net = attention()
    with pytest.raises(InputError) as error:
        calibrated_weights(net, Sharing(), spikes(), 0, Workers())
    assert [fault.path for fault in error.value.faults] == [
        "spikes.rates.map", "spikes.rates.map:second", "spikes.rates.mix:second",
    ]  # fmt: skip


def test_it_is_not_trained_and_says_so() -> None:
    with pytest.raises(InputError) as error:
        Learner(attention(), Sharing()).check()
    assert [fault.path for fault in error.value.faults] == ["map", "mix"]
    assert "has no gradient yet, so that it cannot be trained: matmul" in str(error.value)
