#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Solves MOCCASIN's program (arXiv 2304.14463) for a graph of `make_layered.py`, by OR-Tools' CP-SAT.

    moccasin_program.py MODEL COSTS --share 80 [--seconds 120] [--intervals 2] [--workers 8]

The paper's retention intervals, written anew: each tensor has up to so many intervals, one begins where
its node runs, at slots that the given order (the file's) leaves for it; whatever a node reads is in an
interval when it runs; the sizes of overlapping intervals are within the share of what the order needs
without recomputing. Loads only: there are no offsets. First what is above that share is minimized, then
the operations that are run again. Needs the packages `ortools` and `onnx`.
"""

import argparse
import json

import onnx
from ortools.sat.python import cp_model

UNIT = 64_000


class Graph:
    """Sizes in units, costs in millions of operations, operands and outputs, by position in the file."""

    def __init__(self, model, costs):
        graph = onnx.load(model).graph
        table = json.load(open(costs))["nodes"]
        position = {node.output[0]: index for index, node in enumerate(graph.node)}
        known = {
            value.name: value.type.tensor_type.shape.dim[0].dim_value // UNIT
            for value in [*graph.value_info, *graph.output]
        }
        self.sizes = [known[node.output[0]] for node in graph.node]
        self.costs = [table[node.name] // 1_000_000 for node in graph.node]
        self.reads = [[position[name] for name in node.input if name in position] for node in graph.node]
        self.outputs = {position[value.name] for value in graph.output}
        self.last = list(range(len(self.sizes)))
        for node, reads in enumerate(self.reads):
            for operand in reads:
                self.last[operand] = node
        for output in self.outputs:
            self.last[output] = len(self.sizes) - 1

    def peak(self):
        steps = range(len(self.sizes))
        return max(
            sum(self.sizes[node] for node in range(step + 1) if self.last[node] >= step)
            for step in steps
        )


def slot(stage, node):
    """The time at which a node may run in a stage: before the stage's own node, in the given order."""
    return stage * (stage + 1) // 2 + node


class Program:
    def __init__(self, graph, intervals, capacity):
        self.graph, self.model = graph, cp_model.CpModel()
        count = len(graph.sizes)
        self.end = slot(count, 0) - 1
        self.starts = [[] for _ in range(count)]
        self.ends = [[] for _ in range(count)]
        self.presents = [[] for _ in range(count)]
        self.stays, self.demands = [], []
        for node in range(count):
            first = slot(node, node)
            self.add(node, first, self.model.new_int_var(first, self.end, ""), True)
            later = [slot(stage, node) for stage in range(node + 1, count)]
            for _ in range(1, intervals if later and graph.last[node] > node else 1):
                start = self.model.new_int_var_from_domain(cp_model.Domain.from_values(later), "")
                present = self.model.new_bool_var("")
                self.model.add(start > self.ends[node][-1]).only_enforce_if(present)
                if len(self.presents[node]) > 1:
                    self.model.add_implication(present, self.presents[node][-1])
                self.add(node, start, self.model.new_int_var(0, self.end, ""), present)
        for node in range(count):
            for run in range(len(self.starts[node])):
                for operand in graph.reads[node]:
                    self.cover(node, run, operand)
        for output in graph.outputs:
            self.model.add(self.ends[output][0] == self.end)
        self.peak = self.model.new_int_var(0, graph.peak(), "")
        self.model.add_cumulative(self.stays, self.demands, self.peak)
        self.over = self.model.new_int_var(0, graph.peak(), "")
        self.model.add(self.over >= self.peak - capacity)
        self.again = sum(
            graph.costs[node] * present for node in range(count) for present in self.presents[node][1:]
        )
        for node in range(count):
            self.model.add_hint(self.ends[node][0], slot(graph.last[node], graph.last[node]))
            for present in self.presents[node][1:]:
                self.model.add_hint(present, 0)

    def add(self, node, start, end, present):
        length = self.model.new_int_var(1, self.end + 1, "")
        if present is True:
            stay = self.model.new_interval_var(start, length, end + 1, "")
        else:
            stay = self.model.new_optional_interval_var(start, length, end + 1, present, "")
        self.stays.append(stay)
        self.demands.append(self.graph.sizes[node])
        self.starts[node].append(start)
        self.ends[node].append(end)
        self.presents[node].append(present)

    def cover(self, node, run, operand):
        """An operand is in one of its intervals when a node runs."""
        choices = []
        for start, end, present in zip(self.starts[operand], self.ends[operand], self.presents[operand]):
            choice = self.model.new_bool_var("")
            self.model.add(start < self.starts[node][run]).only_enforce_if(choice)
            self.model.add(end >= self.starts[node][run]).only_enforce_if(choice)
            if present is not True:
                self.model.add_implication(choice, present)
            choices.append(choice)
        present = self.presents[node][run]
        self.model.add_bool_or(choices if present is True else [*choices, present.negated()])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("costs")
    parser.add_argument("--share", type=int, required=True, help="of what the file's order needs, in percent")
    parser.add_argument("--seconds", type=float, default=120, help="for each of the two searches")
    parser.add_argument("--intervals", type=int, default=2)
    parser.add_argument("--workers", type=int, default=8)
    options = parser.parse_args()
    graph = Graph(options.model, options.costs)
    capacity = graph.peak() * options.share // 100
    program = Program(graph, options.intervals, capacity)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = options.seconds
    solver.parameters.num_workers = options.workers
    program.model.minimize(program.over)
    solver.solve(program.model)
    peak = solver.value(program.peak)
    share = 100 * peak / graph.peak()
    if peak > capacity:
        print(f"no answer in {options.seconds:.0f} s: the lowest peak found is {share:.1f} % of the order's")
        return
    values = [
        (program.model.get_int_var_from_proto_index(index), solver.response_proto.solution[index])
        for index in range(len(program.model.proto.variables))
    ]
    program.model.clear_hints()
    for variable, value in values:
        program.model.add_hint(variable, value)
    program.model.add(program.peak <= capacity)
    program.model.minimize(program.again)
    status = solver.status_name(solver.solve(program.model))
    price = 100 * solver.value(program.again) / sum(graph.costs)
    print(f"{price:.2f} % of a run again ({status}), {share:.1f} % of the order's peak")


if __name__ == "__main__":
    main()
