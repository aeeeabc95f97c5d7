"""What processor this is, as Linux tells it: without LLVM, which takes a tenth of a second to ask."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from lifsim.lazy_dataclass import dataclass

CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Processor:
    """model: its name. flags: what instructions it knows, in the kernel's words."""

    model: str
    flags: frozenset[str]

    @property
    def digest(self) -> str:
        """Of all that machine code for it depends on: 8 hexadecimal digits."""
        return hashlib.sha256(" ".join([self.model, *sorted(self.flags)]).encode()).hexdigest()[:8]


@cache
def this_processor() -> Processor:
    """The first of this machine's; one that knows nothing where the system does not tell."""
    return processor_in(CPUINFO.read_text(errors="replace") if CPUINFO.is_file() else "")


def processor_in(cpuinfo: str) -> Processor:
    """The first processor of a /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in cpuinfo.partition("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    return Processor(fields.get("model name", ""), frozenset(fields.get("flags", "").split()))
