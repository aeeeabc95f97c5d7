"""One stream of requests through one DRAM."""

from __future__ import annotations

from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec
from lifsim.watch import Watch, unwatched


def simulate(spec: DramSpec, requests: Requests, watch: Watch = unwatched) -> DramResult:
    """Run `requests` in order through an idle DRAM until all are answered and written.

    completion_cycles of the result is [N]: a read's is when its last data has come, a write's when its queue has taken
    the last of it. Raises InputError for bytes beyond the DRAM.
    """
    stream = DramStream(spec)
    stream.submit(requests)
    return stream.finish(watch)
