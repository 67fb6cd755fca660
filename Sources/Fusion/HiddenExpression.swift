// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What a feed-forward block computes between its projections: an expression over hidden units, each
/// of which depends on its own place alone.
///
/// That is all that fusion needs of an activation: where hidden units do not mix, those of several
/// blocks can stand side by side. Which function it is has a name in reports (``ActivationName``);
/// that two blocks have the same one is decided by their terms, constants by value.
///
/// Source: Bercovich et al., "FFN Fusion", arXiv 2503.18908, Theorem 3.1. Deviation: the theorem is
/// stated for SwiGLU; here it is applied to any such expression.
struct HiddenExpression {
  /// One step of the expression; operands are positions of earlier ones.
  enum Term: Hashable {
    /// What a projection gives, or a part of it where the file computes several in one product.
    case projected(slot: Int, part: Int, parts: Int)
    /// A constant of one element, by its bits.
    case scalar(UInt64)
    /// A constant of one element that is not known, by its tensor.
    case unknownScalar(TensorID)
    /// A constant for each hidden unit, by its position in ``HiddenExpression/vectors``.
    case vector(Int)
    /// An operator.
    case operation(OperatorKind, [Attribute], [Int])
    /// An operand that is left out.
    case absent
  }

  /// The terms, operands first; the last one is what the second projection reads.
  private(set) var terms: [Term] = []
  /// The node of each term that is an operator.
  private(set) var nodes: [NodeID?] = []
  /// The tensor of each term that has one.
  private(set) var tensors: [TensorID?] = []
  /// The projections, by slot.
  private(set) var projections: [Projection] = []
  /// How a projection is cut into parts, by slot.
  private(set) var cuts: [FusionView.Cut?] = []
  /// The constants for each hidden unit.
  private(set) var vectors: [TensorID] = []
  /// The nodes that only rename or reshape, inside.
  private(set) var transparent: [NodeID] = []
  /// The number of hidden units.
  let width: Int

  private var known: [TensorID: Int] = [:]

  /// Makes the expression that a tensor is.
  ///
  /// - Parameters:
  ///   - projections: By node, the projection whose output it makes or is on the way to.
  /// - Returns: `nil` where the tensor is anything else.
  init?(
    of tensor: TensorID, in view: FusionView, projectionOfOutput: [Int32],
    all projections: [Projection]
  ) {
    guard let width = view.width(of: tensor), width > 0 else { return nil }
    self.width = width
    guard
      add(tensor, view, Lookup(ofOutput: projectionOfOutput, all: projections), depth: 0) != nil,
      !self.projections.isEmpty
    else { return nil }
  }

  private struct Lookup {
    let ofOutput: [Int32]
    let all: [Projection]
  }

  private static let termLimit = 96

  /// Adds the terms of a tensor and returns the last of them.
  private mutating func add(
    _ tensor: TensorID, _ view: FusionView, _ lookup: Lookup, depth: Int
  ) -> Int? {
    if let index = known[tensor] { return index }
    guard terms.count < Self.termLimit, depth < Self.termLimit else { return nil }
    if view.isScalar(tensor) {
      let name = view.scalar(tensor)
      return append(name.map { .scalar($0.bitPattern) } ?? .unknownScalar(tensor), nil, tensor)
    }
    if let vector = view.vector(tensor, count: width) {
      vectors.append(vector)
      return append(.vector(vectors.count - 1), nil, tensor)
    }
    guard let node = view.producer(of: tensor), view.width(of: tensor) == width else { return nil }
    let projection = lookup.ofOutput[tensor.index]
    if projection >= 0 {
      return addProjection(lookup.all[Int(projection)], tensor, view)
    }
    switch view.role(of: node) {
    case .identity, .reshape, .quantize, .dequantize:
      guard let input = view.operand(0, of: node), view.result(of: node) == tensor,
        view.canonical[input.index] == view.canonical[tensor.index]
      else { return nil }
      guard let index = add(input, view, lookup, depth: depth + 1) else { return nil }
      transparent.append(node)
      known[tensor] = index
      return index
    case .split, .slice: return addPart(tensor, of: node, view, lookup)
    case .pointwise, .add, .quantizedAdd, .cast:
      return addOperation(tensor, node, view, lookup, depth)
    default: return nil
    }
  }

  /// A projection, and the activation where it is in one operator with it.
  private mutating func addProjection(
    _ projection: Projection, _ tensor: TensorID, _ view: FusionView
  ) -> Int {
    let term = project(projection, part: 0, parts: 1)
    guard case .string(let activation) = view.attribute("activation", of: projection.node) else {
      return append(term, nil, tensor)
    }
    let index = append(term, nil, nil)
    let attributes = view.graph.attributes(of: projection.node).filter {
      $0.name.hasPrefix("activation_")
    }
    return append(
      .operation(OperatorKind(type: activation), Array(attributes), [index]), nil, tensor)
  }

