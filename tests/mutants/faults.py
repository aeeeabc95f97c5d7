"""The faults: of each kind that the tests did not see, one or several."""

from __future__ import annotations

from tests.mutants.fault import Fault

STUDY = ("tests/snn/test_study.py", "-k", "counted_one_by_one")
SURROGATE = ("tests/snn/test_surrogate.py",)
CARRIED = ("tests/simulate/test_training_buffers.py", "-k", "gradients_of_membranes")
OVERFLOW = ("tests/simulate/test_training_buffers.py", "-k", "overflow_their_buffers")
COLLECTED = ("tests/simulate/test_training_buffers.py", "-k", "collect or wait_for_their_folds")
SPLIT = ("tests/schedule/test_membranes.py",)
UNITS = ("tests/simulate/test_training.py", "-k", "gradient_unit")
OPERANDS = ("tests/simulate/test_timing.py", "-k", "operands_of_an_add")
SRAM = ("tests/hardware/test_sram.py",)
COMMANDS = ("tests/simulate/test_dram_energy.py", "-k", "activate_by_hand or every_cause")
EXPLAIN = ("tests/report/test_explain.py", "-k", "terms_of_any_run or left_over")

EVALUATE = "lifsim/snn/evaluate.py"
SLOPES = "lifsim/snn/training/surrogate.py"
ADJOINT = "lifsim/snn/training/adjoint.py"
GRADIENT_STATES = "lifsim/schedule/gradient_states.py"
SIZES = "lifsim/schedule/training_sizes.py"
STAGES = "lifsim/schedule/training.py"
MEMBRANES = "lifsim/schedule/membranes.py"
TRAINING = "lifsim/simulate/training.py"
PRICING = "lifsim/simulate/pricing.py"
TIMING = "lifsim/simulate/timing.py"
CACTI = "lifsim/hardware/sram.py"
DEVICE = "lifsim/hardware/dram/energy.py"
EXPLAINED = "lifsim/report/explain"

