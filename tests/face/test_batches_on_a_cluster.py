"""Is what `lifsim.infer` has of a Dask cluster bit for bit what it computes here, and is every fault of one told?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.batches import api
from lifsim.batches.parts import Inferred
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.errors import InputError
from lifsim.processes import cluster as joining

distributed = pytest.importorskip("distributed")

PIXELS = np.random.default_rng(0).random((130, 1, 8, 8), np.float32)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of two worker processes."""
    folder = str(tmp_path_factory.mktemp("cluster"))
    options: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options, local_directory=folder) as running:
        yield running.scheduler_address


def weights() -> dict[str, np.ndarray]:
    """Under which all layers fire."""
    drawn = random_weights(lifsim.load_workload("digits_cnn"), 0)
    return {name: 8 * value if value.ndim > 1 else value for name, value in drawn.items()}


def infer(scheduler: str | None, encoding: str = "rate", *, counts_only: bool = False) -> lifsim.Inference:
    """Of 3 parts; pixels become spikes by chance, whose seed counts images from the first of all."""
    encoded = (f"input.encoding={encoding}",)
    return lifsim.infer(
        "digits_cnn", weights(), PIXELS, "channel2", scheduler=scheduler, counts_only=counts_only, overrides=encoded
    )


@pytest.mark.parametrize("images", [1, 3, 8])
def test_spikes_travel_as_bits(images: int) -> None:
    from lifsim.batches.dask import packed

    network, chance = lifsim.load_workload("digits_cnn"), np.random.default_rng(images)
    shapes = {lif.name: (lif.output.timesteps, images, *lif.output.shape) for lif in network.lifs}
    spikes = {name: chance.random(of) < 0.5 for name, of in shapes.items()}
    done = Inferred(2, np.zeros((1, images, 10)), spikes, {}, {})
    travels = packed(done)
    least = sum(fired.size for fired in spikes.values()) / 8
    assert sum(bits.nbytes for bits in travels.spikes.values()) <= least + sum(map(len, spikes.values()))
    whole = {name: np.zeros((fired.shape[0], 20, *fired.shape[2:]), bool) for name, fired in spikes.items()}
    travels.put_spikes(whole)
    for name, fired in spikes.items():
        assert np.array_equal(whole[name][:, 2 : 2 + images], fired)
        assert whole[name].sum() == fired.sum()


@pytest.mark.parametrize("scheduled", [False, True])
def test_counts_alone_are_those_of_the_spikes_and_nothing_else_travels(cluster: str, *, scheduled: bool) -> None:
    from lifsim.batches.dask import packed

    whole = infer(None)
    found = infer(cluster if scheduled else None, counts_only=True)
    assert np.array_equal(found.outputs, whole.outputs)
    assert (found.spikes, found.membranes) == ({}, {})
    assert list(found.counts) == list(whole.counts) == list(whole.spikes)
    for name, fired in whole.spikes.items():
        counts = np.array([[image.sum() for image in timestep] for timestep in fired])
        assert np.array_equal(found.counts[name], counts)
        assert np.array_equal(whole.counts[name], counts)
        assert found.counts[name].dtype == whole.counts[name].dtype == np.int64
    assert f"{found.counts['lif1'].sum():,}" in repr(found)
    assert set(packed(Inferred(0, whole.outputs, {}, dict(found.counts), {})).spikes) == set()


def test_counts_alone_need_no_room_for_spikes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise InputError("no room")

    monkeypatch.setattr(api, "require_memory", refuse)
    with pytest.raises(InputError, match="no room"):
        infer(None)
    assert infer(None, counts_only=True).counts


@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_a_cluster_changes_no_bit(cluster: str, encoding: str) -> None:
    here, there = infer(None, encoding), infer(cluster, encoding)
    assert np.array_equal(here.outputs, there.outputs)
    for ours, theirs in ((here.spikes, there.spikes), (here.membranes, there.membranes)):
        assert list(ours) == list(theirs)
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert here.outputs.shape[1] == 130
    assert all(fired.any() for fired in here.spikes.values())
    assert here.outputs.any()
    with distributed.Client(cluster) as client:
        assert [*client.run(lifsim_plugins).values()] == [[], []]


def test_parts_are_encoded_as_one_batch() -> None:
    """Chances of an image are those of its number among all."""
    network = lifsim.load_workload("digits_cnn", ["input.encoding=rate"])
    engine = Engine(network, lifsim.Sharing.parse("channel2"), weights())
    whole = engine.run(encode(network, PIXELS, 0)).outputs
    assert np.array_equal(infer(None).outputs, whole)
    assert whole.any()


def test_events_are_cut_along_their_images(cluster: str) -> None:
    network = "lenet5_mnist"
    shape = lifsim.load_workload(network).nodes[0].output.shape
    events = np.random.default_rng(0).random((3, 70, *shape)) < 0.3
    given: dict[str, Any] = {"timesteps": 3, "overrides": ("input.encoding=event",)}
    here, there = (lifsim.infer(network, "random", events, scheduler=where, **given) for where in (None, cluster))
    assert np.array_equal(here.outputs, there.outputs)


def test_another_lifsim_on_the_workers_is_refused(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from lifsim.batches import dask

    monkeypatch.setattr(dask, "MODEL_VERSION", 999)
    with pytest.raises(InputError, match=r"workers must have the same LIFSim: model version \d+ on tcp://.*, 999 here"):
        infer(cluster)
    with distributed.Client(cluster) as client:
        assert [*client.run(lifsim_plugins).values()] == [[], []]


def lifsim_plugins(dask_worker: Any) -> list[str]:
    """What was not taken from a worker again."""
    return [name for name in dask_worker.plugins if name.startswith("lifsim")]


def test_an_unreachable_scheduler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match=r"^scheduler tcp://127.0.0.1:9: must be the address of a running"):
        infer("tcp://127.0.0.1:9")


def test_a_scheduler_is_an_address() -> None:
    with pytest.raises(InputError, match=r"^scheduler: 8786 must be an address, such as tcp://host:8786"):
        infer(8786)  # type: ignore[arg-type]


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lifsim.batches.dask", None)
    with pytest.raises(InputError, match=r"^scheduler: needs Dask: pip install 'lifsim\[distributed\]'"):
        api.infer("digits_cnn", "random", "random", scheduler="tcp://127.0.0.1:9")


@pytest.mark.slow
def test_images_over_which_workers_die_are_told(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time Dask starts another one."""
    from lifsim.batches import dask

    monkeypatch.setattr(dask, "_run", lambda *_: os._exit(1))
    with pytest.raises(InputError, match=r"^the worker that ran some of the images died, 4 times"):
        infer(cluster)
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2)  # a cluster cannot be ended while it starts one
