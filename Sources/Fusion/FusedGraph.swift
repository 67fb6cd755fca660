// SPDX-License-Identifier: Apache-2.0

public import GraphIR

/// A graph in which blocks are fused, how its new weights are made, and what was done.
///
/// It is the one description of a fusion: planning takes ``graph``, and who writes the model makes of
/// ``origins`` which nodes stay, and of ``recipes`` the bytes of the new weights.
public struct FusedGraph: Sendable {
  /// The graph, valid.
  public private(set) var graph: Graph
  /// By node of ``graph``, where it comes from.
  public private(set) var origins: [Origin]
  /// How each new weight is made, in the order in which they were made.
  public private(set) var recipes: [WeightRecipe] = []
  /// What was fused, in order.
  public private(set) var fusions: [Fusion] = []
  /// What was asked for, or possible, and not done, and why.
  public private(set) var refusals: [FusionRefusal] = []

  /// Where a node comes from.
  public enum Origin: Hashable, Sendable {
    /// It is a node of the graph before, maybe reading other tensors.
    case kept(NodeID)
    /// It has the operator and attributes of a node of the graph before.
    case copied(NodeID)
    /// It is new.
    case new
  }

  /// One thing that was done.
  public struct Fusion: Hashable, Sendable {
    /// What it was.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
      /// Blocks of one input became one; equal but for rounding.
      case exact
      /// A run of blocks became one; an approximation.
      case sequential
      case gateUp = "gate-up"
      case qkv
      /// An attention layer was taken out; an approximation.
      case dropAttention = "drop-attention"
    }

