#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what graphopt infers of the models of make.py with what onnxruntime made of them.

Each model is inspected twice: as it is, and with nothing taken from its value_info. Prints, for each,
how many tensors are right, how many have an upper bound that holds, and how many are wrong or missing.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path


def inspected(command, model, dims, more):
    arguments = [command, "inspect", str(model), "--format", "json"] + more
    for name, size in dims.items():
        arguments += ["--dim", f"{name}={size}"]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip()
    return {t["name"]: t for t in json.loads(done.stdout)["tensors"]}, ""


def judged(found, truth):
    """Right, bounded, wrong and missing tensors, the last two by name."""
    right, bounded, wrong, missing = 0, 0, [], []
    for name, (kind, shape) in truth.items():
        tensor = found.get(name)
        if tensor is None:
            missing.append(name)
        elif [tensor["elementType"], tensor["shape"]] == [kind, shape] and not tensor["upperBound"]:
            right += 1
        elif (
            tensor["upperBound"] and tensor["elementType"] == kind
            and len(tensor["shape"]) == len(shape)
            and all(bound >= size for bound, size in zip(tensor["shape"], shape))
        ):
            bounded += 1
        else:
            mark = "<= " if tensor["upperBound"] else ""
            wrong.append(f"{name}: {mark}{tensor['elementType']}{tensor['shape']}, {kind}{shape}")
    return right, bounded, wrong, missing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="of models, as in the folder; all if left out")
    parser.add_argument("--graphopt", default=".build/release/graphopt")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    totals = [0, 0, 0, 0]
    failed = False
    for record in sorted(arguments.folder.glob("*.json")):
        if arguments.names and record.stem not in arguments.names:
            continue
        facts = json.loads(record.read_text())
        for more in ([], ["--ignore-value-info"]):
            label = record.stem + (" without value_info" if more else "")
            found, error = inspected(
                arguments.graphopt, record.with_suffix(".onnx"), facts["dims"], more)
            if found is None:
                failed = True
                print(f"{label}: {error[:600]}")
                totals[3] += len(facts["tensors"])
                continue
            right, bounded, wrong, missing = judged(found, facts["tensors"])
            for index, count in enumerate((right, bounded, len(wrong), len(missing))):
                totals[index] += count
            if wrong or missing or arguments.verbose:
                failed = failed or bool(wrong or missing)
                print(f"{label}: {right} right, {bounded} bounded, {len(wrong)} wrong, "
                      f"{len(missing)} missing")
            for line in (wrong + missing)[: 1000 if arguments.verbose else 4]:
                print(f"    {line}")
    print("{} right, {} bounded, {} wrong, {} missing".format(*totals))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
