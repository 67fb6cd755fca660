#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executes plans: every node in one arena, every tensor at its planned offset.

Takes pairs PLAN MODEL. Each node is a model of its own in onnxruntime whose inputs and outputs are
bound to the planned addresses; weights lie outside the arena. The arena starts out full of ones
(NaN where numbers are floats), what dies is filled with ones again, and after every node the free
bytes around what it made, up to a guard's width, must still be ones. What a node reads must be what
was written there. The results must be those of the model in one ordinary session, to the bit.

Plans that recompute or spill are executed as they say: a spill copies a storage's bytes into a second
memory, a fetch copies them to the storage's next place in the arena, and a node that runs again must
make what it made before, to the bit. Weights that such a plan has in the second memory are bound where
it fetches them.

With --break two tensors that live at once are put on the same bytes first, or the first spill or
recompute is left out. Exit status 1 and a line on standard error for every plan that does not compute
what its model does.
"""

import argparse
import json
import sys
from bisect import bisect_right, insort

import numpy as np
import onnx
from onnx import helper
from outcome import PeerError, report
from session import equal, feeds, load, results, session

# What the arena is full of where nothing lives.
POISON = 0xFF

# How many free bytes around a result are looked at.
GUARD = 4096

# Arenas up to this size are looked at whole after each step.
SMALL = 1 << 20

# Element types of plans that numpy has, with ONNX's numbers.
TYPES = {
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
    "float16": onnx.TensorProto.FLOAT16,
    "bool": onnx.TensorProto.BOOL,
    **{
        f"{sign}int{bits}": getattr(onnx.TensorProto, f"{sign}int{bits}".upper())
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}


class Overrun(Exception):
    """Bytes changed that nobody may have changed."""


class Arena:
    """Bytes with guards on both sides, and what lives where in them."""

    def __init__(self, size, alignment):
        # Numpy aligns to 16 bytes; plans may ask for more.
        self.bytes = np.full(size + 2 * GUARD + alignment, POISON, np.uint8)
        self.start = GUARD + -(self.bytes.ctypes.data + GUARD) % alignment
        self.size = size
        self.live = []  # (offset, end, storage), ascending

    def occupy(self, storage, offset, size):
        if size:
            insort(self.live, (offset, offset + size, storage))

    def release(self, storage, offset, size):
        if size:
            self.live.remove((offset, offset + size, storage))
            others = [x for x in self.live if x[0] < offset + size and offset < x[1]]
            if not others:  # in a broken plan somebody else may live here
                self.view(offset, size)[:] = POISON

    def view(self, offset, size):
        return self.bytes[self.start + offset : self.start + offset + size]

    def address(self, offset):
        return self.bytes.ctypes.data + self.start + offset

    def check_around(self, offset, size):
        """Whether the free bytes next to a place are as they were."""
        at = bisect_right(self.live, (offset, offset + size, sys.maxsize))
        below = max((end for _, end, _ in self.live[: max(at - 1, 0)]), default=-GUARD)
        above = self.live[at][0] if at < len(self.live) else self.size + GUARD
        for first, end in (
            (max(below, offset - GUARD), offset),
            (offset + size, min(above, offset + size + GUARD)),
        ):
            if first < end and not (self.view(first, end - first) == POISON).all():
                raise Overrun(f"bytes {first} to {end} of the arena belong to nothing and changed")

    def check_all(self):
        """Whether all free bytes are as they were."""
        place = -GUARD
        for offset, end, _ in self.live + [(self.size + GUARD, 0, 0)]:
            if place < offset and not (self.view(place, offset - place) == POISON).all():
                raise Overrun(f"bytes {place} to {offset} of the arena belong to nothing")
            place = max(place, end)


class Storages:
    """Where and when each storage of a plan lives."""

    def __init__(self, plan):
        self.offset, self.size, self.first, self.last = {}, {}, {}, {}
        for tensor in plan["tensors"]:
            if tensor["space"] != "arena":
                continue
            storage = tensor["storage"]
            self.offset[storage] = tensor["offset"]
            self.size[storage] = max(self.size.get(storage, 0), tensor["bytes"])
            self.first[storage] = min(self.first.get(storage, sys.maxsize), tensor["firstStep"])
            self.last[storage] = max(self.last.get(storage, 0), tensor["lastStep"])

    def break_plan(self, plan):
        """Lets the largest storage be written where another one lies that is still to be read.

        Both hold what depends on the inputs, so that hardly any two have the same bytes; neither is
        an input or an output; and nothing leaves the arena.
        """
        depending = set(plan["model"]["inputs"])
        for step in plan["steps"]:
            if depending.intersection(step["inputs"]):
                depending.update(step["outputs"])
        ends = set(plan["model"]["inputs"]) | set(plan["model"]["outputs"])
        candidates = set(self.offset)
        for tensor in plan["tensors"]:
            if tensor["name"] in ends or tensor["name"] not in depending:
                candidates.discard(tensor["storage"])
        ranked = sorted(candidates, key=lambda s: (-self.size[s], s))
        for late in ranked:
            for early in ranked:
                end = self.offset[early] + self.size[late]
                lives = self.first[early] < self.first[late] < self.last[early]
                if lives and end <= plan["summary"]["arenaBytes"] and self.size[late]:
                    self.offset[late] = self.offset[early]
                    return
        raise PeerError("the plan has no two tensors that could be mistaken for each other")


class OneNode:
    """Builds sessions that run one node of a model each."""

    def __init__(self, model, plan):
        self.model = model
        self.tensors = {tensor["name"]: tensor for tensor in plan["tensors"]}
        self.stored = {tensor.name: tensor for tensor in model.graph.initializer}
        self.fetched = {}  # weights that the plan brings into the arena itself
        for node in model.graph.node:
            if node.op_type == "Constant" and not node.domain:
                self.stored[node.output[0]] = constant(node)
        for name, tensor in self.tensors.items():
            if tensor["space"] == "second" and name in self.stored:
                self.fetched[name] = onnx.numpy_helper.to_array(self.stored.pop(name))
        self.node_of = {
            name: node for node in model.graph.node for name in node.output if name
        }

    def session(self, step):
        node = self.node_of[next(filter(None, step["outputs"]))]
        if any(a.type in (a.GRAPH, a.GRAPHS) for a in node.attribute):
            raise PeerError(f"'{node.output[0]}' is made by a node with a body")
        read = dict.fromkeys(filter(None, node.input))
        graph = helper.make_graph(
            [node],
            "node",
            [self.value(name) for name in read if name not in self.stored],
            [self.value(name) for name in node.output if name],
            [self.stored[name] for name in read if name in self.stored],
        )
        model = helper.make_model(
            graph,
            opset_imports=self.model.opset_import,
            ir_version=max(self.model.ir_version, 4),  # older ones list weights as inputs
            functions=self.model.functions,
        )
        return session(model)

    def value(self, name):
        tensor = self.tensors[name]
        if tensor["upperBound"] or tensor["elementType"] not in TYPES:
            raise PeerError(f"'{name}' has no fixed size")
        kind = TYPES[tensor["elementType"]]
        return helper.make_tensor_value_info(name, kind, tensor["shape"])


def constant(node):
    """The tensor that a Constant node stands for."""
    value = node.attribute[0]
    if value.type == onnx.AttributeProto.TENSOR:
        tensor = onnx.TensorProto()
        tensor.CopyFrom(value.t)
        tensor.name = node.output[0]
        return tensor
    array = np.asarray(
        helper.get_attribute_value(value),
        np.float32 if value.name.startswith("value_float") else np.int64,
    )
    return onnx.numpy_helper.from_array(array, node.output[0])


def executed(plan, model, values, breaks):
    """The results of a plan, computed in its arena."""
    storages = Storages(plan)
    if breaks:
        storages.break_plan(plan)
    nodes = OneNode(model, plan)
    arena = Arena(plan["summary"]["arenaBytes"], max(plan["options"]["alignment"], 64))
    outside, places = {}, {}
    for tensor in plan["tensors"]:
        if tensor["name"] in nodes.stored:
            continue
        kind = np.dtype(tensor["elementType"])
        if tensor["space"] == "arena":
            place = arena.view(storages.offset[tensor["storage"]], tensor["bytes"])
        else:  # the caller's, or a view of a weight
            place = outside.setdefault(
                tensor["storage"], np.full(tensor["bytes"], POISON, np.uint8)
            )[: tensor["bytes"]]
        places[tensor["name"]] = (kind, tensor["shape"], place)

    def array(name):
        kind, shape, place = places[name]
        return place.view(kind).reshape(shape)

    written = {}  # what every tensor was when it was made, until nobody reads it any more
    born, dead = {}, {}
    of_storage = {t["name"]: t["storage"] for t in plan["tensors"] if t["space"] == "arena"}
    kept = {of_storage.get(name) for name in plan["model"]["outputs"]}
    for storage in storages.offset:
        born.setdefault(storages.first[storage], []).append(storage)
        if storage not in kept:
            dead.setdefault(storages.last[storage], []).append(storage)
    made_by = {name for step in plan["steps"] for name in step["outputs"] if name}
    for storage in born.get(0, []):
        arena.occupy(storage, storages.offset[storage], storages.size[storage])
    for name, value in values.items():
        if name in places and name not in made_by:
            array(name)[...] = value
            written[name] = places[name][2].copy()
    last_step = {tensor["name"]: tensor["lastStep"] for tensor in plan["tensors"]}
    for index, step in enumerate(plan["steps"]):
        for storage in born.get(index, []) if index else []:
            arena.occupy(storage, storages.offset[storage], storages.size[storage])
        for name in step["inputs"]:
            if name in written and not (places[name][2] == written[name]).all():
                raise Overrun(f"'{name}' changed before step {index} reads it")
        running = nodes.session(step)
        binding = running.io_binding()
        for value in running.get_inputs():
            kind, shape, place = places[value.name]
            binding.bind_input(value.name, "cpu", 0, kind, shape, place.ctypes.data)
        for value in running.get_outputs():
            kind, shape, place = places[value.name]
            binding.bind_output(value.name, "cpu", 0, kind, shape, place.ctypes.data)
        running.run_with_iobinding(binding)
        for name in filter(None, step["outputs"]):
            written[name] = places[name][2].copy()
            if name in of_storage:
                storage = of_storage[name]
                arena.check_around(storages.offset[storage], storages.size[storage])
        for name in filter(None, step["inputs"] + step["outputs"]):
            if name in written and last_step[name] == index:
                del written[name]
        for storage in dead.get(index, []):
            arena.release(storage, storages.offset[storage], storages.size[storage])
    arena.check_all()
    return {
        name: array(name).copy() for name in plan["model"]["outputs"] if name in places
    }


class Stays:
    """Where each storage of a plan that recomputes or spills is at which steps."""

    def __init__(self, plan):
        self.arena, self.second = {}, {}
        self.starting, self.ending = {}, {}
        for stay in plan["residencies"]:
            if stay["space"] == "second":
                self.second[stay["storage"]] = stay
                continue
            self.arena.setdefault(stay["storage"], []).append(stay)
            self.starting.setdefault(stay["firstStep"], []).append(stay)
            self.ending.setdefault(stay["lastStep"], []).append(stay)

    def at(self, storage, step):
        """The stay in the arena that a step finds or begins."""
        for stay in reversed(self.arena.get(storage, [])):
            if stay["firstStep"] <= step <= stay["lastStep"]:
                return stay
        raise Overrun(f"storage {storage} is not in the arena at step {step}")


def executed_in_stays(plan, model, values, breaks):
    """The results of a plan that recomputes or spills, computed in its arena and second memory."""
    stays = Stays(plan)
    nodes = OneNode(model, plan)
    arena = Arena(plan["summary"]["arenaBytes"], max(plan["options"]["alignment"], 64))
    second = np.full(plan["summary"]["secondBytes"], POISON, np.uint8)
    tensors = {tensor["name"]: tensor for tensor in plan["tensors"]}
    outside = {}
    for tensor in plan["tensors"]:
        if tensor["space"] in ("resident", "external") and tensor["name"] not in nodes.stored:
            size = max(tensor["bytes"], len(outside.get(tensor["storage"], b"")))
            outside[tensor["storage"]] = np.full(size, POISON, np.uint8)

    def place(name, step):
        tensor = tensors[name]
        if tensor["storage"] in outside:
            return outside[tensor["storage"]][: tensor["bytes"]]
        return arena.view(stays.at(tensor["storage"], step)["offset"], tensor["bytes"])

    def waiting(storage, size):
        offset = stays.second[storage]["offset"]
        return second[offset : offset + size]

    skipped = None
    if breaks:
        kinds = [step["kind"] for step in plan["steps"]]
        skipped = next((i for i, kind in enumerate(kinds) if kind in ("spill", "recompute")), None)
        if skipped is None:
            raise PeerError("the plan has nothing that could be left out")
    written = {}  # what every tensor was when it was first made
    for stay in stays.starting.get(0, []):
        arena.occupy((stay["storage"], 0), stay["offset"], stay["bytes"])
    made = {name for step in plan["steps"] if step["kind"] == "run" for name in step["outputs"]}
    for name, value in {**values, **nodes.fetched}.items():
        if name not in tensors or name in made:
            continue
        bits = np.ascontiguousarray(value).view(np.uint8).reshape(-1)
        written[name] = bits.copy()
        if tensors[name]["space"] == "second":
            waiting(tensors[name]["storage"], len(bits))[:] = bits
        else:
            place(name, 0)[:] = bits
    for index, step in enumerate(plan["steps"]):
        for stay in stays.starting.get(index, []) if index else []:
            arena.occupy((stay["storage"], index), stay["offset"], stay["bytes"])
        if index == skipped:
            pass
        elif step["kind"] in ("spill", "fetch"):
            name = (step["inputs"] + step["outputs"])[0]
            there, away = place(name, index), waiting(step["storage"], tensors[name]["bytes"])
            if step["kind"] == "spill":
                away[:] = there
            else:
                there[:] = away
        else:
            run_in_place(nodes, step, index, place, written)
        for stay in stays.ending.get(index, []):
            if index + 1 < len(plan["steps"]):
                key = (stay["storage"], stay["firstStep"])
                arena.release(key, stay["offset"], stay["bytes"])
        if arena.size <= SMALL or index + 1 == len(plan["steps"]):
            arena.check_all()
    last = max(len(plan["steps"]) - 1, 0)
    return {
        name: place(name, last).view(np.dtype(tensors[name]["elementType"]))
        .reshape(tensors[name]["shape"]).copy()
        for name in plan["model"]["outputs"]
        if name in tensors and name not in nodes.stored
    }


def run_in_place(nodes, step, index, place, written):
    """Runs a node at the places of a step; what it reads and makes must be what it was."""
    for name in step["inputs"]:
        if name in written and not (place(name, index) == written[name]).all():
            raise Overrun(f"'{name}' changed before step {index} reads it")
    running = nodes.session(step)
    binding = running.io_binding()
    for value in running.get_inputs():
        tensor = nodes.tensors[value.name]
        kind = np.dtype(tensor["elementType"])
        address = place(value.name, index).ctypes.data
        binding.bind_input(value.name, "cpu", 0, kind, tensor["shape"], address)
    for value in running.get_outputs():
        tensor = nodes.tensors[value.name]
        kind = np.dtype(tensor["elementType"])
        address = place(value.name, index).ctypes.data
        binding.bind_output(value.name, "cpu", 0, kind, tensor["shape"], address)
    running.run_with_iobinding(binding)
    for name in filter(None, step["outputs"]):
        bits = place(name, index)
        if name in written and not (bits == written[name]).all():
            raise Overrun(f"'{name}' is something else when step {index} makes it again")
        written[name] = bits.copy()


def reading(model, plan, fetched):
    """The model with tensors that it stores as inputs.

    onnxruntime computes with constant weights in another way, so what reads them from an arena is
    compared with what reads them from outside.
    """
    if not fetched:
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.ir_version = max(copy.ir_version, 4)
    kept = [tensor for tensor in copy.graph.initializer if tensor.name not in fetched]
    nodes = [
        node for node in copy.graph.node
        if not (node.op_type == "Constant" and node.output[0] in fetched)
    ]
    inputs = [value for value in copy.graph.input if value.name not in fetched]
    value = OneNode(model, plan).value
    for field, items in (
        (copy.graph.initializer, kept), (copy.graph.node, nodes),
        (copy.graph.input, inputs + [value(name) for name in sorted(fetched)]),
    ):
        items = [type(item).FromString(item.SerializeToString()) for item in items]
        del field[:]
        field.extend(items)
    return copy


def fault(plan_path, model_path, breaks):
    """Why a plan does not compute what its model does; None if it does."""
    with open(plan_path) as file:
        plan = json.load(file)
    model = load(model_path)
    values = feeds(session(model), plan["model"]["dims"])
    fetched = OneNode(model, plan).fetched
    expected = results(session(reading(model, plan, fetched)), {**values, **fetched})
    try:
        run = executed_in_stays if plan["residencies"] else executed
        found = run(plan, model, values, breaks)
    except Overrun as error:
        return str(error)
    expected = {name: expected[name] for name in found}
    return None if found and equal(expected, found) else "the results are different"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="PLAN MODEL")
    parser.add_argument("--break", action="store_true", dest="breaks")
    arguments = parser.parse_args()
    if len(arguments.files) % 2:
        raise PeerError("plans and models come in pairs")
    status = 0
    for plan, model in zip(arguments.files[::2], arguments.files[1::2]):
        reason = fault(plan, model, arguments.breaks)
        if reason:
            print(f"{plan}: {reason}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    report(main)
