# SPDX-License-Identifier: Apache-2.0
"""Uses of onnxruntime's own operators, run by it, and models as its optimizer leaves them."""

import itertools
import os

import numpy as np
import onnx
import onnxruntime as ort
from case_files import Runner
from inference_cases import inference_cases
from onnx import TensorProto, helper, numpy_helper


def f32(*shape):
    return (np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 7 - 3) / 8


def u8(*shape):
    return (np.arange(np.prod(shape)).reshape(shape) % 200).astype(np.uint8)


def i32(*values):
    return np.array(values, np.int32)


def i64(*values):
    return np.array(values, np.int64)


SCALE, ZERO = np.float32(0.1) * np.ones((), np.float32), np.array(3, np.uint8)


def attention(run):
    batch, steps, heads, width = 2, 3, 4, 8
    hidden = heads * width
    x, past = f32(batch, steps, hidden), f32(2, batch, heads, 5, width)
    weights, bias = f32(hidden, 3 * hidden), f32(3 * hidden)
    base = dict(num_heads=heads)
    run("plain", 17, "Attention", [x, weights, bias], base)
    run("causal", 17, "Attention", [x, weights, bias], dict(base, unidirectional=1), 2)
    run("past", 17, "Attention", [x, weights, bias, None, past], dict(base, unidirectional=1), 2)
    run(
        "sizes",
        17,
        "Attention",
        [x, f32(hidden, 2 * hidden + 64), f32(2 * hidden + 64)],
        dict(base, qkv_hidden_sizes=[hidden, hidden, 64]),
    )
    quantized = [
        u8(batch, steps, hidden),
        u8(hidden, 3 * hidden),
        bias,
        SCALE,
        SCALE,
        None,
        ZERO,
        ZERO,
    ]
    run("plain", 17, "QAttention", quantized, base)
    run("past", 17, "QAttention", quantized + [past], dict(base, unidirectional=1), 2)

    q, longer = f32(batch, steps, hidden), f32(batch, 6, hidden)
    old = f32(batch, heads, 5, width)
    run("self", 17, "MultiHeadAttention", [q, q, q], base)
    run("cross", 17, "MultiHeadAttention", [q, longer, longer, bias], base)
    run("wide", 17, "MultiHeadAttention", [q, longer, f32(batch, 6, 2 * hidden)], base)
    cached = f32(batch, heads, 6, width)
    run("memory", 17, "MultiHeadAttention", [q, cached, cached], base)
    none = [None] * 3
    run("present", 17, "MultiHeadAttention", [q, q, q], base, 3)
    run("past", 17, "MultiHeadAttention", [q, q, q] + none + [old, old], base, 3)
    run("scores", 17, "MultiHeadAttention", [q, longer, longer], base, [1, 0, 0, 1], dict(o3=1))
    run("all", 17, "MultiHeadAttention", [q, q, q] + none + [old, old], base, 4, dict(o3=1))

    one = f32(batch, 1, hidden)
    kind = "DecoderMaskedMultiHeadAttention"
    buffer = f32(batch, heads, 9, width)
    share = dict(base, past_present_share_buffer=1)
    run("share", 17, kind, [one, one, one, None, None, buffer, buffer, i32(4)], share, 3)
    run("cross", 17, kind, [one, cached, cached], base)
    run("scores", 17, kind, [one, cached, cached], dict(base, output_qk=1), [1, 0, 0, 1], dict(o3=1))

    groups = dict(num_heads=heads, kv_num_heads=2)
    k = f32(batch, steps, 2 * width)
    no, room = f32(batch, 2, 0, width), f32(batch, 2, 9, width)
    some = f32(batch, 2, 5, width)
    step, kstep = f32(batch, 1, hidden), f32(batch, 1, 2 * width)
    kind = "GroupQueryAttention"
    total = lambda n: [i32(*[n - 1] * batch), np.array(n, np.int32)]
    run("prompt", 17, kind, [q, k, k, None, None] + total(steps), groups, 3)
    run("empty", 17, kind, [q, k, k, no, no] + total(steps), groups, 3)
    run("room", 17, kind, [q, k, k, room, room] + total(steps), groups, 3)
    run("grow", 17, kind, [step, kstep, kstep, some, some] + total(6), groups, 3)
    run("in", 17, kind, [step, kstep, kstep, room, room] + total(6), groups, 3)
    packed = f32(batch, steps, hidden + 4 * width)
    run("packed", 17, kind, [packed, None, None, None, None] + total(steps), groups, 3)
    run("scores", 17, kind, [q, k, k, None, None] + total(steps), dict(groups, qk_output=1), 4)
    rotary = f32(16, width // 2)
    for layout in ("3d", "4d"):
        x = q if layout == "3d" else f32(batch, heads, steps, width)
        run(layout, 17, "RotaryEmbedding", [x, i64(0), rotary, rotary], dict(num_heads=heads))
    attributes = dict(num_heads=heads, mrope_section=[2, 1, 1])
    places = np.zeros((3, batch, steps), np.int64)
    run("3d", 17, "MRotaryEmbedding", [q, places, rotary, rotary], attributes)


def states(run):
    batch, steps = 2, 5
    for window, dilation in itertools.product((0,), (1, 2)):
        x, w = f32(batch, 6, steps), f32(6, 1, 4)
        attributes = dict(state_window=window, dilation=dilation)
        kind = "CausalConvWithState"
        run(f"{window}-{dilation}", 17, kind, [x, w], attributes, 2)
        run(f"{window}-{dilation}-d", 17, kind, [x, w], dict(attributes, ndim=1), 2)
        last = dict(attributes, channels_last=1)
        run(f"{window}-{dilation}-l", 17, kind, [f32(batch, steps, 6), w], last, 2)
    for queries, keys, window in ((4, 2, 0), (2, 4, 0), (2, 2, 0)):
        inputs = [f32(batch, steps, queries * 3), f32(batch, steps, keys * 3)]
        inputs.append(f32(batch, steps, keys * 4))
        heads = dict(q_num_heads=queries, kv_num_heads=keys, update_rule="linear")
        heads.update(dict(state_window=window) if window else {})
        run(f"{queries}-{keys}-{window}", 17, "LinearAttention", inputs, heads, 2)
    gate = f32(batch, steps, 4)
    run("both", 17, "LinearAttentionGate", [gate, f32(4), f32(4), gate], {}, 2)
    run("one", 17, "LinearAttentionGate", [gate, f32(4), f32(4)], {})
    streams = f32(batch, steps, 3, 8)
    flat = streams.reshape(batch, steps, 24)
    run("grouped", 17, "HyperConnectionPreMix", [streams, f32(batch, steps, 3)], {})
    run("flat", 17, "HyperConnectionPreMix", [flat, f32(batch, steps, 3)], dict(num_branches=3))
    mixed = [streams, f32(batch, steps, 8), f32(batch, steps, 3)]
    run("grouped", 17, "HyperConnectionPostMix", mixed, {})
    run("grouped", 17, "BranchwiseRMSNorm", [streams], {})
    run("gated", 17, "GatedAdd", [flat, flat, f32(batch, steps, 1)], {})
    run("gated", 17, "GatedRMSNorm", [flat, f32(8), flat], {})
    run("plain", 17, "ScaledSiLU", [flat], {})
    scales = f32(3, 8)
    keyed = [streams, streams, f32(batch, steps, 8), scales, scales]
    run("plain", 17, "EngramGate", keyed, {})
    run("normed", 17, "EngramGate", keyed + [scales], {}, 2)
    ids, sizes = np.ones((batch, steps), np.int64), i64(11, 13, 17, 19)
    hashing = dict(max_ngram_size=3, n_head_per_ngram=2, pad_id=0)
    run("plain", 17, "NGramHashMapping", [ids, i64(3, 5, 7), sizes], hashing, 2)
    lstm = [f32(5, 2, 3), u8(1, 3, 16), u8(1, 4, 16), None, None, None, None, None]
    lstm += [f32(1), np.zeros(1, np.uint8), f32(1), np.zeros(1, np.uint8)]
    run("plain", 17, "DynamicQuantizeLSTM", lstm, dict(hidden_size=4), 3)


def products(run):
    a, b = f32(2, 3, 4), f32(4, 5)
    for ta, tb, ba, bb in itertools.product((0, 1), repeat=4):
        left, right = f32(2, 3, 4), f32(2, 4, 5)
        if ta:
            left = left.swapaxes(-1, -2)
        if ba:
            left = np.moveaxis(left, -2, 0)
        if tb:
            right = right.swapaxes(-1, -2)
        if bb:
            right = np.moveaxis(right, -2, 0)
        attributes = dict(transA=ta, transB=tb, transBatchA=ba, transBatchB=bb)
        inputs = [np.ascontiguousarray(left), np.ascontiguousarray(right)]
        run(f"{ta}{tb}{ba}{bb}", 17, "FusedMatMul", inputs, attributes)
    run("turned", 17, "TransposeMatMul", [a, f32(5, 4)], dict(transB=1))
    run("relu", 17, "FusedGemm", [f32(3, 4), b, f32(5)], dict(activation="Relu"))
    turned = dict(transA=1, transB=1, activation="Relu")
    run("turned", 17, "FusedGemm", [f32(4, 3), f32(5, 4)], turned)
    gemm = [u8(3, 4), SCALE, ZERO, u8(4, 5), SCALE, ZERO]
    run("float", 17, "QGemm", gemm, {})
    run("quantized", 17, "QGemm", gemm + [None, SCALE, ZERO], {})
    run("turned", 17, "QGemm", gemm[:3] + [u8(5, 4), SCALE, ZERO], dict(transB=1))
    run("plain", 17, "DynamicQuantizeMatMul", [a, u8(4, 5), SCALE, ZERO], {})
    run("plain", 17, "MatMulIntegerToFloat", [u8(2, 3, 4), u8(4, 5), SCALE, SCALE], {})
    run("plain", 17, "MatMulInteger16", [a.astype(np.int16), b.astype(np.int16)], {})
    for bits in (4, 8):
        blocks = [f32(2, 3, 32), u8(6, 1, 32 * bits // 8), f32(6, 1)]
        run(f"{bits}", 17, "MatMulNBits", blocks, dict(K=32, N=6, bits=bits, block_size=32))
    bnb = [f32(2, 3, 32), u8(6 * 32 // 2), f32(6 * 32 // 64)]
    run("plain", 17, "MatMulBnb4", bnb, dict(K=32, N=6, block_size=64, quant_type=1))
    for bits, axis in itertools.product((4, 8), (0, -3)):
        data = [u8(10, 4, 32 * bits // 8), np.array([[1, 2, 0]], np.int64), f32(10, 4, 1)]
        attributes = dict(bits=bits, block_size=32, quantize_axis=-1, gather_axis=axis)
        run(f"{bits}{axis}", 17, "GatherBlockQuantized", data, attributes)
    experts = [f32(2, 3, 8), f32(6, 4), f32(4, 16, 8), None, f32(4, 8, 16)]
    run("plain", 17, "MoE", experts, dict(k=2))


def quantized(run):
    x, y = u8(2, 3, 4), u8(3, 1)
    for kind in ("QLinearAdd", "QLinearMul"):
        run("stretched", 17, kind, [x, SCALE, ZERO, y, SCALE, ZERO, SCALE, ZERO], {})
        run("turned", 17, kind, [y, SCALE, ZERO, x, SCALE, ZERO, SCALE, ZERO], {})
        signed = [x.astype(np.int8), SCALE, np.array(0, np.int8)]
        run("signed", 17, kind, signed + signed + signed[1:], {})
    for kind in ("QLinearLeakyRelu", "QLinearSigmoid"):
        run("plain", 17, kind, [x, SCALE, ZERO, SCALE, ZERO], {})
    run("plain", 17, "QLinearSoftmax", [x, SCALE, ZERO, SCALE, ZERO], dict(opset=13, axis=-1))
    choice = np.array([True, False, True, True])
    run("plain", 17, "QLinearWhere", [choice, x, SCALE, ZERO, y, SCALE, ZERO, SCALE, ZERO], {})
    parts = [SCALE, ZERO, x, SCALE, ZERO, u8(2, 5, 4), SCALE, ZERO]
    run("two", 17, "QLinearConcat", parts, dict(axis=1))
    image, last = u8(1, 3, 9, 8), u8(1, 9, 8, 3)
    scales = [SCALE, ZERO, SCALE, ZERO]
    for channels_last, ceil, pad in itertools.product((0, 1), (0, 1), (0, 1)):
        attributes = dict(kernel_shape=[3, 2], strides=[2, 2], channels_last=channels_last)
        attributes.update(ceil_mode=ceil, pads=[pad, 0, 0, pad])
        data = [last if channels_last else image] + scales
        run(f"{channels_last}{ceil}{pad}", 17, "QLinearAveragePool", data, attributes)
        attributes = dict(channels_last=channels_last)
        run(f"{channels_last}", 17, "QLinearGlobalAveragePool", data, attributes)
        weights = [u8(4, 3, 3, 2), SCALE, ZERO, SCALE, ZERO]
        attributes = dict(strides=[2, 1], pads=[pad, 0, 0, pad], channels_last=channels_last)
        run(f"{channels_last}{pad}", 17, "QLinearConv", data[:3] + weights, attributes)
        window = dict(kernel_shape=[3, 2], strides=[2, 2], ceil_mode=ceil, pads=[pad, 0, 0, pad])
        run(f"{ceil}{pad}", 17, "NhwcMaxPool", [last], window)
    for kind, data in (("QuantizeLinear", f32(2, 3)), ("DequantizeLinear", u8(2, 3))):
        run("plain", 17, kind, [data, SCALE, ZERO], {})
        run("bare", 17, kind, [data, SCALE], {})


def normalizations(run):
    x = f32(2, 3, 8)
    gamma = f32(8)
    run("plain", 17, "SkipLayerNormalization", [x, x, gamma, gamma, gamma], {})
    run("sum", 17, "SkipLayerNormalization", [x, x, gamma], {}, [1, 0, 0, 1])
    run("sum", 17, "SkipSimplifiedLayerNormalization", [x, x, gamma], {}, [1, 0, 0, 1])
    run("flat", 17, "SkipSimplifiedLayerNormalization", [x[0], x[0], gamma], {})
    ids = np.ones((2, 3), np.int32)
    tables = [f32(9, 8), f32(5, 8), f32(2, 8), gamma, gamma]
    kind = "EmbedLayerNormalization"
    run("plain", 17, kind, [ids, ids] + tables, {}, 2)
    run("mask", 17, kind, [ids, ids] + tables + [ids], {}, 2)
    run("sum", 17, kind, [ids, None] + tables[:2] + [None] + tables[3:] + [ids], {}, 3)
    words = [u8(9, 8), u8(5, 8), u8(2, 8), u8(8), u8(8)]
    zeros = [ZERO] * 5
    rest = [SCALE] * 5 + zeros
    run("plain", 17, "QEmbedLayerNormalization", [ids, ids] + words + [ids] + rest, {}, 2)
    for kind in ("Gelu", "QuickGelu", "FastGelu"):
        run("plain", 17, kind, [x], {})
    run("bias", 17, "FastGelu", [x, gamma], {})
    run("bias", 17, "BiasGelu", [x, gamma], {})


def tensors(run):
    x = f32(2, 3, 4)
    for axis in (0, 1, -1, 3, -4):
        run(f"{axis}", 17, "ExpandDims", [x, np.array(axis, np.int32)], {})
    for axis, size, step in ((1, 2, 1), (-1, 2, 2), (0, 1, 1), (2, 3, 2)):
        attributes = dict(dim=axis, size=size, step=step)
        run(f"{axis}-{size}-{step}", 17, "UnfoldTensor", [x], attributes)
    run("plain", 17, "CDist", [f32(3, 4), f32(5, 4)], dict(metric="euclidean"))
    run("plain", 17, "Inverse", [np.eye(3, dtype=np.float32)[None]], {})
    run("plain", 17, "Trilu", [x], {})
    run("plain", 17, "SampleOp", [x], {})
    run("plain", 17, "Unique", [f32(20)], {}, 3)
    run("plain", 17, "Pad", [f32(2, 3), i64(1, 0, 0, 2)], {})
    run("plain", 17, "GatherND", [f32(2, 3, 4), i64(0, 1).reshape(1, 2)], {})
    run("plain", 17, "GridSample", [f32(1, 2, 5, 6), f32(1, 3, 4, 2)], {})
    for bounds in ((0, 10, 3), (9, 0, -2), (0, 5)):
        inputs = [np.array(v, np.int64) for v in bounds]
        run(f"{bounds}", 17, "Range", inputs, {})
        run(f"f{bounds}", 17, "Range", [v.astype(np.float32) for v in inputs], {})
    for positive in (0, 1):
        run(f"{positive}", 17, "MurmurHash3", [i32(1, 2, 3)], dict(positive=positive))
    run("default", 17, "MurmurHash3", [i32(1, 2, 3)], {})
    run("plain", 17, "DynamicTimeWarping", [np.abs(f32(1, 5, 8))], {})
    run("flat", 17, "DynamicTimeWarping", [np.abs(f32(4, 4))], {})
    tokens = [i64(2, 5, 3, 2, 3, 4), i64(5, 3, 2), np.array(0, np.int64), i64(2, 3, 2, 3, 4, 7, 2)]
    run("none", 17, "BifurcationDetector", tokens[:3], {}, 2)
    run("some", 17, "BifurcationDetector", tokens, {}, 2)
    blocked = [np.ones((2, 4), np.int64), f32(2, 9)]
    run("plain", 17, "NGramRepeatBlock", blocked, dict(ngram_size=2))
    words = [np.ones((2, 3, 5), np.int32), f32(6, 1, 2, 4), f32(6), f32(7, 4)]
    run("flat", 17, "WordConvEmbedding", [words[0][0]] + words[1:], {})
    run("plain", 17, "WordConvEmbedding", words, {})
    crops = [f32(1, 2, 8, 8), np.abs(f32(3, 4)), i32(0, 0, 0), i32(5, 6)]
    run("plain", 17, "CropAndResize", crops, {})
    masked = [f32(1, 2, 8, 8), np.ones((1, 2, 8, 8), np.int32)]
    run("plain", 17, "MaxpoolWithMask", masked, dict(kernel_shape=[2, 2], strides=[2, 2]))
    for pads in ((0, 0, 0, 0), (1, 1, 0, 1)):
        inputs = [f32(1, 2, 4, 5), f32(2, 3, 3, 3), i64(*pads)]
        kind = "ConvTransposeWithDynamicPads"
        run(f"{pads}", 17, kind, inputs, dict(strides=[2, 2]))
    run("relu", 17, "FusedConv", [f32(1, 2, 6, 6), f32(3, 2, 3, 3)], dict(activation="Relu"))


def experimental(cases):
    run = Runner(cases)
    x = f32(1, 2, 6, 7)
    run("plain", 9, "Affine", [f32(4)], dict(alpha=2.0, beta=1.0))
    run("plain", 9, "ParametricSoftplus", [f32(4)], dict(alpha=2.0, beta=1.0))
    run("plain", 9, "ScaledTanh", [f32(4)], dict(alpha=2.0, beta=1.0))
    run("plain", 9, "Scale", [f32(4)], dict(scale=2.0))
    run("plain", 9, "ImageScaler", [x], dict(scale=2.0, bias=[1.0, 2.0]))
    run("border", 9, "Crop", [x], dict(border=[1, 2, 2, 1]))
    run("scale", 9, "Crop", [x], dict(border=[1, 2, 2, 1], scale=[3, 2]))
    run("axes", 9, "DynamicSlice", [x, i64(1, 2), i64(4, 100), i64(2, 3)], {})
    run("some", 9, "DynamicSlice", [x, i64(0, 1), i64(1, -1)], {})
    return run.refused


def optimized(cases):
    """What onnxruntime makes of convolutions where it may use blocks of channels."""
    run = Runner(cases)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    for channels, features, stride in ((3, 32, 1), (32, 48, 2), (16, 24, 1)):
        nodes = [
            helper.make_node("Conv", ["x", "w"], ["c"], strides=[stride] * 2, pads=[1] * 4),
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("MaxPool", ["r"], ["m"], kernel_shape=[3, 3], strides=[2, 2]),
            helper.make_node("Conv", ["m", "v"], ["d"], pads=[1] * 4),
            helper.make_node("Add", ["d", "m"], ["a"]),
            helper.make_node("AveragePool", ["a"], ["p"], kernel_shape=[2, 2], ceil_mode=1),
            helper.make_node("GlobalAveragePool", ["p"], ["g"]),
            helper.make_node("Flatten", ["g"], ["f"]),
        ]
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, 17, 19])],
            [
                helper.make_tensor_value_info("p", TensorProto.FLOAT, None),
                helper.make_tensor_value_info("f", TensorProto.FLOAT, None),
            ],
            [
                numpy_helper.from_array(f32(features, channels, 3, 3), "w"),
                numpy_helper.from_array(f32(features, features, 3, 3), "v"),
            ],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
        )
        path = os.path.join(cases.folder, "optimized.onnx")
        options.optimized_model_filepath = path
        ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        made = onnx.load(path)
        os.remove(path)
        # Stored, the operand would be folded away; every value in between is a result.
        made.graph.initializer.append(numpy_helper.from_array(f32(1, channels, 17, 19), "x"))
        del made.graph.input[:]
        listed = {value.name for value in made.graph.output}
        for node in made.graph.node:
            for name in node.output:
                if name and name not in listed:
                    made.graph.output.add(name=name)
        run.add(f"optimized-{channels}-{features}", made)
    return run.refused


def microsoft_cases(cases):
    run = Runner(cases, "com.microsoft")
    for make in (attention, states, products, quantized, normalizations, tensors):
        make(run)
    refused = run.refused + experimental(cases) + optimized(cases) + inference_cases(cases)
    for name, reason in refused:
        print("  refused", name, reason.splitlines()[0][:200])
    print(len(refused), "cases refused by onnxruntime")
