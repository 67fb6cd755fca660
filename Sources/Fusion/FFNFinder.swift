// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Finds every feed-forward block of a graph.
///
/// Each product with a stored matrix is tried as the last projection of a block: what it reads must be
/// an expression over hidden units (``HiddenExpression``) of projections that all read one input; what
/// it makes must go into a sum, one of whose other summands is that input or what the input is
/// a norm of (``Norm``). No operator's or node's name decides, so that exporters may write a block
/// as they like.
///
/// - Complexity: O(graph): what is looked at around each product is bounded.
struct FFNFinder {
  let view: FusionView
  /// All projections of the graph, in order.
  private(set) var projections: [Projection] = []
  /// The blocks, in order of their last projection.
  private(set) var blocks: [FFNBlock] = []
  /// By tensor, the projection whose result it is; -1 for all others.
  private var projectionOfOutput: [Int32]

  init(_ view: FusionView) {
    self.view = view
    projectionOfOutput = Array(repeating: -1, count: view.graph.tensors.count)
    for node in view.graph.nodeIDs where view.role(of: node).isProduct {
      guard let projection = view.projection(at: node) else { continue }
      projectionOfOutput[projection.output.index] = Int32(projections.count)
      projections.append(projection)
    }
    for projection in projections {
      if let block = block(endingIn: projection) { blocks.append(block) }
    }
  }

  /// Whether a tensor is what a projection makes.
  func isProjected(_ tensor: TensorID) -> Bool { projectionOfOutput[tensor.index] >= 0 }

  private func block(endingIn down: Projection) -> FFNBlock? {
    guard down.inputWidth > 1,
      let expression = HiddenExpression(
        of: down.input, in: view, projectionOfOutput: projectionOfOutput, all: projections),
      let activation = ActivationName(of: expression, times: down.factor)
    else { return nil }
    let input = view.canonical[expression.projections[0].input.index]
    guard
      expression.projections.allSatisfy({
        view.canonical[$0.input.index] == input && $0.inputWidth == down.outputWidth
      })
    else { return nil }

    var path = OutputPath(from: down.output, in: view)
    path.follow()
    guard let sumNode = path.sum,
      let sum = view.residualSum(at: sumNode, isLeaf: { isProjected($0) || $0 == path.end })
    else { return nil }
    guard sum.leaves.contains(path.end) else { return nil }
    for leaf in sum.leaves where leaf != path.end {
      guard let norm = view.norm(from: leaf, to: input) else { continue }
      let stream = view.canonical[leaf.index]
      return FFNBlock(
        expression: expression, activation: activation, down: down, input: input, stream: stream,
        norm: norm, outputPath: path.nodes, outputScale: path.scale, leaf: path.end, sum: sum,
        isPostNorm: norm.kind == .none && isNormalizedFirst(sum), streamLeaf: leaf)
    }
    return nil
  }

  /// Whether only a norm reads a sum.
  private func isNormalizedFirst(_ sum: ResidualSum) -> Bool {
    guard let result = sum.result else { return sum.isSkipNorm }
    if sum.isSkipNorm { return view.readers(of: result).isEmpty && !view.isOutput[result.index] }
    guard let reader = view.soleReader(throughRowsOf: result) else {
      return isDecomposedNormOnly(result)
    }
    return view.role(of: reader).isNorm
  }

  /// Whether all that reads a tensor is one norm in several operators: a difference to its mean, or
  /// its mean square, and products of itself.
  private func isDecomposedNormOnly(_ tensor: TensorID) -> Bool {
    guard !view.isOutput[tensor.index] else { return false }
    let readers = view.readers(of: tensor)
    return !readers.isEmpty
      && readers.allSatisfy { reader in
        switch view.graph.kind(of: reader).type {
        case "ReduceMean", "Pow", "Sub", "mean", "pow", "sub": true
        case "Mul", "Div", "mul", "div":
          view.graph.inputs(of: reader).allSatisfy { !$0.isAbsent && view.stored($0) == nil }
        default: false
        }
      }
  }
}

/// The way from a block's last projection to the sum that it goes into.
private struct OutputPath {
  private let view: FusionView
  /// What is summed.
  private(set) var end: TensorID
  private(set) var nodes: [NodeID] = []
  private(set) var scale: FFNBlock.OutputScale?
  /// The node that sums it.
  private(set) var sum: NodeID?

  init(from tensor: TensorID, in view: FusionView) {
    self.view = view
    end = tensor
  }

  mutating func follow() {
    for _ in 0..<12 {
      let readers = view.readers(of: end)
      if let found = readers.first(where: { view.isSum($0) && isSummand(of: $0) }) {
        sum = found
        return
      }
      guard let reader = view.soleReader(of: end), let result = view.result(of: reader) else {
        return
      }
      switch view.role(of: reader) {
      case .identity, .cast: break
      case .reshape, .quantize, .dequantize:
        guard view.canonical[result.index] == view.canonical[end.index] else { return }
      case .pointwise:
        guard scale == nil, let found = scale(at: reader) else { return }
        scale = found
      default: return
      }
      nodes.append(reader)
      end = result
    }
  }

  private func isSummand(of node: NodeID) -> Bool {
    let inputs = view.summands(of: node)
    guard inputs.contains(end) else { return false }
    return inputs.allSatisfy { !$0.isAbsent && ($0 == end || view.stored($0) == nil) }
  }

  /// The constant that a node multiplies by.
  private func scale(at node: NodeID) -> FFNBlock.OutputScale? {
    let type = view.graph.kind(of: node).type
    guard type == "Mul" || type == "mul", let width = view.width(of: end) else { return nil }
    if type == "mul", case .float(let value) = view.attribute("other", of: node) {
      return .scalar(Double(value))
    }
    for input in view.graph.inputs(of: node) where input != end && !input.isAbsent {
      if let found = view.vector(input, count: width) { return .vector(found) }
      if let value = view.scalar(input) { return .scalar(value) }
    }
    return nil
  }
}
