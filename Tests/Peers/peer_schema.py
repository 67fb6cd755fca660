#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates plans against Schemas/plan-1.schema.json, and that all keys are ascending."""

import argparse
import json
import sys
from pathlib import Path

import jsonschema

SCHEMA = Path(__file__).resolve().parents[2] / "Schemas" / "plan-1.schema.json"


def ascending(members):
    keys = [key for key, _ in members]
    for key, following in zip(keys, keys[1:]):
        if key >= following:
            raise ValueError(f"key '{following}' follows '{key}'")
    return dict(members)


def not_finite(text):
    raise ValueError(f"{text} is no JSON")


def faults(path, validator):
    try:
        plan = json.loads(
            Path(path).read_bytes(), object_pairs_hook=ascending, parse_constant=not_finite
        )
    except (OSError, ValueError) as error:
        return [str(error)]
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(plan)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plans", nargs="+", metavar="PLAN.json")
    arguments = parser.parse_args()
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0
    for path in arguments.plans:
        for fault in faults(path, validator)[:20]:
            print(f"{path}: {fault}", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
