#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports small transformers with random weights by both of torch's exporters.

    make_fusion_models.py FOLDER [--width N] [--only NAME]

Each model comes as NAME-legacy.onnx and NAME-dynamo.onnx, both also as onnxruntime's optimizer writes
them for the CPU (NAME-legacy-ort.onnx), with `NAME.json`, which says what is in it: how many
feed-forward blocks and attention layers, which runs and which parallel groups. The models and what
must be found in them are of this file; nothing is downloaded. Needs torch, onnxscript, onnxruntime.
`Fixtures/fusion` is what it writes at width 8, without what the exporters say of source lines.
"""

import argparse
import copy
import json
import math
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


class RMSNorm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.rand(width) + 0.5), eps

    def forward(self, x):
        kind = x.dtype
        x = x.float()
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * x.to(kind)


class SpelledLayerNorm(nn.Module):
    """LayerNorm in single operators, as older exporters and hand-written models have it."""

    def __init__(self, width, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(width) + 0.5)
        self.bias = nn.Parameter(torch.randn(width) * 0.1)
        self.eps = eps

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        variance = (centred * centred).mean(-1, keepdim=True)
        return centred / torch.sqrt(variance + self.eps) * self.weight + self.bias


def layer_norm(width):
    norm = nn.LayerNorm(width)
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    nn.init.normal_(norm.bias, std=0.1)
    return norm


NORMS = {
    "layer": layer_norm,
    "rms": RMSNorm,
    "spelled": SpelledLayerNorm,
    "none": lambda width: nn.Identity(),
}


class GeluErf(nn.Module):
    def forward(self, x):
        return x * 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0)))


class GeluTanh(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class SquaredRelu(nn.Module):
    def forward(self, x):
        return F.relu(x) ** 2


ACTIVATIONS = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "gelu-erf": GeluErf,
    "gelu-tanh": GeluTanh,
    "gelu-torch-tanh": lambda: nn.GELU(approximate="tanh"),
    "quick-gelu": QuickGelu,
    "silu": nn.SiLU,
    "relu2": SquaredRelu,
}


class FFN(nn.Module):
    def __init__(self, width, hidden, activation="gelu", bias=True, dropout=0.1):
        super().__init__()
        self.up, self.down = nn.Linear(width, hidden, bias), nn.Linear(hidden, width, bias)
        self.act, self.drop = ACTIVATIONS[activation](), nn.Dropout(dropout)

    def forward(self, x):
        return self.drop(self.down(self.act(self.up(x))))


class GatedFFN(nn.Module):
    def __init__(self, width, hidden, activation="silu", bias=False, packed=False):
        super().__init__()
        self.packed = packed
        if packed:
            self.both = nn.Linear(width, 2 * hidden, bias)
        else:
            self.gate, self.up = nn.Linear(width, hidden, bias), nn.Linear(width, hidden, bias)
        self.down, self.act = nn.Linear(hidden, width, bias), ACTIVATIONS[activation]()

    def forward(self, x):
        gate, up = self.both(x).chunk(2, -1) if self.packed else (self.gate(x), self.up(x))
        return self.down(self.act(gate) * up)


class Attention(nn.Module):
    def __init__(self, width, heads=2, bias=True, fused=False):
        super().__init__()
        self.heads, self.fused = heads, fused
        if fused:
            self.qkv = nn.Linear(width, 3 * width, bias)
        else:
            self.q, self.k, self.v = (nn.Linear(width, width, bias) for _ in range(3))
        self.out = nn.Linear(width, width, bias)

    def forward(self, x):
        batch, rows, width = x.shape
        q, k, v = self.qkv(x).chunk(3, -1) if self.fused else (self.q(x), self.k(x), self.v(x))
        q, k, v = (t.view(batch, rows, self.heads, -1).transpose(1, 2) for t in (q, k, v))
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, rows, width))


class PreNorm(nn.Module):
    """`attention` says layer by layer whether it has attention before its feed-forward block."""

    def __init__(self, width, attention, ffn, norm="layer", heads=2, final=True):
        super().__init__()
        make = NORMS[norm]
        self.attention = nn.ModuleList(
            nn.ModuleList([make(width), Attention(width, heads)]) if has else nn.ModuleList()
            for has in attention)
        self.ffn = nn.ModuleList(nn.ModuleList([make(width), ffn(i)]) for i in range(len(attention)))
        self.final = make(width) if final else nn.Identity()

    def forward(self, x):
        for attention, (norm, ffn) in zip(self.attention, self.ffn):
            if len(attention):
                x = x + attention[1](attention[0](x))
            x = x + ffn(norm(x))
        return self.final(x)


class PostNorm(nn.Module):
    def __init__(self, width, layers, ffn, attention=True):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList([Attention(width), layer_norm(width), ffn(i), layer_norm(width)])
            for i in range(layers))
        self.has = attention

    def forward(self, x):
        for attention, first, ffn, second in self.layers:
            if self.has:
                x = first(x + attention(x))
            x = second(x + ffn(x))
        return x


class Parallel(nn.Module):
    """x + attention(norm(x)) + the sum of some feed-forward blocks of norms of x.

    One shared norm is GPT-J's and PaLM's form, one for each GPT-NeoX's."""

    def __init__(self, width, layers, ffns, shared_norm, norm="layer", attention=True, final=True):
        super().__init__()
        make = NORMS[norm]
        self.shared, self.has = shared_norm, attention
        self.layers = nn.ModuleList()
        for _ in range(layers):
            count = 1 if shared_norm else len(ffns) + 1
            self.layers.append(nn.ModuleDict({
                "norms": nn.ModuleList(make(width) for _ in range(count)),
                "attention": Attention(width, bias=False),
                "ffns": nn.ModuleList(make_ffn() for make_ffn in ffns)}))
        self.final = make(width) if final else nn.Identity()

    def forward(self, x):
        for layer in self.layers:
            norms = layer["norms"]
            inputs = [norms[0](x)] * (len(layer["ffns"]) + 1) if self.shared else [n(x) for n in norms]
            total = layer["attention"](inputs[0]) if self.has else None
            for ffn, value in zip(layer["ffns"], inputs[1:]):
                total = ffn(value) if total is None else total + ffn(value)
            x = total + x
        return self.final(x)