FAULTS = (
    Fault(
        "spike rate: the last images' spikes alone",
        EVALUATE,
        "spikes[node.name] += int(np.count_nonzero(value))",
        "spikes[node.name] = int(np.count_nonzero(value))",
        STUDY,
    ),
    Fault(
        "spike rate: not per timestep",
        EVALUATE,
        "shown = len(images) * network.timesteps",
        "shown = len(images)",
        STUDY,
    ),
    Fault(
        "spike rate: over the neurons of the largest layer",
        EVALUATE,
        "spike_rate=sum(spikes.values()) / (shown * sum(sites.values()))",
        "spike_rate=sum(spikes.values()) / (shown * max(sites.values()))",
        STUDY,
    ),
    Fault(
        "spike rate: the figure's mean is the first seed's",
        "lifsim/report/study_table.py",
        'row[f"{name}_mean"] = fmean(values)',
        'row[f"{name}_mean"] = values[0]',
        STUDY,
    ),
    Fault(
        "surrogate: atan too narrow",
        SLOPES,
        "scaled = math.pi / 2 * alpha * d",
        "scaled = math.pi * alpha * d",
        SURROGATE,
    ),
    Fault(
        "surrogate: sigmoid without its steepness",
        SLOPES,
        "return alpha * level * (1 - level)",
        "return level * (1 - level)",
        SURROGATE,
    ),
    Fault(
        "surrogate: triangle of fixed width",
        SLOPES,
        "max(0.0, 1 - alpha * abs(d))",
        "max(0.0, 1 - abs(d))",
        SURROGATE,
    ),
    Fault("surrogate: another default steepness", SLOPES, '"sigmoid": 4.0', '"sigmoid": 2.0', SURROGATE),
    Fault(
        "gradients: a hard reset lets them through",
        ADJOINT,
        "kept = grad_state[p, c] * (1 - spikes[t, p, base + c]) if k.hard else grad_state[p, c]",
        "kept = grad_state[p, c]",
        SURROGATE,
    ),
    Fault(
        "gradients: an undone call forgets the state's",
        ADJOINT,
        "g = grad[t, p, base + c] * slope(charged - k.threshold, code, alpha) + grad_state[p, c]",
        "g = grad[t, p, base + c] * slope(charged - k.threshold, code, alpha)",
        SURROGATE,
    ),
    Fault(
        "membrane gradients: the first one is read",
        GRADIENT_STATES,
        "reads_from = 1 if begins and run is runs[0] else 0",
        "reads_from = 0",
        CARRIED,
    ),
    Fault(
        "membrane gradients: no recomputed membrane beside them",
        GRADIENT_STATES,
        "* (2 if reverse else 1) for state in segments",
        "for state in segments",
        CARRIED,
    ),
    Fault(
        "membrane gradients: what is transient moves at every call",
        GRADIENT_STATES,
        "at_every_call = moving - min(moving, transient)",
        "at_every_call = moving",
        CARRIED,
    ),
    Fault(
        "overflow: of another buffer",
        SIZES,
        "return times * max(0, one - self.arch.buffers.spike_out.usable_bytes)",
        "return times * max(0, one - self.arch.buffers.spike_in.usable_bytes)",
        OVERFLOW,
    ),
    Fault(
        "overflow: all timesteps wait, whatever the schedule",
        SIZES,
        "if group.tick_batched else (1, self.batch * layer.runs)",
        "if group.tick_batched else (layer.runs, self.batch)",
        OVERFLOW,
    ),
    Fault(
        "overflow: membrane gradients as wide as weights",
        SIZES,
        "one = bytes_of(steps * elements * self.arch.precision.psum_bits)",
        "one = bytes_of(steps * elements * self.arch.precision.weight_bits)",
        OVERFLOW,
    ),
    Fault(
        "overflow: weight gradients go out behind the last visit too",
        STAGES,
        "excess = (visits - 1) * sizes.weight_gradient_overflow(layer)",
        "excess = visits * sizes.weight_gradient_overflow(layer)",
        OVERFLOW,
    ),
    Fault(
        "overflow: the update does not read it",
        STAGES,
        "gradients_read=excess + sizes.membrane_gradient_overflow(layer, group)",
        "gradients_read=excess",
        OVERFLOW,
    ),
    Fault(
        "split: permanent bytes to the first state first",
        MEMBRANES,
        "key=lambda portion: (-portion.moves, portion.index)",
        "key=lambda portion: (portion.index, -portion.moves)",
        SPLIT,
    ),
    Fault(
        "split: a transient region of the smallest state at most",
        MEMBRANES,
        "min(buffer, max(shared, default=0))",
        "min(buffer, min(shared, default=0))",
        SPLIT,
    ),
    Fault(
        "split: always the largest transient region",
        MEMBRANES,
        "if _fill(portions, buffer, middle)[0] <= _fill(portions, buffer, middle + 1)[0]:",
        "if middle < 0:",
        SPLIT,
    ),
    Fault(
        "split: always the smallest transient region",
        MEMBRANES,
        "if _fill(portions, buffer, middle)[0] <= _fill(portions, buffer, middle + 1)[0]:",
        "if middle >= 0:",
        SPLIT,
    ),
    Fault(
        "psums of the update: every sum is added to one that is there",
        TRAINING,
        "psum=Accesses(work.psum_reads + work.finished - layer.weights, work.psum_writes + work.finished)",
        "psum=Accesses(work.psum_reads + work.finished, work.psum_writes + work.finished)",
        COLLECTED,
    ),
    Fault(
        "psums of the update: sums are not written back",
        TRAINING,
        "layer.weights, work.psum_writes + work.finished)",
        "layer.weights, work.psum_writes)",
        COLLECTED,
    ),
    Fault(
        "psums of the backward stage: the wrong way round",
        TRAINING,
        "psum=Accesses(work.psum_reads, work.psum_writes),",
        "psum=Accesses(work.psum_writes, work.psum_reads),",
        COLLECTED,
    ),
    Fault(
        "gradient units: no area",
        PRICING,
        "lif=lif_units * (costs.lif.area_mm2 + costs.pgu.area_mm2)",
        "lif=lif_units * costs.lif.area_mm2",
        UNITS,
    ),
    Fault(
        "gradient units: every gradient is multiplied",
        PRICING,
        "LogicWork(lif_units, counts.ops.pgu_updates, counts.ops.pgu_multiplications, running)",
        "LogicWork(lif_units, counts.ops.pgu_updates, counts.ops.pgu_updates, running)",
        UNITS,
    ),
    Fault(
        "residual waits: blamed on writing",
        TIMING,
        'Kind.RESIDUAL: "stall_spikes"',
        'Kind.RESIDUAL: "stall_writeback"',
        OPERANDS,
    ),
    Fault(
        "SRAM above 4 MiB: the last factor of two",
        CACTI,
        "np.searchsorted(size, size[-1] - octaves + 1e-9) - 1",
        "np.searchsorted(size, size[-1] - octaves + 1e-9)",
        SRAM,
    ),
    Fault(
        "SRAM below 1 KiB: the first factor of two",
        CACTI,
        "np.searchsorted(size, size[0] + octaves - 1e-9)",
        "np.searchsorted(size, size[0] + octaves / 2 - 1e-9)",
        SRAM,
    ),
    Fault(
        "SRAM below 1 KiB: as at 1 KiB",
        CACTI,
        "min(x - size[0], 0.0) * low_slope + max",
        "max",
        SRAM,
    ),
    Fault(
        "activate energy: standing by open is added",
        DEVICE,
        "- price.IDD3N * timing.tRAS",
        "+ price.IDD3N * timing.tRAS",
        COMMANDS,
    ),
    Fault(
        "activate energy: standing by closed is added",
        DEVICE,
        "timing.tRAS - price.IDD2N * timing.tRP",
        "timing.tRAS + price.IDD2N * timing.tRP",
        COMMANDS,
    ),
    Fault(
        "explain: weights come once too often",
        f"{EXPLAINED}/weights.py",
        'again = (visits - 1) * (everything - stays - streamed)\n    coming = f"{visits - 1}*',
        'again = visits * (everything - stays - streamed)\n    coming = f"{visits}*',
        EXPLAIN,
    ),
    Fault(
        "explain: weights that stream are what is left over",
        f"{EXPLAINED}/weights.py",
        'streaming = product(rows - 1, streamed) if streamed and rows > 1 else ""',
        "streaming = str(traffic.dram.weights - everything - again)",
        EXPLAIN,
    ),
    Fault(
        "explain: rows that stay are not spared",
        f"{EXPLAINED}/inputs.py",
        "spared, room = spared + uses * size, room - size",
        "spared, room = spared + size, room - size",
        EXPLAIN,
    ),
    Fault(
        "explain: the zero state is read",
        f"{EXPLAINED}/membranes.py",
        "reads = (T - (number == 0)) * opens,",
        "reads = T * opens,",
        EXPLAIN,
    ),
    Fault(
        "explain: psums go out and do not come back",
        f"{EXPLAINED}/psums.py",
        'terms.append(f"2*{product',
        'terms.append(f"1*{product',
        EXPLAIN,
    ),
    Fault(
        "explain: what a hidden pass takes counts",
        f"{EXPLAINED}/cycles.py",
        "{served_passes}*{pass_cycles} - {hidden})",
        "{served_passes}*{pass_cycles} - 0)",
        EXPLAIN,
    ),
)
