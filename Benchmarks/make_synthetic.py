#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a synthetic graph of about N operators. The same arguments give the same bytes.

Usage: make_synthetic.py N OUT.onnx [KIND]

KIND is one of
  residual     a training step of residual MLP blocks with SGD, without shapes (the default)
  transformer  a training step of transformer blocks with Adam
  layered      random operators in layers of 12, each reading one to three results of the last
               three layers
  wide         random operators that each read one to three of the newest N/50 results

A residual block is a normalisation, two matrix products, an activation and a residual, 8 operators;
its backward part, 13 operators, reads what the forward part kept, which is what makes training
graphs hard: N/25 blocks keep their activations until the backward walk comes back. Four more
operators update the block's two weights.
"""
import random
import sys

from tape import Tape, save

BATCH, WIDTH, HIDDEN = 32, 256, 1024
TOKENS, HEADS = 128, 4


def residual(count):
    b = Tape("residual")
    blocks = max(1, count // 25)
    rate, x, kept = b.weight([1]), b.input("x", [BATCH, WIDTH]), []
    for block in range(blocks):
        up, down = b.weight([WIDTH, HIDDEN]), b.weight([HIDDEN, WIDTH])
        mean = b.emit("ReduceMean", [x], axes=[1], keepdims=1)
        centred = b.emit("Sub", [x, mean])
        hidden = b.emit("MatMul", [centred, up])
        gate = b.emit("Sigmoid", [hidden])
        active = b.emit("Mul", [hidden, gate])
        scaled = b.emit("Tanh", [b.emit("MatMul", [active, down])])
        kept.append((up, down, centred, hidden, gate, active, scaled))
        x = b.emit("Add", [x, scaled])
    gradient = b.emit("Neg", [x])
    for up, down, centred, hidden, gate, active, scaled in reversed(kept):
        transposed = lambda tensor: b.emit("Transpose", [tensor], perm=[1, 0])
        squared = b.emit("Mul", [scaled, scaled])
        through = b.emit("Sub", [gradient, squared])
        d_active = b.emit("MatMul", [through, transposed(down)])
        d_down = b.emit("MatMul", [transposed(active), through])
        d_gate = b.emit("Mul", [d_active, hidden])
        d_hidden = b.emit("Mul", [d_active, gate])
        d_sum = b.emit("Add", [d_hidden, d_gate])
        d_centred = b.emit("MatMul", [d_sum, transposed(up)])
        d_up = b.emit("MatMul", [transposed(centred), d_sum])
        for weight, slope in (down, d_down), (up, d_up):
            b.output(b.emit("Sub", [weight, b.emit("Mul", [slope, rate])]))
        gradient = b.emit("Add", [gradient, d_centred])
    b.output(gradient)
    return b.model()


def transformer(count):
    b = Tape("transformer")
    x = b.input("x", [TOKENS, WIDTH])
    for _ in range(max(1, count // 78)):
        norm = b.op("Normalise", [x])
        query, key, value = (b.op("MatMul", [norm, b.weight([WIDTH, WIDTH])]) for _ in range(3))
        scores = b.op("Scores", [query, key], [HEADS, TOKENS, TOKENS])
        weights = b.op("Softmax", [scores], axis=-1)
        context = b.op("Context", [weights, value], [TOKENS, WIDTH])
        x = b.op("Add", [x, b.op("MatMul", [context, b.weight([WIDTH, WIDTH])])])
        norm = b.op("Normalise", [x])
        hidden = b.op("MatMul", [norm, b.weight([WIDTH, HIDDEN])], [TOKENS, HIDDEN])
        active = b.op("Mul", [hidden, b.op("Sigmoid", [hidden])])
        x = b.op("Add", [x, b.op("MatMul", [active, b.weight([HIDDEN, WIDTH])], [TOKENS, WIDTH])])
    b.output(x)
    for weight, slope in b.gradients(x):
        b.update(weight, slope)
    return b.model()


def scattered(kind, count, chosen):
    """Operators of random sizes; `chosen` gives what each reads."""
    draw = random.Random(count)
    b = Tape(kind)
    size = lambda: [draw.randint(1, 64) * 256]
    made = [b.input(f"x{index}", size()) for index in range(4)]
    for index in range(count - 1):
        made.append(b.emit("Step", chosen(draw, index, made), size()))
    read = {name for node in b.nodes for name in node.input}
    b.output(b.emit("Last", [name for name in made if name not in read], [256]))
    return b.model()


def layered(count):
    def chosen(draw, index, made):
        end = max(4, index // 12 * 12 + 4)
        return draw.sample(made[max(0, end - 36):end], draw.randint(1, 3))

    return scattered("layered", count, chosen)


def wide(count):
    def chosen(draw, index, made):
        newest = made[-max(4, count // 50):]
        return draw.sample(newest, draw.randint(1, 3))

    return scattered("wide", count, chosen)


KINDS = {"residual": residual, "transformer": transformer, "layered": layered, "wide": wide}

if __name__ == "__main__":
    kind = sys.argv[3] if len(sys.argv) > 3 else "residual"
    if len(sys.argv) not in (3, 4) or kind not in KINDS:
        sys.exit(__doc__)
    save(KINDS[kind](int(sys.argv[1])), sys.argv[2])