class LlamaLike(nn.Module):
    def __init__(self, width=16, layers=3, hidden=40):
        super().__init__()
        self.model = PreNorm(
            width, [True] * layers, lambda i: GatedFFN(width, hidden), norm="rms")

    def forward(self, x):
        return self.model(x)


class ReversedSum(nn.Module):
    """Residual Linear-GELU-Linear blocks in two dimensions, the residual on the right."""

    def __init__(self, width, count, norm="layer"):
        super().__init__()
        self.norms = nn.ModuleList(NORMS[norm](width) for _ in range(count))
        self.ffns = nn.ModuleList(FFN(width, 24, "relu") for _ in range(count))

    def forward(self, x):
        for norm, ffn in zip(self.norms, self.ffns):
            x = ffn(norm(x)) + x
        return x


class LayerScale(nn.Module):
    """Blocks whose result is scaled, place by place or by one number (CaiT, DINOv2; Conformer)."""

    def __init__(self, width, count, by_number=False):
        super().__init__()
        self.norms = nn.ModuleList(layer_norm(width) for _ in range(count))
        self.ffns = nn.ModuleList(FFN(width, 24) for _ in range(count))
        self.scales = nn.ParameterList(torch.rand(width) + 0.5 for _ in range(count))
        self.by_number = by_number

    def forward(self, x):
        for norm, ffn, scale in zip(self.norms, self.ffns, self.scales):
            x = x + ffn(norm(x)) * (0.5 if self.by_number else scale)
        return x


class NotFFN(nn.Module):
    """What looks like feed-forward blocks and is none: no activation, no residual, softmax inside,
    another width, a residual that is not what goes in."""

    def __init__(self, width=16):
        super().__init__()
        self.lora = nn.Sequential(nn.Linear(width, 4, False), nn.Linear(4, width, False))
        self.head = FFN(width, 24)
        self.mix_up, self.mix_down = nn.Linear(width, 24), nn.Linear(24, width)
        self.side, self.late = FFN(width, 24), layer_norm(width)

    def forward(self, x):
        x = x + self.lora(x)
        x = x + self.mix_down(torch.softmax(self.mix_up(x), -1))
        y = self.side(torch.cumsum(x, 1)) + x
        return self.head(self.late(y))


def attention_less(count, before=1, after=1):
    """Layers with attention, `count` without, and some with again."""
    return [True] * before + [False] * count + [True] * after


