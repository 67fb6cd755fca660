# SPDX-License-Identifier: Apache-2.0
"""Models in onnxruntime: loading, sessions, values to feed."""

import zlib
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
MOST_INVENTED = 1 << 29


def element_type(ort_type):
    """The element type of `tensor(float)`; None for what is no tensor."""
    if not ort_type.startswith("tensor("):
        return None
    name = ort_type[len("tensor(") : -1]
    return ELEMENT_TYPES.get(name, name)


def load(path, most_invented=MOST_INVENTED):
    """The model of a file, with a name for every node that tells its position.

    External weights that do not exist are made up, the same for the same name, so that a file
    without its weights runs too.
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
    for name, tensor in stored_tensors(model.graph):
        if not external_data_helper.uses_external_data(tensor):
            continue
        source = external_data_helper.ExternalDataInfo(tensor)
        if (Path(path).parent / source.location).exists():
            external_data_helper.load_external_data_for_tensor(tensor, str(Path(path).parent))
            tensor.ClearField("data_location")
            tensor.ClearField("external_data")
            continue
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        missing += prod(tensor.dims) * kind.itemsize
        if missing > most_invented:
            raise PeerError(f"{path} lacks more weights than are worth making up")
        values = invented(name, tuple(tensor.dims), kind)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    return model


def stored_tensors(graph):
    """The initializers and the tensors of Constant nodes, with the names of their values."""
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield node.output[0], attribute.t
            elif attribute.type == onnx.AttributeProto.GRAPH:
                yield from stored_tensors(attribute.g)


def invented(name, shape, kind):
    """Weights that keep values in range through many layers, the same for the same name."""
    if kind.kind not in "f":
        return np.zeros(shape, kind)
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) < 2:  # scales and variances are positive, biases may be
        return random.uniform(0.5, 1.5, shape).astype(kind)
    spread = prod(shape[1:]) ** -0.5
    return (random.standard_normal(shape, np.float32) * np.float32(spread)).astype(kind)


def bindings(arguments):
    """`name=size` and `input:axis=size` as a map."""
    bound = {}
    for argument in arguments:
        name, _, size = argument.rpartition("=")
        if not name or not size.isdigit():
            raise PeerError(f"'{argument}' is not name=size")
        bound[name] = int(size)
    return bound


def session(
    model,
    order="DEFAULT",
    level="ORT_DISABLE_ALL",
    reuses=True,
    bound={},
    profile_prefix=None,
):
    """A session of one thread.

    By default the model runs as it stands in the file, in onnxruntime's default order. `reuses` is
    whether onnxruntime makes a plan of its own for its buffers; `bound` are the sizes of named
    dimensions, which it takes into account when it decides what to compute in place.
    """
    options = ort.SessionOptions()
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.execution_order = getattr(ort.ExecutionOrder, order)
    options.enable_mem_reuse = options.enable_mem_pattern = reuses
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    for name, size in bound.items():
        options.add_free_dimension_override_by_name(name, size)
    if profile_prefix:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
        # Weights outside the arena, whose figures are then those of the values between nodes.
        options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
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


def results(running, values):
    """What a session makes of values, by name."""
    names = [output.name for output in running.get_outputs()]
    try:
        return dict(zip(names, running.run(names, values)))
    except Exception as error:  # onnxruntime's own exceptions have no common base class
        raise PeerError(f"onnxruntime cannot run the model: {error}") from error


def equal(one, other):
    """Whether two sets of results are equal to the bit."""
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes()
        for name in one
    )
