#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a planned file in onnxruntime as its recipe says, beside the model that it was made of.

Prints JSON: "executed", the nodes in the order in which they really ran, each by its first result;
"equal", whether the results are those of the model to the bit; "measured", the most bytes that
values between inputs and outputs took at once; "predicted", the same as the file's metadata says.
The file must also pass the checker of the onnx package.
"""

import argparse
import json

import onnx
from measuring import PLANNED, measured
from outcome import PeerError, report
from session import bindings, equal, feeds, load, results, session


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("planned")
    parser.add_argument("--dim", action="append", default=[], metavar="name=size")
    arguments = parser.parse_args()
    bound = bindings(arguments.dim)
    original, planned = load(arguments.model), load(arguments.planned)
    try:
        onnx.checker.check_model(planned)
    except onnx.checker.ValidationError as error:
        raise PeerError(f"{arguments.planned} is not valid: {error}") from error
    plain = session(original)
    expected = results(plain, feeds(plain, bound))
    run = measured(planned, bound, **PLANNED)
    metadata = {entry.key: entry.value for entry in planned.metadata_props}
    print(
        json.dumps(
            {
                "executed": run.executed,
                "equal": equal(expected, run.results),
                "measured": run.peak,
                "predicted": int(metadata["graphopt.plan.onnxruntime_peak_bytes"]),
            }
        )
    )


if __name__ == "__main__":
    report(main)
