#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the operators that the onnx package and onnxruntime know, as JSON.

A list of {domain, name, versions, source}, by domain and name: every version in which the operator
was defined anew, and whose it is: onnx or onnxruntime.
"""

import json
from collections import defaultdict

from onnx import defs
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema


def main():
    versions = defaultdict(set)
    for schema in defs.get_all_schemas_with_history():
        versions[schema.domain, schema.name].add(schema.since_version)
    sources = {key: "onnx" for key in versions}
    for schema in get_all_operator_schema():
        key = (schema.domain, schema.name)
        if sources.get(key) != "onnx":
            sources[key] = "onnxruntime"
            versions[key].add(schema.since_version)
    print(
        json.dumps(
            [
                dict(domain=d, name=n, versions=sorted(versions[d, n]), source=sources[d, n])
                for d, n in sorted(versions)
            ],
            indent=0,
        )
    )


if __name__ == "__main__":
    main()
