// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Floating-point operations of a node by its operator and shapes: a multiplication and an addition
/// are two. Products of matrices, convolutions, attention and normalisations are counted; every other
/// operator by the elements that it reads or makes, whichever are more, views by nothing.
///
/// ONNX operators, those of com.microsoft, and the ATen ones of training graphs (`pkg.aten`) share
/// the rules. Where shapes do not fit a rule, the element count stands in.
enum OperatorFlops {
  /// The operations of a node; the largest number where it does not fit.
  static func flops(of node: NodeID, in graph: Graph) -> Int {
    let inputs = graph.inputs(of: node).map { Operand($0, in: graph) }
    let outputs = graph.outputs(of: node).map { Operand($0, in: graph) }
    let name = canonicalName(graph.kind(of: node).type)
    if let counted = product(name, inputs, outputs) { return counted }
    let elements = max(
      outputs.reduce(0) { $0.addingClamped($1.count) },
      inputs.reduce(0) { max($0, $1.count) })
    if isView(node, in: graph) { return 0 }
    return elements.multipliedClamped(by: perElement[name] ?? 1)
  }

  /// The elements of the first output.
  static func outputElements(of node: NodeID, in graph: Graph) -> Int {
    graph.outputs(of: node).first { !$0.isAbsent }.map { Operand($0, in: graph).count } ?? 0
  }

  /// A node all of whose results are views of operands.
  private static func isView(_ node: NodeID, in graph: Graph) -> Bool {
    let effects = graph.effects(of: node)
    return graph.outputs(of: node).indices.allSatisfy { index in
      let position = index - graph.outputs(of: node).startIndex
      return effects.contains {
        Int($0.output) == position && ($0.kind == .alias || $0.kind == .mayAlias)
      }
    }
  }

  /// A name without ATen's marks: leading underscores, a trailing one of the in-place form, overloads.
  private static func canonicalName(_ type: String) -> String {
    var name = type[...]
    if name.hasPrefix("aten.") { name = name.dropFirst(5) }
    if let dot = name.firstIndex(of: ".") { name = name[..<dot] }
    while name.first == "_" { name.removeFirst() }
    while name.last == "_" { name.removeLast() }
    return String(name)
  }

  /// Operations for each element, where they are clearly more than one.
  private static let perElement: [String: Int] = [
    "BatchNormalization": 4, "native_batch_norm": 6, "native_batch_norm_backward": 10,
    "BatchNormalizationGrad": 10, "LayerNormalization": 8, "SkipLayerNormalization": 9,
    "SimplifiedLayerNormalization": 6, "SkipSimplifiedLayerNormalization": 7,
    "RMSNormalization": 6, "native_layer_norm": 8, "native_layer_norm_backward": 14,
    "LayerNormalizationGrad": 14, "InstanceNormalization": 8, "GroupNormalization": 8,
    "GroupNorm": 8, "native_group_norm": 8, "native_group_norm_backward": 14, "Softmax": 5,
    "LogSoftmax": 5, "softmax": 5, "log_softmax": 5, "softmax_backward_data": 4,
    "log_softmax_backward_data": 4, "SoftmaxGrad": 4, "SoftmaxGrad_13": 4, "Gelu": 10,
    "FastGelu": 10, "BiasGelu": 11, "QuickGelu": 6, "gelu": 10, "gelu_backward": 20,
    "GeluGrad": 20, "Erf": 8, "erf": 8, "Tanh": 6, "tanh": 6, "Sigmoid": 5, "sigmoid": 5,
    "Silu": 6, "silu": 6, "silu_backward": 9, "Exp": 4, "exp": 4, "Log": 4, "log": 4, "Sqrt": 2,
    "sqrt": 2, "Pow": 8, "pow": 8, "Mish": 10, "Softplus": 8, "Sin": 6, "Cos": 6, "sin": 6,
    "cos": 6, "Adam": 12, "AdamOptimizer": 12,
  ]

  private static let matrixProducts: Set<String> = [
    "MatMul", "FusedMatMul", "TransposeMatMul", "MatMulInteger", "QLinearMatMul",
    "MatMulIntegerToFloat", "MatMulNBits", "MatMulBnb4", "mm", "bmm", "matmul", "linear",
    "FusedMatMulActivation",
  ]
  private static let affineProducts: Set<String> = [
    "Gemm", "FusedGemm", "QGemm", "addmm", "baddbmm", "GemmFastGelu",
  ]
  private static let convolutions: Set<String> = [
    "Conv", "FusedConv", "NhwcFusedConv", "NhwcConv", "QLinearConv", "ConvInteger", "convolution",
    "conv1d", "conv2d", "conv3d", "DeformConv",
  ]
  private static let attentions: Set<String> = [
    "Attention", "MultiHeadAttention", "GroupQueryAttention", "PackedAttention",
    "DecoderMaskedMultiHeadAttention", "QAttention", "scaled_dot_product_flash_attention",
    "scaled_dot_product_efficient_attention", "scaled_dot_product_attention",
    "scaled_dot_product_flash_attention_for_cpu", "scaled_dot_product_cudnn_attention",
  ]

