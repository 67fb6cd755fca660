# SPDX-License-Identifier: Apache-2.0
"""Uses of operators that onnxruntime has no kernel of for this machine, by its shape inference."""

import itertools

import numpy as np
from case_files import Inference
from onnx import TensorProto

F32, F16, U8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8
I8 = TensorProto.INT8
I32, I64, BOOL = TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL


def f32(*shape):
    return F32, list(shape)


def f16(*shape):
    return F16, list(shape)


def i8(*shape):
    return I8, list(shape)


def i32(*shape):
    return I32, list(shape)


SCALE = f32()


def attention(of):
    batch, steps, heads, width = 2, 3, 4, 8
    hidden = heads * width
    base, groups = dict(num_heads=heads), dict(num_heads=heads, kv_num_heads=2)
    x, old = f32(batch, steps, hidden), f32(batch, heads, 5, width)
    weights, bias = f32(hidden, 3 * hidden), f32(3 * hidden)
    kind = "MultiHeadAttention"
    of("packed", kind, [f32(batch, steps, heads, 3, width)], base)
    of("kv", kind, [x, f32(batch, 6, heads, 2, width)], base)
    of("half", kind, [f16(batch, steps, hidden)] * 3 + [None] * 3 + [f16(*old[1])] * 2, base, 3)
    one = f32(batch, 1, hidden)
    buffer, past = f32(batch, heads, 9, width), f32(2, batch, heads, 9, width)
    kind = "DecoderMaskedMultiHeadAttention"
    of("past", kind, [one, one, one, None, None, old, old], base, 3)
    kind = "DecoderMaskedSelfAttention"
    length = np.array([4], np.int32)
    share = dict(base, past_present_share_buffer=1)
    of("share", kind, [one, weights, bias, None, past, None, length], share, 2)
    of("past", kind, [one, weights, bias, None, past, None, length], base, 2)
    inputs = [f32(steps, batch, hidden), f32(6, batch, hidden), f32(hidden, hidden)]
    inputs += [f32(hidden, 2 * hidden), bias, None, old, old]
    for values in itertools.product((False, True), repeat=3):
        truths = [np.array(v) for v in (*values, False)]
        name = "".join(str(int(v)) for v in values)
        of(name, "DecoderAttention", inputs + truths, base, 3)
    of("open", "DecoderAttention", inputs + [(BOOL, [1])] * 4, base, 3)
    tokens, offsets = f32(7, hidden), i32(batch, steps)
    packed = [offsets, i32(batch + 1)]
    of("plain", "PackedAttention", [tokens, weights, bias, *packed], base)
    sizes = dict(base, qkv_hidden_sizes=[hidden, hidden, 64])
    wide = [f32(hidden, 2 * hidden + 64), f32(2 * hidden + 64)]
    of("sizes", "PackedAttention", [tokens, *wide, *packed], sizes)
    kind = "PackedMultiHeadAttention"
    of("plain", kind, [tokens, tokens, f32(7, 48), None, *packed], base)
    of("packed", kind, [f32(7, heads, 3, width), None, None, None, *packed], base)
    window = dict(base, window=1)
    mask, flags = f32(batch, steps), i32(batch, steps)
    of("plain", "LongformerAttention", [x, weights, bias, mask, weights, bias, flags], window)
    q = i8(batch, steps, hidden)
    quantized = [q, SCALE, SCALE, SCALE, SCALE] + [i8(hidden, hidden)] * 3
    quantized += [SCALE] * 3 + [f32(hidden)] * 3 + [SCALE] * 3
    orders = dict(order_input=1, order_weight=0, order_output=1)
    of("plain", "QOrderedAttention", quantized, dict(base, **orders))
    longformer = [q, SCALE, i8(hidden, 3 * hidden), SCALE, bias, SCALE, SCALE]
    longformer += [f16(batch, steps), i8(hidden, 3 * hidden), SCALE, bias, SCALE]
    longformer += [i32(batch, steps), SCALE]
    orders = dict(orders, order_global_weight=0, window=1)
    of("plain", "QOrderedLongformerAttention", longformer, dict(base, **orders))
    key, cache = f32(batch, steps, 2 * width), f32(batch, 2, 16, width)
    rows = [i32(1, 2), i32(1, 1), i32(1), i32(batch)]
    sparse = dict(groups, sparse_block_size=16)
    of("plain", "SparseAttention", [x, key, key, cache, cache, *rows], sparse, 3)
    one = f32(batch, steps, hidden + 4 * width)
    of("packed", "SparseAttention", [one, None, None, cache, cache, *rows], sparse, 3)
    pages = f16(10, 16, 2, width)
    meta = [i32(batch + 1), i32(batch), i32(batch, 4)]
    inputs = [f16(7, hidden), f16(7, 2 * width), f16(7, 2 * width), pages, pages, *meta]
    of("plain", "PagedAttention", inputs, groups, 3)
    packed = [f16(7, hidden + 4 * width), None, None]
    of("packed", "PagedAttention", packed + inputs[3:], groups, 3)
    chosen = [None, i32(7, 5), i32(7)]
    of("plain", "SparsePagedAttention", inputs + chosen, groups, 3)
    chosen = [None, None, i32(batch * steps, 5), i32(batch * steps), i32(batch)]
    for total in (3, 20):
        inputs = [x, key, key, cache, cache, *chosen, np.array([total], np.int32)]
        of(f"{total}", "DynamicSparseAttention", inputs, groups, 3)
    table, lengths = f32(32, heads), [np.array([5], np.int64)] * 2
    of("plain", "RelativePositionBias", [table, *lengths], dict(max_distance=128))
    gate = [f32(hidden), f32(1, heads, steps, steps), f32(width, 8), f32(8)]
    gate.append(f32(1, heads, 1, 1))
    of("plain", "GatedRelativePositionBias", [x, *gate], base)
    of("packed", "GatedRelativePositionBias", [tokens, *gate, offsets], base)
    of("plain", "RemovePadding", [x, i32(batch)], {}, 4)
    of("plain", "RestorePadding", [tokens, offsets], {})
    turned = [f16(batch, heads, steps, width)] * 4
    of("plain", "GemmaRotaryEmbedding", [f32(batch, steps, width), *turned], {}, 2)


