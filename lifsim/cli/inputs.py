"""Options that every simulating command has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])

DEFAULT_ARCH, DEFAULT_WORKLOAD, DEFAULT_SHARING = "sata128", "vgg16_cifar10", "none"
TRAINING_ARCH = "sata_training"

_OPTIONS = (
    click.option("--arch", metavar="NAME|FILE", help=f"Architecture (lifsim list archs). Default: {DEFAULT_ARCH}."),
    click.option(
        "--workload", metavar="NAME|FILE", help=f"Network (lifsim list workloads). Default: {DEFAULT_WORKLOAD}."
    ),
    click.option(
        "--trace",
        type=click.Path(path_type=Path),
        help="Spike trace (.npz). Default: the workload's own spikes.",
    ),
    click.option("--batch", type=int, help="Images. Default: as many as the trace has, else 1."),
    click.option("--seed", type=int, help="Seed of synthesised spikes. Default: 0."),
    click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a key of an input file."),
)

sharing_option = click.option(
    "--sharing", metavar="SHARING", help=f"none, layer, channelN or layer+channelN. Default: {DEFAULT_SHARING}."
)

_SCHEDULE_OPTIONS = (
    click.option(
        "--schedule",
        metavar="tick|timestep|auto",
        help="tick: layers tick-batched one by one, those that share membranes timestep by timestep; timestep: the "
        "whole network timestep by timestep; auto: the groups of layers with the least --objective. Default: tick.",
    ),
    click.option("--objective", metavar="dram|cycles|energy", help="What --schedule auto minimises. Default: dram."),
    click.option(
        "--chunk",
        metavar="C|auto",
        callback=lambda _ctx, _param, text: int(text) if text is not None and text.isdecimal() else text,
        help="Images that take turns together, timestep by timestep. Default: auto, the fewest DRAM bytes.",
    ),
)

_ENGINE_OPTIONS = (
    click.option(
        "--spikes",
        metavar="workload|engine",
        help="engine: what the network fires under this very sharing. Default: workload, what the workload names.",
    ),
    click.option("--weights", metavar="calibrated|FILE", help="Of the engine. Default: calibrated."),
    click.option("--images", metavar="random|digits|FILE", help="What the engine sees. Default: random."),
)

_MODE_OPTIONS = (
    click.option(
        "--mode",
        metavar="inference|training",
        help=f"training: forward, backward and weight update of a batch (default --arch {TRAINING_ARCH}).",
    ),
    click.option(
        "--bptt",
        metavar="stored|reversed",
        help="In training, whether membranes are stored, or recomputed backwards (soft reset). Default: stored.",
    ),
)


def with_options(command: F, options: Sequence[Callable[[F], F]]) -> F:
    """`command` with `options`, which --help lists in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def simulation_options(command: F) -> F:
    """Add --arch, --workload, --trace, --batch, --seed and --set."""
    return with_options(command, _OPTIONS)


def schedule_options(command: F) -> F:
    """Add --schedule, --objective and --chunk."""
    return with_options(command, _SCHEDULE_OPTIONS)


def engine_options(command: F) -> F:
    """Add --spikes, --weights and --images."""
    return with_options(command, _ENGINE_OPTIONS)


def mode_options(command: F) -> F:
    """Add --mode and --bptt."""
    return with_options(command, _MODE_OPTIONS)
