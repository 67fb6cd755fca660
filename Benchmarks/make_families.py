#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes graphs of the families in which the order matters most, inference and training.

Usage: make_families.py FOLDER

Cells found by architecture search, random wirings of several seeds, DARTS cells, modules of many
branches, U-Nets and nested U-Nets, high-resolution nets, feature pyramids, random trees. Each comes
as the forward pass alone and, but for trees, as a training step with Adam. The same graphs on every
machine.
"""
import os
import random
import sys

from tape import Tape, save

BATCH = 4


class Net(Tape):
    """Tensors of batch, channels and extent; convolutions bring their weights."""

    def start(self, channels, extent):
        return self.input("x", [BATCH, channels, extent, extent])

    def conv(self, x, channels=None, stride=1, kernel=3):
        batch, given, extent, _ = self.shapes[x]
        channels = channels or given
        weight = self.weight([channels, given, kernel, kernel])
        return self.op("Convolve", [x, weight], [batch, channels, extent // stride, extent // stride])

    def unit(self, x, channels=None, stride=1, kernel=3):
        """Convolution, normalisation, activation."""
        return self.op("Relu", [self.op("Normalise", [self.conv(x, channels, stride, kernel)])])

    def pool(self, x, factor=1):
        batch, channels, extent, _ = self.shapes[x]
        return self.op("Pool", [x], [batch, channels, extent // factor, extent // factor])

    def grow(self, x, factor=2):
        batch, channels, extent, _ = self.shapes[x]
        return self.op("Grow", [x], [batch, channels, extent * factor, extent * factor])

    def join(self, parts):
        if len(parts) == 1:
            return parts[0]
        batch, _, extent, _ = self.shapes[parts[0]]
        return self.op(
            "Concat", parts, [batch, sum(self.shapes[p][1] for p in parts), extent, extent], axis=1)

    def sum(self, parts):
        total = parts[0]
        for part in parts[1:]:
            total = self.op("Add", [total, part])
        return total

    def finish(self, parts, classes=100):
        heads = [self.op("Head", [part], [BATCH, classes]) for part in parts]
        return self.sum(heads)


def random_wiring(net, seed, nodes=24, neighbours=4, rewiring=0.75, channels=32, extent=32):
    """Stages of small-world graphs: every node sums what comes in and convolves it."""
    draw = random.Random(seed)
    x = net.unit(net.start(3, extent * 2), channels, stride=2)
    for stage in range(3):
        edges = set()
        for node in range(nodes):
            for step in range(1, neighbours // 2 + 1):
                other = (node + step) % nodes
                if draw.random() < rewiring:
                    other = draw.choice([n for n in range(nodes) if n != node])
                edges.add((min(node, other), max(node, other)))
        made = []
        for node in range(nodes):
            sources = sorted(a for a, b in edges if b == node)
            if sources:
                made.append(net.unit(net.sum([made[s] for s in sources])))
            else:
                made.append(net.unit(x, channels << stage, stride=2))
        ends = [n for n in range(nodes) if all(a != n for a, _ in edges)]
        x = net.sum([made[n] for n in ends])
    return net.finish([x])


def darts(net, seed, cells=6, steps=4, channels=32, extent=28):
    """Cells of sums of two operations on earlier states; both earlier cells come in."""
    draw = random.Random(seed)
    genotype = [
        [(draw.randrange(step + 2), draw.randrange(4)) for _ in range(2)] for step in range(steps)]
    before = x = net.unit(net.start(3, extent), channels)
    for cell in range(cells):
        states = [net.unit(before, channels, kernel=1), net.unit(x, channels, kernel=1)]
        for choices in genotype:
            parts = []
            for source, kind in choices:
                y = states[source]
                if kind == 0:
                    y = net.unit(net.unit(y), kernel=1)
                elif kind == 1:
                    y = net.conv(net.unit(net.conv(net.unit(y, kernel=1))), kernel=1)
                elif kind == 2:
                    y = net.pool(y)
                parts.append(y)
            states.append(net.sum(parts))
        before, x = x, net.join(states[2:])
    return net.finish([x])


def searched_cells(net, seed, cells=5, blocks=5, channels=44, extent=28):
    """Cells of five blocks of separable convolutions and pools; what is not used is joined."""
    draw = random.Random(seed)
    plan = [[(draw.randrange(block + 2), draw.randrange(5)) for _ in range(2)]
            for block in range(blocks)]
    before = x = net.unit(net.start(3, extent), channels)
    for cell in range(cells):
        states, used = [net.unit(before, channels, kernel=1), net.unit(x, channels, kernel=1)], set()
        for choices in plan:
            parts = []
            for source, kind in choices:
                used.add(source)
                y = states[source]
                if kind < 3:
                    for _ in range(2):
                        y = net.op("Normalise", [net.conv(net.conv(net.op("Relu", [y])), kernel=1)])
                elif kind == 3:
                    y = net.pool(y)
                parts.append(y)
            states.append(net.sum(parts))
        before, x = x, net.join([s for i, s in enumerate(states) if i not in used])
    return net.finish([x])


def branches(net, seed, modules=6, extent=28):
    """Modules of four to six branches of different depth and width, joined."""
    draw = random.Random(seed)
    x = net.pool(net.unit(net.start(3, extent * 2), 64), 2)
    for module in range(modules):
        parts = []
        for branch in range(draw.randint(4, 6)):
            y = net.unit(x, draw.choice([16, 32, 48, 64, 96]), kernel=1)
            for _ in range(draw.randint(0, 3)):
                y = net.unit(y, draw.choice([32, 48, 64, 96, 128]))
            parts.append(y)
        parts.append(net.unit(net.pool(x), 32, kernel=1))
        x = net.join(parts)
        if module % 3 == 2:
            x = net.pool(x, 2)
    return net.finish([x])


def u_net(net, seed, depth=4, channels=16, extent=64):
    x, kept = net.start(3, extent), []
    for level in range(depth):
        x = net.unit(net.unit(x, channels << level))
        kept.append(x)
        x = net.pool(x, 2)
    x = net.unit(net.unit(x, channels << depth))
    for level in reversed(range(depth)):
        x = net.join([net.grow(net.unit(x, channels << level, kernel=1)), kept[level]])
        x = net.unit(net.unit(x, channels << level))
    return net.finish([x])


def nested_u_net(net, seed, depth=4, channels=16, extent=64):
    cell = {}
    x = net.start(3, extent)
    for level in range(depth):
        x = net.unit(net.unit(x if level == 0 else net.pool(x, 2), channels << level))
        cell[level, 0] = x
    for column in range(1, depth):
        for level in range(depth - column):
            up = net.grow(cell[level + 1, column - 1])
            earlier = [cell[level, c] for c in range(column)]
            cell[level, column] = net.unit(net.unit(net.join(earlier + [up]), channels << level))
    return net.finish([cell[0, column] for column in range(1, depth)])


def high_resolution(net, seed, branches=3, modules=3, channels=16, extent=32):
    rows = [net.unit(net.start(3, extent), channels)]
    for stage in range(1, branches):
        rows.append(net.unit(rows[-1], channels << stage, stride=2))
        for _ in range(modules):
            rows = [net.sum([r, net.unit(net.unit(r))]) for r in rows]
            mixed = []
            for i in range(len(rows)):
                parts = []
                for j, row in enumerate(rows):
                    if j > i:
                        row = net.grow(net.conv(row, channels << i, kernel=1), 1 << (j - i))
                    for level in range(j, i):
                        row = net.conv(row, channels << (level + 1), stride=2)
                    parts.append(row)
                mixed.append(net.op("Relu", [net.sum(parts)]))
            rows = mixed
    return net.finish(rows)


def pyramid(net, seed, levels=4, repeats=3, channels=32, extent=64):
    x, rows = net.unit(net.start(3, extent), channels), []
    for level in range(levels):
        rows.append(net.conv(x, channels, kernel=1))
        if level + 1 < levels:
            x = net.unit(x, channels << (level + 1), stride=2)
    for _ in range(repeats):
        down = list(rows)
        for level in reversed(range(levels - 1)):
            down[level] = net.unit(net.sum([rows[level], net.grow(down[level + 1])]))
        up = list(down)
        for level in range(1, levels):
            parts = [rows[level], net.pool(up[level - 1], 2)]
            if level + 1 < levels:
                parts.append(down[level])
            up[level] = net.unit(net.sum(parts))
        rows = up
    return net.finish(rows)


def tree(net, seed, nodes=400):
    draw = random.Random(seed)
    open_ends = []
    x = net.start(1, 1)
    for _ in range(nodes):
        taken = [open_ends.pop(draw.randrange(len(open_ends)))
                 for _ in range(min(len(open_ends), draw.choice([0, 0, 1, 1, 2, 3])))]
        open_ends.append(net.emit("Step", taken, [draw.randint(1, 256) * 256]))
    return net.emit("Last", open_ends + [x], [256])


FAMILIES = [
    (random_wiring, range(6)), (darts, range(4)), (searched_cells, range(4)), (branches, range(4)),
    (u_net, range(1)), (nested_u_net, range(1)), (high_resolution, range(1)), (pyramid, range(1)),
    (tree, range(2)),
]


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for family, seeds in FAMILIES:
        for seed in seeds:
            for training in (False, True):
                if training and family is tree:
                    continue
                name = f"{family.__name__}{seed}-{'train' if training else 'infer'}"
                net = Net(name)
                end = family(net, seed)
                net.output(end)
                if training:
                    for weight, slope in net.gradients(end):
                        net.update(weight, slope)
                save(net.model(), os.path.join(folder, f"{name}.onnx"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
