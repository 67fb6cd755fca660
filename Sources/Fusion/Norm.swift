// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What stands between a residual stream and the projections that read it: a normalization in one
/// operator or in many, or nothing.
///
/// A norm is taken as `scale · n(x) + bias`, where `n` has no parameters of its own. Two blocks with
/// equal `n` can share it: scales and biases go into their matrices.
///
/// Source: Bercovich et al., "FFN Fusion", arXiv 2503.18908, Section 3. Deviation: the paper keeps the
/// scale of the last block and drops the others; folding all of them is exact.
struct Norm: Hashable {
  /// What kind of norm it is, for reports and rewrites.
  enum Kind: Hashable {
    case none
    case layerNorm
    case rmsNorm
    /// Something else that depends on the residual stream alone; named by its operators.
    case other(String)

    var name: String {
      switch self {
      case .none: "none"
      case .layerNorm: "layer-norm"
      case .rmsNorm: "rms-norm"
      case .other(let name): name
      }
    }
  }

  /// One step of `n`; operands are positions of earlier ones.
  enum Term: Hashable {
    case source
    case constant([UInt64])
    case stored(TensorID)
    case operation(OperatorKind, [Attribute], [Int])
    /// A norm in one operator: its kind and the bits of its epsilon.
    case fused(Kind, UInt32)
    case absent
  }

  var kind: Kind
  /// `n` as a function of the residual stream.
  var terms: [Term]
  /// The scale, one number a place of the row.
  var scale: TensorID?
  /// The bias, one number a place of the row.
  var bias: TensorID?
  /// The norm's only node, where it has one.
  var fusedNode: NodeID?
  /// `n(x)` itself, where a node of its own scales it.
  var unscaled: TensorID?
  /// The conversions behind scale and bias, in order: mixed precision normalizes in one type and
  /// projects in another.
  var conversions: [NodeID] = []
  /// All its nodes, in order.
  var nodes: [NodeID]
  /// Whether it is written in several operators.
  var isDecomposed: Bool { fusedNode == nil && kind != .none }
}

extension FusionView {
  /// The norm that leads from a residual stream to a tensor.
  ///
  /// - Returns: `nil` where the tensor depends on more, or in a way that is no norm.
  func norm(from source: TensorID, to target: TensorID) -> Norm? {
    let (source, target) = (canonical[source.index], canonical[target.index])
    var (end, conversions) = (target, [NodeID]())
    while end != source, let node = producer(of: end), roles[node.index] == .cast,
      conversions.count < 4, let input = operand(0, of: node)
    {
      conversions.insert(node, at: 0)
      end = canonical[input.index]
    }
    guard var norm = unconvertedNorm(from: source, to: end) else { return nil }
    norm.conversions = conversions
    norm.nodes = (norm.nodes + conversions).sorted()
    for node in conversions {
      norm.terms.append(
        .operation(
          graph.kind(of: node), Array(graph.attributes(of: node)), [norm.terms.count - 1]))
    }
    return norm
  }

  private func unconvertedNorm(from source: TensorID, to target: TensorID) -> Norm? {
    if source == target {
      return Norm(kind: .none, terms: [.source], nodes: [])
    }
    guard let node = producer(of: target) else { return nil }
    if roles[node.index].isNorm { return fusedNorm(at: node, from: source, to: target) }
    return decomposedNorm(from: source, to: target)
  }

  private func fusedNorm(at node: NodeID, from source: TensorID, to target: TensorID) -> Norm? {
    let role = roles[node.index]
    guard result(of: node) == target else { return nil }
    let read: TensorID?
    if role.isSkipNorm {
      let outputs = Array(graph.outputs(of: node))
      read = outputs.count > 3 && !outputs[3].isAbsent ? outputs[3] : nil
    } else {
      read = operand(0, of: node)
    }
    guard let read, let width = width(of: target), var norm = parameters(of: node, width: width)
    else { return nil }
    norm.nodes = [node]
    if canonical[read.index] == source { return norm }
    // Normalized in another type than that of the stream.
    let converted = canonical[read.index]
    guard let cast = producer(of: converted), roles[cast.index] == .cast,
      let input = operand(0, of: cast), canonical[input.index] == source
    else { return nil }
    norm.nodes = [cast, node]
    norm.terms.insert(
      .operation(graph.kind(of: cast), Array(graph.attributes(of: cast)), []), at: 0)
    return norm
  }

