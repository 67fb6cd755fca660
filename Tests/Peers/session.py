# SPDX-License-Identifier: Apache-2.0
"""Models in onnxruntime as they stand in the file: no graph optimizations, one thread."""

from math import prod
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import external_data_helper
from outcome import PeerError

# Element types by the names that plans use, from those of onnxruntime.
ELEMENT_TYPES = {"float": "float32", "double": "float64"}

# Bytes of weights that are made up where a model comes without; protobuf ends at 2 GB.
MOST_ZEROS = 1 << 29


def element_type(ort_type):
    """The element type of `tensor(float)`; None for what is no tensor."""
    if not ort_type.startswith("tensor("):
        return None
    name = ort_type[len("tensor(") : -1]
    return ELEMENT_TYPES.get(name, name)


def load(path):
    """The model of a file, with a name for every node that tells its position.

    External weights that do not exist become zeros, so that a file without its weights runs too.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError:
        raise
    except Exception as error:  # protobuf's exceptions depend on its implementation
        raise PeerError(f"{path} is no ONNX model: {error}") from error
    for index, node in enumerate(model.graph.node):
        node.name = f"node {index}"
    missing = 0
    for tensor in model.graph.initializer:
        if not external_data_helper.uses_external_data(tensor):
            continue
        source = external_data_helper.ExternalDataInfo(tensor)
        if (Path(path).parent / source.location).exists():
            external_data_helper.load_external_data_for_tensor(tensor, str(Path(path).parent))
            continue
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        missing += prod(tensor.dims) * kind.itemsize
        if missing > MOST_ZEROS:
            raise PeerError(f"{path} lacks more weights than are worth making up")
        tensor.CopyFrom(
            onnx.numpy_helper.from_array(np.zeros(tuple(tensor.dims), kind), tensor.name)
        )
    return model


def bindings(arguments):
    """`name=size` and `input:axis=size` as a map."""
    bound = {}
    for argument in arguments:
        name, _, size = argument.rpartition("=")
        if not name or not size.isdigit():
            raise PeerError(f"'{argument}' is not name=size")
        bound[name] = int(size)
    return bound


def session(model, order="DEFAULT", profile_prefix=None):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.execution_order = getattr(ort.ExecutionOrder, order)
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if profile_prefix:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
    try:
        return ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own exceptions have no common base class
        raise PeerError(f"onnxruntime cannot load the model: {error}") from error


def feeds(running, bound):
    """Values for every input: small random floats, ones for masks, indices below 50."""
    random = np.random.RandomState(0)
    values = {}
    for value in running.get_inputs():
        shape = []
        for axis, extent in enumerate(value.shape):
            if not isinstance(extent, int) or extent < 0:
                extent = bound.get(extent, bound.get(f"{value.name}:{axis}"))
                if extent is None:
                    raise PeerError(f"axis {axis} of input '{value.name}' is not bound")
            shape.append(extent)
        kind = np.dtype(element_type(value.type))
        if kind.kind in "iu" and "mask" not in value.name:
            array = random.randint(0, 50, shape)
        elif kind.kind in "iub":
            array = np.ones(shape)
        else:
            array = random.standard_normal(shape)
        values[value.name] = np.asarray(array, kind)
    return values
