// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// The blocks and layers of a graph, with their places in it.
struct FusionAnalysis {
  let view: FusionView
  let projections: [Projection]
  let blocks: [FFNBlock]
  let attention: [AttentionLayer]
  /// By block, how it is placed.
  let placements: [FusionSurvey.Placement]
  /// Runs of blocks with nothing between them.
  let runs: [Range<Int>]
  /// Blocks that share their input and their sum.
  let parallel: [[Int]]
  /// Projections of one input.
  private(set) var merges: [ProjectionMerge] = []
  /// By tensor, in how many places of the graph it is read as a stored matrix.
  private var weightUses: [TensorID: Int] = [:]

  init(of graph: Graph, values: StaticValues) {
    let view = FusionView(of: graph, values: values)
    let finder = FFNFinder(view)
    self.view = view
    projections = finder.projections
    blocks = finder.blocks
    attention = AttentionFinder(finder).layers
    placements = blocks.map { block in
      if block.isPostNorm { return .postNorm }
      return block.beside.isEmpty ? .sequential : .parallel
    }
    var runs: [Range<Int>] = []
    var start = 0
    for index in blocks.indices {
      let isLast =
        index + 1 == blocks.count
        || !Self.follows(blocks[index + 1], blocks[index], view)
        || placements[index] != .sequential || placements[index + 1] != .sequential
      if isLast {
        if index > start { runs.append(start..<index + 1) }
        start = index + 1
      }
    }
    self.runs = runs
    parallel = Self.parallelGroups(of: blocks)
    for node in graph.nodeIDs {
      for tensor in graph.inputs(of: node) where !tensor.isAbsent {
        // Of a chain of names only the last one's readers count.
        switch view.role(of: node) {
        case .identity, .transpose, .cast: continue
        default: break
        }
        if let stored = view.stored(tensor)?.tensor { weightUses[stored, default: 0] += 1 }
      }
    }
    merges = ProjectionMerge.all(in: self)
  }

  /// Whether a block's stream is what another block makes.
  private static func follows(_ next: FFNBlock, _ block: FFNBlock, _ view: FusionView) -> Bool {
    guard let result = block.result else { return false }
    return view.canonical[result.index] == next.stream
  }

  private static func parallelGroups(of blocks: [FFNBlock]) -> [[Int]] {
    struct Key: Hashable {
      var root: NodeID
      var stream: TensorID
    }
    var groups: [Key: Int] = [:]
    var result: [[Int]] = []
    for (index, block) in blocks.enumerated() {
      let key = Key(root: block.sum.root, stream: block.stream)
      if let group = groups[key] {
        result[group].append(index)
      } else {
        groups[key] = result.count
        result.append([index])
      }
    }
    return result.filter { $0.count > 1 }
  }

  // MARK: What forbids fusing

  /// What forbids fusing a block with any other.
  func refusals(ofBlock index: Int) -> [FusionRefusal] {
    if view.isTraining { return [.training] }
    let block = blocks[index]
    var refusals: [FusionRefusal] = []
    for projection in block.up + [block.down] {
      refusals += self.refusals(of: projection)
    }
    if refusals.isEmpty, let found = quantization(in: block) { refusals.append(found) }
    // Scales of quantised blocks are read by several of their nodes.
    if refusals.isEmpty, let outside = valueUsedOutside(block) {
      refusals.append(.usedOutside(tensor: view.graph.name(of: outside)))
    }
    return refusals
  }

  func refusals(of projection: Projection) -> [FusionRefusal] {
    if let refusal = projection.refusal { return [refusal] }
    for node in projection.nodes {
      for tensor in view.graph.inputs(of: node) where !tensor.isAbsent {
        if let stored = view.stored(tensor), stored.isQuantized {
          return [.quantized(weight: view.graph.name(of: stored.tensor))]
        }
        // That what is projected is quantised does not matter, that the product is does.
        if node != projection.node, view.isQuantized[tensor.index] {
          return [.quantizedValue(tensor: view.graph.name(of: tensor))]
        }
      }
    }
    let weight = projection.weight.tensor
    let uses = weightUses[weight, default: 0]
    return uses > 1 ? [.shared(weight: view.graph.name(of: weight), uses: uses)] : []
  }

