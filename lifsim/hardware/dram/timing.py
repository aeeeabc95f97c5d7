"""The timing constraints of a DRAM: after one command, how long must another wait, and where.

Modelled on DRAMsim3's timing.cc; the form of the table on Ramulator 2's.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from lifsim.model.dram import DramSpec


class Command(IntEnum):
    """What a controller can send to a DRAM."""

    ACTIVATE = 0
    PRECHARGE = 1
    READ = 2
    WRITE = 3
    REFRESH = 4


class Scope(IntEnum):
    """Where the later command goes, seen from the earlier one. A refresh is of a whole rank."""

    SAME_BANK = 0
    SAME_GROUP = 1
    SAME_RANK = 2
    OTHER_RANK = 3


class Constraint(NamedTuple):
    """`later` waits for `cycles` after `earlier`. A wider scope holds within the narrower ones, but for OTHER_RANK."""

    earlier: Command
    later: Command
    scope: Scope
    cycles: Callable[[DramSpec], int]
    why: str


def _burst(spec: DramSpec) -> int:
    return spec.organisation.burst_cycles


def _within_group(spec: DramSpec, short: int, long: int) -> int:
    """With a single bank group there is no _L: the device has no groups."""
    return long if spec.organisation.bank_groups > 1 else short


def _read_data_end(spec: DramSpec) -> int:
    return spec.timing.read_latency_cycles + _burst(spec)


def _write_data_end(spec: DramSpec) -> int:
    return spec.timing.write_latency_cycles + _burst(spec)


def _column_gap_in_group(spec: DramSpec) -> int:
    return max(_burst(spec), _within_group(spec, spec.timing.tCCD_S, spec.timing.tCCD_L))


def _column_gap(spec: DramSpec) -> int:
    return max(_burst(spec), spec.timing.tCCD_S)


QUIET_AFTER: dict[Command, Callable[[DramSpec], int]] = {
    Command.ACTIVATE: lambda s: s.timing.tRAS,
    Command.PRECHARGE: lambda s: s.timing.tRP,
    Command.READ: lambda s: _read_data_end(s) + 1,
    Command.WRITE: lambda s: _write_data_end(s) + s.timing.tWR,
    Command.REFRESH: lambda s: s.timing.tRFC,
}
"""Cycles behind a command before its rank may go to sleep: until its data are over, its rows restored or closed."""

ACT, PRE, RD, WR, REF = Command
BANK, GROUP, RANK, OTHER = Scope

# fmt: off
CONSTRAINTS = (
    Constraint(ACT, RD,  BANK,  lambda s: s.timing.tRCD - s.timing.AL, "tRCD: the row must be open"),
    Constraint(ACT, WR,  BANK,  lambda s: s.timing.activate_to_write_cycles - s.timing.AL, "tRCD, tRCDWR"),
    Constraint(ACT, PRE, BANK,  lambda s: s.timing.tRAS, "tRAS: the row must be restored"),
    Constraint(ACT, ACT, BANK,  lambda s: s.timing.tRC, "tRC"),
    Constraint(ACT, ACT, GROUP, lambda s: _within_group(s, s.timing.tRRD_S, s.timing.tRRD_L), "tRRD_L"),
    Constraint(ACT, ACT, RANK,  lambda s: s.timing.tRRD_S, "tRRD_S (and tFAW: four in its window)"),
    Constraint(PRE, ACT, BANK,  lambda s: s.timing.tRP, "tRP: the bit lines must be precharged"),
    Constraint(PRE, REF, RANK,  lambda s: s.timing.tRP, "tRP, in every bank of the rank"),
    Constraint(PRE, PRE, RANK,  lambda s: s.timing.tPPD, "tPPD"),
    Constraint(REF, ACT, RANK,  lambda s: s.timing.tRFC, "tRFC"),
    Constraint(REF, REF, RANK,  lambda s: s.timing.tRFC, "tRFC (when it is due is the controller's business: tREFI)"),
    Constraint(RD,  PRE, BANK,  lambda s: s.timing.AL + s.timing.tRTP, "tRTP"),
    Constraint(RD,  RD,  GROUP, _column_gap_in_group, "tCCD_L, or the burst"),
    Constraint(RD,  RD,  RANK,  _column_gap, "tCCD_S, or the burst"),
    Constraint(RD,  RD,  OTHER, lambda s: _burst(s) + s.timing.tRTRS, "the bus changes its driver"),
    Constraint(RD,  WR,  RANK,  lambda s: _read_data_end(s) - s.timing.write_latency_cycles + s.timing.tRTRS,
               "write data after read data"),
    Constraint(RD,  WR,  OTHER, lambda s: _read_data_end(s) - s.timing.write_latency_cycles + s.timing.tRTRS,
               "write data after read data"),
    Constraint(WR,  PRE, BANK,  lambda s: _write_data_end(s) + s.timing.tWR, "tWR: write recovery after the data"),
    Constraint(WR,  RD,  GROUP, lambda s: _write_data_end(s) + _within_group(s, s.timing.tWTR_S, s.timing.tWTR_L),
               "tWTR_L after the data"),
    Constraint(WR,  RD,  RANK,  lambda s: _write_data_end(s) + s.timing.tWTR_S, "tWTR_S after the data"),
    Constraint(WR,  RD,  OTHER, lambda s: _write_data_end(s) - s.timing.read_latency_cycles + s.timing.tRTRS,
               "read data after write data"),
    Constraint(WR,  WR,  GROUP, _column_gap_in_group, "tCCD_L, or the burst"),
    Constraint(WR,  WR,  RANK,  _column_gap, "tCCD_S, or the burst"),
    Constraint(WR,  WR,  OTHER, _burst, "the burst"),
)
# fmt: on
