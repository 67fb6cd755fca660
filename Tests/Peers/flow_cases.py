# SPDX-License-Identifier: Apache-2.0
"""Random models of If, Loop and Scan nested into each other, and of functions, run by onnxruntime.

Every value of the main graph is a result, so that all of their shapes are known. Which branch of an
If runs, and when a loop ends, is sometimes known from shapes and constants and sometimes not: then
only a bound can be told.
"""

import random

import numpy as np
import onnx
import onnxruntime as ort
from case_files import short
from onnx import TensorProto, helper, numpy_helper

OPSET = 17

# No value of a case has more elements.
MOST_ELEMENTS = 1 << 16


class Scope:
    """A graph that is being made: its nodes, and the float values that it can use."""

    def __init__(self, maker, values):
        self.maker, self.values, self.nodes, self.stored = maker, list(values), [], []

    def add(self, kind, inputs, count=1, hint="v", **attributes):
        outputs = [self.maker.fresh(hint) for _ in range(count)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0] if count == 1 else outputs

    def constant(self, array):
        name = self.maker.fresh("c")
        if self.maker.random.random() < 0.5:
            self.stored.append(numpy_helper.from_array(np.asarray(array), name))
        else:
            value = numpy_helper.from_array(np.asarray(array))
            self.nodes.append(helper.make_node("Constant", [], [name], value=value))
        return name

    def graph(self, inputs, outputs, axes=None):
        infos = [onnx.ValueInfoProto(name=name) for name in outputs]
        if axes is not None:
            # onnxruntime's Scan wants to know how many axes there are.
            open_shape = [None] * axes
            infos = [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, open_shape)
                for name in outputs
            ]
        name = self.maker.fresh("g")
        return helper.make_graph(self.nodes, name, inputs, infos, self.stored)