  /// What is quantised in a block, or on its way into the sum, beside its matrices.
  private func quantization(in block: FFNBlock) -> FusionRefusal? {
    func refusal(_ tensor: TensorID) -> FusionRefusal? {
      if tensor.isAbsent { return nil }
      if view.isQuantized[tensor.index] {
        return .quantizedValue(tensor: view.graph.name(of: tensor))
      }
      guard let stored = view.stored(tensor), stored.isQuantized else { return nil }
      return .quantized(weight: view.graph.name(of: stored.tensor))
    }
    let sums = [block.sum.root] + block.sum.inner
    if let sum = sums.first(where: { view.role(of: $0) == .quantizedAdd }) {
      return view.result(of: sum).map { .quantizedValue(tensor: view.graph.name(of: $0)) }
    }
    for node in (block.norm.nodes + block.nodes) {
      for tensor in view.graph.inputs(of: node) {
        if let found = refusal(tensor) { return found }
      }
    }
    // Of other summands it does not matter how they come about.
    for tensor in [block.streamLeaf, block.leaf] {
      if let found = refusal(tensor) { return found }
    }
    for sum in sums {
      for tensor in view.graph.inputs(of: sum) where !tensor.isAbsent {
        if let stored = view.stored(tensor), stored.isQuantized {
          return .quantized(weight: view.graph.name(of: stored.tensor))
        }
      }
    }
    return nil
  }

  /// A value inside a block that something outside reads.
  private func valueUsedOutside(_ block: FFNBlock) -> TensorID? {
    let inside = Set(block.nodes + [block.sum.root] + block.sum.inner)
    for node in block.nodes {
      for tensor in view.graph.outputs(of: node) where !tensor.isAbsent {
        if view.isOutput[tensor.index] { return tensor }
        // Bounds of slices are computed from shapes, and go with them.
        if view.readers(of: tensor).contains(where: {
          !inside.contains($0) && view.graph.kind(of: $0).type != "Shape"
        }) {
          return tensor
        }
      }
    }
    return nil
  }

  // MARK: Reports

  func report(ofBlock index: Int) -> FusionSurvey.Block {
    let (block, graph) = (blocks[index], view.graph)
    return FusionSurvey.Block(
      index: index, node: graph.name(of: block.place), sum: graph.name(of: block.sum.root),
      input: graph.name(of: block.streamLeaf), contribution: graph.name(of: block.leaf),
      output: block.result.map { graph.name(of: $0) }, width: block.down.outputWidth,
      hiddenWidth: block.expression.width, activation: block.activation.name,
      isGated: block.activation.isGated,
      isPacked: block.expression.cuts.contains { $0 != nil }, norm: block.norm.kind.name,
      isNormDecomposed: block.norm.isDecomposed,
      hasBias: (block.up + [block.down]).contains { $0.bias != nil } || !block.sum.biases.isEmpty
        || !block.expression.vectors.isEmpty,
      elementType: graph[block.down.output].elementType, placement: placements[index],
      next: index + 1 < blocks.count ? between(index, index + 1) : "the end",
      refusals: refusals(ofBlock: index))
  }

  func report(ofLayer index: Int) -> FusionSurvey.Layer {
    let (layer, graph) = (attention[index], view.graph)
    return FusionSurvey.Layer(
      index: index, node: graph.name(of: layer.core), sum: graph.name(of: layer.sum.root),
      input: graph.name(of: layer.streamLeaf), contribution: graph.name(of: layer.leaf),
      output: layer.result.map { graph.name(of: $0) })
  }

  func report(of merge: ProjectionMerge) -> FusionSurvey.Merge {
    FusionSurvey.Merge(
      kind: merge.kind, nodes: merge.projections.map { view.graph.name(of: $0.node) },
      input: view.graph.name(of: merge.projections[0].input),
      widths: merge.projections.map(\.outputWidth), refusals: merge.refusals)
  }

  /// What stands between two blocks that follow each other.
  private func between(_ a: Int, _ b: Int) -> String {
    let (first, second) = (blocks[a], blocks[b])
    if first.sum.root == second.sum.root { return "nothing: both are summed" }
    if Self.follows(second, first, view) {
      return placements[a] == .postNorm ? "norm" : "nothing"
    }
    // Attention layers are counted by where they weigh.
    let layers = attention.indices.filter {
      attention[$0].core > first.sum.root && attention[$0].core < second.sum.root
    }
    var parts = layers.map { "attention \($0)" }
    if placements[a] == .postNorm || placements[b] == .postNorm { parts.append("norm") }
    guard parts.isEmpty else { return parts.joined(separator: ", ") }
    let (start, end) = (first.sum.root.index + 1, second.up[0].node.index)
    return start < end ? "\(end - start) operators" : "another branch"
  }
}
