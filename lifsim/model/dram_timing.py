# ruff: noqa: N815  (tRCD, tFAW, ... are JEDEC's names)
"""Timing parameters of a DRAM, and their consistency."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

from lifsim.model.keys import Field
from lifsim.model.schema import Broken, Cycles, Model, UnknownKeyError, rule

Positive = Annotated[int, Field(ge=1, le=1 << 20, strict=True)]


class DramTiming(Model):
    """JEDEC's timing parameters in clock cycles, but for tCK_ns, the length of one.

    AL, CL, CWL: additive, read and write latency. tRCDWR: tRCD of a write, if it differs. _S, _L: between different
    bank groups, within one. tRTRS: bus turn-around between ranks. tPPD: precharge to precharge. For devices that can
    sleep: tCKE: the least time in power-down, and awake after any sleep; tCKESR: in self-refresh (default tCKE); tXP,
    tXS: from the end of power-down or self-refresh to the first command.
    """

    tCK_ns: Annotated[float, Field(ge=0.1, le=1000, allow_inf_nan=False, strict=True)]
    AL: Cycles = 0
    CL: Positive
    CWL: Positive
    tRCD: Positive
    tRCDWR: Positive | None = None
    tRP: Positive
    tRAS: Positive
    tRC: Positive
    tCCD_S: Positive
    tCCD_L: Positive
    tRRD_S: Positive
    tRRD_L: Positive
    tFAW: Positive
    tWR: Cycles
    tWTR_S: Cycles
    tWTR_L: Cycles
    tRTP: Cycles
    tRFC: Positive
    tREFI: Positive
    tRTRS: Cycles = 0
    tPPD: Cycles = 0
    tCKE: Positive | None = None
    tCKESR: Positive | None = None
    tXP: Positive | None = None
    tXS: Positive | None = None

    @rule
    def is_a_device(self) -> Broken:
        """Combinations that no device could have are refused."""
        for key, of, other, least, why in _AT_LEAST:
            with suppress(UnknownKeyError):
                value, bound = of(self), least(self)
                if value < bound:
                    yield key, f"{value} must be >= {other} = {bound}: {why}"

    @rule
    def refresh_leaves_time(self) -> Broken:
        """Refreshes must leave time for accesses."""
        if self.tREFI <= self.tRFC:
            yield "tREFI", f"{self.tREFI} must be > tRFC = {self.tRFC}: refresh would leave no time for anything else"

    @property
    def longest_cycles(self) -> int:
        """The longest of all but tREFI."""
        return int(max(self.model_dump(exclude={"tCK_ns", "tREFI"}, exclude_none=True).values()))

    @property
    def activate_to_write_cycles(self) -> int:
        """tRCDWR, tRCD where it is not given."""
        return self.tRCD if self.tRCDWR is None else self.tRCDWR

    @property
    def self_refresh_least_cycles(self) -> int:
        """tCKESR, tCKE where it is not given, 0 where neither is."""
        return self.tCKESR or self.tCKE or 0

    @property
    def read_latency_cycles(self) -> int:
        """Read command to the first data: AL + CL."""
        return self.AL + self.CL

    @property
    def write_latency_cycles(self) -> int:
        """Write command to the first data: AL + CWL."""
        return self.AL + self.CWL


_AT_LEAST: tuple[tuple[str, Callable[[DramTiming], int], str, Callable[[DramTiming], int], str], ...] = (
    ("tRAS", lambda t: t.tRAS, "tRCD", lambda t: t.tRCD, "a row stays open until its columns can be read"),
    ("tRC", lambda t: t.tRC, "tRAS + tRP", lambda t: t.tRAS + t.tRP, "a row cycle is an open and a precharged phase"),
    ("tRCD", lambda t: t.tRCD, "AL", lambda t: t.AL, "a posted read cannot be due before its row is open"),
    (
        "tRCDWR",
        lambda t: t.activate_to_write_cycles,
        "AL",
        lambda t: t.AL,
        "a posted write cannot be due before its row",
    ),
    ("tCCD_L", lambda t: t.tCCD_L, "tCCD_S", lambda t: t.tCCD_S, "_L is within a bank group, _S between two"),
    ("tRRD_L", lambda t: t.tRRD_L, "tRRD_S", lambda t: t.tRRD_S, "_L is within a bank group, _S between two"),
    ("tWTR_L", lambda t: t.tWTR_L, "tWTR_S", lambda t: t.tWTR_S, "_L is within a bank group, _S between two"),
    ("tRC", lambda t: t.tRC, "tRRD_L", lambda t: t.tRRD_L, "one bank activates no faster than two"),
    ("tFAW", lambda t: t.tFAW, "tRRD_S", lambda t: t.tRRD_S, "five activates take no less time than two"),
    ("CL", lambda t: t.CL + t.AL, "CWL - AL", lambda t: t.CWL, "write latency exceeds read latency in no standard"),
)
"""(key, its value, the key that it must not be less than, that value, why)."""
