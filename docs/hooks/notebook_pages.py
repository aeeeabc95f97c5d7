"""The notebooks as pages, run while the site is made: their outputs are of this LIFSim."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pictures


def pages(docs: str, work: pictures.Work) -> dict[str, str | bytes]:
    """The page of every notebook, and the pictures that it shows."""
    found: dict[str, str | bytes] = {}
    for path in sorted((Path(docs) / "notebooks").glob("*.ipynb")):
        images: dict[str, bytes] = {}
        lines = [line for cell in work.notebook(path).cells for line in _cell(cell, path.stem, images)]
        lines += ["", f"[Download this notebook]({path.name}); `pip install jupyterlab && jupyter lab` runs it."]
        found |= {f"notebooks/{path.stem}.md": "\n".join(lines), **images}
    return found


def _cell(cell: Any, name: str, images: dict[str, bytes]) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield from (cell.source, "")
        return
    yield from ("```python", cell.source, "```", "")
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            uri = f"notebooks/{name}-{len(images) + 1}.png"
            images[uri] = base64.b64decode(data["image/png"])
            yield from (f"![{name.replace('_', ' ')}]({Path(uri).name})", "")
        elif "text/html" in data:
            html = re.sub(r"<style.*?</style>|\n\s*", "", data["text/html"], flags=re.DOTALL)
            yield from (f'<div class="output">{html}</div>', "")
        else:
            text = output.get("text") or data.get("text/plain", "")
            yield from (f'<pre class="output">{escape(text.rstrip())}</pre>', "")
