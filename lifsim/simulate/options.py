"""The options of a run, besides its architecture, workload and sharing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic_core import ValidationError

from lifsim.config import defaults
from lifsim.config.document import Document, Mark
from lifsim.config.given_rates import GivenRate, Replaced, rate_words
from lifsim.config.validate import Examined, examine
from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.model.keys import AfterValidator, BeforeValidator, Field
from lifsim.model.members import member_of
from lifsim.model.schema import Broken, Model, Text, known, rule
from lifsim.schedule.exits import share_faults
from lifsim.schedule.plan import unknown_schedule
from lifsim.schedule.window import window_named
from lifsim.units import as_whole

if TYPE_CHECKING:
    from lifsim.config.rates_file import RatesFile

SpikeSource = Literal["workload", "engine"]

CALIBRATED = "calibrated"
"""Weights that are tuned to fire at stated rates."""


def _is_a_schedule(word: str) -> str:
    if word != "auto" and window_named(word) is None:
        raise ValueError(unknown_schedule(word))
    return word


Schedule = Annotated[str, AfterValidator(_is_a_schedule)]
"""tick, timestep, window:TW, fused, skewed (both perhaps :TW) or auto."""

SCHEDULES = ("tick", "timestep", "window:2", "fused", "fused:2", "skewed", "skewed:2", "auto")
"""One example of each kind, as it is typed."""

Objective = Literal["dram", "cycles", "energy"]
Mode = Literal["inference", "training"]
Bptt = Annotated[str, member_of("keeping")]

Words = Annotated[str, Field(strict=True, max_length=10_000)]
"""The text may be empty: its reader says what must be there."""

Confidence = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)]

Images = Annotated[int, BeforeValidator(as_whole), Field(ge=1, le=1 << 16, strict=True)]


def _none_if_auto(value: object) -> object:
    return None if value == "auto" else value


def _as_number(value: object) -> object:
    """Whole ones, too."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_shares(value: object) -> object:
    """A mapping of shares as the text that the command line takes."""
    return ",".join(f"{step}:{share}" for step, share in value.items()) if isinstance(value, Mapping) else value


def _names(value: object) -> object:
    """As the command line has them."""
    return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value


def _is_a_rate(word: str) -> str:
    GivenRate.parse(word)
    return word


Rates = float | Mapping[str, float | Sequence[float]] | Sequence[float | str]
"""As `Options.rate` takes them."""


