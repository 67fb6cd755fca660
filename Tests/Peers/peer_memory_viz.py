#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a PyTorch memory snapshot, replays its events and prints what they come to.

With --torch PyTorch's own reader has to take it, too. No other package is needed.
"""

import argparse
import json
import pickle
import sys

from outcome import PeerError, report

EVENT = {"action": str, "addr": int, "size": int, "stream": int, "time_us": int, "frames": list}
BLOCK = {"address": int, "size": int, "requested_size": int, "state": str, "frames": list}
SEGMENT = {
    "device": int, "address": int, "total_size": int, "allocated_size": int, "active_size": int,
    "requested_size": int, "stream": int, "segment_type": str, "segment_pool_id": tuple,
    "is_expandable": bool, "frames": list, "blocks": list,
}
FRAME = {"filename": str, "name": str, "line": int}


def expect(condition, sentence):
    if not condition:
        raise PeerError(sentence)


def has(record, members, what):
    expect(isinstance(record, dict), f"{what} is no dictionary")
    expect(set(record) == set(members), f"{what} has the keys {sorted(record)}")
    for key, kind in members.items():
        expect(type(record[key]) is kind, f"{key} of {what} is {record[key]!r}")
    for frame in record.get("frames", []):
        has(frame, FRAME, "a frame")


def replay(events):
    """Live blocks at the end, the most bytes live, and the number of allocations."""
    live, requested = {}, {}
    size = peak = allocations = 0
    last = 0
    arena = None
    for event in events:
        has(event, EVENT, "an event")
        expect(event["time_us"] >= last, "time goes back")
        last = event["time_us"]
        address, end = event["addr"], event["addr"] + event["size"]
        action = event["action"]
        if action == "segment_alloc":
            arena = (address, end)
        elif action == "alloc":
            expect(arena[0] <= address and end <= arena[1], "an allocation outside its segment")
            for other, length in live.items():
                expect(end <= other or other + length <= address, "two live allocations overlap")
            live[address] = event["size"]
            allocations += 1
            size += event["size"]
            peak = max(peak, size)
        elif action == "free_requested":
            expect(live.get(address) == event["size"], "what is freed was not allocated")
            requested[address] = True
        elif action == "free_completed":
            expect(requested.pop(address, False), "a free that was not requested")
            size -= live.pop(address)
        else:
            raise PeerError(f"an action {action}")
    expect(not requested, "a free that did not complete")
    return live, peak, allocations


def check(snapshot):
    expect(
        list(snapshot)
        == ["segments", "device_traces", "allocator_settings", "external_annotations"],
        "the snapshot has other keys",
    )
    for segment in snapshot["segments"]:
        has(segment, SEGMENT, "a segment")
        address = segment["address"]
        active = 0
        for block in segment["blocks"]:
            has(block, BLOCK, "a block")
            expect(block["address"] == address, "blocks leave a gap or overlap")
            expect(block["state"] in ("active_allocated", "inactive"), "a state of a block")
            address += block["size"]
            active += block["size"] if block["state"] == "active_allocated" else 0
        expect(address == segment["address"] + segment["total_size"], "blocks are not the segment")
        expect(active == segment["active_size"], "active blocks are not the active size")
    expect(len(snapshot["device_traces"]) == 1, "more than one device")
    live, peak, allocations = replay(snapshot["device_traces"][0])
    arena, *others = snapshot["segments"]
    left = {
        block["address"]: block["size"]
        for block in arena["blocks"]
        if block["state"] == "active_allocated"
    }
    expect(left == live, "what is left is not what the events leave")
    resident = sum(segment["active_size"] for segment in others)
    return {
        "peak": peak, "allocations": allocations, "left": sum(left.values()), "resident": resident
    }


def ask_torch(snapshot):
    from torch.cuda import _memory_viz

    expect("TOTAL MEM" in _memory_viz.trace(snapshot), "torch prints no total")
    expect(_memory_viz.segsum(snapshot).strip(), "torch sums no segments")
    expect("snapshot.pickle" in _memory_viz.trace_plot(snapshot), "torch plots nothing")
    expect("snapshot.pickle" in _memory_viz.segment_plot(snapshot), "torch plots no segments")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", action="store_true", help="ask PyTorch's reader, too")
    parser.add_argument("snapshot", metavar="FILE.pickle")
    arguments = parser.parse_args()
    with open(arguments.snapshot, "rb") as file:
        snapshot = pickle.load(file)
        expect(file.read() == b"", "something follows the pickle")
    answer = check(snapshot)
    if arguments.torch:
        ask_torch(snapshot)
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    report(main)
