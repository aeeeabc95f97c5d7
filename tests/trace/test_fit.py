"""Is a trace matched to a network's layers, and is all that does not fit reported at once?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.errors import InputError
from lifsim.trace.archive import Archive
from lifsim.trace.fit import fit
from lifsim.trace.opening import open_trace
from lifsim.trace.plain import read_plain
from lifsim.trace.source import Trace
from lifsim.trace.synthesise import synthesise
from tests.trace.networks import small_network


def _plain(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    shapes = {"conv1": (1, 2, 5, 7), "conv2": (3, 4, 5, 7), "fc": (3, 105)}
    return {name: rng.random(shape) < 0.5 for name, shape in shapes.items()}


def test_layers_are_matched_by_name_in_any_order(tmp_path: Path) -> None:
    path = _plain(tmp_path / "t.npz", **dict(reversed(_arrays().items())))
    trace = open_trace(path, small_network())
    assert [layer.name for layer in trace.layers] == ["conv1", "conv2", "fc"]
    np.testing.assert_array_equal(trace.layers[1].read(2, 0, 1)[0], _arrays()["conv2"][2])


def test_layers_of_other_names_are_matched_by_order(tmp_path: Path) -> None:
    first, second, third = _arrays().values()
    trace = open_trace(_plain(tmp_path / "t.npz", a=first, b=second, c=third), small_network())
    assert [layer.name for layer in trace.layers] == ["conv1", "conv2", "fc"]
    np.testing.assert_array_equal(trace.layers[2].read(1, 0, 1)[0], third[1])


def test_a_linear_input_may_stand_as_a_map(tmp_path: Path) -> None:
    arrays = _arrays()
    arrays["fc"] = arrays["fc"].reshape(3, 3, 5, 7)
    trace = open_trace(_plain(tmp_path / "t.npz", **arrays), small_network())
    np.testing.assert_array_equal(trace.layers[2].read(0, 0, 1)[0], _arrays()["fc"][0])


def test_an_input_that_comes_once_is_a_one_if_it_fired_at_any_timestep(tmp_path: Path) -> None:
    arrays = _arrays()
    arrays["conv1"] = np.random.default_rng(4).random((3, 2, 5, 7)) < 0.5
    trace = open_trace(_plain(tmp_path / "t.npz", **arrays), small_network())
    assert trace.layers[0].timesteps == 1
    np.testing.assert_array_equal(trace.layers[0].read(0, 0, 1)[0], arrays["conv1"].any(axis=0))


def test_synthetic_spikes_fit_their_own_network() -> None:
    network = small_network()
    trace = fit(synthesise(network, 2, 0), network)
    assert [layer.shape for layer in trace.layers] == [(1, 2, 2, 5, 7), (3, 2, 4, 5, 7), (3, 2, 105)]


def test_every_misfit_is_reported_at_once(tmp_path: Path) -> None:
    arrays = _arrays() | {"conv2": np.ones((3, 4, 5, 6), np.bool_), "fc": np.ones((1, 104), np.bool_)}
    path = _plain(tmp_path / "t.npz", **arrays)
    with pytest.raises(InputError) as caught:
        open_trace(path, small_network())
    assert list(map(str, caught.value.faults)) == [
        f"{path} conv2: has inputs of shape [4, 5, 7] in small, [4, 5, 6] in the trace",
        f"{path} fc: has inputs of shape [105] in small, [104] in the trace",
        f"{path} fc: has 3 timesteps in small, 1 in the trace",
    ]


def test_a_trace_of_another_network_is_refused(tmp_path: Path) -> None:
    arrays = _arrays()
    del arrays["fc"]
    with pytest.raises(InputError, match="layers: trace has 2, small 3"):
        open_trace(_plain(tmp_path / "t.npz", **arrays), small_network())
    with pytest.raises(InputError, match="timesteps: trace has 3, small 5"):
        fit(_fitting_three_steps(), small_network(5))


def test_timesteps_are_never_taken_for_images_unasked(tmp_path: Path) -> None:
    path = _plain(tmp_path / "t.npz", **_arrays())
    with pytest.raises(InputError, match="timesteps: trace has 3, small 1; if it is 1 of 3 images, import it"):
        open_trace(path, small_network(1))


def test_a_trace_of_a_single_timestep_is_told_what_the_network_needs(tmp_path: Path) -> None:
    """Spikes of all timesteps; or of one that it reads once for all of them, which a plain archive does not say."""
    needs = "timesteps: trace has 1, small 3; conv2 reads 3 timesteps of spikes: record as many"
    with pytest.raises(InputError, match=needs):
        fit(synthesise(small_network(1), 1, 0), small_network(3))
    text = """
    {name: once, timesteps: 4, input: {shape: [1, 8, 8], encoding: direct},
     layers: [{name: conv, op: conv, out: 4, kernel: 3}]}"""
    network = network_of(parse_document(text, "once.yaml"))
    path = _plain(tmp_path / "t.npz", conv=np.ones((1, 1, 8, 8), np.bool_))
    with pytest.raises(InputError, match=r"once for all timesteps \(direct .*: import it with --timesteps 4$"):
        open_trace(path, network)
    again = fit(read_plain(Archive(path), 4), network)
    assert [layer.shape for layer in again.layers] == [(1, 1, 1, 8, 8)]


def _fitting_three_steps() -> Trace:
    return replace(synthesise(small_network(3), 1, 0), workload="other")


def test_the_name_in_the_trace_is_said_where_it_differs(tmp_path: Path) -> None:
    first, second, third = _arrays().values()
    with pytest.raises(InputError, match=r"conv2: .* \('b' of the trace\)"):
        open_trace(_plain(tmp_path / "t.npz", a=first, b=second[:, :2], c=third), small_network())


def test_a_recording_of_images_first_is_told_its_layout(tmp_path: Path) -> None:
    arrays = {name: np.stack([array] * 2) for name, array in _arrays().items()}
    with pytest.raises(InputError, match=r"timesteps: trace has 2, small 3; if its leading axes are \[B, T, ...\]"):
        open_trace(_plain(tmp_path / "t.npz", **arrays), small_network())


def test_a_signal_without_its_height_is_told(tmp_path: Path) -> None:
    text = """
    {name: signal, timesteps: 3, input: {shape: [2, 1, 7], encoding: event},
     layers: [{name: c, op: conv, out: 2, kernel: [1, 3]}, {name: l, op: lif}]}
    """
    network = network_of(parse_document(text, "signal.yaml"))
    path = _plain(tmp_path / "t.npz", c=np.zeros((3, 2, 7), np.bool_))
    with pytest.raises(InputError, match=r"a 1-D signal is \[T, C, 1, L\], not \[T, C, L\]"):
        open_trace(path, network)
