#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks plans against their models, from the ONNX files and the plans' JSON alone.

A second checker beside graphopt's own, in another language and with another reader of ONNX. Prints
one line for each broken rule and ends with status 1 if there is one.
"""

import argparse
import json
import sys
from bisect import bisect_left, insort
from collections import defaultdict
from math import prod

import onnx
from onnx import AttributeProto, TensorProto
from outcome import report

ATEN = "pkg.aten"

BITS = {
    "float32": 32, "uint8": 8, "int8": 8, "uint16": 16, "int16": 16, "int32": 32, "int64": 64,
    "string": 0, "bool": 8, "float16": 16, "float64": 64, "uint32": 32, "uint64": 64,
    "complex64": 64, "complex128": 128, "bfloat16": 16, "float8e4m3fn": 8, "float8e4m3fnuz": 8,
    "float8e5m2": 8, "float8e5m2fnuz": 8, "uint4": 4, "int4": 4, "float4e2m1": 4,
    "float8e8m0": 8, "uint2": 2, "int2": 2, "undefined": 0,
}  # fmt: skip
ELEMENT_TYPES = {
    value: {"FLOAT": "float32", "DOUBLE": "float64"}.get(name, name.lower())
    for name, value in TensorProto.DataType.items()
}

# Operators whose first result has the bytes of their first operand, in the same order.
VIEWS = {"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout"}
# What ONNX Runtime's CPU kernels write over their first operand.
ORT_IN_PLACE = set(
    "Relu Sigmoid Tanh LeakyRelu Elu Selu HardSigmoid Softplus Softsign ThresholdedRelu Softmax"
    " LogSoftmax Clip Cast".split()
)
# Operators that can compute each element of their result from the same element of an operand of
# equal shape, whatever else they read.
ELEMENTWISE = (ORT_IN_PLACE - {"Softmax", "LogSoftmax"}) | set(
    "Abs Acos Acosh Add And Asin Asinh Atan Atanh BatchNormalization Bernoulli BiasGelu BitShift"
    " BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CastLike Ceil Celu Cos Cosh Div Equal Erf Exp"
    " FastGelu Floor Gelu HardSwish Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow QuickGelu"
    " Reciprocal Round Scatter ScatterElements ScatterND Shrink Sign Sin Sinh Sqrt Sub Sum Swish"
    " Tan Trilu Where Xor".split()
)


# Operators named after sequences that make a tensor.
READS_SEQUENCE = {"SequenceAt", "SequenceLength", "ConcatFromSequence"}


def is_constant(node):
    return node.domain in ("", "ai.onnx") and node.op_type == "Constant"


def attribute(node, name, default=()):
    for entry in node.attribute:
        if entry.name == name:
            return onnx.helper.get_attribute_value(entry)
    return default


def captured(node):
    """What the subgraphs of a node read from outside."""
    names = []
    for entry in node.attribute:
        if entry.type == AttributeProto.GRAPH:
            names += free_names(entry.g)
        elif entry.type == AttributeProto.GRAPHS:
            for graph in entry.graphs:
                names += free_names(graph)
    return names


def free_names(graph):
    inside = {value.name for value in graph.input} | {value.name for value in graph.initializer}
    inside |= {name for node in graph.node for name in node.output} | {""}
    used = [name for node in graph.node for name in [*node.input, *captured(node)]]
    used += [value.name for value in graph.output]
    return [name for name in used if name not in inside]


class Checker:
    """The stages; each relies on the ones before, and the first that finds something is the last."""

    def __init__(self, plan, model):
        self.plan = plan
        self.graph = model.graph
        self.options, self.summary = plan["options"], plan["summary"]
        self.steps, self.last = plan["steps"], max(len(plan["steps"]) - 1, 0)
        self.roles = {}
        for entry in model.metadata_props:
            if entry.key == "graphopt.roles":
                self.roles = json.loads(entry.value)
        self.faults = []

    def fault(self, text):
        self.faults.append(text)

    def run(self):
        stages = [
            self.tensors, self.order, self.uses, self.sharing, self.overwriting, self.lifetimes,
            self.spaces, self.arena, self.sums, self.proof,
        ]  # fmt: skip
        for stage in stages:
            stage()
            if self.faults:
                break
        return self.faults

    def rounded(self, size):
        alignment = self.options["alignment"]
        return -(-size // alignment) * alignment

    # What there is.

    def tensors(self):
        graph = self.graph
        self.stored = {}
        for tensor in graph.initializer:
            self.stored[tensor.name] = (ELEMENT_TYPES[tensor.data_type], list(tensor.dims))
        self.unread = {tensor.values.name for tensor in graph.sparse_initializer}
        self.unread |= {node.output[0] for node in graph.node if is_constant(node)}
        self.stored |= dict.fromkeys(self.unread)
        self.sequences = {
            name for node in graph.node if "Sequence" in node.op_type for name in node.output
        } - {node.output[0] for node in graph.node if node.op_type in READS_SEQUENCE}
        self.fed = [value for value in graph.input if value.name not in self.stored]
        self.inputs = {value.name for value in self.fed}
        self.outputs = {value.name for value in graph.output}
        self.nodes = [node for node in graph.node if not is_constant(node)]
        made = [name for node in self.nodes for name in node.output if name]
        expected = [*(value.name for value in self.fed), *self.stored, *made]
        found = [entry["name"] for entry in self.plan["tensors"]]
        if sorted(expected) != sorted(found):
            odd = set(expected) ^ set(found)
            self.fault(f"tensors missing, unknown or repeated: {sorted(odd)[:5]}")
            return
        self.entry = {entry["name"]: entry for entry in self.plan["tensors"]}
        if [value.name for value in self.fed] != self.plan["model"]["inputs"]:
            self.fault("model.inputs are not the file's")
        if [value.name for value in graph.output] != self.plan["model"]["outputs"]:
            self.fault("model.outputs are not the file's")
        for value in [*self.fed, *graph.value_info, *graph.output]:
            self.declared(value)
        for name, form in self.stored.items():
            entry = self.entry[name]
            if form and (entry["elementType"], entry["shape"]) != form:
                self.fault(f"'{name}' is stored as {form}")
        for entry in self.entry.values():
            self.size(entry)

    def declared(self, value):
        """What the file declares holds, dimensions bound as the plan says."""
        if value.name not in self.entry or not value.type.HasField("tensor_type"):
            return
        entry, kind = self.entry[value.name], value.type.tensor_type
        if kind.elem_type and ELEMENT_TYPES[kind.elem_type] != entry["elementType"]:
            self.fault(f"'{value.name}' is declared as {ELEMENT_TYPES[kind.elem_type]}")
        if not kind.HasField("shape"):
            return
        if len(kind.shape.dim) != len(entry["shape"]):
            self.fault(f"'{value.name}' is declared with {len(kind.shape.dim)} axes")
            return
        dims = self.plan["model"]["dims"]
        for axis, (dim, extent) in enumerate(zip(kind.shape.dim, entry["shape"])):
            known = dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else None
            if dim.dim_param and value.name in self.inputs:
                known = dims.get(dim.dim_param)
            if known is None and value.name in self.inputs:
                known = dims.get(f"{value.name}:{axis}", extent)
            # Exporters' declarations inside the graph are at times wrong; inputs never.
            if known not in (None, extent) and value.name in self.inputs:
                self.fault(f"axis {axis} of '{value.name}' is {known}, not {extent}")

    def size(self, entry):
        bits = BITS[entry["elementType"]]
        # A sequence has no shape of its own, and its elements' sizes are not in the plan.
        if bits and entry["name"] not in self.sequences | self.unread:
            size = (prod(entry["shape"]) * bits + 7) // 8
            # Training graphs say themselves what is allocated, and an expanded view is smaller.
            if entry["bytes"] != size and not self.plan["model"]["opsets"].get(ATEN):
                self.fault(f"'{entry['name']}' has {size} bytes, not {entry['bytes']}")

    # What runs when.

    def order(self):
        by_outputs = {}
        for node in self.nodes:
            key = tuple(node.output)
            by_outputs.setdefault(key, []).append(node)
        self.node_of_step = []
        for step in self.steps:
            found = by_outputs.get(tuple(step["outputs"]))
            if not found:
                self.fault(f"step {step['index']} runs no node of the file, or one a second time")
                return
            node = found.pop(0)
            self.node_of_step.append(node)
            domain = "" if node.domain == "ai.onnx" else node.domain
            kind = f"{domain}::{node.op_type}" if domain else node.op_type
            if step["op"] != kind or (node.name and step["node"] != node.name):
                self.fault(f"step {step['index']} is not {kind} '{node.name}'")
            extra = sorted(set(captured(node)) - set(node.input))
            if step["inputs"][: len(node.input)] != list(node.input) or extra != sorted(
                step["inputs"][len(node.input) :]
            ):
                self.fault(f"the inputs of step {step['index']} are not those of its node")
        rest = [node for nodes in by_outputs.values() for node in nodes]
        if rest:
            self.fault(f"{len(rest)} nodes have no step, such as '{rest[0].name}'")
        if [step["index"] for step in self.steps] != list(range(len(self.steps))):
            self.fault("steps are not numbered from 0")
        if len({step["nodeIndex"] for step in self.steps}) != len(self.steps):
            self.fault("nodeIndex is not unique")

    def uses(self):
        self.made = {name: -1 for name in [*self.inputs, *self.stored]}
        self.touched = defaultdict(list)
        for index, step in enumerate(self.steps):
            for name in filter(None, step["inputs"]):
                if name not in self.made:
                    self.fault(f"step {index} reads '{name}' before it is made")
                self.touched[name].append(index)
            for name in filter(None, step["outputs"]):
                self.made[name] = index
                self.touched[name].append(index)

    # What shares bytes.

    def sharing(self):
        root = {name: name for name in self.entry}
        for node in self.node_of_step:
            views, updates = attribute(node, "_view_of"), attribute(node, "_inplace")
            for position, name in enumerate(node.output):
                if not name:
                    continue
                entry = self.entry[name]
                view, update = entry["aliasOf"], entry["inPlaceOf"]
                if node.domain == ATEN:
                    viewed = self.named(node, views, position)
                    updated = self.named(node, updates, position)
                    if (view, update) != (viewed if not updated else None, updated):
                        self.fault(f"'{name}' must view {viewed} and update {updated}")
                elif view and update:
                    self.fault(f"'{name}' both views and overwrites")
                elif view and not self.may_view(node, position, view):
                    self.fault(f"'{name}' views '{view}' against the rules of {node.op_type}")
                elif update and not self.may_overwrite(node, position, update):
                    self.fault(f"'{name}' overwrites '{update}' against the rules")
                if view or update:
                    root[name] = root.get(view or update)
        for name, entry in self.entry.items():
            if name not in self.made or self.made[name] < 0:
                if entry["aliasOf"] or entry["inPlaceOf"]:
                    self.fault(f"'{name}' is there from the start and shares")
        self.root = root
        storages = defaultdict(set)
        for name, entry in self.entry.items():
            storages[entry["storage"]].add(root[name])
        for storage, roots in storages.items():
            if len(roots) > 1:
                self.fault(f"storage {storage} holds {sorted(roots)[:3]}, which share nothing")
        if len(storages) != len(set(root.values())):
            self.fault("tensors that share bytes are in different storages")
        self.members = defaultdict(list)
        for name in self.entry:
            self.members[root[name]].append(name)

    @staticmethod
    def named(node, positions, output):
        if output < len(positions) and positions[output] >= 0:
            return node.input[positions[output]]
        return None

    def may_view(self, node, position, source):
        return (
            self.options["inplace"] != "none"
            and position == 0
            and node.op_type in VIEWS
            and source == node.input[0]
            and self.entry[source]["bytes"] == self.entry[node.output[0]]["bytes"]
        )

    def may_overwrite(self, node, position, source):
        mode = self.options["inplace"]
        old, new = self.entry[source], self.entry[node.output[position]]
        if mode == "none" or position != 0 or source not in node.input:
            return False
        if old["shape"] != new["shape"] or BITS[old["elementType"]] != BITS[new["elementType"]]:
            return False
        if mode == "ort":
            same = old["elementType"] == new["elementType"]
            return same and node.op_type in ORT_IN_PLACE and source == node.input[0]
        return node.op_type in ELEMENTWISE

    def overwriting(self):
        """After a write only what was made by it or from it may be read."""
        for name, entry in self.entry.items():
            source = entry["inPlaceOf"]
            if not source:
                continue
            time, demanded = self.made[name], self.node_of_step[self.made[name]].domain == ATEN
            for other in self.members[self.root[name]]:
                if other == name or self.made[other] > time:
                    continue
                if self.made[other] == time:
                    # Two results of one node in one storage: the convention lists both writes.
                    if not demanded:
                        self.fault(f"'{name}' and '{other}' are made at once in one storage")
                elif self.touched[other] and self.touched[other][-1] > time:
                    self.fault(f"'{name}' overwrites '{other}', which is read later")
                elif other in self.outputs:
                    self.fault(f"'{name}' overwrites the output '{other}'")
                elif not demanded and (other in self.inputs or other in self.stored):
                    self.fault(f"'{name}' overwrites '{other}', which is not ours to write")
            if not demanded and entry["bytes"] > self.entry[self.root[name]]["bytes"]:
                self.fault(f"'{name}' does not fit what it overwrites")

    # Where and for how long.

    def lifetimes(self):
        self.life = {}
        for name, entry in self.entry.items():
            first = max(self.made[name], 0)
            last = self.touched[name][-1] if self.touched[name] else first
            if name in self.outputs or entry["space"] == "resident":
                last = self.last
            if (entry["firstStep"], entry["lastStep"]) != (first, last):
                self.fault(f"'{name}' lives at steps {first} to {last}")
            root = self.root[name]
            low, high = self.life.get(root, (first, last))
            self.life[root] = (min(low, first), max(high, last))

    def spaces(self):
        for root, members in self.members.items():
            is_callers = any(name in self.inputs or name in self.outputs for name in members)
            space = "arena"
            if root in self.stored or self.roles.get(root) in (
                "param",
                "buffer",
                "optimizer_state",
            ):
                space = "resident"
            elif self.options["io"] == "external" and is_callers:
                space = "external"
            places = {(self.entry[name]["space"], self.entry[name]["offset"]) for name in members}
            if len(places) > 1 or places.copy().pop()[0] != space:
                self.fault(f"'{root}' and what shares its bytes must be in space {space}: {places}")
            elif (self.entry[root]["offset"] is None) == (space == "arena"):
                self.fault(f"the offset of '{root}'")

    def slices(self):
        """What is a part of what, by what Concat and Split do and where the plan has the tensors.

        Those that hang together are cut at every end; each piece lives while any of them does.
        """
        wholes, above = defaultdict(set), {}

        def top(root):
            while above.get(root, root) != root:
                root = above[root]
            return root

        for node in self.node_of_step if self.options["slices"] else []:
            if node.domain not in ("", "ai.onnx") or node.op_type not in ("Concat", "Split"):
                continue
            is_concat = node.op_type == "Concat"
            whole = node.output[0] if is_concat else node.input[0]
            entry, start = self.entry[whole], 0
            axis = attribute(node, "axis", 1 if is_concat else 0)
            if any(extent != 1 for extent in entry["shape"][: axis % len(entry["shape"])]):
                continue
            for name in node.input if is_concat else node.output:
                if not name:
                    break
                part = self.entry[name]
                places = part["offset"], entry["offset"]
                if None not in places and places[0] - places[1] == start and part["bytes"]:
                    wholes[name].add(whole)
                    above[top(self.root[name])] = top(self.root[whole])
                    above.setdefault(top(self.root[whole]), top(self.root[whole]))
                start += part["bytes"]
        for name, entry in self.entry.items():
            if (entry["sliceOf"] not in wholes[name]) if wholes[name] else entry["sliceOf"]:
                self.fault(f"'{name}' is a part of {sorted(wholes[name])}, not {entry['sliceOf']}")
        groups = defaultdict(list)
        for root in above:
            groups[top(root)].append(root)
        self.grouped = set(above)
        blocks = []
        for group in groups.values():
            spans = []
            for root in group:
                offset = self.entry[root]["offset"]
                spans.append((offset, offset + self.rounded(self.entry[root]["bytes"]), root))
            ends = sorted({end for span in spans for end in span[:2]})
            for low, high in zip(ends, ends[1:]):
                over = [self.life[root] for a, b, root in spans if a <= low and high <= b]
                if over:
                    first, last = min(o[0] for o in over), max(o[1] for o in over)
                    blocks.append((low, high - low, first, last, f"a part of {group[0]}"))
        return blocks

    def arena(self):
        """No two things that live at one step share a byte: a sweep over starts and ends."""
        self.blocks = self.slices()
        for root, (first, last) in self.life.items():
            entry = self.entry[root]
            if entry["space"] == "arena" and root not in self.grouped:
                size = self.rounded(entry["bytes"])
                self.blocks.append((entry["offset"], size, first, last, root))
        for step in self.steps:
            size, offset = step["workspaceBytes"], step["workspaceOffset"]
            if size != self.rounded(size) or (size > 0) != (offset is not None):
                self.fault(f"the workspace of step {step['index']}")
            elif size:
                index = step["index"]
                self.blocks.append((offset, size, index, index, f"workspace of step {index}"))
        events = []
        for block in self.blocks:
            offset, size, first, last, name = block
            if offset % self.options["alignment"]:
                self.fault(f"'{name}' at {offset} is not aligned")
            if size:
                events += [(first, 1, block), (last + 1, 0, block)]
        alive = []
        for _, starts, block in sorted(events):
            if not starts:
                alive.remove(block)
                continue
            place = bisect_left(alive, block)
            if place < len(alive) and alive[place][0] < block[0] + block[1]:
                self.fault(f"'{block[4]}' and '{alive[place][4]}' overlap")
                return
            if place and alive[place - 1][0] + alive[place - 1][1] > block[0]:
                self.fault(f"'{block[4]}' and '{alive[place - 1][4]}' overlap")
                return
            insort(alive, block)

    # What it adds up to.

    def sums(self):
        change = [0] * (self.last + 2)
        for _, size, first, last, _ in self.blocks:
            change[first] += size
            change[last + 1] -= size
        live, peak, at = 0, 0, 0
        for step in range(self.last + 1):
            live += change[step]
            if live > peak:
                peak, at = live, step
            if step < len(self.steps) and self.steps[step]["liveBytes"] != live:
                self.fault(f"{live} bytes are live at step {step}")
        outside = defaultdict(int)
        for root in self.members:
            outside[self.entry[root]["space"]] += self.rounded(self.entry[root]["bytes"])
        arena = max((offset + size for offset, size, *_ in self.blocks), default=0)
        total = outside["resident"] + arena
        budget, bound = self.summary["budgetBytes"], self.summary["lowerBoundBytes"]
        expected = {
            "arenaBytes": arena,
            "peakBytes": peak,
            "peakStep": at,
            "residentBytes": outside["resident"],
            "externalBytes": outside["external"],
            "totalBytes": total,
            "fits": None if budget is None else total <= budget,
            "budgetBytes": self.options["budgetBytes"],
            "provenOptimal": arena == bound,
        }
        for name, value in expected.items():
            if self.summary[name] != value:
                self.fault(f"{name} is {value}, the plan says {self.summary[name]}")
        ratios = {"orderGap": (peak, bound), "fragmentation": (arena, peak)}
        for name, (value, base) in ratios.items():
            if abs(self.summary[name] - (value / base - 1 if base else 0)) > 1e-9:
                self.fault(f"{name} is not that of {value} over {base}")

    def proof(self):
        """The bound is below the peak, and what witnesses it adds up to it.

        What every order keeps live is so in this one, too; a cut names one cheapest choice of many.
        """
        witness, bound = self.plan["witness"], self.summary["lowerBoundBytes"]
        if bound > self.summary["peakBytes"]:
            self.fault("the lower bound is above the peak")
        total, step = 0, witness["step"]
        if (step is None) != (witness["node"] is None):
            self.fault("the witness has a step without a node, or a node without one")
        elif step is not None:
            if self.steps[step]["node"] != witness["node"]:
                self.fault("the witness' node does not run at its step")
            total += self.steps[step]["workspaceBytes"]
        for item in witness["tensors"]:
            entry = self.entry.get(item["name"])
            if not entry or entry["space"] != "arena":
                self.fault(f"witness '{item['name']}' is not in the arena")
                continue
            total += item["bytes"]
            first, last = self.life[self.root[item["name"]]]
            forced = step is not None and witness["proof"] in ("working-set", "forced")
            if forced and not first <= step <= last and self.root[item["name"]] not in self.grouped:
                self.fault(f"witness '{item['name']}' is not live at its step")
        explained = total <= bound if witness["proof"] == "search" else total == bound
        if not explained or witness["boundBytes"] != bound:
            self.fault(f"the witness adds up to {total}, the bound is {bound}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="+", metavar="PLAN.json MODEL")
    paths = parser.parse_args().pairs
    if len(paths) % 2:
        parser.error("each plan needs its model")
    wrong = 0
    for plan_path, model_path in zip(paths[::2], paths[1::2]):
        with open(plan_path, encoding="utf-8") as file:
            plan = json.load(file)
        model = onnx.load(model_path, load_external_data=False)
        for fault in Checker(plan, model).run()[:20]:
            print(f"{plan_path}: {fault}", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    report(main)
