"""Are recorded traces what the network fires, and do calibrated weights fire at the stated rates?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifsim.config.workload import load_workload
from lifsim.engine.calibration import TOLERANCE, _Calibration, calibrated_weights
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.engine.record import Source, load_images, record_spikes
from lifsim.engine.weights import save_arrays
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.model.network import Network
from lifsim.model.product import Product
from lifsim.model.sharing import Sharing
from lifsim.trace.opening import open_trace
from lifsim.trace.statistics import statistics

HEAD = """\
name: small
description: small
timesteps: 4
"""
CHAIN = """\
input: {shape: [2, 12, 12], encoding: %s}
layers:
  - {name: conv1, op: conv, out: 8, kernel: 3, padding: 1, batch_norm: true}
  - {name: lif1, op: lif}
  - {name: conv2, op: conv, out: 8, kernel: 3, padding: 1}
  - {name: lif2, op: lif}
  - {name: pool2, op: max_pool, kernel: 2}
  - {name: conv3, op: conv, out: 8, kernel: 3, padding: 1, bias: true}
  - {name: lif3, op: lif}
  - {name: conv4, op: conv, out: 8, kernel: 3, padding: 1, batch_norm: true}
  - {name: short, op: conv, input: lif3, out: 8, kernel: 1, batch_norm: true}
  - {name: sum, op: add, inputs: [conv4, short]}
  - {name: lif4, op: lif}
  - {name: mean, op: avg_pool, output: [1, 1]}
  - {name: fc, op: linear, out: 5, bias: true}
spikes:
  source: rates
  provenance: a test
  rates: {%sconv2: 0.12, conv3: 0.55, conv4: 0.3, short: 0.3, fc: 0.7}
