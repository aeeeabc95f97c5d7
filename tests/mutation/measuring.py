"""The map of what test runs what line, kept from run to run, and measured again for the test files that changed."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from tests.mutation.selection import Ran
from tests.mutation.targets import TARGETS
from tests.mutation.workshop import Workshop


def measured(root: Path, folder: Path, workshop: Workshop) -> Ran:
    """The map of the tree at `root`. folder: where it is kept, a file for each file of tests."""
    folder.mkdir(parents=True, exist_ok=True)
    product = hashlib.sha256((Path(__file__).with_name("contexts.py")).read_bytes())
    for path in sorted((root / "lifsim").rglob("*.py")):
        product.update(path.read_bytes())
    kept: list[Path] = []
    files = [
        path
        for target in TARGETS.values()
        for tests in target.tests
        for path in sorted((root / tests).rglob("test_*.py"))
    ]
    for path in files:
        name = path.relative_to(root).as_posix()
        digest = product.copy()
        digest.update(path.read_bytes())
        out = folder / f"{name.replace('/', '.')}-{digest.hexdigest()[:12]}.json"
        if not out.exists():
            print(f"measuring {name}", file=sys.stderr, flush=True)
            workshop.measure(name, out)
        if out.exists():
            kept.append(out)
    return Ran.load(kept)
