"""Files to start from: commented, and working as they are."""

from __future__ import annotations

import re
from importlib.resources import files


def template(kind: str, name: str) -> str:
    """The text of a file of `kind`, "arch" or "workload", with this `name`."""
    text = (files(__package__) / f"{kind}.yaml").read_text(encoding="utf-8")
    return re.sub(r"^name: \S+", f"name: {name}", text, count=1, flags=re.MULTILINE)
