#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a model in onnxruntime and prints the order in which it really executed the nodes.

JSON: {"default": [...], "priority": [...]}, each node by its first result, taken from onnxruntime's
own profile. Constant nodes are no steps there.
"""

import argparse
import json

from measuring import measured
from outcome import report
from session import bindings, load


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--dim", action="append", default=[], metavar="name=size")
    arguments = parser.parse_args()
    model, bound = load(arguments.model), bindings(arguments.dim)
    orders = {"default": "DEFAULT", "priority": "PRIORITY_BASED"}
    print(
        json.dumps(
            {name: measured(model, bound, order=order).executed for name, order in orders.items()}
        )
    )


if __name__ == "__main__":
    report(main)
