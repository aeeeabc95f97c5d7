"""The accesses of one layer to the ports of the buffers on the array's side, and how long it waits for them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lifsim.accounting.counts import ElementBits
from lifsim.accounting.own.array_work import LifCalls, lif_waits, served
from lifsim.hardware.array import Kept, Laid, Sparsity
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Port, Ports, PortStalls
from lifsim.hardware.stores import Store, Stores
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class LifPorts:
    """The LIF calls behind a layer, for which the array waits `waited` cycles if ports take no time, and the ports that
    they use. membrane: None if no membrane passes a port; psum: None if no sums come from the psum buffer. channels:
    channel groups that share a state; variables: values in each neuron's state; in_buffer: the share of the states that
    lies in the membrane buffer; passed_on: whether all states are read from the buffer at the first timestep, and
    written to it at the last, because other windows precede or follow."""

    calls: LifCalls
    waited: int
    channels: int
    variables: int
    in_buffer: Fraction
    membrane: Port | None
    spike_out: Port
    psum: Port | None = None
    passed_on: tuple[bool, bool] = (False, False)


def ports_of(stores: Stores, bits: ElementBits) -> Ports:
    """The array's side of the buffers that feed it."""
    return Ports(
        weight=port_of(stores.weight, bits.weight),
        spike_in=input_banks(stores),
        psum=port_of(stores.psum, bits.psum),
    )


def input_banks(stores: Stores) -> Banks:
    """The banks of the input map that the array reads."""
    return Banks(stores.spike_in.banks, stores.spike_in.port_bits)


def port_of(store: Store, element_bits: int) -> Port:
    """All banks of `store`, through which elements of `element_bits` pass."""
    return Port(element_bits, store.banks * store.port_bits)


def lif_stalls(lifs: LifPorts, laid: Laid, sparsity: Sparsity, kept: Kept) -> PortStalls:
    """Waits for ports, if a pass of the LIF units takes as long as its membranes and spikes need to pass the ports of
    their buffers.

    Tick-batched, membranes stay in the PEs; those that do not fit are distributed evenly over all passes. Between the
    calls of a chain of `channelN` the state stays in the unit, so that a pass reads and writes one membrane (and the
    other state variables of its neuron) for N outputs; reads and writes have separate ports. If the PEs do not
    accumulate sums, a pass reads its sums, too.
    """
    calls = lifs.calls
    outputs = served(calls, laid)
    states = -(-outputs // lifs.channels) * lifs.variables
    every, states = states, -(-states * lifs.in_buffer.numerator // lifs.in_buffer.denominator)
    if any(lifs.passed_on):  # [passes, timesteps]
        states, outputs = (np.tile(of_pass[:, None], calls.timesteps) for of_pass in (states, outputs))
        for timestep, moved in ((0, lifs.passed_on[0]), (-1, lifs.passed_on[1])):
            if moved:
                states[:, timestep] = every
    alone = np.full_like(outputs, calls.pass_cycles)
    with_membranes = lifs.membrane.slowed(alone, states) if lifs.membrane else alone
    with_spikes = lifs.spike_out.slowed(with_membranes, outputs)
    with_sums = lifs.psum.slowed(with_spikes, outputs) if lifs.psum else with_spikes

    waited = []
    for passes in (with_membranes, with_spikes, with_sums):
        as_ever = (passes == calls.pass_cycles).all()
        waited.append(lifs.waited if as_ever else lif_waits(calls, passes, laid, sparsity, kept))
    return PortStalls(membrane=waited[0] - lifs.waited, spike_out=waited[1] - waited[0], psum=waited[2] - waited[1])
