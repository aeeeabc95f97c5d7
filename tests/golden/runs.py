"""The golden set: architectures x workloads x sharings x schedules x modes, each part of the model at work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import lifsim
from lifsim.simulate.result import Result


@dataclass(frozen=True)
class GoldenRun:
    """One call of `lifsim.run`. overrides: `--set`s; options: the other keywords."""

    arch: str
    workload: str
    sharing: str = "none"
    options: dict[str, Any] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A folder's name that says all of it."""
        options = [f"{key}={value}" for key, value in self.options.items()]
        return " ".join([self.arch, self.workload, self.sharing, *options, *self.overrides])

    def __call__(self) -> Result:
        """The result."""
        return lifsim.run(self.arch, self.workload, self.sharing, overrides=self.overrides, **self.options)


def golden_runs() -> list[GoldenRun]:
    """All of them, in a fixed order."""
    return [*_schedules(), *_networks(), *_machines(), *_training()]


def _schedules() -> Iterator[GoldenRun]:
    archs = "sata128", "sata128_skip", "eyeriss_like", "tpu_like_small", "spinalflow_like_skip", "sata_training"
    for arch, sharing, schedule in product(archs, ("none", "layer", "channel2"), ("tick", "timestep", "auto")):
        yield GoldenRun(arch, "vgg9_cifar10", sharing, {"schedule": schedule})


def _networks() -> Iterator[GoldenRun]:
    yield GoldenRun("sata128_satasim", "satasim_bntt")
    yield GoldenRun("sata128", "vgg16_cifar10", "channel4")
    for workload in ("resnet19_cifar10", "mobilenet_cifar10"):
        for arch, sharing in product(("sata128", "eyeriss_like"), ("layer+channel2", "channel2")):
            yield GoldenRun(arch, workload, sharing, {"schedule": "auto", "batch": 2})
    yield GoldenRun("tpu_like_small", "resnet19_cifar10", "layer", {"schedule": "timestep"})
    yield GoldenRun("sata128", "resnet19_positions_imagenet100", "layer")
    yield GoldenRun("sata128", "vgg16_ncaltech101", "layer")
    yield GoldenRun("sata128", "spikformer_block_cifar10", "channel2", {"schedule": "auto"})
    for workload in ("lenet5_mnist", "alexnet_cifar10", "har_sfcn_ucihar"):
        yield GoldenRun("sata128_skip", workload)
    for batch, chunk in ((3, None), (4, 2), (5, 1)):
        yield GoldenRun("sata128", "alexnet_cifar10", "none", {"schedule": "timestep", "batch": batch, "chunk": chunk})


def _machines() -> Iterator[GoldenRun]:
    for arch in ("sata128", "tpu_like_small"):
        for settings in (
            ("dram.model=ideal",),
            ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.latency_ns=100"),
            ("dram.device=hbm2",),
            ("dram.device=ddr3_1600", "clock_hz=1GHz"),
            ("buffers.membrane.size_bytes=4KiB", "buffers.weight.size_bytes=16KiB"),
            ("lif.units=16", "lif.overlapped=true", "lif.latency_cycles=3", "lif.initiation_interval_cycles=2"),
            ("buffers.psum.size_bytes=1KiB", "buffers.spike_in.banks=1", "buffers.spike_in.port_bits=32"),
            ("precision.membrane_bits=16", "precision.weight_bits=4", "array.rows=7", "array.cols=5"),
        ):
            yield GoldenRun(arch, "vgg9_cifar10", "channel4", {"schedule": "timestep"}, settings)
    for objective in ("cycles", "energy"):
        yield GoldenRun("sata128", "alexnet_cifar10", "none", {"schedule": "auto", "objective": objective})


def _training() -> Iterator[GoldenRun]:
    modes = product(("vgg9_cifar10", "alexnet_cifar10"), ("none", "channel2", "layer"), ("stored", "reversed"))
    for workload, sharing, bptt in modes:
        yield GoldenRun("sata_training", workload, sharing, {"mode": "training", "bptt": bptt, "batch": 2})
    yield GoldenRun("sata_training", "resnet19_cifar10", "layer", {"mode": "training", "schedule": "auto", "batch": 1})