def models(w):
    """Name, maker, expectations, example input."""
    rows, h = 5, 3 * w

    def entry(name, make, blocks, *, attention=0, runs=(), parallel=(), activation=None, norm=None,
              shape=None, half=None, **more):
        more = {"merges": 0, **more}
        return dict(name=name, make=make, shape=shape or [2, rows, w], half=half, expect=dict(
            blocks=blocks, attention=attention, runs=[list(r) for r in runs],
            parallel=[list(p) for p in parallel], activation=activation, norm=norm, **more))

    for count in range(1, 9):
        # The layer with attention before the run ends in a block that the run begins with.
        yield entry(
            f"prenorm_run{count}",
            lambda count=count: PreNorm(
                w, attention_less(count), lambda i: FFN(w, h + 4 * i), heads=2),
            count + 2, attention=2, runs=[range(0, count + 1)], activation="gelu",
            norm="layer-norm", merges=2)
    for norm, name in [("rms", "rms-norm"), ("spelled", "layer-norm"), ("none", "none")]:
        yield entry(
            f"run_{norm}",
            lambda norm=norm: PreNorm(
                w, [False] * 4, lambda i: GatedFFN(w, h), norm=norm, final=norm != "none"),
            4, runs=[range(4)], activation="swiglu", norm=name, merges=4)
    names = {
        "relu": "relu", "gelu": "gelu", "gelu-erf": "gelu", "gelu-tanh": "gelu-tanh",
        "gelu-torch-tanh": "gelu-tanh", "quick-gelu": "quick-gelu", "silu": "silu",
        "relu2": "relu-squared"}
    for act, name in names.items():
        yield entry(
            f"act_{act}",
            lambda act=act: PreNorm(
                w, [False] * 3, lambda i: FFN(w, h, act, bias=i != 1), norm="rms"),
            3, runs=[range(3)], activation=name, norm="rms-norm")
    yield entry(
        "geglu_packed",
        lambda: PreNorm(w, [False] * 3, lambda i: GatedFFN(w, h, "gelu", True, packed=True)),
        3, runs=[range(3)], activation="geglu", norm="layer-norm", packed=True)
    yield entry(
        "swiglu_packed",
        lambda: PreNorm(
            w, [False] * 3, lambda i: GatedFFN(w, h + i, "silu", packed=True), norm="rms"),
        3, runs=[range(3)], activation="swiglu", norm="rms-norm", packed=True)
    yield entry(
        "gptj_like",
        lambda: Parallel(w, 3, [lambda: FFN(w, h, "gelu-tanh")], shared_norm=True),
        3, attention=3, activation="gelu-tanh", norm="layer-norm", merges=3)
    yield entry(
        "neox_like",
        lambda: Parallel(w, 3, [lambda: FFN(w, h)], shared_norm=False),
        3, attention=3, activation="gelu", norm="layer-norm", merges=3)
    yield entry(
        "palm_like",
        lambda: Parallel(
            w, 3, [lambda: GatedFFN(w, h)], shared_norm=True, norm="rms"),
        3, attention=3, activation="swiglu", norm="rms-norm", merges=6)
    yield entry(
        "twin_shared",
        lambda: Parallel(
            w, 2, [lambda: FFN(w, h), lambda: FFN(w, h + 8)], shared_norm=True),
        4, attention=2, parallel=[[0, 1], [2, 3]], activation="gelu", norm="layer-norm", merges=2)
    for norm, name in [("layer", "layer-norm"), ("rms", "rms-norm"), ("spelled", "layer-norm")]:
        yield entry(
            f"twin_{norm}",
            lambda norm=norm: Parallel(
                w, 2, [lambda: FFN(w, h), lambda: FFN(w, h + 8, bias=False), lambda: FFN(w, h)],
                shared_norm=False, norm=norm),
            6, attention=2, parallel=[[0, 1, 2], [3, 4, 5]], activation="gelu", norm=name, merges=2)
    yield entry(
        "llama_like", lambda: LlamaLike(w, 3, h), 3, attention=3, activation="swiglu",
        norm="rms-norm", merges=6)
    yield entry(
        "gpt_like",
        lambda: PreNorm(w, [True] * 3, lambda i: FFN(w, h, "gelu-tanh")),
        3, attention=3, activation="gelu-tanh", norm="layer-norm", merges=3)
    yield entry(
        "bert_like", lambda: PostNorm(w, 3, lambda i: FFN(w, h)), 3, attention=3,
        activation="gelu", norm="none", post_norm=True, merges=3)
    yield entry(
        "bert_no_attention", lambda: PostNorm(w, 3, lambda i: FFN(w, h), attention=False), 3,
        activation="gelu", norm="none", post_norm=True)
    yield entry(
        "flat", lambda: ReversedSum(w, 4), 4, runs=[range(4)], activation="relu",
        norm="layer-norm", shape=[6, w])
    yield entry(
        "flat_no_norm", lambda: ReversedSum(w, 4, "none"), 4, runs=[range(4)], activation="relu",
        norm="none", shape=[6, w])
    yield entry(
        "layer_scale", lambda: LayerScale(w, 4), 4, runs=[range(4)], activation="gelu",
        norm="layer-norm")
    yield entry(
        "half_step", lambda: LayerScale(w, 4, by_number=True), 4, runs=[range(4)],
        activation="gelu", norm="layer-norm")
    yield entry("not_ffn", lambda: NotFFN(w), 0)
    for half in ["float16", "bfloat16"]:
        yield entry(
            f"run_{half}",
            lambda: PreNorm(w, [False] * 4, lambda i: GatedFFN(w, h), norm="rms"),
            4, runs=[range(4)], activation="swiglu", norm="rms-norm", half=half, merges=4)


