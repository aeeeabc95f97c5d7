"""Mutations of text and bytes: of what is written, whatever it means."""

from __future__ import annotations

import random

HOSTILE_TEXTS = (
    "\0", "\ufeff", "\t", "\x1b[31m", "[bold red]x[/]", "\u202e", "\U0001f9e0", "&a *a", "<<: *a", "\r", "- " * 40,
    "!!python/object:os.system x", "[" * 300, "{" * 300, "x" * 5000, "%YAML 9.9\n", "---\n", "...\n", "? ",
    "'", '"', "#", ": ", ".nan", "1e999", "-1", "0", "99999999999999999999", "=cmd|' /C calc'!A0",
)  # fmt: skip


def mutate_bytes(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """Bits flipped, a piece cut out, doubled, zeroed or taken from `other`, or the end cut off."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(found) + 1)
        length = min(len(found) - at, rng.choice((1, 2, 4, 16, 64, 256, 1024)))
        match rng.randrange(7):
            case 0 if found:
                found[at % len(found)] ^= 1 << rng.randrange(8)
            case 1 if found:
                found[at % len(found)] = rng.randrange(256)
            case 2:
                del found[at : at + length]
            case 3:
                found[at:at] = found[at : at + length]
            case 4:
                found[at : at + length] = bytes(length)
            case 5:
                begin = rng.randrange(len(other) + 1)
                found[at : at + length] = other[begin : begin + length]
            case _:
                del found[at:]
    return bytes(found)


def mutate_text(text: str, rng: random.Random) -> str:
    """Lines lost, doubled, swapped, indented; words changed; hostile text put in."""
    lines = text.splitlines(keepends=True) or [""]
    at = rng.randrange(len(lines))
    match rng.randrange(8):
        case 0:
            del lines[at]
        case 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        case 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = " " * rng.randrange(1, 6) + lines[at]
        case 4:
            lines[at] = lines[at].lstrip()
        case 5:
            lines[at] = _other_number(lines[at], rng)
        case _:
            place = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + rng.choice(HOSTILE_TEXTS) + lines[at][place:]
    return "".join(lines)


def _other_number(line: str, rng: random.Random) -> str:
    digits = [index for index, letter in enumerate(line) if letter.isdigit()]
    if not digits:
        return line[::-1]
    at = rng.choice(digits)
    return line[:at] + rng.choice(("-", "0", "9" * 12, ".", "e", ".nan", "", "_", "x", " ", ",")) + line[at + 1 :]
