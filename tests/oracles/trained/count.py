"""All stages of a training run: DRAM bytes by tensor, layer by layer, and what must hold of a whole group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.oracles import optimizer
from tests.oracles.trained import forward, kept, membranes, together
from tests.oracles.trained.back import Key, Moved, Orders, alone
from tests.oracles.trained.nest import Came
from tests.oracles.trained.norms import Sums, sums_of
from tests.oracles.trained.plain import Layer, Run, Tensor, Training, up

Stages = dict[str, Counter[str]]
"""By stage, bytes by tensor."""


@dataclass(frozen=True)
class Told:
    """What is not decided here. inference: by layer of timestep-major groups, what its walk moves; again: of a second
    run of such a product in the forward pass. in_turn, backward, update: by layer, the orders that were taken; moved,
    on_the_way_back: what the backward products of timestep-major groups are said to bring in, and the forward products
    that run again there."""

    inference: Mapping[str, Mapping[str, int]]
    again: Mapping[str, Came]
    in_turn: Mapping[str, bool]
    backward: Mapping[str, Key]
    update: Mapping[str, Key]
    moved: Mapping[str, Moved]
    on_the_way_back: Mapping[str, Moved]


@dataclass(frozen=True)
class Counted:
    """stages: by layer; norms: what its sums do; least: by the first layer of a group, the fewest bytes that the
    products of its layers can move, and that gradients of membranes and u' can. again_for_second_pass: layers whose
    recomputed product runs twice."""

    stages: dict[str, Stages]
    norms: dict[str, Sums]
    least_products: dict[str, int]
    least_membranes: dict[str, int]
    again_for_second_pass: set[str]


def count(training: Training, told: Told) -> Counted:
    counted = Counted({}, {}, {}, {}, set())
    for run in training.groups:
        members = [training.layers[index] for index in run.layers]
        held = _currents(training, run, members)
        for layer, tiles in zip(members, run.tiles, strict=True):
            if layer.norm is not None:
                twice = None if run.tick else told.again[layer.name]
                counted.norms[layer.name] = sums_of(training, layer, run, tiles, sum(held.values()), twice)
        chunks = together.Chunks(tuple(min(run.chunk, training.batch - n) for n in range(0, training.batch, run.chunk)))
        visited_once = run.chunk >= training.batch and all(layer.rounds == 1 for layer in members)
        asked = [layer for layer in members if not layer.input.given]
        again = [layer for layer in members if training.kept != "stored" and layer.lif is not None]
        if run.tick or visited_once:
            ways = {
                layer.name: alone(layer, training.machine, training.batch,
                                  asked=layer in asked, image_by_image=run.tick and layer not in again)
                for layer in members
            }  # fmt: skip
            least = sum(min(one.least for one in ways[name]) for name in ways)
            for layer, tiles in zip(members, run.tiles, strict=True):
                if run.tick and layer in again:
                    once = forward.product(layer, training.machine, training.batch, tiles)
                    least += once.filters + once.rows
                elif layer in again:
                    alone_there = [together.again(layer, training.machine)]
                    least += together.fewest_weights(alone_there, chunks, training.machine.weight)
            counted.least_products[members[0].name] = least
        else:
            ways = {
                layer.name: [together.updated(layer, training.machine, chunks, in_turn=told.in_turn[layer.name])]
                for layer in members
            }
            machine = training.machine
            products = [together.transposed(layer, machine, chunks) for layer in asked]
            products += [together.again(layer, machine) for layer in again]
            counted.least_products[members[0].name] = together.fewest(members, products, machine, chunks)
        counted.least_membranes[members[0].name] = 0 if run.tick else _membranes(training, members, chunks)
        for place, layer in enumerate(members):
            orders = next(one for one in ways[layer.name] if one.in_turn == told.in_turn[layer.name])
            one = _Layer(training, layer, run, place, told, orders, counted.norms.get(layer.name), held)
            counted.stages[layer.name] = one.stages()
            counted.again_for_second_pass.update([layer.name] if one.recomputed_twice() else [])
    return counted


def _currents(training: Training, run: Run, members: list[Layer]) -> dict[str, int]:
    """Of a timestep-major group, what of the currents that are replayed waits in the psum buffer, layer after layer."""
    if run.tick:
        return {}
    machine = training.machine
    working = max(_one_row(training, layer) for layer in members)
    left, found = max(0, machine.psum - working), {}
    for layer in members:
        if layer.lif is not None and layer.rounds < layer.timesteps and not layer.last:
            size = run.chunk * up(layer.lif.elements * machine.psum_bits, 8)
            found[layer.name] = min(left, size)
            left -= found[layer.name]
    return found


def _one_row(training: Training, layer: Layer) -> int:
    """Psums of the smallest tile of a row."""
    machine = training.machine
    if machine.dataflow == "os" or up(layer.reduction, machine.rows) == 1:
        return 0
    smallest = min(machine.columns, layer.of_group)
    wide = layer.across if machine.dataflow == "ws" else min(layer.across, machine.columns)
    return up(wide * smallest * machine.psum_bits, 8)


def _membranes(training: Training, members: list[Layer], chunks: together.Chunks) -> int:
    moved = 0
    for images in chunks.sizes:
        uses = membranes.uses_of(training, members, images)
        granule = max((use.granule for use in uses), default=0)
        flying = membranes.flights(training, members, images, granule) if training.kept == "recomputed" else []
        moved += membranes.fewest([*uses, *flying], training.timesteps, training.machine.membrane)
    return moved


@dataclass(frozen=True)
class _Layer:
    training: Training
    layer: Layer
    run: Run
    place: int
    told: Told
    orders: Orders
    sums: Sums | None
    currents: dict[str, int]

    def stages(self) -> Stages:
        found = {"forward": self.forward()}
        if self.training.kept != "stored" and self.layer.lif is not None:
            found["recompute"] = self.recompute()
        first, second = self.back()
        if self.sums is not None:
            found["gradient_sums"], found["backward"] = first, second
        else:
            found["backward"] = first + second
        found["weight_update"] = self.update()
        return found

    @property
    def batch(self) -> int:
        return self.training.batch

    def gradient(self, tensor: Tensor) -> int:
        bits = self.batch * tensor.timesteps * tensor.elements * self.training.machine.gradient_bits
        return up(bits, 8)

    def product(self) -> Counter[str]:
        """The forward product, and what is added behind it."""
        machine, tiles = self.training.machine, self.run.tiles[self.place]
        if not self.run.tick:
            moved = self.told.inference[self.layer.name]
            psum = moved.get("psum_read", 0) + moved.get("psum_write", 0)
            names = ("weights", "spikes_in", "residual", "membrane_read", "membrane_write")
            return Counter({name: moved.get(name, 0) for name in names} | {"psum": psum})
        came = forward.product(self.layer, machine, self.batch, tiles)
        return Counter(
            weights=came.filters,
            spikes_in=came.rows,
            residual=forward.residuals(self.layer, self.batch, tick=True),
            psum=2 * forward.spilled(self.layer, machine, self.batch, tiles, tick=True),
        )

    def forward(self) -> Counter[str]:
        layer, training, found = self.layer, self.training, self.product()
        found["spikes_out"] = forward.outputs(layer, self.batch, tick=self.run.tick)
        if training.kept == "reversed" and layer.lif is not None and layer.lif.hidden:
            found["spikes_out"] += forward.own_spikes(layer, self.batch)
        found["states_write"] = self._states(read=False)
        if self.sums is not None:
            sums = self.sums
            found += Counter(weights=sums.again.filters, spikes_in=sums.again.rows, psum=2 * sums.psums)
            replayed = self._replayed()
            written, read = sums.written, sums.read
            if replayed is not None:  # the sums are the currents, of which DRAM has what finds no room
                kept_all = training.kept == "stored"
                written, read = (sums.every - replayed if kept_all else 0), replayed
            found += Counter(sums_write=written, sums_read=read)
        return found

    def _replayed(self) -> int | None:
        """Of currents that wait timestep by timestep, the bytes that do so in DRAM."""
        if self.layer.name not in self.currents:
            return None
        every = self.batch * up(self.layer.lif.elements * self.training.machine.psum_bits, 8) if self.layer.lif else 0
        return every - self.batch // self.run.chunk * self.currents[self.layer.name]

    def _states(self, *, read: bool) -> int:
        layer, training = self.layer, self.training
        if layer.lif is None:
            return 0
        users = [one.name for one in training.layers if one.lif is not None and one.lif.state == layer.lif.state]
        return kept.bytes_of(training, layer.lif.state, users.index(layer.name), tick=self.run.tick, read=read)

    def product_again(self) -> Counter[str]:
        """The forward product on the way back: tick-batched as it was, before the other products begin; else as it
        takes turns with these. Psums spill, and currents wait to be replayed, as they did."""
        psum = self.product()["psum"]
        if self.run.tick:
            came = forward.product(self.layer, self.training.machine, self.batch, self.run.tiles[self.place])
            return Counter(weights=came.filters, spikes_in=came.rows, psum=psum)
        moved = self.told.on_the_way_back[self.layer.name]
        return Counter(weights=moved.weights, spikes_in=moved.maps, psum=psum)

    def product_once_more(self) -> Counter[str]:
        """And for the second pass of a norm: but for weights that stay, and without what waits to be replayed."""
        found = self.product_again()
        if self.run.tick:  # of groups one behind the other those of the last stay
            tiles = self.run.tiles[self.place]
            sets = self.layer.groups // tiles.together
            stays = forward.product(self.layer, self.training.machine, self.batch, tiles).pinned // sets
        else:
            stays = self.told.on_the_way_back[self.layer.name].pinned
        found["weights"] -= stays
        found["psum"] -= self.layer.timesteps * (self._replayed() or 0)
        return found

    def recompute(self) -> Counter[str]:
        """The product again, its operands once."""
        layer, training = self.layer, self.training
        found = self.product_again()
        found["residual"] = forward.residuals(layer, self.batch, tick=self.run.tick)
        if training.kept == "reversed":
            found["spikes_in"] += forward.own_spikes(layer, self.batch)
        else:
            found["states_read"] = self._states(read=True)
        if self.sums is not None:
            if self.recomputed_twice():
                found += self.product_once_more()
            else:
                found["sums_write"] = self._sums_apart(self.sums)
        return found

    def _sums_apart(self, sums: Sums) -> int:
        """Of those that leave between the passes, what does not wait in DRAM to be replayed anyway."""
        return max(0, sums.back - (self._replayed() or 0))

    def recomputed_twice(self) -> bool:
        """Whether the product runs again for the second pass."""
        sums, layer = self.sums, self.layer
        if sums is None or self.training.kept == "stored" or layer.lif is None:
            return False
        return sum(self.product_once_more().values()) < self._sums_apart(sums) + sums.back

    def back(self) -> tuple[Counter[str], Counter[str]]:
        """The gradient units' pass, and the product's."""
        layer, orders, sums = self.layer, self.orders, self.sums
        first: Counter[str] = Counter(
            gradients_read=sum(
                often * self.gradient(one) for one, often in zip(layer.outputs, layer.readers, strict=True)
            ),
            gradients_write=sum(self.gradient(one) for one in layer.residuals if not one.given),
        )
        if self.training.kept != "recomputed":
            first["states_read"] = self._states(read=True)
        second: Counter[str] = Counter()
        if not layer.input.given:
            moved = self._moved(orders)
            second += Counter(
                weights=moved.weights,
                gradients_write=self.gradient(layer.input),
                gradients_read=orders.comes_back(moved),
            )
        second["gradients_write"] += orders.waiting if orders.own else 0
        if sums is not None:
            from_dram = layer.hands_on or self.training.kept == "stored" or layer.lif is None
            first["sums_read"] = sums.every if from_dram else 0
            second["sums_read"] = 0 if not from_dram and self.recomputed_twice() else sums.back
            if not layer.hands_on and not layer.dy_handed_back:
                first["gradients_write"] += sums.dy
            second["gradients_read"] += sums.dy * (sum(layer.readers) if layer.hands_on else 1)
        return first, second

    def _moved(self, orders: Orders) -> Moved:
        if self.layer.name in self.told.moved:
            return self.told.moved[self.layer.name]
        return orders.backward[self.told.backward[self.layer.name]]

    def update(self) -> Counter[str]:
        layer, machine = self.layer, self.training.machine
        moved = self.orders.update[self.told.update[layer.name]]
        bits = {"weight": machine.weight_bits, "state": machine.state_bits}
        change = optimizer.moved_bytes(layer.filters, layer.reduction, machine.optimizer, bits, masters=machine.masters)
        state = change["state"]
        return Counter(
            spikes_in=moved.maps,
            gradients_write=moved.weights,
            gradients_read=moved.weights + self.orders.waiting,
            weight_updates=change["read"] + change["written"] - state,
            optimizer_state=state,
        )
