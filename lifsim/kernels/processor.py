"""The processor of this machine, as Linux reports it: asking LLVM would take a tenth of a second."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from lifsim.lazy_dataclass import dataclass

CPUINFO = Path("/proc/cpuinfo")

CHOICE = "NUMBA_CPU_NAME"
"""The environment variable by which Numba compiles for another processor than this."""

V3 = frozenset(
    [
        "avx",
        "avx2",
        "bmi1",
        "bmi2",
        "f16c",
        "fma",
        "abm",
        "movbe",
        "xsave",
        "cx16",
        "lahf_lm",
        "popcnt",
        "sse4_1",
        "sse4_2",
        "ssse3",
    ]
)
"""What a processor of the level x86-64-v3 knows, in the words of Linux (x86-64 psABI, table 3.1): what Intel has built
since 2013 and AMD since 2015."""

LEVELS = {"x86-64-v4": V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}, "x86-64-v3": V3}
"""For which code is compiled ahead, the best first: what each knows."""


@dataclass(frozen=True)
class Processor:
    """model: its name. flags: what instructions it knows, in the kernel's words."""

    model: str
    flags: frozenset[str]

    @property
    def digest(self) -> str:
        """8 hexadecimal digits that identify everything about it on which machine code depends."""
        return hashlib.sha256(" ".join([self.model, *sorted(self.flags)]).encode()).hexdigest()[:8]

    @property
    def level(self) -> str | None:
        """The best of LEVELS whose code it runs."""
        return next((level for level, needed in LEVELS.items() if self.flags >= needed), None)

    @property
    def register_bytes(self) -> int | None:
        """How long the registers are that code of its level fills; None if it has none."""
        return {"x86-64-v4": 64, "x86-64-v3": 32}.get(self.level or "")


@cache
def this_processor() -> Processor:
    """The first of this machine's, or the level of LEVELS that CHOICE names; one that knows nothing where the system
    does not tell."""
    chosen = os.environ.get(CHOICE, "")
    if chosen in LEVELS:
        return of_level(chosen)
    return processor_in(CPUINFO.read_text(errors="replace") if CPUINFO.is_file() else "")


def of_level(level: str) -> Processor:
    """One that knows what the level asks for, and no more."""
    return Processor(level, LEVELS[level])


def processor_in(cpuinfo: str) -> Processor:
    """The first processor of a /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in cpuinfo.partition("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    return Processor(fields.get("model name", ""), frozenset(fields.get("flags", "").split()))
