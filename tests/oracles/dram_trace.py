"""A trace of DRAM requests read line by line, each against a pattern for every form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

READS = ("READ", "R", "RD", "LD", "P_MEM_RD", "P_FETCH", "P_LOCK_RD")
WRITES = ("WRITE", "W", "WR", "ST", "P_MEM_WR", "BOFF", "P_LOCK_WR")
MOST_BYTES = 1000
MOST_FAULTS = 20

_HEX = "(?P<hex>(?:0x)?[0-9a-f]{1,16})"
_OPERATION = rf"(?P<operation>{'|'.join(READS + WRITES)})"
FORMS = {
    "0xADDRESS READ|WRITE cycle": rf"{_HEX}\s+{_OPERATION}\s+(?P<cycle>[0-9]{{1,18}})",
    "0xADDRESS R|W": rf"{_HEX}\s+{_OPERATION}",
    "LD|ST ADDRESS": r"(?P<operation>LD|ST)\s+(?:(?P<hex>0x[0-9a-f]{1,16})|(?P<decimal>[0-9]{1,19}))",
}
OTHERS = {
    r"[0-9]+(?:\s+(?:0x[0-9a-f]+|[0-9]+))+": "bubbles and addresses of a processor's trace are no requests",
    r"[RW]\s+[0-9]+(?:,[0-9]+)+": "Ramulator 2's ReadWriteTrace names channel, rank, ... of a device; "
    "its LoadStoreTrace has addresses",
    r"(?:LD|ST)\s+\w+(?:\s+[0-9]+)+": "leave the size and the data of Ramulator 2's LoadStoreDataTrace out",
    r"-?[0-9.]+(?:\s*,\s*-?[0-9.]+)+,?": "SCALE-Sim's traces have a cycle and many addresses of words a line; "
    "`lifsim run --dram-trace` writes requests",
}


@dataclass
class Read:
    """requests: (address, whether it writes, cycle); faults: (line, message); timed: whether the form has cycles."""

    requests: list[tuple[int, bool, int]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    timed: bool = False


def read(content: bytes) -> Read:
    """What a file of that content, unpacked, holds."""
    result, form, settled, binary = Read(), "", 0, False
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if len(line) > MOST_BYTES:
            result.faults.append((number, f"must have lines of at most {MOST_BYTES} bytes"))
            break
        if not line.strip() or line.lstrip().startswith((b"#", b";", b"//")):
            continue
        seen, said = _matched(line)
        if seen and form in ("", seen):
            form, settled = form or seen, settled or number
            address = int(said["hex"], 16) if said["hex"] else int(said["decimal"])
            result.requests.append((address, said["operation"].upper() in WRITES, int(said.get("cycle") or 0)))
            continue
        must = " or ".join(f"`{one}`" for one in ([form] if form else FORMS))
        why = f", as line {settled} is" if seen else _hint(line)
        too_large = _too_large(line, form)
        told = f": {too_large}" if too_large else f" must be {must}{why}"
        result.faults.append((number, f"{_quoted(line)}{told}"))
        binary = binary or not _decodes(line)
        if len(result.faults) == MOST_FAULTS:
            break
    if binary and not result.requests:
        forms = " or ".join(f"`{one}`" for one in FORMS)
        result.faults = [(0, f"must be a text of DRAM requests, one a line: {forms}")]
    result.timed = form == next(iter(FORMS))
    return result


def _too_large(line: bytes, settled: str) -> str:
    """Which number of the line alone has too many digits for the form, '' where none has."""
    endless = {form: re.sub(r"\{1,1[689]\}", "+", pattern) for form, pattern in FORMS.items()}
    form, said = _matched(line, endless)
    if not form or settled not in ("", form):
        return ""
    if said["hex"] and len(said["hex"].lower().removeprefix("0x")) > 16:
        return f"its address must be at most {2**64 - 1:#x}"
    if len(said.get("decimal") or "") > 19:
        return f"its address must be at most {10**19 - 1}, or {2**64 - 1:#x}"
    return f"its cycle must be at most {10**18 - 1}" if len(said.get("cycle") or "") > 18 else ""


def _matched(line: bytes, forms: dict[str, str] = FORMS) -> tuple[str, dict[str, str]]:
    """The form of the line and its parts, '' and nothing of none."""
    text = line.decode("latin-1")
    for form, pattern in forms.items():
        match = re.fullmatch(rf"\s*{pattern}\s*(?:(?:#|;|//).*)?", text, re.IGNORECASE | re.ASCII | re.DOTALL)
        if match:
            return form, match.groupdict()
    return "", {}


def _hint(line: bytes) -> str:
    text = line.strip().decode("latin-1")
    for pattern, told in OTHERS.items():
        if re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII):
            return f"; {told}"
    return ""


def _quoted(line: bytes) -> str:
    text = repr(line.decode("utf-8", "replace").strip())
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


def _decodes(line: bytes) -> bool:
    try:
        return bool(line.decode())
    except UnicodeDecodeError:
        return False
