#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Orders plans by the real functions of torch._inductor.memory and prints the peaks they reach.

JSON, one line for each plan: {"file": ..., "lpmf": ..., "breadth-first": ..., "depth-first": ...}
in bytes, sizes rounded up to the plan's alignment as plans do. The plans are made with
--inplace none: inductor's orders know no takeovers.

inductor's scheduler graph is rebuilt from the plan: a node for every step that makes or changes
something, a buffer for every fresh result, a renamed buffer for every update in place, views folded
into what they look at. Its own functions then derive lifetimes and dependencies from that, order
the nodes and measure the orders; nothing of torch is changed.
"""

import argparse
import collections
import json
import sys
from types import SimpleNamespace

from outcome import PeerError, report

try:
    import torch
    from torch._inductor import memory
    from torch._inductor.dependencies import StarDep, WeakDep
    from torch._inductor.virtualized import V
    from torch.utils._ordered_set import OrderedSet
except ImportError as error:
    torch = None
    ABSENCE = f"no torch with inductor: {error}"

# The depth-first order recurses once for every node of a path.
sys.setrecursionlimit(100_000)


class Buffer:
    """What inductor's SchedulerBuffer shows to the memory functions."""

    def __init__(self, name, size):
        self.name = name
        self.size = size
        self.users = []
        self.mpi_buffer = None
        self.node = SimpleNamespace(
            layout=None, get_numel=lambda: size, get_dtype=lambda: torch.uint8
        )

    def get_name(self):
        return self.name


class Node:
    """What inductor's BaseSchedulerNode shows to the memory functions."""

    def __init__(self, name):
        self.name = name
        self.outputs = []
        self.unmet_dependencies = OrderedSet()
        self.read_writes = SimpleNamespace(reads=OrderedSet())
        self.mpi_node = None

    def get_name(self):
        return self.name

    def get_outputs(self):
        return self.outputs

    def get_buffer_names(self):
        return OrderedSet(buffer.get_name() for buffer in self.outputs)


class SchedulerGraph:
    """The scheduler's view of a plan: nodes in file order, buffers, renamed buffers."""

    def __init__(self, plan):
        if plan["options"]["inplace"] != "none":
            raise PeerError("the plan was not made with --inplace none")
        self.alignment = plan["options"]["alignment"]
        self.tensors = {tensor["name"]: tensor for tensor in plan["tensors"]}
        self.nodes = []
        self.buffers = {}
        self.real_name = {}
        # The buffer that holds each tensor now, and the nodes that read a buffer since its last
        # update.
        self.holder = {}
        self.readers = collections.defaultdict(list)
        self.graph_inputs = OrderedSet()
        self.input_sizes = {}
        made = {name for step in plan["steps"] for name in step["outputs"] if name}
        for name, tensor in self.tensors.items():
            if name not in made:
                buffer = self.holder[name] = self.buffer_name(name)
                if tensor["space"] == "arena":
                    self.graph_inputs.add(buffer)
                    self.input_sizes[buffer] = self.rounded(tensor["bytes"])
        for step in sorted(plan["steps"], key=lambda step: step["nodeIndex"]):
            self.add(step)
        self.graph_outputs = OrderedSet(
            self.real(self.holder[name])
            for name in plan["model"]["outputs"]
            if self.tensors[name]["space"] == "arena"
        )

    @staticmethod
    def buffer_name(tensor):
        """A name that inductor takes for no argument of the caller's, whatever the tensor's is."""
        return f"buffer of {tensor}"

    def rounded(self, size):
        return -(-size // self.alignment) * self.alignment

    def real(self, buffer):
        return self.real_name.get(buffer, buffer)

    def add(self, step):
        outputs = [self.tensors[name] for name in step["outputs"] if name]
        if outputs and all(output["aliasOf"] for output in outputs):
            # A view: no node of its own.
            for output in outputs:
                self.holder[output["name"]] = self.holder[output["aliasOf"]]
            return
        node = Node(f"node{step['nodeIndex']}")
        self.nodes.append(node)
        for name in filter(None, step["inputs"]):
            self.read(node, self.holder[name])
        for output in outputs:
            if output["aliasOf"]:
                self.holder[output["name"]] = self.holder[output["aliasOf"]]
                continue
            name = self.holder[output["name"]] = self.buffer_name(output["name"])
            size = self.rounded(output["bytes"]) if output["space"] == "arena" else 0
            if output["inPlaceOf"]:
                self.update(node, name, self.real(self.holder[output["inPlaceOf"]]))
                size = 0
            self.buffers[name] = Buffer(name, size)
            node.outputs.append(self.buffers[name])
        if not node.outputs:
            # Something to name the node by, as inductor's buffers without a layout do.
            name = f"{node.name}.none"
            self.buffers[name] = Buffer(name, 0)
            node.outputs.append(self.buffers[name])
        # What a node makes itself is no dependency of it.
        own = node.get_buffer_names()
        node.unmet_dependencies = OrderedSet(
            dep for dep in node.unmet_dependencies if dep.name not in own
        )

    def read(self, node, holder):
        if holder in self.buffers:
            node.unmet_dependencies.add(StarDep(holder))
        real = self.real(holder)
        if real in self.graph_inputs:
            node.read_writes.reads.add(StarDep(real))
        if not self.readers[real] or self.readers[real][-1] is not node:
            self.readers[real].append(node)

    def update(self, node, name, real):
        """The node writes over a buffer: it waits for all that read it since the last update."""
        self.real_name[name] = real
        for reader in self.readers[real]:
            if reader is not node:
                for buffer in reader.outputs:
                    node.unmet_dependencies.add(
                        WeakDep(buffer.get_name(), mutating_buf=name, is_fake=True)
                    )
        self.readers[real] = []

    def peaks(self):
        """The peak of file order and of each of inductor's orders."""
        virtual = SimpleNamespace(
            # Without a name no buffer counts as the caller's for ever.
            name="",
            scheduler=SimpleNamespace(mutation_real_name=self.real_name),
            sizevars=SimpleNamespace(optimization_hint=lambda size, fallback=None: size),
            get_dep_size_hint=lambda dep: self.input_sizes[dep.name],
        )
        with V.set_graph_handler(virtual):
            peak, inputs = memory.prepare_planning_info(
                self.nodes, self.buffers, {}, self.graph_inputs, self.graph_outputs
            )
            memory.validate_graph_acyclic(self.nodes)
            memory.validate_unique_buffer_names(self.nodes, self.buffers, inputs)
            orders = {
                "lpmf": memory.topological_sort_lpmf(
                    self.nodes, inputs, self.buffers, self.graph_outputs
                ),
                "breadth-first": memory.topological_sort_bfs(self.nodes),
                "depth-first": memory.topological_sort_dfs(self.nodes),
            }
            peaks = {"file": peak}
            for name, order in orders.items():
                if sorted(map(id, order)) != sorted(map(id, self.nodes)):
                    raise PeerError(f"inductor's {name} order does not run every node once")
                peaks[name], _ = memory.estimate_peak_memory(order, inputs, self.graph_outputs)
        return peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plans", nargs="+", metavar="PLAN.json")
    arguments = parser.parse_args()
    if torch is None:
        raise PeerError(ABSENCE)
    for path in arguments.plans:
        with open(path, encoding="utf-8") as file:
            plan = json.load(file)
        print(json.dumps(SchedulerGraph(plan).peaks()))


if __name__ == "__main__":
    report(main)
