#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates plans and what else has a format of ours against their schemas, and that all keys are ascending."""

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


def schema_name(form):
    """The schema's file for a format, by its name in files: graphopt-plan, graphopt-order."""
    return f"{str(form).removeprefix('graphopt-')}-1.schema.json"


@functools.cache
def validator(form):
    """The validator of a format."""
    schema = json.loads((SCHEMAS / schema_name(form)).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(path):
    """What is wrong with a file: one JSON text, or one on each line where its name says so."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        return [str(error)]
    texts = text.splitlines() if str(path).endswith(".jsonl") else [text]
    return [fault for text in texts for fault in faults_of_text(text)]


def faults_of_text(text):
    try:
        plan = json.loads(text, object_pairs_hook=ascending, parse_constant=not_finite)
    except ValueError as error:
        return [str(error)]
    # Traces are of a format that is not ours and says nothing of itself.
    form = "graphopt-trace" if "traceEvents" in plan else plan.get("format")
    if not (SCHEMAS / schema_name(form)).exists():
        return [f"no format that has a schema: {form}"]
    errors = validator(form).iter_errors(plan)
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
