#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds the least peak of any order of a small plan's steps and judges the plan's bound by it.

Every set of steps that may have run is a state; the states are visited by ascending peak, so the
first complete one has the least. For plans made with --inplace none, in which no step overwrites
another's result. Ends with status 1 if the bound is above the least peak, or the peak below it.
"""

import argparse
import heapq
import json
import sys

from outcome import PeerError, report

# States beyond which a graph counts as too large to try all orders.
MOST_STATES = 400_000


class Problem:
    def __init__(self, plan):
        if plan["options"]["inplace"] != "none":
            raise PeerError("the plan was not made with --inplace none")
        if any(tensor["inPlaceOf"] for tensor in plan["tensors"]):
            raise PeerError("steps overwrite each other's results whatever the options")
        steps, alignment = plan["steps"], plan["options"]["alignment"]
        tensors = {tensor["name"]: tensor for tensor in plan["tensors"]}
        maker = {
            name: index for index, step in enumerate(steps) for name in step["outputs"] if name
        }
        self.count = len(steps)
        self.workspaces = [step["workspaceBytes"] for step in steps]
        self.needs = []
        touchers = {}
        for index, step in enumerate(steps):
            needed = 0
            for name in filter(None, step["inputs"]):
                if name in maker:
                    needed |= 1 << maker[name]
            self.needs.append(needed)
            for name in filter(None, step["inputs"] + step["outputs"]):
                storage = tensors[name]["storage"]
                touchers[storage] = touchers.get(storage, 0) | 1 << index
        inputs = {tensors[name]["storage"] for name in plan["model"]["inputs"]}
        outputs = {tensors[name]["storage"] for name in plan["model"]["outputs"]}
        sizes = {}
        for tensor in plan["tensors"]:
            if tensor["space"] == "arena":
                size = -(-tensor["bytes"] // alignment) * alignment
                sizes[tensor["storage"]] = max(size, sizes.get(tensor["storage"], 0))
        self.storages = [
            (size, touchers.get(storage, 0), storage in inputs, storage in outputs)
            for storage, size in sizes.items()
        ]

    def live(self, done, step):
        """The bytes that are live while a step runs after those of a set."""
        begun, left = done | 1 << step, ~done
        total = self.workspaces[step]
        for size, touchers, is_input, is_output in self.storages:
            if not touchers and is_input and not is_output:
                # Never read: it is there at the first step only.
                total += 0 if done else size
            elif (touchers & begun or is_input) and (touchers & left or is_output):
                total += size
        return total

    def least_peak(self):
        everything = (1 << self.count) - 1
        heap, seen = [(0, 0)], set()
        while heap:
            peak, done = heapq.heappop(heap)
            if done in seen:
                continue
            if done == everything:
                return peak
            seen.add(done)
            if len(seen) > MOST_STATES:
                raise PeerError("too many orders to try them all")
            for step in range(self.count):
                if not done >> step & 1 and self.needs[step] & ~done == 0:
                    following = done | 1 << step
                    if following not in seen:
                        heapq.heappush(heap, (max(peak, self.live(done, step)), following))
        raise PeerError("the steps need each other in a circle")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", metavar="PLAN.json")
    with open(parser.parse_args().plan, encoding="utf-8") as file:
        plan = json.load(file)
    least = Problem(plan).least_peak()
    bound, peak = plan["summary"]["lowerBoundBytes"], plan["summary"]["peakBytes"]
    print(json.dumps({"bound": bound, "least": least, "peak": peak}))
    if not bound <= least <= peak:
        print(f"the least peak of any order is {least} bytes", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    report(main)