class FlowMaker:
    """Makes one model of a seed."""

    def __init__(self, seed):
        self.random, self.count = random.Random(seed), 0
        self.switches = []

    def fresh(self, hint):
        self.count += 1
        return f"{hint}{self.count}"

    # Values stay of two axes.

    def plain(self, scope):
        """A node without a body, on any value."""
        x = self.random.choice(scope.values)
        match self.random.randrange(7):
            case 0:
                made = scope.add(self.random.choice(["Neg", "Abs", "Relu", "Exp"]), [x])
            case 1:
                made = scope.add("Transpose", [x])
            case 2:
                made = scope.add("Concat", [x, x], axis=self.random.randrange(2))
            case 3:
                made = scope.add("ReduceMax", [x], axes=[self.random.randrange(2)], keepdims=1)
            case 4:
                most = scope.add("ReduceMax", [x], axes=[0], keepdims=1)
                made = scope.add("Sub", [x, most])
            case 5:
                axis = self.random.randrange(2)
                ends = scope.constant(np.array([2], np.int64))
                starts = scope.constant(np.array([0], np.int64))
                axes = scope.constant(np.array([axis], np.int64))
                made = scope.add("Slice", [x, starts, ends, axes])
            case _:
                shape = scope.add("Shape", [x])
                made = scope.add("Expand", [scope.add("ReduceSum", [x], keepdims=1), shape])
        scope.values.append(made)
        return made

    def extent(self, scope, x, axis):
        shape = scope.add("Shape", [x])
        return scope.add("Gather", [shape, scope.constant(np.int64(axis))])

    def branch(self, scope, depth):
        """If: a constant condition, one that shapes decide, or one of the caller's."""
        kind = self.random.randrange(3)
        if kind == 0:
            condition = scope.constant(np.bool_(self.random.random() < 0.5))
        elif kind == 1:
            extent = self.extent(scope, self.random.choice(scope.values), 0)
            condition = scope.add("Less", [extent, scope.constant(np.int64(3))])
        else:
            condition = self.fresh("s")
            self.switches.append(condition)
        bodies = []
        for _ in range(2):
            inner = Scope(self, scope.values)
            last = self.fill(inner, depth - 1)
            # A branch may not hand on what is not its own.
            bodies.append(inner.graph([], [inner.add("Identity", [last])]))
        made = scope.add("If", [condition], then_branch=bodies[0], else_branch=bodies[1])
        scope.values.append(made)
        return made

    def loop(self, scope, depth):
        """Loop: turns counted, ended by a condition, or both; the state may grow."""
        x = self.random.choice(scope.values)
        kind = self.random.randrange(4)
        limit = self.random.randrange(5)
        count, going = "", ""
        if kind == 0 or kind == 3:
            count = scope.constant(np.int64(limit))
        elif kind == 1:
            count = self.extent(scope, x, self.random.randrange(2))
        if kind == 2 or self.random.random() < 0.3:
            going = scope.constant(np.bool_(True))
        turn, still, state = self.fresh("i"), self.fresh("b"), self.fresh("x")
        inner = Scope(self, scope.values + [state])
        if kind >= 2:
            # As long as the turn's number is small.
            ends = inner.add("Less", [turn, inner.constant(np.int64(limit))])
        else:
            ends = inner.add("Identity", [still])
        self.fill(inner, depth - 1)
        match self.random.randrange(4):
            case 0 if kind != 1:
                carried = inner.add("Concat", [state, x], axis=1)
            case 1:
                carried = inner.add("Identity", [state])
            case _:
                carried = inner.add("Exp", [inner.add("Neg", [state])])
        value = self.random.choice(inner.values)
        slices = [inner.add("ReduceMax", [value], keepdims=1)]
        if self.random.random() < 0.5:
            slices.append(inner.add("Identity", [turn]))
        inputs = [
            helper.make_tensor_value_info(turn, TensorProto.INT64, []),
            helper.make_tensor_value_info(still, TensorProto.BOOL, []),
            onnx.ValueInfoProto(name=state),
        ]
        inputs[2].type.tensor_type.elem_type = TensorProto.FLOAT
        body = inner.graph(inputs, [ends, carried] + slices)
        made = scope.add("Loop", [count, going, x], 1 + len(slices), body=body)
        scope.values.append(made[0])
        return made[0]

    def scan(self, scope, depth):
        """Scan: over either axis, with a state of a slice's shape."""
        x = self.random.choice(scope.values)
        axis, out_axis = self.random.randrange(2), self.random.randrange(-2, 2)
        first = scope.add("ReduceMin", [x], axes=[axis], keepdims=0)
        state, part = self.fresh("x"), self.fresh("e")
        inner = Scope(self, scope.values)
        self.fill(inner, depth - 1)
        carried = inner.add("Add", [state, part])
        piece = inner.add(self.random.choice(["Exp", "Identity"]), [carried])
        if self.random.random() < 0.5:
            piece = inner.add("Concat", [piece, part], axis=0)
        inputs = [onnx.ValueInfoProto(name=state), onnx.ValueInfoProto(name=part)]
        for info in inputs:
            info.type.tensor_type.elem_type = TensorProto.FLOAT
        made = scope.add(
            "Scan",
            [first, x],
            2,
            body=inner.graph(inputs, [carried, piece], axes=1),
            num_scan_inputs=1,
            scan_input_axes=[axis],
            scan_output_axes=[out_axis],
        )
        scope.values.append(made[1])
        return made[1]

    def fill(self, scope, depth):
        """Adds a few nodes and returns the last value."""
        last = self.plain(scope)
        for _ in range(self.random.randrange(1, 3)):
            last = self.one(scope, depth)
        return last

    def one(self, scope, depth):
        choice = self.random.randrange(5 if depth > 0 else 1)
        if choice == 1:
            return self.branch(scope, depth)
        if choice == 2:
            return self.loop(scope, depth)
        if choice == 3:
            return self.scan(scope, depth)
        return self.plain(scope)

    def model(self):
        rows, columns = self.random.randrange(1, 4), self.random.randrange(1, 4)
        scope = Scope(self, ["x"])
        for _ in range(3):
            self.one(scope, 2)
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, columns])]
        inputs += [helper.make_tensor_value_info(s, TensorProto.BOOL, []) for s in self.switches]
        made = [name for node in scope.nodes for name in node.output]
        graph = scope.graph(inputs, made)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
        )
        feeds = {"x": np.full((rows, columns), 0.5, np.float32)}
        for switch in self.switches:
            feeds[switch] = np.array(self.random.random() < 0.5)
        return model, feeds


def flow_cases(cases, count=400):
    """Adds a case for each seed whose model onnxruntime runs and does not grow too large."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    refused = 0
    for seed in range(count):
        model, feeds = FlowMaker(seed).model()
        try:
            session = ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            values = session.run(None, feeds)
        except Exception:  # onnxruntime's own exceptions have no common base class
            refused += 1
            continue
        if any(np.size(value) > MOST_ELEMENTS for value in values):
            refused += 1
            continue
        forms = {}
        for output, value in zip(session.get_outputs(), values):
            # Of what a loop without turns adds up to, onnxruntime does not always know the rank.
            shape = None if np.shape(value) == (0,) else list(np.shape(value))
            forms[output.name] = [short(output.type), shape, None]
        cases.add(f"seed-{seed}", model, forms)
    print(refused, "models refused or too large")
