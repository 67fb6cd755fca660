// SPDX-License-Identifier: Apache-2.0

import GraphIR

extension Graph {
  /// Whether the graph is a step of training, in which backward nodes read what forward ones make: its
  /// nodes have phases, or are gradients of onnxruntime's training artifacts.
  var isTrainingStep: Bool {
    nodes.contains { $0.phase != .unspecified }
      || operatorKinds.contains { $0.domain == "com.microsoft" && $0.type.hasSuffix("Grad") }
  }
}

extension FusionView {
  /// The graph's inputs that are weights in all but name: training artifacts of onnxruntime have the
  /// parameters of the model among their inputs, and store none.
  ///
  /// - Returns: By tensor, whether it is one; none is where any product reads a stored matrix.
  /// - Complexity: O(graph).
  func givenWeights() -> [Bool] {
    var isGiven = [Bool](repeating: false, count: graph.tensors.count)
    let products = graph.nodeIDs.filter { roles[$0.index].isProduct }
    let isStored = products.contains { node in
      operand(places(of: node).weight, of: node).map { stored($0) != nil } ?? false
    }
    guard !isStored else { return isGiven }
    for input in graph.inputs where isParameter(input) { isGiven[input.index] = true }
    return isGiven
  }

  /// Whether a tensor is read where products have their matrix or bias, or as a vector, and nowhere
  /// as what is projected.
  private func isParameter(_ input: TensorID) -> Bool {
    guard graph[input].kind == .tensor, !graph[input].role.isResident, !isOutput[input.index] else {
      return false
    }
    let rank = graph.shape(of: input).count
    guard rank == 1 || rank == 2 else { return false }
    var isRead = false
    var open = [input]
    while let tensor = open.popLast() {
      for reader in readers(of: tensor) {
        switch roles[reader.index] {
        case .identity, .cast, .transpose:
          if let result = result(of: reader) { open.append(result) }
        case let role where role.isProduct:
          let places = places(of: reader)
          if operand(places.input, of: reader) == tensor { return false }
          isRead = true
        case let role where role.isNorm: isRead = isRead || operand(0, of: reader) != tensor
        case .add, .pointwise: isRead = isRead || rank == 1
        default: break
        }
      }
    }
    return isRead
  }
}
