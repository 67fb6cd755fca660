# SPDX-License-Identifier: Apache-2.0
"""One-operator models with known results: what is said of a result, and who computes it."""

import json
import math
import os
import re

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

TYPES = {
    TensorProto.FLOAT: "float32",
    TensorProto.UINT8: "uint8",
    TensorProto.INT8: "int8",
    TensorProto.UINT16: "uint16",
    TensorProto.INT16: "int16",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
    TensorProto.STRING: "string",
    TensorProto.BOOL: "bool",
    TensorProto.FLOAT16: "float16",
    TensorProto.DOUBLE: "float64",
    TensorProto.UINT32: "uint32",
    TensorProto.UINT64: "uint64",
    TensorProto.COMPLEX64: "complex64",
    TensorProto.COMPLEX128: "complex128",
    TensorProto.BFLOAT16: "bfloat16",
    TensorProto.FLOAT8E4M3FN: "float8e4m3fn",
    TensorProto.FLOAT8E4M3FNUZ: "float8e4m3fnuz",
    TensorProto.FLOAT8E5M2: "float8e5m2",
    TensorProto.FLOAT8E5M2FNUZ: "float8e5m2fnuz",
    TensorProto.UINT4: "uint4",
    TensorProto.INT4: "int4",
    TensorProto.FLOAT4E2M1: "float4e2m1",
    TensorProto.FLOAT8E8M0: "float8e8m0",
    TensorProto.UINT2: "uint2",
    TensorProto.INT2: "int2",
    TensorProto.FLOAT6E2M3: "float6e2m3",
    TensorProto.FLOAT6E3M2: "float6e3m2",
}
COMPARED = {"float32", "float64", "float16", "bfloat16", "bool"} | {
    f"{u}int{b}" for u in ("", "u") for b in (2, 4, 8, 16, 32, 64)
}


def declared(type_proto):
    """The element type that a value info states."""
    while True:
        kind = type_proto.WhichOneof("value")
        if kind == "tensor_type":
            return TYPES.get(type_proto.tensor_type.elem_type, "undefined")
        if kind in ("sequence_type", "optional_type"):
            type_proto = getattr(type_proto, kind).elem_type
            continue
        return "undefined"


def form(value, type_name):
    """What is to be compared of a result."""
    if isinstance(value, dict):
        return {"map": len(value)}
    if isinstance(value, list):
        return {"sequence": [form(v, type_name) for v in value]}
    if value is None:
        return {"optional": None}
    value = np.asarray(value)
    values = None
    if type_name in COMPARED and 0 < value.size <= 4096:
        values = [float(v) for v in value.astype(np.float64).ravel()]
        values = [v if math.isfinite(v) else None for v in values]
    return [type_name, list(value.shape), values]


class Cases:
    def __init__(self, folder):
        self.folder, self.list = folder, []
        os.makedirs(folder, exist_ok=True)

    def add(self, name, model, outputs, keeps_stated=False, bindings=None, values=None):
        """Adds a model; unless `keeps_stated`, nothing of the results can be read from it."""
        for output in [] if keeps_stated else list(model.graph.output):
            kept = onnx.ValueInfoProto()
            kept.name = output.name
            output.CopyFrom(kept)
        file = f"{len(self.list):05d}-{name[:80]}.onnx"
        with open(os.path.join(self.folder, file), "wb") as f:
            f.write(model.SerializeToString())
        used = {(n.domain if n.domain != "ai.onnx" else "", n.op_type) for n in model.graph.node}
        self.list.append(
            {
                "file": file,
                "outputs": outputs,
                "operators": sorted(f"{domain}::{kind}" for domain, kind in used),
                "bindings": bindings or {},
                "values": values or {},
            }
        )

    def write(self):
        with open(os.path.join(self.folder, "cases.json"), "w") as f:
            json.dump(self.list, f)
        print(len(self.list), "cases in", self.folder)