def states(of):
    batch, steps = 2, 5
    q, v = f16(7, 2, 8), f16(7, 4, 6)
    state = f32(batch, 4, 6, 8)
    kind = "GatedDeltaNet"
    gates = [f32(7, 4), f32(7, 4)]
    of("plain", kind, [q, q, v, i32(batch + 1), *gates, state], {}, 2)
    of("packed", kind, [f16(7, 56), None, None, i32(batch + 1), *gates, state], {}, 2)
    captured = dict(state_update_capacity=3)
    inputs = [q, q, v, i32(batch + 1), *gates, state, None, None, i32(batch)]
    of("captured", kind, inputs, captured, 3)
    kind = "VarlenCausalConvWithState"
    inputs = [f32(7, 6), f32(6, 1, 4), i32(batch + 1), None, f32(batch, 6, 3)]
    of("plain", kind, inputs, {}, 2)
    of("captured", kind, inputs + [i32(batch)], dict(state_update_capacity=2), 3)
    hashing = dict(max_ngram_size=3, n_head_per_ngram=2, pad_id=0)
    ids = [(I64, [7]), (I64, [3]), (I64, [4]), i32(batch + 1)]
    of("plain", "VarlenNGramHashMapping", ids, hashing, 2)
    for window in (0, 2):
        attributes = dict(state_window=window)
        inputs = [f32(batch, 6, steps), f32(6, 1, 4)]
        of(f"{window}", "CausalConvWithState", inputs, attributes, 2)
        inputs = [f32(batch, steps, 6), f32(batch, steps, 6), f32(batch, steps, 8)]
        heads = dict(q_num_heads=2, kv_num_heads=2, state_window=window)
        of(f"{window}", "LinearAttention", inputs, heads, 2)
    norms = [f32(8), f32(8), f32(1, 9, 4), f32(1, 9, 4)]
    budget = dict(policy_mode="qsa", compress_ratio=2, token_budget=4)
    inputs = [f32(batch, steps, 16), f32(batch, steps, 8), *norms, None, f32(batch, 6, 8)]
    of("tokens", "SparseAttentionIndexer", inputs, budget, 2)


