"""The options of commands that simulate: each family extends the one before."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from lifsim.cli.completing import (
    archs,
    chunks,
    drams,
    objectives,
    schedules,
    sharings,
    workloads,
)
from lifsim.cli.option_values import number
from lifsim.cli.rate_options import Rate, RatesTable
from lifsim.cli.say import say
from lifsim.cli.shared_options import batch_option, set_option
from lifsim.cli.where_possible import where_possible_if_given
from lifsim.config import defaults
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.config.resolve import Kind
    from lifsim.model.network import Network
    from lifsim.report.folder_name import Said
    from lifsim.simulate.inputs import Inputs


@dataclass(frozen=True)
class Simulation:
    """--arch, --dram, --workload, --trace, --rate, --rates, --batch, --seed and --set; None if not given."""

    arch: Annotated[
        str | None,
        click.option(
            "--arch",
            shell_complete=archs,
            metavar="NAME|FILE",
            help=f"Architecture (lifsim list archs). Default: {defaults.ARCH}.",
        ),
    ]
    dram: Annotated[
        str | None,
        click.option(
            "--dram", shell_complete=drams, metavar="NAME|FILE", help="Simulate this DRAM device (lifsim list drams)."
        ),
    ]
    workload: Annotated[
        str | None,
        click.option(
            "--workload",
            shell_complete=workloads,
            metavar="NAME|FILE",
            help=f"Network (lifsim list workloads). Default: {defaults.WORKLOAD}.",
        ),
    ]
    trace: Annotated[
        Path | None,
        click.option(
            "--trace", type=click.Path(path_type=Path), help="Spike trace (.npz). Default: the workload's own spikes."
        ),
    ]
    rate: Rate
    rates: RatesTable
    batch: Annotated[int | None, batch_option]
    seed: Annotated[
        int | None,
        click.option("--seed", metavar="N", callback=number, help="Seed of synthesised spikes. Default: 0."),
    ]
    overrides: Annotated[
        tuple[str, ...],
        set_option("Change a key of an input file.", "overrides"),
    ]

    @property
    def given(self) -> dict[str, object]:
        """The options that are given, by name, without --set."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "overrides"}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def settings(self) -> tuple[str, ...]:
        """--dram and --set, which may change its keys, as settings."""
        from lifsim.config.device import choosing

        return (*(choosing(self.dram) if self.dram is not None else ()), *self.overrides)

    def said(self, config: Path | None = None) -> Said:
        """The names of the inputs, from which the folder of results gets its name; config: the file that they come
        from."""
        from lifsim.report.folder_name import Said

        if config is not None:
            name = config.absolute().parent.name if config.name == "config.resolved.yaml" else config.stem
            return Said(name=name, settings=self.overrides)
        return Said(arch=self.arch, workload=self.workload, dram=self.dram, settings=self.overrides)

    def network(self) -> Network:
        """The network alone. Raises InputError with every fault of it."""
        from lifsim.config.overrides import override
        from lifsim.config.workload import network_of, read_workload
        from lifsim.simulate.inputs import split_overrides

        _, settings = split_overrides(self.overrides, [])
        return network_of(override(read_workload(self.workload or defaults.WORKLOAD), settings))

    def inputs(self) -> Inputs:
        """The inputs of the run, read; defaults where nothing is given. Raises InputError with every fault."""
        from lifsim.config.rates_file import read_rates
        from lifsim.config.resolve import is_borrowed
        from lifsim.simulate.inputs import load_inputs

        options = {name: value for name, value in self.given.items() if name not in ("dram", "optimizer")}
        arch = options.pop("arch", defaults.arch_for(options.get("mode")))
        workload, sharing = options.pop("workload", defaults.WORKLOAD), options.pop("sharing", defaults.SHARING)
        where_possible = bool(options.pop("share_where_possible", False))
        rates = None if (file := options.pop("rates", None)) is None else read_rates(Path(str(file)))
        found = load_inputs(
            str(arch), str(workload), str(sharing), options, self.settings, where_possible=where_possible, rates=rates
        )
        named: tuple[tuple[Kind, str | None, str], ...] = (
            ("arch", self.arch, found.arch.name),
            ("workload", self.workload, found.network.name),
        )
        for kind, given, own in named:
            if given is not None and is_borrowed(kind, given, own):
                say(f"note: {given} has the name of a shipped file, {own}, which its results will show", err=True)
        return found


@dataclass(frozen=True)
class SharedSimulation(Simulation):
    """And --sharing and --share-where-possible."""

    sharing: Annotated[
        str | None,
        click.option(
            "--sharing",
            shell_complete=sharings,
            metavar="SHARING",
            help=f"none, layer, channelN or layer+channelN. Default: {defaults.SHARING}.",
        ),
    ]
    share_where_possible: Annotated[bool | None, where_possible_if_given]


@dataclass(frozen=True)
class ScheduledSimulation(SharedSimulation):
    """And --rates-scale, --schedule, --groups, --objective and --chunk."""

    rates_scale: Annotated[
        float | None,
        click.option(
            "--rates-scale",
            metavar="X",
            callback=number,
            help="Factor on the workload's spike rates; each stays at most 1. Default: 1.",
        ),
    ]
    schedule: Annotated[
        str | None,
        click.option(
            "--schedule",
            shell_complete=schedules,
            metavar="tick|timestep|window:TW|fused[:TW]|skewed[:TW]|auto",
            help="tick: one layer at a time, tick-batched; layers that share membranes together, timestep-major. "
            "timestep: the whole network timestep-major. window:TW: one layer at a time, TW timesteps back to back. "
            "fused: as tick, but layers without shared membranes run together, strip by strip, where that moves fewer "
            "bytes. skewed: as tick, but layers that share membranes run in strips, each timestep behind the one "
            "before. fused:TW, skewed:TW: the same in windows of TW timesteps, also for layers that run alone. auto: "
            "the groups of layers with the lowest --objective. Default: tick.",
        ),
    ]
    groups: Annotated[
        str | None,
        click.option(
            "--groups",
            metavar="LAYER[:tick|:timestep|:window:TW|:fused[:TW]|:skewed[:TW]],...",
            help="The first layer of every group, instead of the groups that --schedule would choose. A group of one "
            "layer runs as --schedule says; one of several runs timestep-major, or fused or skewed if --schedule says "
            "so, or as the text behind its first layer says (conv1:fused:2: fused in windows of two timesteps).",
        ),
    ]
    objective: Annotated[
        str | None,
        click.option(
            "--objective",
            shell_complete=objectives,
            metavar="dram|cycles|energy",
            help="What --schedule auto minimises. Default: dram.",
        ),
    ]
    chunk: Annotated[
        int | str | None,
        click.option(
            "--chunk",
            shell_complete=chunks,
            metavar="C|auto",
            callback=number,
            help="Images that a timestep-major or windowed group works on together. Default: auto, the fewest DRAM "
            "bytes.",
        ),
    ]
