"""The energy model of a DRAM: supply voltages and currents, or a price per bit."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal

from lifsim.model.keys import Field
from lifsim.model.schema import Broken, Model, Name, Text, UnknownKeyError, rule

Milliamps = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, strict=True)]


class Supply(Model):
    """One supply voltage and the currents (mA) that one device draws from it while it activates and precharges (IDD0),
    stands by precharged and with a row open (IDD2N, IDD3N), reads, writes, refreshes; asleep: in power-down precharged
    and with a row open (IDD2P, IDD3P), in self-refresh (IDD6), None if not stated."""

    VDD: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False, strict=True)]
    IDD0: Milliamps
    IDD2N: Milliamps
    IDD3N: Milliamps
    IDD4R: Milliamps
    IDD4W: Milliamps
    IDD5AB: Milliamps
    IDD2P: Milliamps | None = None
    IDD3P: Milliamps | None = None
    IDD6: Milliamps | None = None

    @rule
    def access_draws_more(self) -> Broken:
        """Than standing by."""
        for key in ("IDD4R", "IDD4W", "IDD5AB"):
            with suppress(UnknownKeyError):
                if getattr(self, key) < self.IDD3N:
                    yield key, f"{getattr(self, key)} must be >= IDD3N = {self.IDD3N}, of an open and idle device"

    @rule
    def power_down_draws_less(self) -> Broken:
        """Than standing by."""
        for key, awake in (("IDD2P", "IDD2N"), ("IDD3P", "IDD3N")):
            with suppress(UnknownKeyError):
                asleep, standby = getattr(self, key), getattr(self, awake)
                if asleep is not None and asleep > standby:
                    yield key, f"{asleep} must be <= {awake} = {standby}, of a device that is awake"


class NamedSupply(Supply):
    """One of several supplies, such as VDD1 and VDD2 of LPDDR3."""

    name: Name


class IddEnergy(Supply):
    """One supply. borrowed_from: the device whose currents these are, if they are not its own: they are then used only
    on request."""

    model: Literal["idd"]
    borrowed_from: Name | None = None

    @property
    def supplies(self) -> tuple[Supply, ...]:
        """The only supply."""
        return (self,)


class SuppliesEnergy(Model):
    """Several supplies, each with its currents; `source` says where these come from. borrowed_from: as in IddEnergy."""

    model: Literal["supplies"]
    source: Text
    supplies: Annotated[tuple[NamedSupply, ...], Field(min_length=1, max_length=16)]
    borrowed_from: Name | None = None

    @rule
    def supplies_have_names(self) -> Broken:
        """Each its own."""
        first: dict[str, int] = {}
        for index, supply in enumerate(self.supplies):
            with suppress(UnknownKeyError):
                before = first.setdefault(supply.name, index)
                if before != index:
                    yield f"supplies.{index}.name", f"{supply.name!r} must be given once, is supplies.{before} too"


class PerBitEnergy(Model):
    """One price for every bit moved, read or written, background included."""

    model: Literal["per_bit"]
    pj_per_bit: Milliamps
