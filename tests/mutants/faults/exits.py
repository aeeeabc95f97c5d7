"""Early exit: images that go on, leave what nobody needs, or take with them what others need."""

from __future__ import annotations

from tests.mutants.fault import Fault

SCHEDULE, RUN = ("tests/schedule/test_exits.py",), ("tests/simulate/test_exits.py",)
LITERAL = ("tests/schedule/test_exits.py", "-m", "", "-k", "literal")
WINDOWS = ("tests/schedule/test_window_exits.py", "-m", "", "-k", "literal")
WAVES = "lifsim/schedule/waves/unrolled.py"
UNROLLED = "lifsim/schedule/timestep/unrolled.py"

FAULTS = (
    Fault(
        "exits: images that exit leave their state",
        UNROLLED,
        "running.next if call.last else running.now",
        "running.now",
        LITERAL,
    ),
    Fault(
        "exits: currents of images that are gone come back",
        UNROLLED,
        "of_last_bytes(overflow, facts.replay_bytes, running.of, running.now)",
        "overflow",
        SCHEDULE,
    ),
    Fault(
        "exits: sums of images that are gone spill",
        UNROLLED,
        "spilled = len(running.now) * facts",
        "spilled = running.of * facts",
        SCHEDULE,
    ),
    Fault(
        "exits: a mean of an image that is done is never put out",
        UNROLLED,
        "done = 0 if now.last else images - len(running.next)",
        "done = 0",
        SCHEDULE,
    ),
    Fault(
        "exits: spikes of images that are gone move",
        UNROLLED,
        "group.step_spikes(images, now, cost.heights)",
        "group.step_spikes(running.of, now, cost.heights)",
        LITERAL,
    ),
    Fault(
        "exits: images of a window that exit leave their state",
        WAVES,
        "of_last_bytes(*size, later) if leaves",
        "of_last_bytes(*size, now) if leaves",
        WINDOWS,
    ),
    Fault(
        "exits: weights of waves come for windows that nobody runs",
        WAVES,
        "            if not now:\n                break\n",
        "            now = now or (0,)\n",
        WINDOWS,
    ),
    Fault(
        "exits: an image in windows goes in the middle of one",
        "lifsim/schedule/exits.py",
        "ends[bisect_left(ends, step)]",
        "step",
        ("tests/simulate/test_window_exits.py",),
    ),
    Fault(
        "exits: images do the work of one timestep more",
        "lifsim/accounting/exits.py",
        "return kept.window(0, rounds).of_images(places)",
        "return kept.window(0, rounds + 1).of_images(places)",
        RUN,
    ),
    Fault(
        "exits: softmax of the last output, not of the mean",
        "lifsim/engine/confidence.py",
        "np.cumsum(outputs, axis=0, dtype=np.float64) / count",
        "outputs / count * count",
        ("tests/engine/test_confidence.py",),
    ),
)