def products(of):
    inputs = [f32(2, 3, 4), f32(2, 4, 5)]
    of("plain", "FusedMatMulActivation", inputs, dict(activation="Relu"))
    turned = [f32(2, 4, 3), f32(2, 5, 4)]
    of("turned", "FusedMatMulActivation", turned, dict(activation="Relu", transA=1, transB=1))
    of("plain", "GemmFastGelu", [f32(2, 3, 4), f32(4, 5)], {})
    float8 = (TensorProto.FLOAT8E4M3FN, [3, 4]), (TensorProto.FLOAT8E4M3FN, [5, 4])
    for kind in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.FLOAT8E4M3FN):
        inputs = [*float8, None, SCALE, SCALE, SCALE]
        of(f"{kind}", "GemmFloat8", inputs, dict(transB=1, dtype=kind))
    packed = [f16(2, 3, 32), (U8, [6, 16]), (U8, [6, 2]), SCALE]
    of("plain", "MatMulBlockQuantizedFp4Weight", packed, {})
    packed = [f16(2, 3, 32), (TensorProto.FLOAT8E4M3FN, [6, 32]), f32(6, 1)]
    of("plain", "MatMulBlockQuantizedFp8Weight", packed, dict(block_size=32))
    block = dict(K=32, bits=4, block_size=32)
    weights = [(U8, [6, 1, 16]), f16(6, 1), None]
    a, norm = f16(2, 3, 32), f16(32)
    mlp = [a, None, None, *weights, *weights]
    of("plain", "MatMulNBitsMlp", mlp, dict(block, N=6, activation="silu"))
    mlp = [a, a, norm, *weights, *weights]
    of("skip", "MatMulNBitsMlp", mlp, dict(block, N=6, activation="silu"), 2)
    narrow = [(U8, [4, 1, 16]), f16(4, 1), None]
    qkv = [a, a, norm, *weights, *narrow, *narrow]
    of("skip", "MatMulNBitsQkv", qkv, dict(block, Nq=6, Nkv=4), 4)
    orders = dict(order_A=1, order_B=0, order_Y=1)
    inputs = [i8(1, 3, 4), SCALE, i8(4, 5), SCALE, SCALE]
    of("plain", "QOrderedMatMul", inputs, orders)
    experts = [f16(2, 3, 8), f16(6, 4), (U8, [4, 16, 4]), f16(4, 16), None]
    experts += [(U8, [4, 8, 8]), f16(4, 8)]
    of("plain", "QMoE", experts, dict(k=2))


def tensors(of):
    x = f16(2, 3, 8)
    of("plain", "BiasAdd", [x, f16(8), x], {})
    of("plain", "BiasSplitGelu", [x, f16(8)], {})
    of("plain", "BiasSoftmax", [x, x], dict(axis=2, is_inner_broadcast=0))
    of("plain", "BiasDropout", [x, f16(8)], {}, 2)
    of("plain", "BitmaskDropout", [x], {}, 2)
    of("large", "BitmaskBiasDropout", [f16(5, 33), f16(33)], {}, 2)
    image = f16(1, 5, 6, 32)
    norm = dict(groups=4, activation=1)
    of("plain", "GroupNorm", [image, f32(32), f32(32)], norm)
    of("plain", "SkipGroupNorm", [image, f32(32), f32(32), image], norm, 2)
    of("plain", "IsAllFinite", [f32(3), f32(4, 4)], {})
    of("plain", "TorchEmbedding", [f32(9, 4), (I64, [2, 3])], {})
    of("plain", "MulInteger", [i8(2, 3), i8(), i8(3), i8()], {})
    for keep in (0, 1):
        data = [i8(2, 3, 4), SCALE, i8(), SCALE, i8()]
        of(f"{keep}", "QLinearReduceMean", data, dict(axes=[-1], keepdims=keep))
    of("plain", "QOrderedGelu", [i8(2, 3, 8), SCALE, SCALE], {})
    inputs = [i8(2, 3, 8), SCALE, f32(8), f32(8), SCALE]
    of("plain", "QOrderedLayerNormalization", inputs, {})
    of("plain", "QuantizeWithOrder", [f32(2, 3, 8), SCALE], dict(order_input=1, order_output=2))
    orders = dict(order_input=1, order_output=2, to=TensorProto.FLOAT16)
    of("plain", "DequantizeWithOrder", [i8(2, 3, 8), SCALE], orders)
    of("plain", "QuantizeBFP", [f32(2, 3, 8)], dict(bfp_type=0), 3)
    shape = [np.array(v, np.int64) for v in ([2, 3, 8], [24, 8, 1])]
    of("plain", "DequantizeBFP", [(U8, [60]), *shape], dict(bfp_type=0, dtype=10))


