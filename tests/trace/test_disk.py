"""Is a trace that the disk cannot hold refused before a spike of it is drawn?"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lifsim.config.workload import load_workload
from lifsim.engine.record import Source, load_images, record_spikes
from lifsim.errors import InputError
from lifsim.model.sharing import Sharing
from lifsim.trace.archive import Archive
from lifsim.trace.synthesise import BernoulliLayer, synthesise
from lifsim.trace.writer import TraceWriter, disk_bytes, save

NETWORK = load_workload("vgg9_cifar10")
IMAGE_BYTES = disk_bytes((one.tensor.timesteps, one.shape) for one in NETWORK.traced)


def free(monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=size_bytes))


def test_the_disk_space_of_a_trace_is_known_in_advance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spools and file, just before the spools go; but for the header of the file."""
    taken, finish = list[int](), TraceWriter._finish

    def looked_at(writer: TraceWriter) -> None:
        replace = Path.replace
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", lambda one, to: (taken.append(_held(tmp_path)), replace(one, to))[1])
            finish(writer)

    monkeypatch.setattr(TraceWriter, "_finish", looked_at)
    save(synthesise(NETWORK, 3, 0), tmp_path / "spikes.npz")
    assert 3 * IMAGE_BYTES <= taken[0] < 3 * IMAGE_BYTES + 16_384


def _held(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_refusal_names_how_many_images_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 3 * IMAGE_BYTES - 1)
    with pytest.raises(InputError, match=r"batch: 3 images, .* there: at most 2 \(--batch\), or another disk"):
        save(synthesise(NETWORK, 3, 0), tmp_path / "spikes.npz")
    assert not list(tmp_path.iterdir())
    save(synthesise(NETWORK, 2, 0), tmp_path / "spikes.npz")


def test_a_trace_beyond_the_disk_is_refused_before_any_spike_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the folder is made; the disk is that of the one above it."""
    monkeypatch.setattr(BernoulliLayer, "read", pytest.fail)
    with pytest.raises(InputError, match="batch: 100,000,000,000 images, "):
        save(synthesise(NETWORK, 10**11, 0), tmp_path / "not" / "there" / "spikes.npz")
    free(monkeypatch, 0)
    with pytest.raises(InputError, match=r"not even one does: take another disk \(--out\)"):
        save(synthesise(NETWORK, 1, 0), tmp_path / "not" / "there" / "spikes.npz")
    assert not list(tmp_path.iterdir())


def test_what_an_engine_fires_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifsim.engine.record.ready", pytest.fail)
    free(monkeypatch, 2 * IMAGE_BYTES)
    with pytest.raises(InputError, match=r"at most 2 \(--batch\)"):
        record_spikes(NETWORK, Sharing(), Source("calibrated", "random", 4, 0), tmp_path / "spikes.npz")


def test_random_images_beyond_the_disk_or_the_memory_are_not_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("numpy.random.default_rng", pytest.fail)
    many = Source("calibrated", "random", 10**9, 0)
    with pytest.raises(InputError, match="batch: 1,000,000,000 images, "):
        record_spikes(NETWORK, Sharing(), many, tmp_path / "spikes.npz")
    with pytest.raises(InputError, match=r"batch: 1,000,000,000 random images, .* must fit into"):
        load_images(NETWORK, many)


def test_a_disk_that_does_not_say_what_is_free_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> object:
        raise OSError

    monkeypatch.setattr(shutil, "disk_usage", fail)
    save(synthesise(NETWORK, 1, 0), tmp_path / "spikes.npz")


def test_images_of_a_file_are_counted_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that holds fewer than are asked for it is this that is told, whatever the disk."""
    np.savez(tmp_path / "images.npz", x=np.zeros((3, 3, 32, 32), np.float32))
    monkeypatch.setattr(Archive, "whole", pytest.fail)
    free(monkeypatch, 3 * IMAGE_BYTES - 1)
    for batch, rule in (
        (None, r"batch: 3 images, .* there: at most 2 \(--batch\)"),
        (3, r"batch: 3 images, .* there: at most 2 \(--batch\)"),
        (4, r"batch: 4 must be <= the 3 images of "),
    ):
        source = Source(images=str(tmp_path / "images.npz"), batch=batch)
        with pytest.raises(InputError, match=rule):
            record_spikes(NETWORK, Sharing(), source, tmp_path / "spikes.npz")