  /// The norm of a node that is one, without where it comes from.
  private func parameters(of node: NodeID, width: Int) -> Norm? {
    let role = roles[node.index]
    let kind: Norm.Kind = role == .rmsNorm || role == .skipRMSNorm ? .rmsNorm : .layerNorm
    let first = role.isSkipNorm ? 2 : 1
    var scale: TensorID?
    var bias: TensorID?
    if let stated = operand(first, of: node) {
      guard let found = vector(stated, count: width) else { return nil }
      scale = found
    }
    if kind == .layerNorm, let stated = operand(first + 1, of: node) {
      guard let found = vector(stated, count: width) else { return nil }
      bias = found
    }
    if !role.isSkipNorm {
      let rank = operand(0, of: node).map { graph.shape(of: $0).count } ?? 0
      let axis = integer("axis", of: node, default: -1)
      guard axis == -1 || axis == rank - 1 else { return nil }
    }
    let fallback: Float = role == .skipLayerNorm || role == .skipRMSNorm ? 1e-12 : 1e-5
    let epsilon = attribute("epsilon", of: node) != nil ? "epsilon" : "eps"
    return Norm(
      kind: kind, terms: [.fused(kind, real(epsilon, of: node, default: fallback).bitPattern)],
      scale: scale, bias: bias, fusedNode: node, nodes: [node])
  }

  private func decomposedNorm(from source: TensorID, to target: TensorID) -> Norm? {
    guard let width = width(of: target) else { return nil }
    var norm = Norm(kind: .none, terms: [], nodes: [])
    var top = target
    if let (node, other, bias) = storedOperand(of: top, width, isSum: true) {
      // A bias makes sense behind a scale only.
      if let (inner, rest, scale) = storedOperand(of: canonical[other.index], width, isSum: false) {
        (norm.bias, norm.scale, top) = (bias, scale, rest)
        norm.nodes = [node, inner]
      }
    } else if let (node, other, scale) = storedOperand(of: top, width, isSum: false) {
      (norm.scale, top) = (scale, other)
      norm.nodes = [node]
    }
    var walk = NormWalk(view: self, source: source)
    guard walk.add(top, depth: 0) != nil, walk.isFromSource else { return nil }
    if norm.scale != nil { norm.unscaled = top }
    norm.terms = walk.terms
    norm.nodes = (norm.nodes + walk.nodes).sorted()
    switch walk.means {
    case 0: norm.kind = .other(walk.names.joined(separator: "+"))
    case 1 where !walk.subtracts: norm.kind = .rmsNorm
    default: norm.kind = walk.subtracts ? .layerNorm : .other(walk.names.joined(separator: "+"))
    }
    return norm
  }

  /// A product or sum of a tensor and a stored vector.
  private func storedOperand(
    of tensor: TensorID, _ width: Int, isSum: Bool
  ) -> (node: NodeID, other: TensorID, stored: TensorID)? {
    guard let node = producer(of: tensor), result(of: node) == tensor else { return nil }
    let type = graph.kind(of: node).type
    guard isSum ? roles[node.index] == .add : type == "Mul" || type == "mul" else { return nil }
    guard let a = operand(0, of: node), let b = operand(1, of: node) else { return nil }
    if let found = vector(b, count: width), stored(a) == nil { return (node, a, found) }
    if let found = vector(a, count: width), stored(b) == nil { return (node, b, found) }
    return nil
  }
}

/// Walks from a tensor back to a residual stream and takes down what it meets.
private struct NormWalk {
  let view: FusionView
  let source: TensorID
  var terms: [Norm.Term] = []
  var nodes: [NodeID] = []
  var names: [String] = []
  var means = 0
  var subtracts = false
  var isFromSource = false
  private var known: [TensorID: Int] = [:]

  private static let limit = 40
  private static let reductions: Set<String> = [
    "ReduceL2", "ReduceSum", "ReduceSumSquare", "LpNormalization", "ReduceMax",
  ]

  init(view: FusionView, source: TensorID) {
    self.view = view
    self.source = source
  }

  mutating func add(_ tensor: TensorID, depth: Int) -> Int? {
    let tensor = view.canonical[tensor.index]
    if let index = known[tensor] { return index }
    guard terms.count < Self.limit, depth < Self.limit else { return nil }
    if tensor == source {
      isFromSource = true
      return append(.source, tensor)
    }
    if let found = view.stored(tensor) {
      let elements = view.values[view.graph.name(of: found.tensor)]
      return append(
        elements.map { .constant($0.map(\.bitPattern)) } ?? .stored(found.tensor), tensor)
    }
    guard let node = view.producer(of: tensor), view.result(of: node) == tensor else { return nil }
    let kind = view.graph.kind(of: node)
    switch view.role(of: node) {
    case .pointwise, .add, .cast, .batchNorm: break
    case .mean: means += 1
    case .other where Self.reductions.contains(kind.type): break
    default: return nil
    }
    if kind.type == "Sub" || kind.type == "sub" { subtracts = true }
    var operands: [Int] = []
    for input in view.graph.inputs(of: node) {
      if input.isAbsent {
        operands.append(append(.absent, nil))
      } else if let index = add(input, depth: depth + 1) {
        operands.append(index)
      } else {
        return nil
      }
    }
    nodes.append(node)
    names.append(kind.type)
    return append(
      .operation(kind, Array(view.graph.attributes(of: node)), operands), tensor)
  }

  private mutating func append(_ term: Norm.Term, _ tensor: TensorID?) -> Int {
    terms.append(term)
    if let tensor { known[tensor] = terms.count - 1 }
    return terms.count - 1
  }
}