  /// What products of some kind take; `nil` for other operators and where shapes do not fit.
  private static func product(_ name: String, _ inputs: [Operand], _ outputs: [Operand]) -> Int? {
    guard let result = outputs.first else { return nil }
    func operand(_ index: Int) -> Operand? {
      inputs.indices.contains(index) && !inputs[index].shape.isEmpty ? inputs[index] : nil
    }
    if matrixProducts.contains(name) {
      return operand(0).map { matrixProduct($0, result) }
    }
    if affineProducts.contains(name) {
      let first = name == "addmm" || name == "baddbmm" ? 1 : 0
      return operand(first).map { matrixProduct($0, result) }
    }
    if convolutions.contains(name) {
      let weight =
        operand(1).flatMap { $0.shape.count > 2 ? $0 : nil } ?? operand(3)  // QLinearConv's
      return weight.map { convolution(result, weight: $0) }
    }
    switch name {
    case "ConvTranspose": return both(operand(0), operand(1), convolution)
    case "convolution_backward":
      // The gradient of the result, the input, the weight: two products like the forward one.
      return both(operand(0), operand(2), convolution)?.multipliedClamped(by: 2)
    case "ConvGrad":
      return both(operand(0), operand(2), convolution)?.multipliedClamped(by: 2)
    case "Einsum":
      let sizes = Set(inputs.flatMap(\.shape))
      return result.count.multipliedClamped(by: 2 * (sizes.max() ?? 1))
    case "LSTM", "GRU", "RNN", "DynamicQuantizeLSTM":
      // Every step multiplies by the weights of input and recurrence, for every sequence.
      guard let x = operand(0), x.shape.count == 3, let w = operand(1), let r = operand(2) else {
        return nil
      }
      return (x.shape[0].multipliedClamped(by: x.shape[1]))
        .multipliedClamped(by: 2.multipliedClamped(by: w.count.addingClamped(r.count)))
    default:
      guard let kind = attention(name), let query = operand(0) else { return nil }
      // Scores and their product with the values; without keys of its own, all come from one.
      let keys = operand(1).flatMap { $0.shape.count == query.shape.count ? $0 : nil } ?? query
      let axis = query.shape.count == 4 ? 2 : 1
      guard keys.shape.count > axis else { return nil }
      return query.count.multipliedClamped(by: 4).multipliedClamped(by: keys.shape[axis])
        .multipliedClamped(by: kind)
    }
  }

  /// 1 for attention, 3 for its gradient, which makes the scores again; `nil` for others.
  private static func attention(_ name: String) -> Int? {
    if attentions.contains(name) { return 1 }
    guard name.hasSuffix("_backward") else { return nil }
    return attentions.contains(String(name.dropLast("_backward".count))) ? 3 : nil
  }

  private static func both(
    _ a: Operand?, _ b: Operand?, _ body: (Operand, Operand) -> Int
  ) -> Int? {
    guard let a, let b else { return nil }
    return body(a, b)
  }

  /// Each element of the result is a sum of as many products as the operand has elements for each
  /// row: the last extent, or for a transposed operand the one before.
  private static func matrixProduct(_ a: Operand, _ result: Operand) -> Int {
    var depth = a.shape.last ?? 1
    // With the result's row count in last place the operand is transposed.
    if a.shape.count >= 2, result.shape.count >= 2, let rows = result.shape.dropLast().last,
      a.shape[a.shape.count - 2] != rows, depth == rows
    {
      depth = a.shape[a.shape.count - 2]
    }
    return result.count.multipliedClamped(by: 2.multipliedClamped(by: depth))
  }

  /// Each element on the side of the images meets one kernel of each of the other side's channels.
  private static func convolution(_ images: Operand, weight: Operand) -> Int {
    let kernel = weight.shape.dropFirst().reduce(1) { $0.multipliedClamped(by: $1) }
    return images.count.multipliedClamped(by: 2.multipliedClamped(by: kernel))
  }

  /// A tensor's extents and their product.
  struct Operand {
    let shape: [Int]
    let count: Int

    init(_ tensor: TensorID, in graph: Graph) {
      shape = tensor.isAbsent ? [] : Array(graph.shape(of: tensor))
      count = tensor.isAbsent ? 0 : shape.reduce(1) { $0.multipliedClamped(by: $1) }
    }
  }
}
