# SPDX-License-Identifier: Apache-2.0
"""Writes models, most of one operator, whose results are known: python operator_cases.py FOLDER

`node`: the test cases that the onnx package makes for its operators, every input stored in the
model, so that shapes that depend on values can be inferred and inferred values can be compared.
`given`: the same cases, and the models that the package stores, as they stand in their files.
`ort`: grids of attributes over operator set versions, run by onnxruntime.
`microsoft`: onnxruntime's own operators, and models as its optimizer leaves them, run by it.
`ml`: operators for classical machine learning, run by onnxruntime.
`flow`: random models of If, Loop and Scan inside each other, run by onnxruntime.

FOLDER/cases.json lists {file, outputs: {name: form}, operators, bindings, values}. A form is [type,
shape, values or null], {"sequence": [form, ...]}, {"map": count} or {"optional": form or null}.
Run and read by OperatorCases.swift.
"""

import copy
import glob
import itertools
import math
import os
import sys
import warnings

import numpy as np
import onnx.backend.test
from case_files import TYPES, Cases, Runner, declared, form
from flow_cases import flow_cases
from microsoft_cases import microsoft_cases
from ml_cases import ml_cases
from onnx import TensorProto, numpy_helper
from sequence_cases import sequence_cases

warnings.filterwarnings("ignore")


def backend_cases():
    """The models that the onnx package tests backends with: name, model, inputs, outputs."""
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases(None):
        inputs, outputs = case.data_sets[0]
        # The cases are collected once; what is done to one of them must not last.
        yield case.name, copy.deepcopy(case.model), inputs, outputs


def stored_models():
    """The models that the onnx package stores as files: name, model, inputs, outputs."""
    data = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data")
    for folder in sorted(glob.glob(os.path.join(data, "*", "*", "test_data_set_0"))):
        model = onnx.load(os.path.join(os.path.dirname(folder), "model.onnx"))
        inputs = stored_values(folder, "input", model.graph.input)
        outputs = stored_values(folder, "output", model.graph.output)
        yield os.path.basename(os.path.dirname(folder)), model, inputs, outputs


def stored_values(folder, kind, infos):
    """The tensors that are stored for values; lists of arrays for sequences, which may be optional."""
    values = []
    for index, info in enumerate(infos):
        path = os.path.join(folder, f"{kind}_{index}.pb")
        if not os.path.exists(path):
            break
        with open(path, "rb") as file:
            stored = file.read()
        match info.type.WhichOneof("value"):
            case "tensor_type":
                values.append(TensorProto.FromString(stored))
            case "sequence_type":
                values.append(numpy_helper.to_list(onnx.SequenceProto.FromString(stored)))
            case "optional_type":
                values.append(numpy_helper.to_optional(onnx.OptionalProto.FromString(stored)))
            case _:
                values.append([])
    return values


def open_dimensions(model, inputs):
    """What binds the dimensions that a model leaves open to those of its inputs."""
    bindings = {}
    for info, value in zip(model.graph.input, inputs):
        if info.type.WhichOneof("value") != "tensor_type":
            bindings.update(open_members(info, value))
            continue
        if isinstance(value, list):
            continue
        shape = value.dims if isinstance(value, TensorProto) else np.shape(value)
        if not info.type.tensor_type.HasField("shape"):
            continue
        for axis, dimension in enumerate(info.type.tensor_type.shape.dim):
            if not dimension.HasField("dim_value"):
                name = dimension.dim_param or f"{info.name}:{axis}"
                bindings[name] = int(shape[axis])
    return bindings


def open_members(info, value):
    """What binds the length of a sequence, which may be an optional one, and its members' axes."""
    kind = info.type
    if kind.WhichOneof("value") == "optional_type":
        kind = kind.optional_type.elem_type
    if kind.WhichOneof("value") != "sequence_type":
        return {}
    members = value if isinstance(value, list) else []
    bindings = {info.name: len(members)}
    stated = kind.sequence_type.elem_type.tensor_type
    for index, member in enumerate(members):
        if not stated.HasField("shape") and np.ndim(member) == 0:
            bindings[f"{info.name}:rank"] = 0
        for axis, extent in enumerate(np.shape(member)):
            if stated.HasField("shape") and stated.shape.dim[axis].HasField("dim_value"):
                continue
            bindings[f"{info.name}[{index}]:{axis}"] = int(extent)
    return bindings


