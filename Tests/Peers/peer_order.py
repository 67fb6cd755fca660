#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a model in onnxruntime and prints the order in which it really executed the nodes.

JSON: {"default": [...], "priority": [...]}, each node by its first result, taken from onnxruntime's
own profile. Constant nodes are no steps there.
"""

import argparse
import json
import tempfile
from pathlib import Path

from outcome import PeerError, report
from session import bindings, feeds, load, session

SUFFIX = "_kernel_time"


def executed(model, order, bound):
    with tempfile.TemporaryDirectory() as folder:
        running = session(model, order, profile_prefix=str(Path(folder) / "profile"))
        values = feeds(running, bound)
        try:
            running.run(None, values)
        except Exception as error:  # onnxruntime's own exceptions have no common base class
            raise PeerError(f"onnxruntime cannot run the model: {error}") from error
        profile = Path(running.end_profiling())
        events = json.loads(profile.read_text())
    names = [
        event["name"].removesuffix(SUFFIX)
        for event in events
        if event.get("cat") == "Node" and event["name"].endswith(SUFFIX)
    ]
    # What onnxruntime put in by itself (casts around kernels that lack a type) has other names.
    results = {node.name: next(filter(None, node.output), "") for node in model.graph.node}
    return [results[name] for name in names if name in results]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--dim", action="append", default=[], metavar="name=size")
    arguments = parser.parse_args()
    model, bound = load(arguments.model), bindings(arguments.dim)
    orders = {"default": "DEFAULT", "priority": "PRIORITY_BASED"}
    print(json.dumps({name: executed(model, order, bound) for name, order in orders.items()}))


if __name__ == "__main__":
    report(main)
