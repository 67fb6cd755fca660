// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A sum of activations in however many additions: a residual stream and what is added to it.
struct ResidualSum: Hashable {
  /// The last node: an addition, or a norm that sums first.
  let root: NodeID
  /// The additions before it, whose results nothing else reads.
  let inner: [NodeID]
  /// What is summed, in the order of operands.
  let leaves: [TensorID]
  /// Stored vectors that are added, too.
  let biases: [TensorID]
  /// The sum, where it can be had.
  let result: TensorID?
  /// Whether the root normalizes the sum as well.
  let isSkipNorm: Bool
}

extension FusionView {
  /// The whole sum that a node is a part of.
  ///
  /// - Parameter isLeaf: What is not to be looked into.
  /// - Returns: `nil` where the node sums fewer than two activations.
  func residualSum(at node: NodeID, isLeaf: (TensorID) -> Bool) -> ResidualSum? {
    var root = node
    guard isSum(root) else { return nil }
    for _ in 0..<64 {
      guard roles[root.index].isAdd, let output = result(of: root), !isLeaf(output),
        let reader = soleReader(of: output), isSum(reader), summands(of: reader).contains(output)
      else { break }
      root = reader
    }
    var (inner, leaves, biases): ([NodeID], [TensorID], [TensorID]) = ([], [], [])
    var open = Array(summands(of: root).reversed())
    while let tensor = open.popLast() {
      guard leaves.count < 64 else { return nil }
      if let width = width(of: tensor), let vector = vector(tensor, count: width) {
        biases.append(vector)
        continue
      }
      if stored(tensor) != nil { return nil }
      if let producer = producer(of: tensor), roles[producer.index].isAdd, isSum(producer),
        !isLeaf(tensor), soleReader(of: tensor) != nil
      {
        inner.append(producer)
        open += summands(of: producer).reversed()
      } else {
        leaves.append(tensor)
      }
    }
    let isSkipNorm = roles[root.index].isSkipNorm
    var sum = result(of: root)
    if isSkipNorm {
      let outputs = Array(graph.outputs(of: root))
      sum = outputs.count > 3 && !outputs[3].isAbsent ? outputs[3] : nil
      let place = roles[root.index] == .skipLayerNorm ? 4 : 3
      if let stated = operand(place, of: root), let width = width(of: stated) {
        guard let found = vector(stated, count: width) else { return nil }
        biases.append(found)
      }
    }
    guard leaves.count >= 2 else { return nil }
    return ResidualSum(
      root: root, inner: inner.sorted(), leaves: leaves, biases: biases, result: sum,
      isSkipNorm: isSkipNorm)
  }

  /// Whether a node sums two operands of equal rows.
  func isSum(_ node: NodeID) -> Bool {
    guard roles[node.index].isAdd || roles[node.index].isSkipNorm else { return false }
    let pair = summands(of: node)
    return pair.count == 2 && pair.allSatisfy { !$0.isAbsent }
      && width(of: pair[0]) == width(of: pair[1])
  }

  /// The operands that an addition adds, or a norm that sums first.
  func summands(of node: NodeID) -> [TensorID] {
    let inputs = Array(graph.inputs(of: node))
    guard roles[node.index] == .quantizedAdd else { return Array(inputs.prefix(2)) }
    return inputs.count > 3 ? [inputs[0], inputs[3]] : []
  }
}