    public let kind: Kind
    /// The blocks or attention layers, by number of the graph as it was given.
    public let members: [Int]
    /// The nodes that name them.
    public let nodes: [String]
    /// The new nodes.
    public let into: [String]
    /// The hidden units, or outputs, of each before.
    public let widths: [Int]
    /// How many wide blocks there are now.
    public let pieces: Int
  }

  /// Fuses what the options ask for.
  ///
  /// Attention layers are taken out first, then blocks are fused, runs before parallel ones, then
  /// projections are merged.
  ///
  /// - Parameters:
  ///   - options: What is to be fused.
  ///   - graph: The graph, valid.
  ///   - values: The elements of its small constants.
  /// - Throws: ``FusionError`` where the options name what is not there or cannot be fused.
  /// - Complexity: O(graph) for each group that is fused.
  public init(
    _ graph: Graph, values: StaticValues, options: FusionOptions
  ) throws(FusionError) {
    self.graph = graph
    origins = graph.nodeIDs.map { .kept($0) }
    var session = FusionSession(values: values)
    let asks = options.mode == .sequential || !options.droppedAttention.isEmpty
    if asks, graph.isTrainingStep { throw .training }
    try dropAttention(options.droppedAttention, &session)
    if options.mode == .sequential { try fuseRuns(options, &session) }
    if options.mode != .off { try fuseParallel(options, &session) }
    if !options.merges.isEmpty { try merge(options.merges, session) }
  }

  // MARK: Steps

  private mutating func dropAttention(
    _ layers: [Int], _ session: inout FusionSession
  ) throws(FusionError) {
    guard !layers.isEmpty else { return }
    let first = FusionAnalysis(of: graph, values: session.values)
    for layer in layers where !first.attention.indices.contains(layer) {
      throw .noAttention("\(layer)", count: first.attention.count)
    }
    // Sums keep their names where they stay, so that layers are found again by what they add.
    let names = Set(layers).sorted().map {
      ($0, first.view.graph.name(of: first.attention[$0].leaf))
    }
    for (index, name) in names {
      let analysis = FusionAnalysis(of: graph, values: session.values)
      guard
        let layer = analysis.attention.first(where: {
          analysis.view.graph.name(of: $0.leaf) == name
        }),
        let rewrite = FusionRewriter(analysis: analysis).rewrite(dropping: layer)
      else { throw .boundAttention(index) }
      let node = analysis.view.graph.name(of: layer.core)
      let into = try apply(rewrite)
      fusions.append(
        Fusion(
          kind: .dropAttention, members: [index], nodes: [node], into: into, widths: [], pieces: 0))
    }
  }

  private mutating func fuseRuns(
    _ options: FusionOptions, _ session: inout FusionSession
  ) throws(FusionError) {
    let analysis = FusionAnalysis(of: graph, values: session.values)
    let survey = FusionSurvey(analysis)
    let runs = options.runs.sorted {
      ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound)
    }
    for (a, b) in zip(runs, runs.dropFirst()) where a.upperBound >= b.lowerBound {
      throw .overlappingRuns(a, b)
    }
    session.number(analysis)
    var groups: [FusionGroup] = []
    for run in runs {
      for end in [run.lowerBound, run.upperBound] where !analysis.blocks.indices.contains(end) {
        throw .noBlock(end, count: analysis.blocks.count)
      }
      guard run.count >= 3 else { throw .shortRun(run) }
      for index in run.dropLast()
      where !analysis.runs.contains(where: { $0.contains(index) && $0.contains(index + 1) }) {
        let block = survey.blocks[index]
        let sum = block.placement == .parallel ? "another branch of the same sum" : block.next
        throw .notConsecutive(index, index + 1, between: sum)
      }
      let found = analysis.sequentialGroups(of: run.lowerBound..<run.upperBound + 1)
      if found.groups.isEmpty, let reason = found.refusals.first {
        throw .refused(run: run, reason)
      }
      refusals += found.refusals
      groups += found.groups
    }
    try fuse(groups, analysis, options, session)
  }

  private mutating func fuseParallel(
    _ options: FusionOptions, _ session: inout FusionSession
  ) throws(FusionError) {
    let analysis = FusionAnalysis(of: graph, values: session.values)
    if !session.isNumbered { session.number(analysis) }
    let found = analysis.parallelGroups()
    refusals += found.refusals.filter { !refusals.contains($0) }
    // A block that was made here is wide already.
    let made = Set(recipes.map(\.name))
    let groups = found.groups.filter { group in
      group.members.allSatisfy {
        !made.contains(analysis.view.graph.name(of: analysis.blocks[$0].down.weight.tensor))
      }
    }
    try fuse(groups, analysis, options, session)
  }

  /// Fuses groups, all in one patch: they have no node in common.
  private mutating func fuse(
    _ groups: [FusionGroup], _ analysis: FusionAnalysis, _ options: FusionOptions,
    _ session: FusionSession
  ) throws(FusionError) {
    guard !groups.isEmpty else { return }
    let rewriter = FusionRewriter(analysis: analysis)
    let graph = analysis.view.graph
    var rewrite = Rewrite("fuse feed-forward blocks", for: analysis.view)
    var ranges: [Range<Int>] = []
    for group in groups {
      let start = rewrite.bases.count
      rewriter.add(group, pieces: options.pieces, to: &rewrite)
      ranges.append(start..<rewrite.bases.count)
    }
    let made = try apply(rewrite)
    for (group, range) in zip(groups, ranges) {
      let blocks = group.members.map { analysis.blocks[$0] }
      fusions.append(
        Fusion(
          kind: group.isSequential ? .sequential : .exact,
          members: blocks.map { session.numbers[graph.name(of: $0.down.product)] ?? -1 },
          nodes: blocks.map { graph.name(of: $0.place) }, into: range.map { made[$0] },
          widths: blocks.map(\.expression.width),
          pieces: HiddenSlice.parts(of: blocks, count: options.pieces).count))
    }
  }

  private mutating func merge(
    _ kinds: Set<FusionSurvey.Merge.Kind>, _ session: FusionSession
  ) throws(FusionError) {
    let analysis = FusionAnalysis(of: graph, values: session.values)
    let graph = analysis.view.graph
    let rewriter = FusionRewriter(analysis: analysis)
    var rewrite = Rewrite("merge projections", for: analysis.view)
    var merged: [(merge: ProjectionMerge, range: Range<Int>)] = []
    for merge in analysis.merges where kinds.contains(merge.kind) {
      guard merge.refusals.isEmpty else {
        refusals += merge.refusals.filter { !refusals.contains($0) }
        continue
      }
      let start = rewrite.bases.count
      rewriter.add(merge, number: merged.count, to: &rewrite)
      merged.append((merge, start..<rewrite.bases.count))
    }
    guard !merged.isEmpty else { return }
    let made = try apply(rewrite)
    for (number, entry) in merged.enumerated() {
      let projections = entry.merge.projections
      fusions.append(
        Fusion(
          kind: entry.merge.kind == .qkv ? .qkv : .gateUp, members: [number],
          nodes: projections.map { graph.name(of: $0.node) },
          into: entry.range.map { made[$0] }, widths: projections.map(\.outputWidth), pieces: 1))
    }
  }

  // MARK: Applying

  /// Applies a rewrite, less what nothing needs behind it, and returns the names of its new nodes in
  /// the order in which they were added.
  private mutating func apply(_ unfinished: Rewrite) throws(FusionError) -> [String] {
    var rewrite = unfinished
    rewrite.removeDeadNodes()
    do throws(GraphError) {
      let (next, from) = try graph.applyingTracked(rewrite.patch)
      try next.validate()
      var into = [String](repeating: "", count: rewrite.bases.count)
      let before = origins
      origins = from.enumerated().map { index, origin in
        switch origin {
        case .kept(let node): return before[node.index]
        case .added(let position):
          into[position] = next.name(of: NodeID(index))
          guard let basis = rewrite.bases[position] else { return .new }
          switch before[basis.index] {
          case .kept(let node), .copied(let node): return .copied(node)
          case .new: return .new
          }
        }
      }
      graph = next
      // What was made for a block whose projections are merged is not made any more.
      let known = Dictionary(recipes.map { ($0.name, $0) }) { first, _ in first }
      let all = recipes + rewrite.recipes.map { $0.expanded(by: known) }
      let names = Set(all.map(\.name))
      let alive = Set(next.tensorIDs.lazy.map { next.name(of: $0) }.filter(names.contains))
      recipes = all.filter { alive.contains($0.name) }
      return into
    } catch { throw .graph("\(error)") }
  }
}

/// What is remembered between the steps of a fusion.
struct FusionSession {
  let values: StaticValues
  /// The numbers of blocks by what their last product makes.
  private(set) var numbers: [String: Int] = [:]
  private(set) var isNumbered = false

  init(values: StaticValues) { self.values = values }

  /// Takes down the numbers that blocks have for the reader.
  mutating func number(_ analysis: FusionAnalysis) {
    isNumbered = true
    for (index, block) in analysis.blocks.enumerated() {
      numbers[analysis.view.graph.name(of: block.down.product)] = index
    }
  }
}
