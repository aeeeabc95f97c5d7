"""Data and scripts inside a page: nothing of them can be taken for markup."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""So that neither `</script>` nor `<!--` is ever there; what is not ASCII, as line separators, is an escape anyway."""


def as_script_data(data: Any) -> str:
    """JSON for the inside of a script element. Raises ValueError for numbers that JSON has none for."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign, escape in _ESCAPES.items():
        text = text.replace(sign, escape)
    return text


def script_hash(text: str) -> str:
    """What a Content-Security-Policy calls the script of this very text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