def small_values(model, inputs):
    """What binds the elements of inputs that are a few whole numbers."""
    values = {}
    for info, value in zip(model.graph.input, inputs):
        value = None if isinstance(value, (list, TensorProto)) else np.asarray(value)
        if value is None or value.dtype.kind not in "iu" or value.ndim > 1 or value.size > 16:
            continue
        for index, element in enumerate(value.ravel()):
            values[info.name if value.size == 1 else f"{info.name}[{index}]"] = int(element)
    return values


def result_form(name, info, value):
    if isinstance(value, TensorProto):
        return [declared(info.type), list(value.dims), None]
    result = form(value, declared(info.type))
    if "Random" in name or "dropout" in name or "bernoulli" in name:
        result[2] = None
    return result


def node_cases(cases):
    for name, model, inputs, outputs in backend_cases():
        if any(isinstance(v, (list, dict)) or v is None for v in inputs):
            continue
        stored = []
        for info, value in zip(model.graph.input, inputs):
            if isinstance(value, TensorProto):
                tensor = TensorProto()
                tensor.CopyFrom(value)
                tensor.name = info.name
            else:
                tensor = numpy_helper.from_array(np.asarray(value), info.name)
                stated = info.type.tensor_type.elem_type
                if stated != tensor.data_type and TYPES.get(stated, "").startswith("float"):
                    tensor.data_type = stated
            stored.append(tensor)
        forms = {o.name: result_form(name, o, v) for o, v in zip(model.graph.output, outputs)}
        del model.graph.input[:]
        model.graph.initializer.extend(stored)
        cases.add(name, model, forms)


def given_cases(cases):
    for name, model, inputs, outputs in backend_cases():
        forms = {o.name: result_form(name, o, v) for o, v in zip(model.graph.output, outputs)}
        bindings = open_dimensions(model, inputs)
        cases.add(name, model, forms, True, bindings, small_values(model, inputs))
    for name, model, inputs, outputs in stored_models():
        forms = {}
        for info, value in zip(model.graph.output, outputs):
            if isinstance(value, TensorProto):
                # Old files leave the type of a result to its data.
                forms[info.name] = [TYPES[value.data_type], list(value.dims), None]
            else:
                forms[info.name] = {"sequence": []}
        arrays = [
            numpy_helper.to_array(value) if isinstance(value, TensorProto) else value
            for value in inputs
        ]
        values = small_values(model, arrays)
        cases.add(name, model, forms, True, open_dimensions(model, inputs), values)


