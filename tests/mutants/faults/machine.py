"""The machine: the split of the membrane buffer, blame for waits, prices of SRAM and DRAM."""

from __future__ import annotations

from tests.mutants.fault import Fault

SPLIT = ("tests/schedule/test_membranes.py",)
OPERANDS = ("tests/simulate/test_timing.py", "-k", "operands_of_an_add")
SRAM = ("tests/hardware/test_sram.py",)
COMMANDS = ("tests/simulate/test_dram_energy.py", "-k", "activate_by_hand")
MEMBRANES = "lifsim/schedule/timestep/membranes.py"
TIMING = "lifsim/play/timing.py"
CACTI = "lifsim/hardware/sram.py"
DEVICE = "lifsim/hardware/dram/energy.py"

FAULTS = (
    Fault(
        "split: permanent bytes to the first state first",
        MEMBRANES,
        "key=lambda portion: (-portion.moves, portion.index)",
        "key=lambda portion: (portion.index, -portion.moves)",
        SPLIT,
    ),
    Fault(
        "split: a transient region of the smallest state at most",
        MEMBRANES,
        "min(buffer, max((use.bytes for use in uses if use.streams(timesteps)), default=0))",
        "min(buffer, min((use.bytes for use in uses if use.streams(timesteps)), default=0))",
        SPLIT,
    ),
    Fault(
        "split: always the largest transient region",
        MEMBRANES,
        "if _fill(portions, buffer, middle)[0] <= _fill(portions, buffer, middle + 1)[0]:",
        "if middle < 0:",
        SPLIT,
    ),
    Fault(
        "split: always the smallest transient region",
        MEMBRANES,
        "if _fill(portions, buffer, middle)[0] <= _fill(portions, buffer, middle + 1)[0]:",
        "if middle >= 0:",
        SPLIT,
    ),
    Fault(
        "residual waits: blamed on writing",
        "lifsim/play/waited.py",
        'Kind.RESIDUAL: "stall_spikes"',
        'Kind.RESIDUAL: "stall_writeback"',
        OPERANDS,
    ),
    Fault(
        "SRAM above 4 MiB: the last factor of two",
        CACTI,
        "np.searchsorted(size, size[-1] - octaves + 1e-9) - 1",
        "np.searchsorted(size, size[-1] - octaves + 1e-9)",
        SRAM,
    ),
    Fault(
        "SRAM below 1 KiB: the first factor of two",
        CACTI,
        "np.searchsorted(size, size[0] + octaves - 1e-9)",
        "np.searchsorted(size, size[0] + octaves / 2 - 1e-9)",
        SRAM,
    ),
    Fault(
        "SRAM below 1 KiB: as at 1 KiB",
        CACTI,
        "min(x - size[0], 0.0) * low_slope + max",
        "max",
        SRAM,
    ),
    Fault(
        "activate energy: standing by open is added",
        DEVICE,
        "- supply.IDD3N * timing.tRAS",
        "+ supply.IDD3N * timing.tRAS",
        COMMANDS,
    ),
    Fault(
        "activate energy: standing by closed is added",
        DEVICE,
        "timing.tRAS - supply.IDD2N * timing.tRP",
        "timing.tRAS + supply.IDD2N * timing.tRP",
        COMMANDS,
    ),
)
