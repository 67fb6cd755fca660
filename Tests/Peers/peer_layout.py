#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the least height of each layout problem of a file, one a line, found by CP-SAT.

A line is a problem: buffers with a blank between them, each `size,lower,upper,alignment,offset`
with -1 for an open offset. `-` is printed where CP-SAT does not decide within the time limit.
Needs ortools, which the other peers do not.
"""

import argparse
import sys

from outcome import PeerError, report

try:
    from ortools.sat.python import cp_model
except ImportError:
    cp_model = None


def least_height(buffers, seconds):
    model = cp_model.CpModel()
    # On top of each other they need no more than this.
    most = sum(size + alignment for size, _, _, alignment, _ in buffers)
    most += max(max(0, offset) for *_, offset in buffers)
    height = model.new_int_var(0, most, "height")
    times, places = [], []
    for index, (size, lower, upper, alignment, offset) in enumerate(buffers):
        if size == 0:
            continue
        if offset >= 0:
            start = offset
        else:
            start = alignment * model.new_int_var(0, most // alignment, f"multiple{index}")
        times.append(model.new_fixed_size_interval_var(lower, upper - lower, f"time{index}"))
        places.append(model.new_fixed_size_interval_var(start, size, f"place{index}"))
        model.add(height >= start + size)
    model.add_no_overlap_2d(times, places)
    model.minimize(height)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return round(solver.objective_value)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", metavar="FILE")
    parser.add_argument("--seconds", type=float, default=20, help="time limit of each problem")
    arguments = parser.parse_args()
    if cp_model is None:
        raise PeerError("this Python has no ortools")
    with open(arguments.problems, encoding="ascii") as file:
        for line in file:
            buffers = [tuple(map(int, text.split(","))) for text in line.split()]
            height = least_height(buffers, arguments.seconds)
            print("-" if height is None else height)
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    report(main)
