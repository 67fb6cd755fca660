# SPDX-License-Identifier: Apache-2.0
"""What onnxruntime really makes of a model, and the model without its weights."""

import json
from math import prod
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto

# Tensors of more elements lose their data in what is kept; shape arithmetic needs smaller ones.
MOST_ELEMENTS = {TensorProto.INT64: 1024, TensorProto.INT32: 1024}
ELEMENT_TYPES = {"float": "float32", "double": "float64"}


def exposed(model):
    """A copy of a model with every result of its main graph among its outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    listed = {value.name for value in copy.graph.output}
    for node in copy.graph.node:
        for name in node.output:
            if name and name not in listed:
                listed.add(name)
                copy.graph.output.add(name=name)
    return copy


def options(level="ORT_DISABLE_ALL"):
    result = ort.SessionOptions()
    result.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    result.intra_op_num_threads = result.inter_op_num_threads = 1
    result.log_severity_level = 4
    return result


def feeds(session, dims, given):
    """Values for the inputs: those given, else small normals, ones for masks, indices below 50."""
    random = np.random.RandomState(0)
    values = {}
    for value in session.get_inputs():
        if value.name in given:
            values[value.name] = np.asarray(given[value.name])
            continue
        shape = []
        for axis, extent in enumerate(value.shape):
            if not isinstance(extent, int) or extent < 0:
                extent = dims.get(extent, dims.get(f"{value.name}:{axis}"))
            shape.append(extent)
        name = value.type[len("tensor(") : -1]
        kind = np.dtype(ELEMENT_TYPES.get(name, name))
        if kind.kind in "iu" and "mask" not in value.name:
            array = random.randint(0, 50, shape)
        elif kind.kind in "iub":
            array = np.ones(shape)
        else:
            array = random.standard_normal(shape)
        values[value.name] = np.asarray(array, kind)
    return values


def measured(model, dims, given):
    """The types and shapes of all results of the main graph that are dense tensors."""
    session = ort.InferenceSession(
        exposed(model).SerializeToString(), options(), providers=["CPUExecutionProvider"]
    )
    values = {
        name: ort.OrtValue.ortvalue_from_numpy(value)
        for name, value in feeds(session, dims, given).items()
    }
    names = [output.name for output in session.get_outputs()]
    found = {}
    for name, value in zip(names, session.run_with_ort_values(names, values)):
        kind = value.data_type()
        if kind.startswith("tensor("):
            kind = kind[len("tensor(") : -1]
            found[name] = [ELEMENT_TYPES.get(kind, kind), list(value.shape())]
    return found


def tensors(graph):
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g"):
                yield from tensors(attribute.g)
            for body in attribute.graphs:
                yield from tensors(body)


def strip(model):
    """Takes the data out of large tensors, which then refer to a file that does not exist."""
    offset = 0
    for tensor in tensors(model.graph):
        if prod(tensor.dims) <= MOST_ELEMENTS.get(tensor.data_type, 128):
            continue
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        length = prod(tensor.dims) * kind.itemsize
        for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data",
                      "uint64_data", "string_data"):
            tensor.ClearField(field)
        if tensor.data_type == TensorProto.STRING:
            continue
        tensor.data_location = TensorProto.EXTERNAL
        del tensor.external_data[:]
        for key, value in (
            ("location", "weights.bin"), ("offset", offset), ("length", length)
        ):
            tensor.external_data.add(key=key, value=str(value))
        offset += -(-length // 4096) * 4096


def optimized(model, level, folder):
    """What onnxruntime's own optimizer makes of a model."""
    path = Path(folder) / f"optimized-{level}.onnx"
    chosen = options(level)
    chosen.optimized_model_filepath = str(path)
    ort.InferenceSession(model.SerializeToString(), chosen, providers=["CPUExecutionProvider"])
    return onnx.load(str(path))


def keep(model, name, folder, dims, given):
    """Writes a model without its weights, and the truth beside it."""
    truth = measured(model, dims, given)
    strip(model)
    folder = Path(folder)
    onnx.save(model, str(folder / f"{name}.onnx"))
    record = {"dims": dims, "tensors": truth}
    (folder / f"{name}.json").write_text(json.dumps(record, indent=0, sort_keys=True))
    print(f"{name}: {len(model.graph.node)} nodes, {len(truth)} tensors", flush=True)
