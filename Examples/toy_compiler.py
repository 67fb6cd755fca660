#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A toy compiler: lowers a network to byte ranges of one arena, by graphopt, and runs it there.

    python3 Examples/toy_compiler.py libgraphopt.so

Each layer becomes nodes, graphopt gives their order and the offsets of their tensors, and `run`
works on nothing but one bytearray. What comes out is compared with numpy on plain arrays.
"""
import ctypes as c
import sys

import numpy as np

WEIGHT, INPUT, OUTPUT, ACTIVATION = 3, 1, 2, 0
KERNELS = {
    "MatMul": lambda out, a, b: np.matmul(a, b, out=out),
    "Relu": lambda out, a: np.maximum(a, 0, out=out),
    "Add": lambda out, a, b: np.add(a, b, out=out),
}


class Placement(c.Structure):
    _fields_ = [("name", c.c_char_p), ("space", c.c_int), ("storage", c.c_uint32),
                ("bytes", c.c_uint64), ("offset", c.c_uint64),
                ("first_step", c.c_uint32), ("last_step", c.c_uint32)]


class Compiler:
    def __init__(self, library):
        self.library, self.graph, self.plan = library, c.c_void_p(), c.c_void_p()
        self.shapes, self.weights, self.nodes = [], {}, []
        self.call("graphopt_graph_create", b"toy", c.byref(self.graph))

    def call(self, name, *arguments):
        error = c.c_void_p()
        if getattr(self.library, name)(*arguments, c.byref(error)):
            message = self.library.graphopt_error_message
            message.restype, message.argtypes = c.c_char_p, [c.c_void_p]
            raise RuntimeError(message(error).decode())

    def tensor(self, shape, role, value=None):
        index = c.c_uint32()
        self.call("graphopt_graph_add_tensor", self.graph, f"t{len(self.shapes)}".encode(), b"float32",
                  (c.c_uint64 * len(shape))(*shape), c.c_size_t(len(shape)), role, c.byref(index))
        self.shapes.append(shape)
        if value is not None:
            self.weights[index.value] = value
        return index.value

    def node(self, op, inputs, shape, role=ACTIVATION, in_place=False):
        output = self.tensor(shape, role)
        effect = (c.c_uint32 * 3)(2, 0, 0)  # may overwrite: output 0 over input 0
        self.call("graphopt_graph_add_node", self.graph, op.encode(), op.encode(),
                  (c.c_uint32 * len(inputs))(*inputs), c.c_size_t(len(inputs)),
                  (c.c_uint32 * 1)(output), c.c_size_t(1), effect, c.c_size_t(int(in_place)),
                  c.c_uint64(0), None)
        self.nodes.append((op, inputs, output))
        return output

    def compile(self):
        self.call("graphopt_plan_create", self.graph, None, c.byref(self.plan))
        self.order = (c.c_uint32 * len(self.nodes))()
        self.call("graphopt_plan_order", self.plan, self.order, c.c_size_t(len(self.nodes)))
        self.places = [Placement() for _ in self.shapes]
        for index, place in enumerate(self.places):
            self.call("graphopt_plan_tensor", self.plan, c.c_size_t(index), c.byref(place))
        return max(p.offset + p.bytes for p in self.places if p.space == 0)

    def run(self, arena, inputs, output):
        def view(index):
            if index in self.weights:
                return self.weights[index]
            place, shape = self.places[index], self.shapes[index]
            return np.frombuffer(arena, np.float32, place.bytes // 4, place.offset).reshape(shape)

        for index, value in inputs.items():
            view(index)[:] = value
        for number in self.order:
            op, operands, result = self.nodes[number]
            KERNELS[op](view(result), *map(view, operands))
        return view(output).copy()


def main():
    random = np.random.default_rng(7)
    compiler = Compiler(c.CDLL(sys.argv[1]))
    x = compiler.tensor((8, 64), INPUT)
    value, total = x, 0
    for layer in range(6):
        first, second = (compiler.tensor(s, WEIGHT, random.standard_normal(s, np.float32))
                         for s in ((64, 256), (256, 64)))
        hidden = compiler.node("MatMul", [value, first], (8, 256))
        hidden = compiler.node("Relu", [hidden], (8, 256), in_place=True)
        back = compiler.node("MatMul", [hidden, second], (8, 64))
        role = OUTPUT if layer == 5 else ACTIVATION
        value = compiler.node("Add", [back, value], (8, 64), role, in_place=True)
    size = compiler.compile()
    total = sum(4 * int(np.prod(compiler.shapes[out])) for _, _, out in compiler.nodes)

    given = random.standard_normal((8, 64), np.float32)
    arena = bytearray(b"\xff" * size)  # every float that nobody wrote is a NaN
    result = compiler.run(arena, {x: given}, value)
    plain = {x: given, **compiler.weights}
    for op, operands, out in compiler.nodes:
        plain[out] = np.empty(compiler.shapes[out], np.float32)
        KERNELS[op](plain[out], *(plain[o] for o in operands))
    if not np.array_equal(result, plain[value]):
        sys.exit("toy_compiler: the arena's result differs from numpy's")
    print(f"{len(compiler.nodes)} nodes ran in an arena of {size} bytes, {total} without sharing; "
          "the result is numpy's to the bit")


if __name__ == "__main__":
    main()