def ort_cases(cases):
    run = Runner(cases)
    f32 = lambda *shape: np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    i64 = lambda *values: np.array(values, dtype=np.int64)
    text = lambda *parts: "_".join(str(p).replace(" ", "") for p in parts)

    pads = [[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 2, 0], [2, 2, 2, 2]]
    for size, kernel, stride, pad, dilation, up in itertools.product(
        [(5, 7), (8, 8), (13, 6)], [(1, 1), (2, 2), (3, 2)], [1, 2, 3], pads, [1, 2], [0, 1]
    ):
        for kind, opset in (("MaxPool", 12), ("AveragePool", 11), ("AveragePool", 19)):
            attributes = dict(kernel_shape=kernel, strides=[stride] * 2, pads=pad, ceil_mode=up)
            if dilation != 1:
                if opset == 11:
                    continue
                attributes["dilations"] = [dilation] * 2
            run(
                text(size, kernel, stride, pad, dilation, up),
                opset,
                kind,
                [f32(1, 2, *size)],
                attributes,
                outputs=2 if kind == "MaxPool" else 1,
            )
        if up == 0:
            run(
                text(size, kernel, stride, pad, dilation),
                11,
                "Conv",
                [f32(1, 2, *size), f32(3, 2, *kernel)],
                dict(strides=[stride] * 2, pads=pad, dilations=[dilation] * 2),
            )
            for extra in ([0, 0], [1, 0]):
                run(
                    text(size, kernel, stride, pad, dilation, extra),
                    11,
                    "ConvTranspose",
                    [f32(1, 2, *size), f32(2, 3, *kernel)],
                    dict(
                        strides=[stride] * 2,
                        pads=pad,
                        dilations=[dilation] * 2,
                        output_padding=extra,
                    ),
                )
    for size, kernel, stride, auto, up in itertools.product(
        [(5, 7), (8, 8), (4, 13)],
        [(1, 1), (2, 3), (5, 2)],
        [1, 2, 3],
        ["SAME_UPPER", "SAME_LOWER", "VALID"],
        [0, 1],
    ):
        attributes = dict(kernel_shape=kernel, strides=[stride] * 2, auto_pad=auto)
        for kind, opset in (("MaxPool", 8), ("AveragePool", 7), ("LpPool", 2)):
            if up == 0:
                run(text(size, kernel, stride, auto), opset, kind, [f32(1, 2, *size)], attributes)
        run(
            text(size, kernel, stride, auto, up),
            12,
            "MaxPool",
            [f32(1, 2, *size)],
            dict(attributes, ceil_mode=up),
        )
        if up == 0:
            run(
                text(size, kernel, stride, auto),
                11,
                "Conv",
                [f32(1, 2, *size), f32(3, 2, *kernel)],
                attributes,
            )
            run(
                text(size, kernel, stride, auto),
                11,
                "ConvTranspose",
                [f32(1, 2, *size), f32(2, 3, *kernel)],
                attributes,
            )
    for shape in ([9, 9], [1, 3, 11, 12]):
        run(
            text(shape),
            11,
            "ConvTranspose",
            [f32(1, 2, 4, 5), f32(2, 3, 3, 3)],
            dict(strides=[2, 2], output_shape=shape),
        )

    for start, end, step in itertools.product(
        [0, 2, -1, -3, 9, -9, 2**62, -(2**62)],
        [0, 1, 5, -1, -4, 9, -9, 2**63 - 1, -(2**63), 2**31 - 1],
        [1, 2, -1, -3, 100, -100],
    ):
        run(
            text(start, end, step),
            13,
            "Slice",
            [np.arange(10, dtype=np.int64).reshape(5, 2), i64(start), i64(end), i64(0), i64(step)],
            {},
        )
    for start, end in itertools.product([0, 2, -1, -3, 9], [0, 3, -1, 9, 2**62]):
        run(
            text(start, end),
            9,
            "Slice",
            [np.arange(10, dtype=np.int64).reshape(2, 5)],
            dict(starts=[start], ends=[end], axes=[1]),
        )
    run("two", 10, "Slice", [f32(4, 5, 6), i64(1, -3), i64(3, 100), i64(0, -1)], {})
    run("noaxes", 11, "Slice", [f32(4, 5, 6), i64(1, 0), i64(3, -1)], {})

    for opset in (7, 9):
        for scale in ([1, 1, 2, 2], [1, 1, 1.5, 0.7], [1, 1, 0.6, 1.1]):
            if opset == 7:
                run(
                    text(scale),
                    7,
                    "Upsample",
                    [f32(1, 2, 5, 7)],
                    dict(scales=[float(s) for s in scale]),
                )
            else:
                run(text(scale), 9, "Upsample", [f32(1, 2, 5, 7), np.array(scale, np.float32)], {})
    for scale in (
        [1, 1, 2, 2],
        [1, 1, 0.6, 1.7],
        [1, 1, 1 / 3, 0.3],
        [1, 1, 7 / 5, 5 / 7],
        [1, 1, 0.2, 0.1],
        [1, 1, 2.6, 3.3333333],
    ):
        array = np.array(scale, np.float32)
        run(text(scale), 10, "Resize", [f32(1, 2, 5, 7), array], {})
        for opset in (11, 13, 18):
            run(
                text(scale),
                opset,
                "Resize",
                [f32(1, 2, 5, 7), np.array([], np.float32), array],
                dict(mode="nearest"),
            )
            run(
                "crop" + text(scale),
                opset,
                "Resize",
                [f32(1, 2, 5, 7), np.array([0, 0, 0.2, 0.1, 1, 1, 0.9, 0.7], np.float32), array],
                dict(mode="linear", coordinate_transformation_mode="tf_crop_and_resize"),
            )
    for sizes, policy in itertools.product(
        ([9, 9], [3, 8], [10, 14], [1, 20]), ("stretch", "not_larger", "not_smaller")
    ):
        run(
            text(sizes, policy),
            18,
            "Resize",
            [f32(1, 2, 5, 7), None, None, i64(*sizes)],
            dict(mode="nearest", axes=[2, 3], keep_aspect_ratio_policy=policy),
        )
    run("sizes", 13, "Resize", [f32(1, 2, 5, 7), None, None, i64(1, 2, 8, 3)], dict(mode="nearest"))

    for pad in ([0, 1, 2, 3], [1, 0, 0, 2], [0, -1, 0, -2], [-1, 2, -1, 0]):
        run(text(pad), 2, "Pad", [f32(4, 5)], dict(pads=pad))
        run(text(pad), 11, "Pad", [f32(4, 5), i64(*pad)], {})
        run(text(pad), 18, "Pad", [f32(3, 4, 5), i64(*pad), None, i64(0, -1)], {})
    for opset in (11, 13):
        run("ints", opset, "Pad", [i64(3, 4, 5), i64(2, 1), i64(7)], {})

    for count, extent, opset in itertools.product([1, 2, 3], [6, 7], [2, 13, 18]):
        attributes = dict(axis=1)
        if opset == 18:
            attributes["num_outputs"] = count
        run(text(count, extent), opset, "Split", [f32(2, extent)], attributes, outputs=count)
    run("given", 11, "Split", [f32(2, 7)], dict(axis=-1, split=[3, 4]), outputs=2)
    run("given", 13, "Split", [f32(2, 7), i64(0, 7)], dict(axis=-1), outputs=2)

    for opset in (11, 13):
        for axes in ([0], [-1], [0, 2], [0, -2]):
            data = np.arange(4, dtype=np.int64).reshape(1, 4, 1)
            if opset == 11:
                run(text(axes), opset, "Squeeze", [data], dict(axes=axes))
                run(text(axes), opset, "Unsqueeze", [data], dict(axes=axes))
            else:
                run(text(axes), opset, "Squeeze", [data, i64(*axes)], {})
                run(text(axes), opset, "Unsqueeze", [data, i64(*axes)], {})
        run("all", opset, "Squeeze", [np.arange(4, dtype=np.int64).reshape(1, 4, 1)], {})
    for shape in ([0, -1], [2, 0, -1], [-1], [4, 3, 2], [0, 0, 0], [1, -1, 1]):
        for opset in (5, 13, 14):
            run(text(shape), opset, "Reshape", [np.arange(24).reshape(2, 3, 4), i64(*shape)], {})
    run("zero", 14, "Reshape", [f32(0, 3), i64(3, 0)], dict(allowzero=1))
    for axis in range(-3, 4):
        run(text(axis), 13, "Flatten", [f32(2, 3, 4)], dict(axis=axis))
    for opset, axis in itertools.product((9, 13), (-1, 0, 1, 2)):
        for kind in ("Softmax", "LogSoftmax", "Hardmax"):
            run(text(axis), opset, kind, [f32(2, 3, 4)], dict(axis=axis))

    for kind in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2"):
        for axes, keep, opset in itertools.product(([0], [-1], [0, 2], None), (0, 1), (11, 13, 18)):
            data = np.arange(1, 25, dtype=np.int32 if kind != "ReduceL2" else np.float32)
            data = data.reshape(2, 3, 4) % 7 + 1
            takes_input = opset >= 18 or (kind == "ReduceSum" and opset >= 13)
            attributes = dict(keepdims=keep)
            inputs = [data]
            if axes is not None and takes_input:
                inputs.append(i64(*axes))
            elif axes is not None:
                attributes["axes"] = axes
            run(text(axes, keep), opset, kind, inputs, attributes)
        run("noop", 18, kind, [f32(2, 3)], dict(noop_with_empty_axes=1))
    for kind in ("ArgMax", "ArgMin"):
        for axis, keep in itertools.product((0, -1), (0, 1)):
            run(text(axis, keep), 13, kind, [f32(2, 3)], dict(axis=axis, keepdims=keep))

    ints = np.array([[-7, 5, 0], [12, -3, 9]], dtype=np.int64)
    other = np.array([[2, -3, 4]], dtype=np.int64)
    for kind in (
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Mod",
        "Max",
        "Min",
        "Equal",
        "Less",
        "Greater",
        "LessOrEqual",
        "GreaterOrEqual",
        "Pow",
    ):
        run("int64", 17, kind, [ints, other if kind != "Pow" else np.abs(other)], {})
        run("int32", 17, kind, [ints.astype(np.int32), np.abs(other).astype(np.int32)], {})
        run(
            "float",
            17,
            kind,
            [ints.astype(np.float32) / 3, other.astype(np.float32) / 7],
            dict(fmod=1) if kind == "Mod" else {},
        )
        run(
            "double",
            17,
            kind,
            [ints.astype(np.float64) / 3, other.astype(np.float64) / 7],
            dict(fmod=1) if kind == "Mod" else {},
        )
    run("fmod", 17, "Mod", [ints, other], dict(fmod=1))
    run("wrap", 17, "Mul", [np.array([2**30, 2**31 - 1], np.int32), np.array([4, 2], np.int32)], {})
    for kind in ("Neg", "Abs", "Sign", "Relu"):
        run("int32", 17, kind, [ints.astype(np.int32)], {})
        run("float", 17, kind, [ints.astype(np.float32) / 3], {})
    for kind in ("Floor", "Ceil", "Round", "Sqrt", "Reciprocal", "Exp", "Log", "Not"):
        data = np.array([0.5, 1.5, 2.5, 3.7, 9], np.float32)
        run("float", 17, kind, [data if kind != "Not" else data > 2], {})
    for to in (1, 6, 7, 9, 10, 11, 2, 3):
        run(
            text("float", to),
            17,
            "Cast",
            [np.array([0, 0.4, -1.6, 2.5, 7.99], np.float32)],
            dict(to=to),
        )
        run(text("int", to), 17, "Cast", [np.array([0, 1, -1, 77, 300], np.int64)], dict(to=to))
    for start, limit, delta in ((0, 10, 3), (10, 0, -4), (5, 5, 1), (3, 0, 1), (-4, 9, 13)):
        run(
            text(start, limit, delta),
            11,
            "Range",
            [np.array(v, np.int64) for v in (start, limit, delta)],
            {},
        )
        run(
            text("f", start, limit, delta),
            11,
            "Range",
            [np.array(v, np.float32) * np.float32(0.1) for v in (start, limit, delta)],
            {},
        )
    for shape in ([3, 4], [2, 1, 4], [1], [5, 1, 1]):
        run(text(shape), 13, "Expand", [np.arange(4).reshape(1, 4), i64(*shape)], {})
    for repeats in ([1, 2], [3, 1], [2, 2], [0, 3]):
        run(text(repeats), 13, "Tile", [np.arange(6).reshape(2, 3), i64(*repeats)], {})
    for axis, indices in itertools.product((0, 1, -1), ([0], [[1, -1], [0, 0]], 1)):
        run(
            text(axis, indices),
            13,
            "Gather",
            [np.arange(6).reshape(2, 3), np.array(indices, np.int64)],
            dict(axis=axis),
        )
    for axis in (0, 1, -1):
        run(
            text(axis),
            13,
            "Concat",
            [np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3) + 9],
            dict(axis=axis),
        )
    for perm in ([0, 2, 1], [2, 1, 0], [1, 2, 0]):
        run(text(perm), 13, "Transpose", [np.arange(24).reshape(2, 3, 4)], dict(perm=perm))
    run("none", 13, "Transpose", [np.arange(24).reshape(2, 3, 4)], {})
    for start, end in itertools.product((None, 0, 1, -1, -9), (None, 2, -1, 9)):
        attributes = {k: v for k, v in (("start", start), ("end", end)) if v is not None}
        run(text(start, end), 15, "Shape", [f32(2, 3, 4)], attributes)
    for value in (np.array([7], np.int32), np.array([2.5], np.float32), None):
        attributes = {} if value is None else dict(value=numpy_helper.from_array(value))
        run(
            text(None if value is None else value.dtype),
            9,
            "ConstantOfShape",
            [i64(2, 3)],
            attributes,
        )
        run("scalar", 9, "ConstantOfShape", [np.array([], np.int64)], attributes)

    for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        for direction, count in (("forward", 1), ("reverse", 1), ("bidirectional", 2)):
            for opset in (7, 14):
                run(
                    direction,
                    opset,
                    kind,
                    [f32(5, 2, 3), f32(count, gates * 4, 3), f32(count, gates * 4, 4)],
                    dict(hidden_size=4, direction=direction),
                    outputs=3 if kind == "LSTM" else 2,
                )
    for opset, kind in ((7, "Dropout"), (10, "Dropout"), (13, "Dropout")):
        run("mask", opset, kind, [f32(2, 3)], {}, outputs=2)
    for largest, sort, k in itertools.product((0, 1), (0, 1), (1, 3)):
        run(
            text(largest, sort, k),
            11,
            "TopK",
            [f32(4, 5), i64(k)],
            dict(axis=0, largest=largest, sorted=sort),
            outputs=2,
        )
    run("attr", 9, "TopK", [f32(4, 5)], dict(k=2), outputs=2)
    run("scalar", 11, "SplitToSequence", [f32(7, 2), np.array(3, np.int64)], {})
    run("list", 11, "SplitToSequence", [f32(7, 2), i64(3, 0, 4)], {})
    run("ones", 11, "SplitToSequence", [f32(3, 2)], {})
    run("squeezed", 11, "SplitToSequence", [f32(3, 2)], dict(axis=1, keepdims=0))
    for axis in (-3, -1, 0, 2):
        run(
            text(axis),
            17,
            "LayerNormalization",
            [f32(2, 3, 4), np.ones((2, 3, 4)[axis:], np.float32)],
            dict(axis=axis),
            outputs=3,
        )
    for a, b in (
        ([3], [3]),
        ([2, 3], [3]),
        ([3], [3, 2]),
        ([4, 2, 3], [3, 5]),
        ([2, 3], [4, 3, 5]),
        ([2, 1, 2, 3], [4, 3, 5]),
    ):
        run(text(a, b), 13, "MatMul", [f32(*a), f32(*b)], {})
    for ta, tb in itertools.product((0, 1), (0, 1)):
        run(
            text(ta, tb),
            13,
            "Gemm",
            [f32(*((2, 3) if not ta else (3, 2))), f32(*((3, 5) if not tb else (5, 3))), f32(5)],
            dict(transA=ta, transB=tb),
        )
    for equation, shapes in (
        ("ij,jk->ik", ([2, 3], [3, 4])),
        ("bij,bjk", ([5, 2, 3], [5, 3, 4])),
        ("...ij,...jk->...ik", ([6, 2, 3], [3, 4])),
        ("ii->i", ([3, 3],)),
        ("ij->ji", ([2, 3],)),
        ("i,j->ij", ([2], [3])),
        ("ij->", ([2, 3],)),
    ):
        run(text(len(equation)), 12, "Einsum", [f32(*s) for s in shapes], dict(equation=equation))
    for batch, indices in ((0, [[0, 1], [1, 0]]), (0, [[1]]), (1, [[1], [0]]), (0, [[[0, 0, 1]]])):
        run(
            text(batch, indices),
            12,
            "GatherND",
            [f32(2, 2, 3), np.array(indices, np.int64)],
            dict(batch_dims=batch),
        )
    sequence_cases(run)
    print(len(run.refused), "cases refused by onnxruntime")


if __name__ == "__main__":
    for part, make in (
        ("node", node_cases),
        ("given", given_cases),
        ("ort", ort_cases),
        ("microsoft", microsoft_cases),
        ("ml", ml_cases),
        ("flow", flow_cases),
    ):
        cases = Cases(os.path.join(sys.argv[1], part))
        make(cases)
        cases.write()
