#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the models in this folder, the same bytes on every run.

Needs onnx and numpy (see Tests/Peers/requirements.txt). With --check it writes nothing and fails if
a file differs from what it would write.
"""

import argparse
import sys
from pathlib import Path

from makers import convnets, fan, flow, functions, invalid, recall, training, transformers, types

FOLDER = Path(__file__).resolve().parent

VALID = [
    convnets.dense_block,
    convnets.resnet50,
    convnets.squeezenet_like,
    fan.fan,
    flow.nested_flow,
    functions.local_functions,
    recall.recall,
    training.mlp_train,
    transformers.bert_block,
    types.mixed_types,
    types.old_style,
    types.passthrough,
]

INVALID = [
    invalid.bad_names,
    invalid.bad_reshape,
    invalid.cyclic,
    invalid.data_dependent,
    invalid.deep_nesting,
    invalid.duplicate_initializer,
    invalid.duplicate_output,
    invalid.empty,
    invalid.huge_dims,
    invalid.huge_sum,
    invalid.mismatched_matmul,
    invalid.negative_dim,
    invalid.no_graph,
    invalid.outside_data,
    invalid.short_payload,
    invalid.text,
    invalid.truncated,
    invalid.unbound,
    invalid.undefined_input,
    invalid.undefined_output,
    invalid.unknown_op,
    invalid.unsorted,
]


def contents():
    """The bytes of every file, by its path in this folder."""
    files = {f"{make.__name__}.onnx": make().bytes() for make in VALID}
    files |= {f"invalid/{make.__name__}.onnx": make() for make in INVALID}
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    files = contents()
    if check:
        present = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.onnx")}
        # Those of make_fusion_models.py need torch.
        present = {name for name in present if not name.startswith("fusion/")}
        wrong = sorted(
            name
            for name in present | set(files)
            if name not in present or (FOLDER / name).read_bytes() != files.get(name)
        )
        for name in wrong:
            print(f"{name} is not what make_fixtures.py writes", file=sys.stderr)
        return 1 if wrong else 0
    for name, data in files.items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
