# SPDX-License-Identifier: Apache-2.0
"""Builds ONNX models node by node, the same bytes on every run and machine."""

import zlib

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FLOAT, FLOAT16, INT64, BOOL = (
    TensorProto.FLOAT,
    TensorProto.FLOAT16,
    TensorProto.INT64,
    TensorProto.BOOL,
)


def weights(name, *shape):
    """Small float32 values that follow from the name alone.

    They are multiples of 1/256, so that no library's idea of a normal distribution is in them.
    """
    generator = np.random.RandomState(zlib.crc32(name.encode()))
    return (generator.randint(-64, 65, size=shape) / 256).astype(np.float32)


class GraphBuilder:
    """One graph in the making. Names of values are the caller's; every call returns them."""

    def __init__(self, name, opset, ir_version, domains=()):
        self.name = name
        self.opset = opset
        self.ir_version = ir_version
        self.domains = list(domains)
        self.nodes = []
        self.inputs = []
        self.outputs = []
        self.initializers = []
        self.value_infos = []
        self.metadata = {}
        self.external_bytes = 0

    def input(self, name, element_type, dims):
        self.inputs.append(helper.make_tensor_value_info(name, element_type, dims))
        return name

    def output(self, name, element_type, dims):
        self.outputs.append(helper.make_tensor_value_info(name, element_type, dims))
        return name

    def value_info(self, name, element_type, dims):
        self.value_infos.append(helper.make_tensor_value_info(name, element_type, dims))

    def weight(self, name, *shape):
        """An initializer with made-up values."""
        return self.constant(name, weights(name, *shape))

    def constant(self, name, array):
        """An initializer with the values given."""
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def ints(self, name, *values):
        """An int64 vector, as shapes and axes are given."""
        return self.constant(name, np.array(values, np.int64))

    def tensor(self, tensor: TensorProto):
        """An initializer that is given whole."""
        self.initializers.append(tensor)
        return tensor.name

    def external_weight(self, name, *shape):
        """A float32 initializer whose data would lie in weights.bin, which does not exist."""
        tensor = TensorProto(name=name, dims=shape, data_type=FLOAT)
        tensor.data_location = TensorProto.EXTERNAL
        length = 4 * int(np.prod(shape))
        entries = {"location": "weights.bin", "offset": self.external_bytes, "length": length}
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        self.external_bytes += -(-length // 4096) * 4096
        return self.tensor(tensor)

    def op(self, op_type, inputs, outputs, name=None, domain="", **attributes):
        """Adds a node; returns its output, or the list of them where several were named.

        A node is named after its first output unless a name is given; an empty one is left out.
        """
        several = not isinstance(outputs, str)
        made = list(outputs) if several else [outputs]
        read = [inputs] if isinstance(inputs, str) else list(inputs)
        name = made[0].removesuffix(".out") if name is None else name
        node: NodeProto = helper.make_node(op_type, read, made, domain=domain, **attributes)
        if name:
            node.name = name
        self.nodes.append(node)
        return made if several else outputs

    def model(self) -> ModelProto:
        graph = helper.make_graph(
            self.nodes,
            self.name,
            self.inputs,
            self.outputs,
            self.initializers,
            value_info=self.value_infos,
        )
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(domain, version) for domain, version in self.domains]
        model = helper.make_model(
            graph,
            ir_version=self.ir_version,
            opset_imports=opsets,
            producer_name="graphopt-fixtures",
        )
        for key, value in self.metadata.items():
            model.metadata_props.add(key=key, value=value)
        return model

    def bytes(self):
        return self.model().SerializeToString(deterministic=True)
