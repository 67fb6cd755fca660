#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a model in onnxruntime with every value exposed; prints JSON: name -> [element type, shape].

Graph inputs and the results of all nodes are in it; what is no dense tensor is null.
"""

import argparse
import json

import onnxruntime
from outcome import PeerError, report
from session import bindings, element_type, feeds, load, session


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--dim", action="append", default=[], metavar="name=size")
    arguments = parser.parse_args()
    model = load(arguments.model)
    listed = {value.name for value in model.graph.output}
    made = [name for node in model.graph.node for name in node.output if name]
    for name in made:
        if name not in listed:
            model.graph.output.add(name=name)
    running = session(model)
    values = feeds(running, bindings(arguments.dim))
    names = [value.name for value in running.get_outputs()]
    shapes = {name: [str(value.dtype), list(value.shape)] for name, value in values.items()}
    fed = {n: onnxruntime.OrtValue.ortvalue_from_numpy(v) for n, v in values.items()}
    try:
        results = running.run_with_ort_values(names, fed)
    except Exception as error:  # onnxruntime's own exceptions have no common base class
        raise PeerError(f"onnxruntime cannot run the model: {error}") from error
    for name, value in zip(names, results):
        kind = element_type(value.data_type())
        shapes[name] = [kind, list(value.shape())] if kind else None
    print(json.dumps(shapes, ensure_ascii=False, indent=0, sort_keys=True))


if __name__ == "__main__":
    report(main)
