// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A product of activations and a stored matrix, with the bias that is added to it.
struct Projection: Hashable {
  /// The node of the product.
  let node: NodeID
  /// What is projected.
  let input: TensorID
  /// The product without a bias that a node of its own adds.
  let product: TensorID
  /// The product with its bias.
  let output: TensorID
  /// The matrix.
  let weight: FusionView.Stored
  /// Whether the matrix is stored with an output in each row, not an input.
  let isTransposed: Bool
  /// The length of a row that goes in.
  let inputWidth: Int
  /// The length of a row that comes out.
  let outputWidth: Int
  /// What the product is multiplied by.
  let factor: Double
  /// The bias, one number an output.
  var bias: TensorID?
  /// The nodes that the product and its bias are.
  let nodes: [NodeID]
  /// Why the matrix cannot be put together with others.
  let refusal: FusionRefusal?
}

extension FusionView {
  /// The projection that a product is.
  ///
  /// - Returns: `nil` where the node is no product with a constant matrix.
  func projection(at node: NodeID) -> Projection? {
    let role = roles[node.index]
    guard role.isProduct, let product = result(of: node) else { return nil }
    let places = places(of: node)
    guard let input = operand(places.input, of: node),
      let matrix = operand(places.weight, of: node), let weight = stored(matrix),
      stored(input) == nil, let inputWidth = width(of: input), let outputWidth = width(of: product)
    else { return nil }
    var isTransposed = weight.isTransposed
    var refusal: FusionRefusal?
    var bias: TensorID?
    var factor = 1.0
    switch role {
    case .gemm, .fusedGemm:
      factor = Double(real("alpha", of: node, default: 1))
      guard integer("transA", of: node) == 0, factor == 1 || role == .gemm else { return nil }
      if integer("transB", of: node) != 0 { isTransposed.toggle() }
    case .fusedMatMul:
      factor = Double(real("alpha", of: node, default: 1))
      guard integer("transA", of: node) == 0, integer("transBatchA", of: node) == 0,
        integer("transBatchB", of: node) == 0
      else { return nil }
      if integer("transB", of: node) != 0 { isTransposed.toggle() }
    case .quantizedMatMul, .integerMatMul:
      refusal = .quantized(weight: graph.name(of: weight.tensor))
    default: break
    }
    if weight.isQuantized { refusal = .quantized(weight: graph.name(of: weight.tensor)) }
    if refusal == nil, isGiven[weight.tensor.index] {
      refusal = .given(weight: graph.name(of: weight.tensor))
    } else if refusal == nil {
      let shape = Array(graph.shape(of: weight.tensor))
      let expected = isTransposed ? [outputWidth, inputWidth] : [inputWidth, outputWidth]
      guard shape == expected else { return nil }
    }
    switch role {
    case .gemm, .fusedGemm, .addmm:
      if let stated = places.bias.flatMap({ operand($0, of: node) }) {
        guard real("beta", of: node, default: 1) == 1,
          let found = vector(stated, count: outputWidth)
        else { return nil }
        bias = found
      }
    case .quantizedMatMul:
      bias = places.bias.flatMap { operand($0, of: node) }.flatMap {
        vector($0, count: outputWidth)
      }
    default: break
    }
    var (output, nodes) = (product, [node])
    if role == .integerMatMul { (output, nodes) = rescaled(product, by: node, outputWidth) }
    if bias == nil, role != .fusedGemm, let (sum, added) = biasSum(over: output, outputWidth) {
      guard let result = result(of: sum) else { return nil }
      (output, bias) = (result, added)
      nodes.append(sum)
    }
    return Projection(
      node: node, input: input, product: product, output: output, weight: weight,
      isTransposed: isTransposed, inputWidth: inputWidth, outputWidth: outputWidth, factor: factor,
      bias: bias,
      nodes: nodes, refusal: refusal)
  }

  /// Where the operands of a product are.
  func places(of node: NodeID) -> (input: Int, weight: Int, bias: Int?) {
    if roles[node.index] == .addmm { return (1, 2, 0) }
    return switch graph.kind(of: node).type {
    case "QLinearMatMul": (0, 3, nil)
    case "QGemm": (0, 3, 6)
    case "MatMulIntegerToFloat": (0, 1, 6)
    case "DynamicQuantizeMatMul": (0, 1, 4)
    case "MatMulNBits": (0, 1, 5)
    case "MatMul", "FusedMatMul", "MatMulInteger", "MatMulBnb4", "MatMulFpQ4": (0, 1, nil)
    default: (0, 1, 2)
    }
  }

  /// The real numbers that a product of whole ones becomes: what alone reads it converts them, and
  /// multiplies them by scales of one element, or of one a column.
  private func rescaled(
    _ product: TensorID, by node: NodeID, _ width: Int
  ) -> (output: TensorID, nodes: [NodeID]) {
    var (output, nodes) = (product, [node])
    for _ in 0..<4 {
      guard let reader = soleReader(of: output), let result = result(of: reader) else { break }
      let type = graph.kind(of: reader).type
      guard
        roles[reader.index] == .cast
          || type == "Mul"
            && graph.inputs(of: reader).allSatisfy({
              $0 == output || !$0.isAbsent && isScale($0, width)
            })
      else { break }
      output = result
      nodes.append(reader)
    }
    return (output, nodes)
  }

  /// Whether a tensor has one element, or one for each column.
  private func isScale(_ tensor: TensorID, _ width: Int) -> Bool {
    guard graph[tensor].kind == .tensor else { return false }
    let shape = graph.shape(of: tensor)
    return shape.dropLast().allSatisfy { $0 == 1 } && [1, width].contains(shape.last ?? 1)
  }

  /// The addition of a stored vector that alone reads a product, maybe behind a reshape.
  private func biasSum(over product: TensorID, _ width: Int) -> (node: NodeID, bias: TensorID)? {
    guard let sum = soleReader(throughRowsOf: product), roles[sum.index].isAdd else { return nil }
    for tensor in summands(of: sum) where !tensor.isAbsent {
      if let found = vector(tensor, count: width),
        graph.attributes(of: sum).isEmpty || isTraining
      {
        return (sum, found)
      }
    }
    return nil
  }

  /// The only reader of a tensor, names and shapes that keep its rows looked through.
  func soleReader(throughRowsOf tensor: TensorID) -> NodeID? {
    var tensor = tensor
    while let reader = soleReader(of: tensor) {
      guard let next = result(of: reader), canonical[next.index] == canonical[tensor.index] else {
        return reader
      }
      tensor = next
    }
    return nil
  }
}