def images(of):
    for kind in ("NhwcConv", "NhwcFusedConv"):
        for stride, pad in itertools.product((1, 2), (0, 1)):
            attributes = dict(strides=[stride] * 2, pads=[pad] * 4)
            inputs = [f16(1, 7, 9, 4), f16(6, 4, 3, 2)]
            of(f"{stride}{pad}", kind, inputs, dict(attributes, kernel_shape=[3, 2]))
            inputs = [f16(1, 7, 9, 4), f16(6, 2, 3, 2)]
            of(f"{stride}{pad}-grouped", kind, inputs, dict(attributes, group=2))


def channels_last(of):
    x = f32(1, 7, 9, 4)
    for stride, pad in itertools.product((1, 2), (0, 1)):
        window = dict(strides=[stride] * 2, pads=[pad] * 4)
        pooled = dict(window, kernel_shape=[3, 2])
        name = f"{stride}{pad}"
        of(name, "Conv", [x, f32(6, 4, 3, 2)], window)
        of(name, "ConvTranspose", [x, f32(4, 6, 3, 2)], window)
        for kind in ("AveragePool", "LpPool", "MaxPool"):
            of(name, kind, [x], pooled)
        data = [(U8, [1, 7, 9, 4]), SCALE, (U8, [])]
        weights = [(U8, [6, 4, 3, 2]), SCALE, (U8, []), SCALE, (U8, [])]
        of(name, "QLinearConv", data + weights, window)
        of(name, "QLinearAveragePool", data + [SCALE, (U8, [])], pooled)
    for kind in ("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "LRN"):
        of("plain", kind, [x], dict(size=3) if kind == "LRN" else {})
    channels = [f32(4)] * 4
    of("plain", "BatchNormalization", [x, *channels], {})
    of("plain", "InstanceNormalization", [x, f32(4), f32(4)], {})
    of("plain", "DepthToSpace", [x], dict(blocksize=2))
    of("plain", "SpaceToDepth", [f32(1, 6, 8, 4)], dict(blocksize=2))
    of("plain", "GridSample", [x, f32(1, 3, 5, 2)], {})
    scales = np.array([1, 2, 2, 1], np.float32)
    of("scales", "Resize", [x, None, scales], {})


def blocked(of):
    for channels, last in itertools.product((16, 32), (0, 1)):
        x = f32(1, 7, 9, channels) if last else f32(1, channels, 7, 9)
        of(f"{channels}{last}", "ReorderInput", [x], dict(channels_last=last))
        x = f32(1, channels, 7, 9)
        attributes = dict(channels=channels - 3, channels_last=last)
        of(f"{channels}{last}", "ReorderOutput", [x], attributes)
    x = f32(1, 16, 7, 9)
    of("plain", "Conv", [x, f32(32, 16, 3, 3)], dict(pads=[1] * 4, strides=[2, 2]))
    of("plain", "MaxPool", [x], dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1))
    of("plain", "AveragePool", [x], dict(kernel_shape=[2, 2], strides=[2, 2]))
    of("plain", "GlobalAveragePool", [x], {})
    of("plain", "GlobalMaxPool", [x], {})
    of("plain", "Upsample", [x], dict(scales=[1, 1, 2, 3]))


def plugins(of):
    boxes, scores = f32(2, 100, 4), f32(2, 100, 5)
    attributes = dict(
        max_output_boxes=20,
        plugin_version="1",
        background_class=-1,
        score_threshold=0.5,
        iou_threshold=0.5,
        score_activation=0,
        box_coding=0,
    )
    of("plain", "EfficientNMS_TRT", [boxes, scores], attributes, 4)
    maps = [f32(2, 16, 40, 40), f32(2, 16, 20, 20), f32(2, 16, 10, 10), f32(2, 16, 5, 5)]
    attributes = dict(plugin_version="1", pooled_size=7)
    of("plain", "PyramidROIAlign_TRT", [boxes, *maps], attributes)
    attributes["image_size"] = [3, 320, 320]
    of("plain", "MultilevelCropAndResize_TRT", [boxes, *maps], attributes)
    scores = f32(8, 6, 6)
    of("plain", "DisentangledAttention_TRT", [scores] * 3, dict(span=4, factor=0.1))


def inference_cases(cases):
    refused = []
    for domain, version, parts in (
        ("com.microsoft", 1, (attention, states, products, tensors, images)),
        ("com.ms.internal.nhwc", 17, (channels_last,)),
        ("com.microsoft.nchwc", 1, (blocked,)),
        ("", 17, (plugins,)),
    ):
        of = Inference(cases, domain, version)
        for part in parts:
            part(of)
        refused += of.refused
    return refused
