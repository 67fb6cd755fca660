#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executes plans with graphs inside nodes: every node in one arena, at every depth.

Takes pairs PLAN MODEL. A node without bodies is a model of its own in onnxruntime; what it makes is
put at its planned offset. If, Loop and Scan are done here, as the plan says: their bodies' steps run in
the workspace of the node, with what is `external` where an operand or a result of the node has it, the
state of a loop in the node's result and the next one in the workspace. The workspace starts out full of
ones, and while a node with bodies runs, no byte may change but those of its workspace and results. The
results must be those of the model in one ordinary session, to the bit.

With --break the workspace of each such node begins where its first operand in the arena lies. Exit
status 1 and a line on standard error for every plan that does not compute what its model does.
"""

import argparse
import json
import sys

import numpy as np
import onnx
from onnx import helper
from outcome import PeerError, report
from peer_offsets import TYPES, constant
from session import equal, feeds, load, results, session

POISON = 0xFF


class Overrun(Exception):
    """Bytes changed that nobody may have changed."""


class Values:
    """What the names of a graph stand for, those of the graphs around it behind them."""

    def __init__(self, outer=None):
        self.arrays, self.outer = {}, outer

    def __getitem__(self, name):
        if name in self.arrays:
            return self.arrays[name]
        if self.outer is None:
            raise PeerError(f"nothing has made '{name}'")
        return self.outer[name]

    def __setitem__(self, name, array):
        self.arrays[name] = array


class Execution:
    """One run of a plan."""

    def __init__(self, plan, model, breaks):
        self.model, self.breaks = model, breaks
        self.arena = np.full(plan["summary"]["arenaBytes"], POISON, np.uint8)
        self.sessions = {}

    def place(self, tensor, base):
        """The bytes of a tensor in the arena, as an array."""
        kind = np.dtype(tensor["elementType"])
        start = base + tensor["offset"]
        if start + tensor["bytes"] > len(self.arena):
            raise Overrun(f"'{tensor['name']}' ends behind the arena")
        return self.arena[start : start + tensor["bytes"]].view(kind)

    def put(self, name, value, tensors, places, values, base):
        """Puts a result where the plan has it: in the arena, or where the node around has room."""
        tensor, value = tensors[name], np.array(value, order="C")
        if tensor["space"] == "arena":
            place = self.place(tensor, base)
        elif name in places:
            place = places[name]
        else:  # a view of a weight
            values[name] = value
            return
        if value.size > place.size:
            raise Overrun(f"'{name}' is larger than planned")
        place[: value.size] = value.ravel()
        values[name] = place[: value.size].reshape(value.shape)

    def run(self, graph, steps, tensors, values, places, base):
        """Runs the steps of a graph.

        `places` is where values outside the arena have their bytes; `base` where the arena begins.
        """
        tensors = {tensor["name"]: tensor for tensor in tensors}
        for tensor in graph.initializer:
            values[tensor.name] = onnx.numpy_helper.to_array(tensor)
        nodes = {}
        for node in graph.node:
            if node.op_type == "Constant" and not node.domain and not node.input:
                values[node.output[0]] = onnx.numpy_helper.to_array(constant(node))
            for name in filter(None, node.output):
                nodes[name] = node
        for step in steps:
            node = nodes[next(filter(None, step["outputs"]))]
            bodies = {a.name: a.g for a in node.attribute if a.type == a.GRAPH}
            if not bodies:
                made = self.one_node(node, values)
                for name, value in made.items():
                    self.put(name, value, tensors, places, values, base)
                continue
            self.nested(node, step, bodies, tensors, values, places, base)

    def one_node(self, node, values):
        """The results of a node without bodies."""
        read = list(dict.fromkeys(filter(None, node.input)))
        given = {name: values[name] for name in read}
        # Shapes differ from turn to turn; a session does not mind if they are left open.
        key = (id(node), tuple((v.dtype.str, v.ndim) for v in given.values()))
        if key not in self.sessions:
            infos = [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(v.dtype), [None] * v.ndim
                )
                for name, v in given.items()
            ]
            made = [onnx.ValueInfoProto(name=name) for name in node.output if name]
            model = helper.make_model(
                helper.make_graph([node], "node", infos, made),
                opset_imports=self.model.opset_import,
                ir_version=max(self.model.ir_version, 4),
            )
            self.sessions[key] = (session(model), node)  # the node, so that its id stays its own
        return results(self.sessions[key][0], {n: np.array(v) for n, v in given.items()})

    def nested(self, node, step, bodies, tensors, values, places, base):
        """A node with bodies, in its workspace."""
        room = {}
        for name in filter(None, node.output):
            tensor = tensors[name]
            if tensor["elementType"] not in TYPES:
                raise PeerError(f"'{name}' is no tensor of numbers")
            room[name] = (
                self.place(tensor, base)
                if tensor["space"] == "arena"
                else places.setdefault(
                    name, np.zeros(tensor["bytes"], np.uint8).view(tensor["elementType"])
                )
            )
        start = base + (step["workspaceOffset"] or 0)
        if self.breaks and step["workspaceBytes"]:
            lying = [
                tensors[n]["offset"] for n in step["inputs"]
                if n in tensors and tensors[n]["space"] == "arena" and tensors[n]["bytes"] > 64
            ]
            start = min(base + lying[0], len(self.arena) - step["workspaceBytes"]) if lying else start
        scratch = slice(start, start + step["workspaceBytes"])
        self.arena[scratch] = POISON
        before = self.arena.copy()
        planned = {body["attribute"]: body for body in step.get("bodies", [])}
        kind = {"If": self.conditional, "Loop": self.loop, "Scan": self.scan}.get(node.op_type)
        if kind is None:
            raise PeerError(f"{node.op_type} is not executed here")
        made = kind(node, bodies, planned, values, room, start)
        for name, value in made.items():
            self.put(name, value, tensors, room, values, base)
        before[scratch] = self.arena[scratch]
        for place in room.values():
            # Also what lies in the result of a node further out.
            own = place.ctypes.data - self.arena.ctypes.data
            if 0 <= own < len(self.arena):
                before[own : own + place.nbytes] = self.arena[own : own + place.nbytes]
        if not (before == self.arena).all():
            raise Overrun(f"'{node.output[0]}' changed bytes outside its workspace")
        self.arena[scratch] = POISON

    def turn(self, graph, body, values, given, rooms, base):
        """One run of a body.

        `given` are its inputs in order; `rooms` where results outside its arena have their bytes, by
        position.
        """
        inner, places = Values(values), {}
        planned = {tensor["name"]: tensor for tensor in body["tensors"]}
        own = [i for i in graph.input if i.name not in {t.name for t in graph.initializer}]
        for info, value in zip(own, given):
            tensor = planned[info.name]
            if tensor["space"] == "arena":
                place = self.place(tensor, base)[: value.size]
                place[:] = value.ravel()
                value = place.reshape(value.shape)
            inner[info.name] = value
        for position, output in enumerate(graph.output):
            if position in rooms and planned[output.name]["space"] == "external":
                places.setdefault(output.name, rooms[position])
        self.run(graph, body["steps"], body["tensors"], inner, places, base)
        return [inner[output.name] for output in graph.output]

    def conditional(self, node, bodies, planned, values, room, base):
        name = "then_branch" if values[node.input[0]].ravel()[0] else "else_branch"
        rooms = {i: room[o] for i, o in enumerate(node.output) if o}
        made = self.turn(bodies[name], planned[name], values, [], rooms, base)
        return {o: made[i].copy() for i, o in enumerate(node.output) if o}

    def loop(self, node, bodies, planned, values, room, base):
        most = int(values[node.input[0]].ravel()[0]) if node.input[0] else sys.maxsize
        going = len(node.input) < 2 or not node.input[1] or values[node.input[1]].ravel()[0]
        names = node.input[2:]
        return self.repeat(
            node, bodies["body"], planned.get("body"), values, room, base,
            [values[name] for name in names], most, going, lambda i: [],
        )

    def scan(self, node, bodies, planned, values, room, base):
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        count = attributes["num_scan_inputs"]
        if attributes.get("scan_input_directions") or attributes.get("scan_output_directions"):
            raise PeerError("directions are not executed here")
        states, sliced = node.input[:-count], [values[name] for name in node.input[-count:]]
        axes = attributes.get("scan_input_axes") or [0] * count
        turns = sliced[0].shape[axes[0]]
        return self.repeat(
            node, bodies["body"], planned.get("body"), values, room, base,
            [values[name] for name in states], turns, True,
            lambda i: [np.take(v, i, axis) for v, axis in zip(sliced, axes)],
            attributes.get("scan_output_axes"),
        )

    def repeat(
        self, node, graph, body, values, room, base, states, most, going, slices, axes=None
    ):
        """The turns of a loop: the state lies in the node's results, each next one in the workspace."""
        is_loop = node.op_type == "Loop"
        count = len(states)
        held, names = [], list(node.output)
        for name, value in zip(names, states):
            held.append(self.hold(room.get(name), value))
        gathered = [[] for _ in graph.output[int(is_loop) + count :]]
        turn = 0
        while turn < most and going:
            given = [np.int64(turn).reshape(()), np.bool_(True).reshape(())] if is_loop else []
            given += held + slices(turn)
            rooms = {}
            for k in range(len(gathered)):
                name = names[count + k] if count + k < len(names) else ""
                axis = axes[k] if axes else 0
                size = gathered[k][0].size if gathered[k] else 0
                if name and axis == 0:
                    rooms[int(is_loop) + count + k] = room[name][turn * size :]
            made = self.turn(graph, body, values, given, rooms, base)
            going = bool(made[0].ravel()[0]) if is_loop else True
            made = made[int(is_loop) :]
            # Slices first: a slice may be the old state.
            for k, value in enumerate(made[count:]):
                gathered[k].append(value.copy())
            turn += 1
            held = [self.hold(room.get(name), value) for name, value in zip(names, made[:count])]
        if turn == 0 and any(names[count:]):
            raise PeerError("what a loop without turns adds up to is not known here")
        made = {name: value.copy() for name, value in zip(names, held) if name}
        for k, parts in enumerate(gathered):
            if count + k < len(names) and names[count + k]:
                made[names[count + k]] = np.stack(parts, axes[k] if axes else 0)
        return made

    @staticmethod
    def hold(place, value):
        """A state where the node's result has room for it, or elsewhere."""
        if place is None or value.size > place.size:
            return value.copy()
        place[: value.size] = value.ravel()
        return place[: value.size].reshape(value.shape)


def executed(plan, model, given, breaks):
    execution = Execution(plan, model, breaks)
    values, places = Values(), {}
    made = {name for step in plan["steps"] for name in step["outputs"]}
    for tensor in plan["tensors"]:
        name = tensor["name"]
        if tensor["space"] == "external":
            places[name] = np.zeros(tensor["bytes"], np.uint8).view(tensor["elementType"])
        if name in given and name not in made:
            value = np.asarray(given[name])
            place = execution.place(tensor, 0) if tensor["space"] == "arena" else places[name]
            place[: value.size] = value.ravel()
            values[name] = place[: value.size].reshape(value.shape)
    execution.run(model.graph, plan["steps"], plan["tensors"], values, places, 0)
    return {name: values[name].copy() for name in plan["model"]["outputs"]}


def fault(plan_path, model_path, breaks):
    """Why a plan does not compute what its model does; None if it does."""
    with open(plan_path) as file:
        plan = json.load(file)
    model = load(model_path)
    plain = session(model)
    given = feeds(plain, plan["model"]["dims"])
    expected = results(plain, given)
    try:
        found = executed(plan, model, given, breaks)
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
