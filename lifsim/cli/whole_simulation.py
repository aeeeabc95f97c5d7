"""The options of a whole run: what fires its spikes, and whether it goes backwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from lifsim.cli.completing import images, keepings, modes, optimizers, spike_sources, weights
from lifsim.cli.inputs import ScheduledSimulation
from lifsim.cli.option_values import number, optimizer_setting
from lifsim.cli.shared_options import batch_of_mode_option, exit_steps_option
from lifsim.config import defaults
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.report.folder_name import Said


@dataclass(frozen=True)
class WholeSimulation(ScheduledSimulation):
    """And what fires the spikes, --spikes, --weights and --images; when images are done, --exit-steps and
    --exit-confidence; what is run, --mode and --bptt, for which --batch has a default of its own."""

    batch: Annotated[int | None, batch_of_mode_option]
    spikes: Annotated[
        str | None,
        click.option(
            "--spikes",
            shell_complete=spike_sources,
            metavar="workload|engine",
            help="engine: computed by the engine under this sharing. Default: workload, the source that it names.",
        ),
    ]
    weights: Annotated[
        str | None,
        click.option(
            "--weights",
            shell_complete=weights,
            metavar="calibrated|FILE",
            help="Weights for --spikes engine. Default: calibrated.",
        ),
    ]
    images: Annotated[
        str | None,
        click.option(
            "--images",
            shell_complete=images,
            metavar="random|digits|FILE",
            help="Images for --spikes engine. Default: random.",
        ),
    ]
    exit_steps: Annotated[str | None, exit_steps_option]
    exit_confidence: Annotated[
        float | None,
        click.option(
            "--exit-confidence",
            metavar="P",
            callback=number,
            help="Early exit with --spikes engine: an image is done once the softmax of its mean output reaches P.",
        ),
    ]
    mode: Annotated[
        str | None,
        click.option(
            "--mode",
            shell_complete=modes,
            metavar="inference|training",
            help=f"training: forward, backward and weight update of a batch (default --arch {defaults.TRAINING_ARCH}).",
        ),
    ]
    bptt: Annotated[
        str | None,
        click.option(
            "--bptt",
            shell_complete=keepings,
            metavar="stored|reversed|recomputed",
            help="In training, how the backward pass gets the membranes: stored, reversed (undone from the last ones, "
            "soft reset only), or recomputed (forward again). Default: stored.",
        ),
    ]
    optimizer: Annotated[
        str | None,
        click.option(
            "--optimizer",
            shell_complete=optimizers,
            metavar="NAME",
            help="In training, the optimizer (lifsim list optimizers). Default: the architecture's.",
        ),
    ]

    @property
    def settings(self) -> tuple[str, ...]:
        """And --optimizer."""
        return (*optimizer_setting(self.optimizer), *super().settings)

    def said(self, config: Path | None = None) -> Said:
        """And --optimizer."""
        chosen = () if self.optimizer is None else (f"optimizer={self.optimizer}",)
        return replace(super().said(config), settings=(*self.overrides, *chosen))