"""


def workload(folder: Path, encoding: str = "direct") -> Network:
    path = folder / "small.yaml"
    path.write_text(HEAD + CHAIN % (encoding, "" if encoding == "direct" else "conv1: 0.2, "))
    return load_workload(str(path))


@pytest.mark.parametrize("encoding", ["direct", "rate", "event"])
@pytest.mark.parametrize("sharing", ["none", "layer", "channel4", "layer+channel2"])
def test_do_calibrated_layers_fire_at_the_stated_rates(tmp_path: Path, encoding: str, sharing: str) -> None:
    network = workload(tmp_path, encoding)
    record_spikes(network, Sharing.parse(sharing), Source(batch=4, seed=3), tmp_path / "t.npz")
    with open_trace(tmp_path / "t.npz", network) as trace:
        assert (trace.sharing, trace.batch, trace.is_recorded) == (sharing, 4, True)
        measured = {layer.name: layer.rate for layer in statistics(trace)}
    for name, rates in network.spikes.rates.items():
        if name != "conv1":
            assert measured[name] == pytest.approx(sum(rates) / len(rates), abs=TOLERANCE)


@pytest.mark.parametrize(("sharing", "parts"), [("none", 5), ("channel4", 5), ("layer", 3)])
def test_are_layers_tuned_one_after_the_other_unless_they_share_membranes(
    tmp_path: Path, sharing: str, parts: int
) -> None:
    """A weight layer behind a LIF layer waits until that one fires at its rate; lif1 and lif2 share, lif3 and lif4."""
    network, told = workload(tmp_path), []
    x = encode(network, load_images(network, Source(batch=4, seed=3)))
    calibrated_weights(network, Sharing.parse(sharing), x, 3, Workers(1), lambda *of: told.append(of))
    assert told == [("layers calibrated", done, parts) for done in range(1, parts + 1)]


def test_is_a_trace_what_the_engine_fires_whatever_the_threads(tmp_path: Path) -> None:
    network, sharing = workload(tmp_path), Sharing.parse("layer")
    weights = random_weights(network, 5)
    save_arrays(tmp_path / "w.npz", weights)
    source = Source(str(tmp_path / "w.npz"), "random", batch=3, seed=2)
    for threads in (1, 3):
        record_spikes(
            network,
            sharing,
            source,
            tmp_path / f"t{threads}.npz",
            membranes=tmp_path / f"m{threads}.npz",
            workers=Workers(threads),
        )
    assert (tmp_path / "t1.npz").read_bytes() == (tmp_path / "t3.npz").read_bytes()

    values: dict[str, list[np.ndarray]] = {}
    x = encode(network, load_images(network, source))
    Engine(network, sharing, weights).run(x, lambda node, _, value: values.setdefault(node.name, []).append(value != 0))
    with open_trace(tmp_path / "t1.npz", network) as trace:
        for layer, spikes in zip(network.layers, trace.layers, strict=True):
            expected = np.concatenate(values[layer.input.name])
            found = np.stack([spikes.read(step, 0, 3) for step in range(spikes.timesteps)])
            assert np.array_equal(found.reshape(expected.shape), expected), layer.name
    with np.load(tmp_path / "m1.npz") as membranes:
        for lif in network.lifs:
            fired = np.concatenate(values[lif.name])
            assert np.array_equal(membranes[lif.name] >= lif.neuron.threshold, fired)


def test_are_images_counted_layer_by_layer_and_timestep_by_timestep(tmp_path: Path) -> None:
    """3 images: conv1 reads them as they are, the five layers behind it spikes of 4 timesteps."""
    network, told = workload(tmp_path), []
    save_arrays(tmp_path / "w.npz", random_weights(network, 5))
    source = Source(str(tmp_path / "w.npz"), batch=3)
    record_spikes(network, Sharing(), source, tmp_path / "t.npz", watch=lambda *of: told.append(of))
    assert {(work, total) for work, _, total in told} == {("images of layers", 3 * (1 + 5 * 4))}
    assert told[-1] == ("images of layers", 63, 63)


def test_is_a_trace_that_is_there_kept_unless_it_may_be_replaced(tmp_path: Path) -> None:
    network, out = workload(tmp_path), tmp_path / "t.npz"
    save_arrays(tmp_path / "w.npz", random_weights(network, 5))
    out.write_bytes(b"mine")
    source = Source(str(tmp_path / "w.npz"))
    with pytest.raises(InputError, match=r"t\.npz"):
        record_spikes(network, Sharing(), source, out)
    assert out.read_bytes() == b"mine"
    record_spikes(network, Sharing(), source, out, overwrite=True)
    with open_trace(out, network) as trace:
        assert trace.batch == 1


def test_does_the_trace_of_an_image_not_depend_on_its_batch(tmp_path: Path) -> None:
    network = workload(tmp_path, "rate")
    save_arrays(tmp_path / "w.npz", random_weights(network, 5))
    for batch in (1, 3):
        source = Source(str(tmp_path / "w.npz"), batch=batch)
        record_spikes(network, Sharing(), source, tmp_path / f"t{batch}.npz")
    with open_trace(tmp_path / "t1.npz") as one, open_trace(tmp_path / "t3.npz") as three:
        for a, b in zip(one.layers, three.layers, strict=True):
            assert np.array_equal(a.read(1, 0, 1), b.read(1, 0, 1))


def test_are_images_and_rates_that_do_not_fit_refused(tmp_path: Path) -> None:
    network = workload(tmp_path)
    np.savez(tmp_path / "two.npz", a=np.zeros(3), b=np.zeros(3))
    np.savez(tmp_path / "flat.npz", x=np.zeros((2, 2, 144)))
    out = tmp_path / "t.npz"
    for images, reason in [
        ("rndom", "did you mean 'random'"),
        (str(tmp_path / "two.npz"), "one array of images"),
        (str(tmp_path / "flat.npz"), r"shape \[2, 2, 144\]"),
        (str(tmp_path / "none.npz"), "none.npz"),
    ]:
        with pytest.raises(InputError, match=reason):
            record_spikes(network, Sharing(), Source(images=images), out)
    unstated = replace(network, spikes=replace(network.spikes, rates={"conv2": (0.1,)}))
    with pytest.raises(InputError) as caught:
        record_spikes(unstated, Sharing(), Source(), out)
    assert [fault.path for fault in caught.value.faults] == [f"spikes.rates.{n}" for n in ("conv3", "conv4", "fc")]
    impossible = replace(network, spikes=replace(network.spikes, rates=network.spikes.rates | {"fc": (0.047,)}))
    with pytest.raises(InputError, match="lif4: cannot be tuned to the stated rate"):
        record_spikes(impossible, Sharing(), Source(), out)
    assert not out.exists()


def test_a_layer_without_a_norm_has_its_weights_divided_by_what_its_drive_deviates(tmp_path: Path) -> None:
    """Values of channels with means 1 and 2 and variances 3 and 5: a standard deviation of 2."""
    network = workload(tmp_path)
    calibration = _Calibration(network, Sharing(), np.zeros((1, 1, 12, 12, 2), np.float32), 3, Workers(1))
    before = random_weights(network, 3)["conv2.weight"].astype(np.float64)
    means, variances = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    calibration._pass.moments["conv2"] = (10 * means, 10 * (variances + means**2), 10)
    conv2 = network.node("conv2")
    assert isinstance(conv2, Product)
    calibration._normalise(conv2)
    np.testing.assert_allclose(calibration._weights["conv2.weight"], before / 2, rtol=1e-12)


def test_every_random_image_has_a_stream_of_its_own() -> None:
    """Of the seed, its number, and 1: other draws of the seed are others."""
    network = load_workload("lenet5_mnist", ["input.encoding=direct"])
    images = load_images(network, Source(batch=3, seed=7))
    shape = network.nodes[0].output.shape
    alone = [np.random.default_rng([7, image, 1]).standard_normal(shape, np.float32) for image in range(3)]
    assert np.array_equal(images, np.stack(alone))
