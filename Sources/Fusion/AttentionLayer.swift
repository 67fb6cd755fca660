// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// An attention layer on a residual stream: `y = x + Attention(norm(x))`.
struct AttentionLayer {
  /// The residual stream that goes in.
  let stream: TensorID
  /// The stream as the sum reads it.
  let streamLeaf: TensorID
  /// What the layer adds to it.
  let leaf: TensorID
  /// The sum that it ends in.
  let sum: ResidualSum
  /// The node that weighs: a Softmax, or attention in one operator.
  let core: NodeID

  /// The residual stream that comes out.
  var result: TensorID? { sum.result }
}

/// Finds the attention layers of a graph: sums of a residual stream and of something that attention
/// made of it.
struct AttentionFinder {
  private let finder: FFNFinder
  private var view: FusionView { finder.view }
  /// By node, the search that met it last.
  private var mark: [Int32]
  private var search: Int32 = 0
  /// The layers, in order of their sums.
  private(set) var layers: [AttentionLayer] = []

  /// The most nodes that are looked at for one summand.
  private static let limit = 4096

  init(_ finder: FFNFinder) {
    self.finder = finder
    mark = Array(repeating: 0, count: finder.view.graph.nodes.count)
    var seen: Set<NodeID> = []
    let blockLeaves = Set(finder.blocks.map(\.leaf))
    // Without attention anywhere there is nothing to look for.
    guard finder.view.roles.contains(.attention) else { return }
    for node in view.graph.nodeIDs where view.isSum(node) {
      let phase = view.graph[node].phase
      guard phase == .unspecified || phase == .forward,
        let sum = view.residualSum(
          at: node, isLeaf: { finder.isProjected($0) || blockLeaves.contains($0) }),
        seen.insert(sum.root).inserted
      else { continue }
      for leaf in sum.leaves where !blockLeaves.contains(leaf) && isProjected(leaf) {
        for stream in sum.leaves where stream != leaf && !blockLeaves.contains(stream) {
          guard isBefore(stream, leaf), let core = attention(from: stream, to: leaf) else {
            continue
          }
          layers.append(
            AttentionLayer(
              stream: view.canonical[stream.index], streamLeaf: stream, leaf: leaf, sum: sum,
              core: core))
          break
        }
      }
    }
  }

  /// Whether a tensor is what a projection makes, scaled or turned at most: scores and masks are not.
  private func isProjected(_ tensor: TensorID) -> Bool {
    var tensor = tensor
    for _ in 0..<8 {
      if finder.isProjected(tensor) { return true }
      guard let node = view.producer(of: tensor), let input = view.operand(0, of: node) else {
        return false
      }
      let type = view.graph.kind(of: node).type
      if type == "Conv" || type == "convolution" || type == "Attention" { return true }
      switch view.role(of: node) {
      case .identity, .reshape, .transpose, .cast, .quantize, .dequantize: tensor = input
      case .pointwise where type == "Mul" || type == "mul":
        tensor = view.stored(input) == nil ? input : view.operand(1, of: node) ?? input
      default: return false
      }
    }
    return false
  }

  private func isBefore(_ a: TensorID, _ b: TensorID) -> Bool {
    guard let later = view.producer(of: b) else { return false }
    guard let earlier = view.producer(of: view.canonical[a.index]) else { return true }
    return earlier < later
  }

  /// The attention between two tensors, if the second depends on the first through one.
  private mutating func attention(from source: TensorID, to target: TensorID) -> NodeID? {
    search += 1
    let start = view.producer(of: view.canonical[source.index])
    var open = view.producer(of: target).map { [$0] } ?? []
    var core: NodeID?
    var isReached = false
    // A Softmax over channels weighs no rows: attention multiplies two activations.
    var multiplies = false
    var count = 0
    while let node = open.popLast() {
      guard mark[node.index] != search else { continue }
      mark[node.index] = search
      count += 1
      guard count < Self.limit else { return nil }
      if view.role(of: node) == .attention {
        core = min(core ?? node, node)
        multiplies = multiplies || !view.graph.kind(of: node).type.lowercased().hasSuffix("softmax")
      }
      multiplies = multiplies || isProductOfActivations(node)
      for input in view.graph.inputs(of: node) where !input.isAbsent {
        if view.canonical[input.index] == view.canonical[source.index] {
          isReached = true
        } else if let producer = view.producer(of: input), start.map({ $0 < producer }) ?? true {
          open.append(producer)
        } else if producerIsSkipNorm(of: input, start) {
          // The norm that makes the stream as well.
          isReached = true
        }
      }
    }
    return isReached && multiplies ? core : nil
  }

  private func isProductOfActivations(_ node: NodeID) -> Bool {
    if view.role(of: node) == .quantizedMatMul || view.role(of: node) == .integerMatMul {
      let places = view.places(of: node)
      return [places.input, places.weight].allSatisfy { position in
        view.operand(position, of: node).map { view.stored($0) == nil } ?? false
      }
    }
    switch view.graph.kind(of: node).type {
    case "MatMul", "FusedMatMul", "bmm", "matmul", "Einsum", "baddbmm":
      return view.graph.inputs(of: node).prefix(2).allSatisfy {
        !$0.isAbsent && view.stored($0) == nil
      }
    default: return false
    }
  }

  private func producerIsSkipNorm(of input: TensorID, _ start: NodeID?) -> Bool {
    guard let start, view.producer(of: input) == start else { return false }
    return view.role(of: start).isSkipNorm
  }
}