def export(entry, folder, dynamo):
    torch.manual_seed(len(entry["name"]) * 1000 + sum(map(ord, entry["name"])))
    module = entry["make"]().eval()
    x = torch.randn(entry["shape"])
    if entry["half"]:
        kind = getattr(torch, entry["half"])
        module, x = module.to(kind), x.to(kind)
    path = folder / f"{entry['name']}-{'dynamo' if dynamo else 'legacy'}.onnx"
    if dynamo:
        # Dropout of inference is left out of the graph by this exporter.
        names = {0: "batch", 1: "rows"} if len(entry["shape"]) == 3 else {0: "batch"}
        program = torch.onnx.export(
            module, (x,), dynamo=True, opset_version=20, verbose=False, input_names=["x"],
            output_names=["y"], dynamic_shapes=({k: torch.export.Dim(v) for k, v in names.items()},))
        program.save(str(path), external_data=False)
    else:
        names = {0: "batch", 1: "rows"} if len(entry["shape"]) == 3 else {0: "batch"}
        torch.onnx.export(
            module, (x,), str(path), dynamo=False, opset_version=17, input_names=["x"],
            output_names=["y"], dynamic_axes={"x": names, "y": names})
    strip(path)
    optimize(path)
    return path


def optimize(path):
    """Writes a model beside it as onnxruntime's optimizer does."""
    optimized = path.with_name(path.stem + "-ort.onnx")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(optimized)
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
        optimized.unlink(missing_ok=True)  # bfloat16, which it does not run


class Samples:
    """Random inputs, from which onnxruntime's quantizer takes the ranges of activations."""

    def __init__(self, path):
        self.inputs, self.left = onnx.load(path).graph.input, 3

    def get_next(self):
        if not self.left:
            return None
        self.left -= 1
        generator = np.random.default_rng(self.left)
        return {
            value.name: generator.standard_normal(
                [d.dim_value or 4 for d in value.type.tensor_type.shape.dim], np.float32)
            for value in self.inputs}


def quantize(source, folder, expect):
    """A model in all forms that onnxruntime's quantizer writes; none of their blocks can be fused."""
    from onnxruntime.quantization import (
        QuantFormat, QuantType, quantize_dynamic, quantize_static)
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    spelled = "Div+Erf+Add+Mul+Mul"
    forms = {
        "dynamic": expect["activation"], "nbits": expect["activation"], "pairs": spelled,
        "operators": spelled.replace("Add", "QLinearAdd").replace("Mul", "QLinearMul")}
    for form, activation in forms.items():
        path = folder / f"quant_{form}-legacy.onnx"
        match form:
            case "dynamic":
                quantize_dynamic(source, path, weight_type=QuantType.QUInt8)
            case "nbits":
                quantizer = MatMulNBitsQuantizer(onnx.load(source), block_size=16, is_symmetric=True)
                quantizer.process()
                onnx.save(quantizer.model.model, path)
            case "pairs":
                quantize_static(source, path, Samples(source), quant_format=QuantFormat.QDQ)
            case "operators":
                quantize_static(source, path, Samples(source), quant_format=QuantFormat.QOperator)
        strip(path)
        optimize(path)
        (folder / f"quant_{form}.json").write_text(
            json.dumps({**expect, "activation": activation, "refused": True}, sort_keys=True) + "\n")


def strip(path):
    """Takes out what says where in the source an operator comes from, which differs from machine to
    machine, and shapes of values in between."""
    model = onnx.load(path)
    model.doc_string = model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=8, help="the length of a row")
    parser.add_argument("--only")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for entry in models(arguments.width):
        if arguments.only and arguments.only not in entry["name"]:
            continue
        for dynamo in [False, True]:
            try:
                export(copy.copy(entry), arguments.folder, dynamo)
            except Exception as error:
                print(f"{entry['name']} {'dynamo' if dynamo else 'legacy'}: {error}"[:300])
        (arguments.folder / f"{entry['name']}.json").write_text(
            json.dumps(entry["expect"], sort_keys=True) + "\n")
        if entry["name"] == "prenorm_run3":
            source = arguments.folder / "prenorm_run3-legacy.onnx"
            quantize(source, arguments.folder, entry["expect"])


if __name__ == "__main__":
    main()
