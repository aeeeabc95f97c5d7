"""The `dram:` of an architecture: its off-chip memory, with models of time and energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from lifsim.model.dram import LOW_POWER, DramSpec, IdleCycles
from lifsim.model.keys import BeforeValidator, Field
from lifsim.model.members import member_of
from lifsim.model.schema import Broken, Cost, Model, Text, rule
from lifsim.registry import registry_of
from lifsim.units import parse_bytes

if TYPE_CHECKING:
    from pydantic_core.core_schema import ValidationInfo


def _if_simulated(device: object, info: ValidationInfo) -> object:
    """`device`; None under a memory model that does not read it. If the model itself is faulty, the device is not
    reported as well."""
    model = (info.data or {}).get("model")
    if model is None:
        return None if isinstance(device, str) else device
    return device if registry_of("memory")[model].has_device else None


def _simulating() -> str:
    return " or ".join(name for name, memory in registry_of("memory").items() if memory.has_device)


class Dram(Model):
    """Off-chip memory.

    model: the name of a registered member (`lifsim list memories`): "ideal" takes no time; "bandwidth" moves
        bandwidth_bytes_per_s and answers a read after latency_ns; "cycle" simulates `device` burst by burst.
    device: a shipped DRAM (``ddr4_2400``) or a file; None under a model that simulates none.
    energy: "device": every command and cycle of the simulated device is charged as its file says (IDD and VDD, or a
        price per bit); "borrowed_currents": the same, also for a device with currents of another; "per_bit": the bytes
        of the schedule are charged energy_pj_per_bit, reads and writes alike. None: device if one is simulated, else
        per_bit.
    power_down_after_cycles, self_refresh_after_cycles: override those of the simulated device (None: its own).
    """

    model: Annotated[str, member_of("memory")] = "ideal"
    device: Annotated[DramSpec | None, BeforeValidator(_if_simulated, with_info=True)] = None
    bandwidth_bytes_per_s: Annotated[int, BeforeValidator(parse_bytes), Field(ge=10**6, le=10**15)] | None = None
    latency_ns: Annotated[float, Field(ge=0, le=10**6, allow_inf_nan=False)] = 0.0
    energy: Literal["device", "borrowed_currents", "per_bit"] | None = None
    power_down_after_cycles: IdleCycles | None = None
    self_refresh_after_cycles: IdleCycles | None = None
    energy_pj_per_bit: Cost | None = None
    source: Text | None = None

    @property
    def priced_by(self) -> Literal["device", "borrowed_currents", "per_bit"]:
        """`energy`, or its default under the model."""
        return self.energy or ("device" if registry_of("memory")[self.model].has_device else "per_bit")

    @property
    def charges_device(self) -> bool:
        """Whether energy follows what the simulated device does."""
        return self.priced_by != "per_bit"

    @property
    def simulated(self) -> DramSpec:
        """The simulated device, with the sleep settings given here."""
        if self.device is None:
            raise ValueError(f"a memory of model {self.model} has no device")
        said = {key: getattr(self, key) for key in LOW_POWER if getattr(self, key) is not None}
        if not said:
            return self.device
        return self.device.model_copy(update={"controller": self.device.controller.model_copy(update=said)})

    @rule
    def has_what_its_model_reads(self) -> Broken:
        """A simulated memory must name its device, one of plain bandwidth its bandwidth."""
        yield from registry_of("memory")[self.model].refusals(self)

    @rule
    def has_a_price(self) -> Broken:
        """A memory that is not simulated cannot be charged by its commands."""
        if self.charges_device and not registry_of("memory")[self.model].has_device:
            told = f"must go with model {_simulating()}, not {self.model}: no device is simulated"
            yield "energy", f"{self.energy!r} {told}"
        elif self.priced_by == "per_bit" and self.energy_pj_per_bit is None:
            only = f"only a device that is simulated (model: {_simulating()}) has its own price"
            yield "energy_pj_per_bit", f"must be given: {only}"

    @rule
    def currents_are_its_own(self) -> Broken:
        """Under energy "device", currents must be the device's own, so that nobody uses borrowed ones unawares."""
        if self.device is not None and self.device.borrowed_from is not None and self.priced_by == "device":
            whose = f"the currents of {self.device.name} are those of {self.device.borrowed_from}, not its own"
            way_out = "--set dram.energy=borrowed_currents takes them all the same"
            yield "energy", f"'device' must be borrowed_currents or per_bit: {whose} ({way_out})"

    @rule
    def sleep_is_known(self) -> Broken:
        """A device that is put to sleep must state its timing and currents asleep."""
        for key in LOW_POWER:
            after = getattr(self, key)
            if self.device is not None and after is not None:
                for message in self.device.sleep_faults(key, after):
                    yield key, message

    @rule
    def price_has_a_source(self) -> Broken:
        """A price must state its source."""
        if self.energy_pj_per_bit is not None and self.source is None:
            yield "source", "must be given with energy_pj_per_bit: where the figure comes from"