class Runner:
    """Adds cases whose results onnxruntime computes; what it refuses is counted."""

    def __init__(self, cases, domain="", domain_version=1):
        ort.set_default_logger_severity(4)
        self.cases, self.domain, self.domain_version = cases, domain, domain_version
        self.options = ort.SessionOptions()
        self.options.log_severity_level = 4
        self.options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.refused = []

    def __call__(self, name, opset, node_type, inputs, attributes, outputs=1, stated=None):
        """Inputs are arrays, or None where one is left out; outputs are a number or a mask.

        `stated` gives an output that no operand tells the type of ONNX's number for it.
        """
        names = ["" if v is None else f"i{k}" for k, v in enumerate(inputs)]
        if isinstance(outputs, int):
            outputs = [True] * outputs
        made = [f"o{k}" if wanted else "" for k, wanted in enumerate(outputs)]
        results = [result for result in made if result]
        node = helper.make_node(node_type, names, made, domain=self.domain, **attributes)
        stored = [numpy_helper.from_array(v, n) for n, v in zip(names, inputs) if v is not None]
        opsets = [helper.make_opsetid("", opset)]
        if self.domain:
            opsets.append(helper.make_opsetid(self.domain, self.domain_version))
        infos = [onnx.ValueInfoProto(name=r) for r in results]
        for info in infos:
            if stated and info.name in stated:
                info.type.tensor_type.elem_type = stated[info.name]
        graph = helper.make_graph([node], "g", [], infos, stored)
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        self.add(f"{node_type}-{opset}-{name}", model)

    def add(self, name, model):
        """Adds a model without inputs."""
        try:
            session = ort.InferenceSession(
                model.SerializeToString(), self.options, providers=["CPUExecutionProvider"]
            )
            values = session.run(None, {})
        except Exception as error:  # onnxruntime's own exceptions have no common base class
            self.refused.append((name, str(error)))
            return
        forms = {}
        for output, value in zip(session.get_outputs(), values):
            forms[output.name] = form(value, short(output.type))
        self.cases.add(name, model, forms)


def short(ort_type):
    """The element type of `tensor(float)` and of `seq(tensor(float))`."""
    name = ort_type[ort_type.rindex("(") + 1 :].rstrip(")")
    return {"float": "float32", "double": "float64"}.get(name, name)


class Inference:
    """Adds cases for which onnxruntime has no kernel here, by its own shape inference.

    It tells what it infers where a file states something else, one extent at a time.
    """

    WRONG = 7654321
    # What is found out of a model whose values are as it should be: that nothing can run it.
    ENDS = ("NOT_IMPLEMENTED", "InsertedPrecisionFreeCast", "Exception during initialization")

    def __init__(self, cases, domain="", domain_version=1):
        ort.set_default_logger_severity(4)
        self.cases, self.domain, self.domain_version = cases, domain, domain_version
        self.options = ort.SessionOptions()
        self.options.log_severity_level = 4
        self.options.add_session_config_entry("session.strict_shape_type_inference", "1")
        self.refused = []

    def __call__(self, name, node_type, inputs, attributes, outputs=1):
        """Inputs are pairs of ONNX's type and shape, arrays, or None; outputs as for a Runner."""
        if isinstance(outputs, int):
            outputs = [True] * outputs
        names = ["" if v is None else f"i{k}" for k, v in enumerate(inputs)]
        made = [f"o{k}" if wanted else "" for k, wanted in enumerate(outputs)]
        node = helper.make_node(node_type, names, made, domain=self.domain, **attributes)
        fed, stored = [], []
        for value, operand in zip(inputs, names):
            if isinstance(value, tuple):
                fed.append(helper.make_tensor_value_info(operand, *value))
            elif value is not None:
                stored.append(numpy_helper.from_array(value, operand))
        results = [result for result in made if result]
        infos = {result: onnx.ValueInfoProto(name=result) for result in results}
        opsets = [helper.make_opsetid("", 17)]
        if self.domain:
            opsets.append(helper.make_opsetid(self.domain, self.domain_version))
        graph = helper.make_graph([node], "g", fed, list(infos.values()), stored)
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        forms = {}
        for index, result in enumerate(results):
            try:
                found = self.inferred(model, index)
            except ValueError as error:
                self.refused.append((f"{node_type}-{name}", str(error)))
                return
            if found[1] is not None:
                forms[result] = found
        if forms:
            self.cases.add(f"{node_type}-{name}", model, forms)
        else:
            self.refused.append((f"{node_type}-{name}", "nothing is inferred"))

    def inferred(self, model, index):
        """The form of a result: its element type, and its extents, None where not inferred."""
        element, shape = TensorProto.FLOAT, [self.WRONG] * 9
        known = []
        for _ in range(40):
            info = model.graph.output[index]
            info.CopyFrom(helper.make_tensor_value_info(info.name, element, shape))
            message = self.complaint(model)
            kind = re.search(r"output arg .* match expected type \(tensor\((\w+)\)\)", message)
            rank = re.search(r"inferred=(\d+) declared=9", message)
            extent = re.search(r"Inferred=(\d+) Declared=\d+ Dimension=(\d+)", message)
            if kind:
                name = {"float": "float32", "double": "float64"}.get(kind[1], kind[1])
                element = next(number for number, text in TYPES.items() if text == name)
            elif rank:
                shape = [self.WRONG] * int(rank[1])
            elif extent:
                shape[int(extent[2])] = int(extent[1])
            elif not message or any(end in message for end in self.ENDS):
                if len(shape) == 9:
                    return [TYPES[element], None, None]
                known = [None if extent == self.WRONG else extent for extent in shape]
                return [TYPES[element], known, None]
            else:
                raise ValueError(message)
        raise ValueError("no end of complaints")

    def complaint(self, model):
        try:
            ort.InferenceSession(
                model.SerializeToString(), self.options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions have no common base class
            return str(error)
        return ""
