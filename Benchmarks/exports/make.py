#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports models with random weights by both of torch's exporters, runs them in onnxruntime, and
keeps the structure of each beside the shapes of all its tensors, for compare.py.

Needs torch, torchvision, transformers, onnxscript, onnx and onnxruntime. Every model is exported by
a process of its own, so that one that fails or needs too much memory costs only itself.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import onnx
import torch

import own_models
import transformer_models
import truth
import vision_models
from cases import CASES

VARIANTS = ("legacy", "dynamo", "basic", "extended", "all")
LEVELS = {
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}
FAMILIES = (own_models, transformer_models, vision_models)


class Named(torch.nn.Module):
    """A model whose inputs are positional, and whose outputs are tensors."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *values):
        if self.names is None:
            result = self.model(*values)
        else:
            result = self.model(**dict(zip(self.names, values)))
        return tuple(flat(result))


def flat(result):
    if isinstance(result, torch.Tensor):
        yield result
    elif isinstance(result, dict):
        for value in result.values():
            yield from flat(value)
    elif isinstance(result, (list, tuple)):
        for value in result:
            yield from flat(value)


def exported(case, exporter):
    torch.manual_seed(0)
    made = case()
    model = Named(made.model.eval(), made.keywords)
    names = list(made.inputs)
    values = tuple(made.inputs.values())
    if exporter == "legacy":
        buffer = io.BytesIO()
        with torch.no_grad():
            torch.onnx.export(
                model, values, buffer, input_names=names, opset_version=made.opset or 17,
                dynamic_axes=made.dynamic, dynamo=False,
            )
        return onnx.load_from_string(buffer.getvalue()), made
    shapes = tuple(
        {
            axis: torch.export.Dim.DYNAMIC if made.is_loose else dim
            for axis, dim in made.dynamic.get(name, {}).items()
        }
        for name in names
    )
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        program = torch.onnx.export(
            model, values, dynamic_shapes=(shapes,), input_names=names, dynamo=True,
            opset_version=made.dynamo_opset or 20, verbose=False,
        )
        path = Path(folder) / "model.onnx"
        program.save(str(path))
        return onnx.load(str(path)), made


def dims_of(model, made):
    """The sizes of what the file leaves open, by the inputs that it was exported with."""
    dims = {}
    stored = {tensor.name for tensor in model.graph.initializer}
    listed = [value for value in model.graph.input if value.name not in stored]
    for value, (name, given) in zip(listed, made.inputs.items()):
        shape = value.type.tensor_type.shape.dim
        for axis, dim in enumerate(shape):
            if dim.HasField("dim_value"):
                continue
            key = dim.dim_param or f"{value.name}:{axis}"
            wanted = made.dynamic.get(name, {}).get(axis)
            dims[key] = made.dims.get(wanted, given.shape[axis])
    return dims


def given_inputs(model, made, dims):
    """Integer inputs as exported where the sizes are the same: indices must be in range."""
    given = {}
    stored = {tensor.name for tensor in model.graph.initializer}
    listed = [value for value in model.graph.input if value.name not in stored]
    for value, tensor in zip(listed, made.inputs.values()):
        shape = [
            dim.dim_value if dim.HasField("dim_value")
            else dims[dim.dim_param or f"{value.name}:{axis}"]
            for axis, dim in enumerate(value.type.tensor_type.shape.dim)
        ]
        if shape == list(tensor.shape):
            given[value.name] = tensor.numpy()
    return given


def make(name, variant, folder):
    exporter = variant if variant in ("legacy", "dynamo") else "legacy"
    model, made = exported(CASES[name], exporter)
    dims = dims_of(model, made)
    given = given_inputs(model, made, dims)
    if variant in LEVELS:
        with tempfile.TemporaryDirectory() as scratch:
            model = truth.optimized(model, LEVELS[variant], scratch)
    truth.keep(model, f"{name}-{variant}", folder, dims, given)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="of models; all if left out")
    parser.add_argument("--variants", default="legacy,dynamo", help=f"of {', '.join(VARIANTS)}")
    parser.add_argument("--here", action="store_true", help="one model, in this process")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for one model")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(CASES))
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    variants = arguments.variants.split(",")
    if arguments.here:
        make(arguments.names[0], variants[0], arguments.folder)
        return
    for name in arguments.names or CASES:
        for variant in variants:
            if (arguments.folder / f"{name}-{variant}.json").exists():
                continue
            command = [
                sys.executable, __file__, str(arguments.folder), name,
                "--variants", variant, "--here",
            ]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=arguments.timeout
                )
            except subprocess.TimeoutExpired:
                print(f"{name}-{variant}: more than {arguments.timeout} s", flush=True)
                continue
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["killed"])[-1]
                print(f"{name}-{variant}: {reason[:200]}", flush=True)
            else:
                print(done.stdout.strip().splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
