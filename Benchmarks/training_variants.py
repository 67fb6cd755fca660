#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rewrites a training step with Adam in place (pkg.aten convention) for another kind of optimizer.

Usage: training_variants.py VARIANT IN.onnx OUT.onnx

kept        every write of the optimizer makes a new tensor, old values stay: an SSA graph as naive
            exporters write it
first-step  the moments are made inside the step and dropped, and gradients get weight decay: what
            ROAM and MODeL trace, for whom parameters are constant

Only the structure is rewritten; the graphs are for planning, not for running. Needs onnx.
"""
import json
import sys
from math import prod

import onnx
from onnx import helper

STATE = ("adam_m::", "adam_v::")


class NotAdam(Exception):
    """Why a graph cannot be rewritten."""


def attribute(node, key, otherwise=None):
    for entry in node.attribute:
        if entry.name == key:
            return helper.get_attribute_value(entry)
    return otherwise


def set_attribute(node, key, value):
    kept = [entry for entry in node.attribute if entry.name != key]
    del node.attribute[:]
    node.attribute.extend(kept)
    if value is not None:
        node.attribute.append(helper.make_attribute(key, value))


def metadata(model):
    return {entry.key: entry.value for entry in model.metadata_props}


def set_metadata(model, values):
    del model.metadata_props[:]
    for key, value in values.items():
        model.metadata_props.add(key=key, value=value)


def is_update(node):
    return attribute(node, "_phase") == b"optimizer"


class Step:
    """A training step with what rewriting it needs to know of its values."""

    def __init__(self, model):
        self.model = model
        self.graph = model.graph
        self.facts = metadata(model)
        if self.facts.get("graphopt.optimizer") != "adam":
            raise NotAdam("the graph has no Adam in it")
        self.updates = json.loads(self.facts["graphopt.updates"])
        graph = model.graph
        self.types = {info.name: info.type.tensor_type
                      for info in [*graph.input, *graph.value_info, *graph.output]}

    def size(self, name):
        """The bytes of a value."""
        tensor = self.types[name]
        width = helper.tensor_dtype_to_np_dtype(tensor.elem_type).itemsize
        return width * prod(dim.dim_value for dim in tensor.shape.dim)

    def add_type(self, name, like):
        info = helper.make_tensor_value_info(name, 1, [])
        info.type.tensor_type.CopyFrom(self.types[like])
        self.graph.value_info.append(info)
        self.types[name] = info.type.tensor_type

    def finish(self, name):
        self.facts["graphopt.updates"] = json.dumps(self.updates)
        set_metadata(self.model, self.facts)
        self.graph.name = name


def kept(model):
    """Writes to what the caller owns become new tensors; those to temporaries stay in place."""
    step = Step(model)
    owned = {info.name for info in step.graph.input}
    for node in step.graph.node:
        shared = attribute(node, "_inplace")
        if not shared:
            continue
        sizes = list(attribute(node, "_storage_bytes"))
        shared = list(shared)
        for index, source in enumerate(shared):
            if source < 0 or node.input[source] not in owned:
                continue
            owned.add(node.output[index])
            if is_update(node):
                shared[index] = -1
                sizes[index] = step.size(node.output[index])
        if is_update(node):
            set_attribute(node, "_storage_bytes", sizes)
            set_attribute(node, "_inplace", shared if max(shared) >= 0 else None)
    step.finish(step.graph.name.replace("-adam", "-adam-kept"))
    return model


def first_step(model):
    """Moments start as zeros inside the step; the state is neither an input nor an output."""
    step = Step(model)
    nodes, decayed = [], {}
    for node in step.graph.node:
        if is_update(node):
            nodes += starts(step, node, decayed)
        nodes.append(node)
    dropped = {name for name in step.updates if name.startswith(STATE)}
    results = {step.updates.pop(name) for name in sorted(dropped)}
    for values, names in ((step.graph.input, dropped), (step.graph.output, results)):
        left = [info for info in values if info.name not in names]
        if values is step.graph.output:
            # They are values of the graph still.
            step.graph.value_info.extend(info for info in values if info.name in names)
        del values[:]
        values.extend(left)
    del step.graph.node[:]
    step.graph.node.extend(nodes)
    roles = json.loads(step.facts["graphopt.roles"])
    step.facts["graphopt.roles"] = json.dumps(
        {name: role for name, role in roles.items() if not name.startswith(STATE)})
    step.finish(step.graph.name.replace("-adam", "-adam-first-step"))
    return model


def starts(step, node, decayed):
    """What has to run before an update, which is changed to read it.

    The first update of a parameter reads its first moment and the gradient: there the gradient is
    decayed, and both moments are made.
    """
    made = []
    for index, name in enumerate(node.input):
        if name.startswith("adam_m::"):
            parameter = f"param::{name.partition('::')[2]}"
            gradient = node.input[attribute(node, "_inputs").index(b"end")]
            decayed[gradient] = f"decayed::{gradient}"
            made.append(operation(
                step, "add", [gradient, parameter], ["self", "other"], decayed[gradient]))
            for moment in STATE:
                zeros = parameter.replace("param::", f"zeros_{moment}")
                made.append(operation(step, "zeros_like", [parameter], ["self"], zeros))
        if name.startswith(STATE):
            node.input[index] = f"zeros_{name}"
    for index, name in enumerate(node.input):
        node.input[index] = decayed.get(name, name)
    return made


def operation(step, kind, inputs, labels, output):
    """A new node that makes a tensor like its first input."""
    step.add_type(output, inputs[0])
    node = helper.make_node(kind, inputs, [output], name=output, domain="pkg.aten")
    for key, value in [
        ("_inputs", labels), ("_overload", "default"), ("_phase", "optimizer"),
        ("_storage_bytes", [step.size(output)]),
    ]:  # fmt: skip
        node.attribute.append(helper.make_attribute(key, value))
    return node


VARIANTS = {"kept": kept, "first-step": first_step}


def main(variant, source, target):
    if variant not in VARIANTS:
        sys.exit(f"there is no variant '{variant}'; choose from {', '.join(VARIANTS)}")
    try:
        onnx.save(VARIANTS[variant](onnx.load(source)), target)
    except NotAdam as error:
        sys.exit(f"{source}: {error}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
