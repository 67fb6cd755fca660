# SPDX-License-Identifier: Apache-2.0
"""Transformer blocks with the shape arithmetic that exporters write around them."""

import numpy as np

from .builder import FLOAT, INT64, GraphBuilder

WORDS, POSITIONS, HIDDEN, HEADS, INNER = 64, 64, 16, 2, 32


class TransformerBuilder(GraphBuilder):
    """Steps that both kinds of block share; every size comes from Shape at run time."""

    def scalar(self, name, value, dtype=np.float32):
        return self.constant(name, np.array(value, dtype))

    def extent(self, name, x, axis):
        """One extent of x as a scalar: Shape, Gather."""
        shape = self.op("Shape", x, f"{name}.shape")
        index = self.scalar(f"{name}.axis", axis, np.int64)
        return self.op("Gather", [shape, index], f"{name}.extent", axis=0)

    def shape_of(self, name, parts):
        """A shape made of scalars in the graph and numbers: Unsqueeze each, Concat."""
        pieces = []
        for index, part in enumerate(parts):
            if isinstance(part, int):
                pieces.append(self.ints(f"{name}.{index}", part))
            else:
                axes = self.ints(f"{name}.{index}.axes", 0)
                pieces.append(self.op("Unsqueeze", [part, axes], f"{name}.{index}.unsqueezed"))
        return self.op("Concat", pieces, name, axis=0)

    def linear(self, name, x, inputs, outputs):
        weight = self.weight(f"{name}.weight", inputs, outputs)
        bias = self.weight(f"{name}.bias", outputs)
        product = self.op("MatMul", [x, weight], f"{name}.matmul.out")
        return self.op("Add", [bias, product], f"{name}.out")

    def heads(self, name, x):
        """[batch, seq, hidden] to [batch, heads, seq, hidden / heads]."""
        batch, seq = self.extent(f"{name}.batch", x, 0), self.extent(f"{name}.seq", x, 1)
        shape = self.shape_of(f"{name}.split_shape", [batch, seq, HEADS, HIDDEN // HEADS])
        split = self.op("Reshape", [x, shape], f"{name}.split")
        return self.op("Transpose", split, f"{name}.heads", perm=[0, 2, 1, 3])

    def attention(self, name, query, key, value, mask):
        """Softmax(QK^T / sqrt(d) + mask) V for [batch, heads, seq, d] operands, heads joined."""
        turned = self.op("Transpose", key, f"{name}.key_turned", perm=[0, 1, 3, 2])
        scores = self.op("MatMul", [query, turned], f"{name}.scores")
        scale = self.scalar(f"{name}.scale", (HIDDEN // HEADS) ** 0.5)
        scores = self.op("Div", [scores, scale], f"{name}.scaled")
        scores = self.op("Add", [scores, mask], f"{name}.masked")
        chances = self.op("Softmax", scores, f"{name}.softmax", axis=-1)
        mixed = self.op("MatMul", [chances, value], f"{name}.mixed")
        joined = self.op("Transpose", mixed, f"{name}.joined", perm=[0, 2, 1, 3])
        batch, seq = self.extent(f"{name}.batch", joined, 0), self.extent(f"{name}.seq", joined, 1)
        shape = self.shape_of(f"{name}.join_shape", [batch, seq, HIDDEN])
        return self.op("Reshape", [joined, shape], f"{name}.context")

    def embeddings(self, ids):
        """Word and position embeddings; the positions are a Range up to the sequence length."""
        words = self.weight("embeddings.words", WORDS, HIDDEN)
        positions = self.weight("embeddings.positions", POSITIONS, HIDDEN)
        word = self.op("Gather", [words, ids], "embeddings.word", axis=0)
        seq = self.extent("embeddings.seq", ids, 1)
        zero, one = self.scalar("zero", 0, np.int64), self.scalar("one", 1, np.int64)
        places = self.op("Range", [zero, seq, one], "embeddings.range")
        places = self.op(
            "Unsqueeze", [places, self.ints("embeddings.axes", 0)], "embeddings.places"
        )
        place = self.op("Gather", [positions, places], "embeddings.position", axis=0)
        return self.op("Add", [word, place], "embeddings.sum")

    def layer_norm(self, name, x):
        """LayerNormalization as one operator."""
        scale, bias = self.weight(f"{name}.scale", HIDDEN), self.weight(f"{name}.bias", HIDDEN)
        return self.op("LayerNormalization", [x, scale, bias], f"{name}.out", axis=-1)

    def layer_norm_in_parts(self, name, x):
        """LayerNormalization as exporters spelled it before opset 17."""
        mean = self.op("ReduceMean", x, f"{name}.mean", axes=[-1])
        centred = self.op("Sub", [x, mean], f"{name}.centred")
        squared = self.op("Pow", [centred, self.scalar(f"{name}.two", 2)], f"{name}.squared")
        variance = self.op("ReduceMean", squared, f"{name}.variance", axes=[-1])
        raised = self.op("Add", [variance, self.scalar(f"{name}.epsilon", 1e-5)], f"{name}.raised")
        deviation = self.op("Sqrt", raised, f"{name}.deviation")
        normal = self.op("Div", [centred, deviation], f"{name}.normal")
        scaled = self.op("Mul", [normal, self.weight(f"{name}.scale", HIDDEN)], f"{name}.scaled")
        return self.op("Add", [scaled, self.weight(f"{name}.bias", HIDDEN)], f"{name}.out")

    def gelu_erf(self, name, x):
        half, one = self.scalar(f"{name}.half", 0.5), self.scalar(f"{name}.one", 1)
        root = self.scalar(f"{name}.root", 2**0.5)
        y = self.op("Erf", self.op("Div", [x, root], f"{name}.div"), f"{name}.erf")
        y = self.op("Add", [y, one], f"{name}.add")
        y = self.op("Mul", [x, y], f"{name}.mul")
        return self.op("Mul", [y, half], f"{name}.out")

    def gelu_tanh(self, name, x):
        cubed = self.op("Pow", [x, self.scalar(f"{name}.three", 3)], f"{name}.cubed")
        y = self.op("Mul", [cubed, self.scalar(f"{name}.small", 0.044715)], f"{name}.share")
        y = self.op("Add", [x, y], f"{name}.sum")
        y = self.op("Mul", [y, self.scalar(f"{name}.root", (2 / np.pi) ** 0.5)], f"{name}.scaled")
        y = self.op("Tanh", y, f"{name}.tanh")
        y = self.op("Add", [y, self.scalar(f"{name}.one", 1)], f"{name}.raised")
        x = self.op("Mul", [x, self.scalar(f"{name}.half", 0.5)], f"{name}.halved")
        return self.op("Mul", [x, y], f"{name}.out")

    def padding_mask(self, mask):
        """[batch, seq] of ones and zeros, expanded to [batch, 1, seq, seq] of 0 and -10000."""
        batch, seq = self.extent("padding.batch", mask, 0), self.extent("padding.seq", mask, 1)
        wide = self.op("Unsqueeze", [mask, self.ints("padding.axes", 1, 2)], "padding.wide")
        shape = self.shape_of("padding.shape", [batch, 1, seq, seq])
        full = self.op("Expand", [wide, shape], "padding.expanded")
        real = self.op("Cast", full, "padding.float", to=FLOAT)
        inverse = self.op("Sub", [self.scalar("padding.one", 1), real], "padding.inverse")
        return self.op("Mul", [inverse, self.scalar("padding.low", -10000)], "padding.bias")

    def causal_mask(self, x):
        """[seq, seq] with -10000 above the diagonal: Range, LessOrEqual, Where."""
        seq = self.extent("causal.seq", x, 1)
        places = self.op("Range", ["zero", seq, "one"], "causal.range")
        rows = self.op("Unsqueeze", [places, self.ints("causal.one", 1)], "causal.rows")
        columns = self.op("Unsqueeze", [places, self.ints("causal.zero", 0)], "causal.columns")
        seen = self.op("LessOrEqual", [columns, rows], "causal.seen")
        none, low = self.scalar("causal.none", 0), self.scalar("causal.low", -10000)
        return self.op("Where", [seen, none, low], "causal.bias")


def bert_block():
    """An encoder block (post-norm, erf Gelu) and a causal decoder block (pre-norm, tanh Gelu)."""
    graph = TransformerBuilder("bert_block", opset=17, ir_version=8)
    ids = graph.input("input_ids", INT64, ["batch", "seq"])
    mask = graph.input("attention_mask", INT64, ["batch", "seq"])
    x = graph.layer_norm_in_parts("embeddings.norm", graph.embeddings(ids))

    name = "encoder"
    names = [f"{name}.{part}" for part in ("query", "key", "value")]
    parts = [graph.linear(part, x, HIDDEN, HIDDEN) for part in names]
    parts = [graph.heads(part, y) for part, y in zip(names, parts)]
    y = graph.attention(f"{name}.attention", *parts, graph.padding_mask(mask))
    y = graph.linear(f"{name}.output", y, HIDDEN, HIDDEN)
    x = graph.layer_norm_in_parts(f"{name}.norm1", graph.op("Add", [y, x], f"{name}.residual1"))
    y = graph.gelu_erf(f"{name}.gelu", graph.linear(f"{name}.up", x, HIDDEN, INNER))
    y = graph.linear(f"{name}.down", y, INNER, HIDDEN)
    x = graph.layer_norm_in_parts(f"{name}.norm2", graph.op("Add", [y, x], f"{name}.residual2"))

    name = "decoder"
    y = graph.linear(f"{name}.qkv", graph.layer_norm(f"{name}.norm1", x), HIDDEN, 3 * HIDDEN)
    sizes = graph.ints(f"{name}.sizes", HIDDEN, HIDDEN, HIDDEN)
    names = [f"{name}.{part}" for part in ("query", "key", "value")]
    parts = graph.op("Split", [y, sizes], names, name=f"{name}.split", axis=2)
    parts = [graph.heads(part, part) for part in parts]
    y = graph.attention(f"{name}.attention", *parts, graph.causal_mask(x))
    x = graph.op("Add", [x, graph.linear(f"{name}.output", y, HIDDEN, HIDDEN)], f"{name}.residual1")
    y = graph.linear(f"{name}.up", graph.layer_norm(f"{name}.norm2", x), HIDDEN, INNER)
    y = graph.linear(f"{name}.down", graph.gelu_tanh(f"{name}.gelu", y), INNER, HIDDEN)
    graph.op("Add", [x, y], "last_hidden_state")
    graph.output("last_hidden_state", FLOAT, ["batch", "seq", HIDDEN])
    return graph
