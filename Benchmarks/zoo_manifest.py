#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the manifest of graphopt zoo for a zoo that has a MANIFEST.json of its own.

Usage: zoo_manifest.py ZOO > zoo.json; graphopt zoo ZOO --manifest zoo.json

Every model at every binding; of a model that comes with weights and without, the file without.
"""
import json
import os
import sys


def text(zoo):
    """The manifest."""
    with open(os.path.join(zoo, "MANIFEST.json")) as file:
        models = json.load(file)["models"]
    lines = []
    for model in models:
        path = sorted(model["files"], key=lambda name: not name.endswith(".strip.onnx"))[0]
        entry = {"model": path, "name": model["name"]}
        if model["bind"] and model["bind"] != [{}]:
            entry["bindings"] = model["bind"]
        lines.append(json.dumps(entry, sort_keys=True, ensure_ascii=False))
    return '{"format": "graphopt-zoo", "version": 1, "models": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(text(sys.argv[1]))
