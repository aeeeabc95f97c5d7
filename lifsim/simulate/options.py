"""What a run can be told beside its architecture, workload and sharing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lifsim.config.document import Document, Mark
from lifsim.config.schema import Broken, Model, Text, rule
from lifsim.config.validate import parse_model

Images = Annotated[int, Field(ge=1, le=1 << 16, strict=True)]


def _none_if_auto(value: object) -> object:
    return None if value == "auto" else value


class Options(Model):
    """batch: images (None: as many as the trace has, else one). seed: of synthesised spikes. trace: a spike trace
    file, packed or plain, instead of the workload's own spikes. spikes "engine": those that the network fires under the
    very sharing of the run, with `weights` ("calibrated", or a file) on `images` ("random", a data set, or a file).

    schedule: "tick": every layer tick-batched, layers that share membranes timestep by timestep; "timestep": the whole
    network timestep by timestep; "auto": the groups of layers that need the least of `objective`. chunk: images that
    go through a timestep-major group together (None, or "auto": as many as move the fewest bytes).

    mode "training": forward, backward and weight update of one batch; bptt: whether membranes are "stored" for the
    backward pass, or recomputed backwards ("reversed").
    """

    batch: Images | None = None
    seed: Annotated[int, Field(ge=0, lt=1 << 63, strict=True)] = 0
    trace: Path | None = None
    spikes: Literal["workload", "engine"] = "workload"
    weights: Text | None = None
    images: Text | None = None
    schedule: Literal["tick", "timestep", "auto"] = "tick"
    objective: Literal["dram", "cycles", "energy"] = "dram"
    mode: Literal["inference", "training"] = "inference"
    bptt: Literal["stored", "reversed"] = "stored"
    chunk: Annotated[Images | None, BeforeValidator(_none_if_auto)] = None

    @rule
    def engine_fires_its_own(self) -> Broken:
        """And reads no trace."""
        if self.spikes == "engine" and self.trace is not None:
            yield "trace", "must not be given with spikes: engine, which fires its own"

    @rule
    def training_goes_backwards(self) -> Broken:
        """Nothing is recomputed where there is no backward pass."""
        if self.bptt == "reversed" and self.mode != "training":
            yield "bptt", f"'reversed' must go with mode training, not {self.mode}"

    def tree(self) -> dict[str, Any]:
        """Plain data for summary.json and config.resolved.yaml."""
        return self.model_dump(mode="json", exclude_none=True)


def options_of(values: Mapping[str, Any]) -> Options:
    """Options by name, None where not given. Raises InputError with every fault."""
    given = {key: value for key, value in values.items() if value is not None}
    return parse_model(Options, Document("", given, {(): Mark("")}))