  private mutating func addOperation(
    _ tensor: TensorID, _ node: NodeID, _ view: FusionView, _ lookup: Lookup, _ depth: Int
  ) -> Int? {
    guard view.result(of: node) == tensor, view.graph.outputs(of: node).count == 1 else {
      return nil
    }
    var operands: [Int] = []
    for input in view.graph.inputs(of: node) {
      if input.isAbsent {
        operands.append(append(.absent, nil, nil))
      } else if let index = add(input, view, lookup, depth: depth + 1) {
        operands.append(index)
      } else {
        return nil
      }
    }
    var kind = view.graph.kind(of: node)
    if let plain = takeBias(of: node, operands, view) {
      kind.type = plain
      operands.removeLast()
    }
    let (plain, attributes) = Self.unified(
      kind, Array(view.graph.attributes(of: node)), operands.count, view)
    return append(.operation(plain, attributes, operands), node, tensor)
  }

  /// The Gelu of ONNX's own operators where there is one, for those that onnxruntime writes.
  private static func unified(
    _ kind: OperatorKind, _ attributes: [Attribute], _ operands: Int, _ view: FusionView
  ) -> (OperatorKind, [Attribute]) {
    guard view.opset >= 20, operands == 1 else { return (kind, attributes) }
    let form =
      switch (kind.domain, kind.type) {
      case ("com.microsoft", "Gelu"): "none"
      case ("com.microsoft", "FastGelu"): "tanh"
      case ("", "Gelu"):
        if case .string(let form) = attributes.first?.value { form } else { "none" }
      default: ""
      }
    guard !form.isEmpty else { return (kind, attributes) }
    return (
      OperatorKind(type: "Gelu", version: view.opset), [Attribute("approximate", .string(form))]
    )
  }

  /// Makes the bias of an activation that has one that of its projection, so that blocks with and
  /// without a bias have the same activation.
  ///
  /// - Returns: The operator without bias, if that was done.
  private mutating func takeBias(
    of node: NodeID, _ operands: [Int], _ view: FusionView
  ) -> String? {
    guard view.graph.kind(of: node).domain == "com.microsoft", operands.count == 2,
      case .projected(let slot, _, 1) = terms[operands[0]], projections[slot].bias == nil,
      view.readers(of: projections[slot].output).count == 1,
      case .vector(let vector) = terms[operands[1]], vector == vectors.count - 1,
      operands[1] == terms.count - 1
    else { return nil }
    let plain = ["BiasGelu": "Gelu", "FastGelu": "FastGelu"][view.graph.kind(of: node).type]
    guard let plain else { return nil }
    projections[slot].bias = vectors.removeLast()
    terms.removeLast()
    nodes.removeLast()
    if let tensor = tensors.removeLast() { known[tensor] = nil }
    return plain
  }

  /// One of the equal parts into which a projection is cut along its last axis.
  private mutating func addPart(
    _ tensor: TensorID, of node: NodeID, _ view: FusionView, _ lookup: Lookup
  ) -> Int? {
    guard let cut = view.cut(at: node), let part = cut.parts.firstIndex(of: tensor),
      view.width(of: cut.input) == width * cut.parts.count,
      cut.parts.allSatisfy({ view.width(of: $0) == width })
    else { return nil }
    var source = cut.input
    for _ in 0..<4 where lookup.ofOutput[source.index] < 0 {
      guard let between = view.producer(of: source), let before = view.operand(0, of: between),
        view.canonical[before.index] == view.canonical[source.index], before != source
      else { return nil }
      transparent.append(between)
      source = before
    }
    let index = lookup.ofOutput[source.index]
    guard index >= 0, !isTaken(lookup.all[Int(index)], otherThan: cut) else { return nil }
    let term = project(lookup.all[Int(index)], part: part, parts: cut.parts.count)
    if case .projected(let slot, _, _) = term { cuts[slot] = cut }
    return append(term, nil, tensor)
  }

  /// Whether a projection is read whole, or cut otherwise, already.
  private func isTaken(_ projection: Projection, otherThan cut: FusionView.Cut) -> Bool {
    projections.firstIndex { $0.node == projection.node }.map { cuts[$0] != cut } ?? false
  }

  private mutating func project(_ projection: Projection, part: Int, parts: Int) -> Term {
    let slot =
      projections.firstIndex { $0.node == projection.node }
      ?? {
        projections.append(projection)
        cuts.append(nil)
        return projections.count - 1
      }()
    return .projected(slot: slot, part: part, parts: parts)
  }

  private mutating func append(_ term: Term, _ node: NodeID?, _ tensor: TensorID?) -> Int {
    terms.append(term)
    nodes.append(node)
    tensors.append(tensor)
    if let tensor { known[tensor] = terms.count - 1 }
    return terms.count - 1
  }
}
