"""What DRAMsim3's device files can contain: protocols, keys and their defaults (configuration.cc in its repository)."""

from __future__ import annotations

SOURCE = "DRAMsim3 (Li et al., IEEE CAL 19(2), 2020; github.com/umd-memsys/DRAMsim3)"

REFRESH_US = {"DDR3": 7.8, "DDR4": 7.8, "LPDDR": 7.8, "LPDDR3": 3.9, "LPDDR4": 3.9, "HBM": 3.9, "HBM2": 3.9}
"""The protocols that can be imported, with JEDEC's longest average interval between refreshes of a rank."""

REFUSED = {
    "GDDR5": "moves four words a wire and cycle, two are moved here",
    "GDDR5X": "moves eight words a wire and cycle, two are moved here",
    "GDDR6": "moves eight words a wire and cycle, two are moved here",
    "HMC": "moves packets over links, which are not modelled",
    "DDR5": "has two channels a module and refreshes single banks, which is not modelled; nor does DRAMsim3 know it",
    "LPDDR5": "moves words by a clock of its own, four times as fast, which is not modelled; nor does DRAMsim3 know it",
    "HBM3": "has pseudo channels of half the width, which are not modelled; nor does DRAMsim3 know it",
}
"""Protocols that are refused by name, and why."""

WAY_OUT = "`dram.model: bandwidth` takes any memory by its bytes a second"

DEFAULTS = {
    "CL": 12, "CWL": 12, "tRP": 10, "tRAS": 24, "tFAW": 50, "tWR": 10, "tRFC": 74, "tRTRS": 2,
}  # fmt: skip
OPTIONAL = {"AL": 0, "tPPD": 0}
"""Keys that are absent if the device has nothing of the kind."""

PAIRS = {"tCCD": (4, 6), "tRRD": (4, 4), "tWTR": (5, 5)}
"""Defaults of the _S and _L keys."""

CURRENTS = {"IDD0": 48.0, "IDD2N": 34.0, "IDD3N": 43.0, "IDD4R": 135.0, "IDD4W": 123.0, "IDD5AB": 250.0}
MEANT = {"tREFI": "REFI", "tRTP": "tRTP_L", "IDD5AB": "IDD5", "cmd_queue_size": "queue_size"}
"""Other spellings of keys in files; DRAMsim3 reads the first one only, and its older versions the last one."""

SECTION = {"tREFI": "timing", "tRTP": "timing", "IDD5AB": "power", "cmd_queue_size": "system"}
"""The sections of these keys."""

ASLEEP_CYCLES = ("tCKE", "tCKESR", "tXP", "tXS")
ASLEEP_CURRENTS = {"IDD2P": ("IDD2P", "IDD2N"), "IDD3P": ("IDD3P", "IDD3N"), "IDD6": ("IDD6x", "IDD2N")}
"""What devices that can sleep must have: LIFSim's key, DRAMsim3's key, and the current of an awake device, which
must not be lower."""

BORROWED = {"LPDDR4": ("DDR4-2400", {"VDD": 1.2, "IDD0": 80, "IDD2N": 34, "IDD3N": 47, "IDD4R": 243, "IDD4W": 228})}
"""Protocols for which DRAMsim3's files give the currents of another device: which one, and the currents by which
that is recognised."""

ASSUMED = {
    "queue_structure": ("PER_BANK", "queues are of single banks"),
    "row_buf_policy": ("OPEN_PAGE", "rows stay open"),
    "refresh_policy": ("RANK_LEVEL_STAGGERED", "the ranks take turns"),
}
FLAGS = {
    "unified_queue": "reads and writes have queues of their own",
    "enable_self_refresh": "self-refresh is the device's controller.self_refresh_after_cycles, off unless given",
    "aggressive_precharging_enabled": "rows are closed for others, or a refresh",
}
NOT_USED = {
    "dram_structure": ("num_dies",),
    "timing": (
        "tRFC2", "tRFC4", "tRFCb", "tREFIb", "tRPRE", "tWPRE", "tWR2", "tCKSRE", "t32AW", "tRTP_S",
        "ideal_memory_latency", "tCMD", "activation_window_depth",
    ),
    "power": ("IPP0", "IDD1", "IDD2Q", "IDD3Pf", "IDD3Ps", "IDD5PB", "IDD6", "IDD6L", "IDD7"),
    "system": ("sref_threshold", "write_buf_size", "mega_tick", "is_LRDIMM", "req_buffering_enabled"),
}  # fmt: skip
OUTPUTS = ("other", "thermal")
"""Sections that say nothing about the device."""
