#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates plans and orders against their schemas, and that all keys are ascending."""

import argparse
import functools
import json
import sys
from pathlib import Path

import jsonschema

SCHEMAS = Path(__file__).resolve().parents[2] / "Schemas"


def ascending(members):
    keys = [key for key, _ in members]
    for key, following in zip(keys, keys[1:]):
        if key >= following:
            raise ValueError(f"key '{following}' follows '{key}'")
    return dict(members)


def not_finite(text):
    raise ValueError(f"{text} is no JSON")


@functools.cache
def validator(form):
    """The validator of a format, by its name in files: graphopt-plan, graphopt-order, …"""
    name = str(form).removeprefix("graphopt-")
    schema = json.loads((SCHEMAS / f"{name}-1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(path):
    try:
        plan = json.loads(
            Path(path).read_bytes(), object_pairs_hook=ascending, parse_constant=not_finite
        )
    except (OSError, ValueError) as error:
        return [str(error)]
    if plan.get("format") not in ("graphopt-plan", "graphopt-order", "graphopt-inspect"):
        return [f"no format that has a schema: {plan.get('format')}"]
    errors = validator(plan["format"]).iter_errors(plan)
    return [f"{error.json_path}: {error.message}" for error in errors]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plans", nargs="+", metavar="FILE.json")
    arguments = parser.parse_args()
    wrong = 0
    for path in arguments.plans:
        for fault in faults(path)[:20]:
            print(f"{path}: {fault}", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