class Options(Model):
    """Options of a run, besides its architecture, workload and sharing. Raises InputError with every fault.

    batch: images (None: all of the trace, else one; in training 16, at most those of a trace of several). seed: of
    synthesised spikes. trace: a spike trace file, packed or plain, instead of the workload's own spikes. spikes
    "engine": computed by the engine under the sharing of the run, with `weights` ("calibrated", or a file) on `images`
    ("random", a data set, or a file).

    rate: shares of ones among the inputs of layers, assumed for this run instead of the workload's rates: a number for
    every layer that reads spikes; or {"conv3": 0.2, "fc1": [0.1, 0.2]}, one rate or one per timestep; or texts of both
    kinds, ("0.15", "conv3=0.1:0.2"). A later rate overrides an earlier one, and one that names its layer overrides one
    for all. rates_scale: factor on the rates, each at most 1: shows the effect of a range of assumed rates.

    schedule: "tick": every layer tick-batched, layers that share membranes timestep-major; "timestep": the whole
    network timestep-major; "window:TW": every layer by itself, in windows of TW timesteps back to back; "fused": as
    "tick", but layers without shared membranes run together, strip by strip, where that moves fewer bytes; "skewed": as
    "tick", but layers that share membranes run in strips, each timestep behind the one before ("fused:TW", "skewed:TW":
    in windows of TW timesteps); "auto": the groups of layers, and the way to run each, with the lowest `objective`.
    chunk: images that a group works on together, unless it is tick-batched (None, or "auto": as many as move the fewest
    bytes).

    groups: the first layer of every group, instead of the groups that the schedule would choose; for instance those of
    another run, to compare like with like. A group of one layer runs as `schedule` says ("auto": whichever is lower),
    one of several timestep-major (under "fused" and "skewed": so), or as the text behind the name says: conv1:tick,
    conv1:timestep, conv1:window:2, conv1:fused, conv1:skewed:2.

    exit_steps: the share of images that are done after so many timesteps, `1:0.6,2:0.3,4:0.1`, or a mapping; which
    images is drawn with `seed`. exit_confidence: an image computed by the engine is done at the first timestep at which
    the softmax of the mean of its outputs so far reaches this for a class. Images exit early if the schedule allows it:
    one timestep-major group that is the whole network.

    mode "training": forward, backward and weight update of one batch; bptt: how the backward pass gets the membranes
    (`lifsim list keepings`): "stored", "reversed" (calls are undone from the last state) or "recomputed" (u runs
    forward again).
    """

    batch: Images | None = None
    seed: Annotated[int, BeforeValidator(as_whole), Field(ge=0, lt=1 << 63, strict=True)] = 0
    trace: Path | None = None
    spikes: SpikeSource = "workload"
    weights: Text | None = None
    images: Text | None = None
    rate: Annotated[
        tuple[Annotated[Text, AfterValidator(_is_a_rate)], ...] | None,
        BeforeValidator(rate_words),
        Field(min_length=1, max_length=2 * MAX_LAYERS),
    ] = None
    rates_scale: Annotated[
        float, BeforeValidator(_as_number), Field(gt=0, le=1000, allow_inf_nan=False, strict=True)
    ] = 1.0
    schedule: Schedule = "tick"
    objective: Objective = "dram"
    mode: Mode = "inference"
    bptt: Bptt = "stored"
    chunk: Annotated[Images | None, BeforeValidator(_none_if_auto)] = None
    groups: Annotated[tuple[Words, ...] | None, BeforeValidator(_names), Field(min_length=1, max_length=2000)] = None

    exit_steps: Annotated[Words | None, BeforeValidator(_as_shares)] = None
    exit_confidence: Annotated[Confidence | None, BeforeValidator(_as_number)] = None

    @rule
    def shares_are_of_all_images(self) -> Broken:
        """Each at a timestep of its own."""
        for message in share_faults(self.exit_steps) if self.exit_steps is not None else ():
            yield "exit_steps", message

    @rule
    def exits_have_one_reason(self) -> Broken:
        """Steps that are given, or confidence."""
        if self.exit_steps is not None and self.exit_confidence is not None:
            yield "exit_confidence", "must not go with exit_steps, which say when images exit whatever they look like"

    @rule
    def training_has_no_exits(self) -> Broken:
        """It goes back over all timesteps."""
        if self.mode == "training":
            for name in self.exit_options:
                yield name, "must go with mode inference, not training, which needs all timesteps on the way back"

    @rule
    def schedules_are_compared_at_all_timesteps(self) -> Broken:
        """`auto` weighs the bytes of whole runs."""
        if self.schedule == "auto":
            why = "auto weighs what schedules move at all timesteps, and would choose one that cannot exit by them"
            for name in self.exit_options:
                yield (
                    name,
                    f"must go with schedule timestep, or another that is named, not auto: {why} (the output compares "
                    "a run with exits with auto's)",
                )

    @rule
    def engine_fires_its_own(self) -> Broken:
        """And reads no trace."""
        if self.spikes == "engine" and self.trace is not None:
            yield "trace", "must not be given with spikes: engine, which fires its own"

    @rule
    def only_rates_are_scaled(self) -> Broken:
        """Recorded spikes are what they are, and so are the engine's."""
        if self.rates_scale != 1 and (self.trace is not None or self.spikes == "engine"):
            yield "rates_scale", "must be 1 where spikes are not drawn at the workload's rates"

    @rule
    def rates_are_read(self) -> Broken:
        """Not where spikes are recorded, nor where trained weights fire them."""
        if self.rate is not None and self.trace is not None:
            yield "rate", "must stand without a trace, whose spikes are what they are"
        if self.rate is not None and self.weights not in (None, CALIBRATED):
            own = "which fire at rates of their own; 'calibrated' ones fire at these"
            yield "rate", f"must stand without weights {self.weights}, {own}"

    @rule
    def training_goes_backwards(self) -> Broken:
        """Nothing is recomputed where there is no backward pass."""
        if self.bptt != type(self).model_fields["bptt"].default and self.mode != "training":
            yield "bptt", f"{self.bptt!r} must go with mode training, not {self.mode}"

    @rule
    def auto_alone_searches(self) -> Broken:
        """An objective must go with a schedule that searches."""
        if self.objective != type(self).model_fields["objective"].default and self.schedule != "auto":
            yield (
                "objective",
                f"{self.objective!r} must go with schedule auto, not {self.schedule}, which minimises nothing",
            )

    if not TYPE_CHECKING:

        def __init__(self, /, **values: Any) -> None:
            """Raises faults in the same words as those of a file."""
            try:
                super().__init__(**values)
            except ValidationError:
                options_of(values)
                raise

    @property
    def exit_options(self) -> tuple[str, ...]:
        """Names of the options for early exit."""
        return tuple(name for name in ("exit_steps", "exit_confidence") if getattr(self, name) is not None)

    def batch_of(self, held: int = 1) -> int:
        """Images of the batch. held: images of the trace; a single one stands for all."""
        if self.batch is not None:
            return self.batch
        if self.mode != "training":
            return held
        return defaults.TRAINING_BATCH if held == 1 else min(held, defaults.TRAINING_BATCH)

    def tree(self) -> dict[str, Any]:
        """Plain data for summary.json and config.resolved.yaml."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def read(self) -> dict[str, Any]:
        """The part of `tree` that a run of these options reads: only training keeps membranes, and only auto has an
        objective."""
        unread = {"bptt"} if self.mode == "inference" else set()
        unread |= set() if self.schedule == "auto" else {"objective"}
        return {name: value for name, value in self.tree().items() if name not in unread}


NO_SPIKES = ("schedule", "objective", "groups", "chunk", "bptt")
"""Options that spikes do not depend on."""


def heard(options: Options) -> Options:
    """`options` with those at their defaults that spikes do not depend on."""
    return options.model_copy(update={name: Options.model_fields[name].default for name in NO_SPIKES})


def replaced_rates(options: Options) -> Replaced:
    """Which of its workload's rates a run of these options, some of them perhaps unknown, does not use."""
    fired = known(options, "weights", None) not in (None, CALIBRATED)
    recorded = known(options, "trace", None) is not None
    return Replaced.by(known(options, "rate", ()) or (), all_of_them=fired or recorded)


def options_of(values: Mapping[str, Any]) -> Options:
    """Options by name, None if not given. Raises InputError with every fault."""
    return examined_options(values).whole


def examined_options(values: Mapping[str, Any], rates: RatesFile | None = None) -> Examined[Options]:
    """The valid ones of these options by name, None if not given, and every fault. rates: applied before those among
    the options."""
    given = {key: value for key, value in values.items() if value is not None}
    if rates is None:
        return examine(Options, Document("", given, {(): Mark("")}))
    own = rate_words(given.pop("rate", None)) or ()
    words = (*rates.words, *own) if isinstance(own, tuple) else own
    found = examine(Options, Document("", given | ({"rate": words} if words else {}), {(): Mark("")}))
    return replace(found, faults=(*found.faults, *rates.faults))
