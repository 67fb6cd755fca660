// SPDX-License-Identifier: Apache-2.0

public import GraphIR

/// What there is to fuse in a graph: its feed-forward blocks, its attention layers, and what stands
/// between them.
///
/// Names are those of the graph; numbers of blocks and layers count from 0 in the order of the file.
public struct FusionSurvey: Sendable {
  /// The feed-forward blocks.
  public let blocks: [Block]
  /// The attention layers.
  public let attention: [Layer]
  /// The runs of two or more blocks with nothing between them, as numbers of blocks.
  public let runs: [Range<Int>]
  /// Blocks that share their input and the sum they go into, as numbers of blocks.
  public let parallel: [[Int]]
  /// Projections that read one input and could be one product.
  public let merges: [Merge]
  /// Whether the graph is a step of training: such graphs are reported and never rewritten.
  public let isTraining: Bool

  /// One feed-forward block, `y = x + FFN(norm(x))`.
  public struct Block: Hashable, Sendable {
    /// The number, from 0.
    public let index: Int
    /// The node of its last projection.
    public let node: String
    /// The first node of its sum.
    public let sum: String
    /// The residual stream that goes in.
    public let input: String
    /// What the block adds to it.
    public let contribution: String
    /// The residual stream that comes out; `nil` where a norm takes it in.
    public let output: String?
    /// The length of a row of the stream.
    public let width: Int
    /// The number of hidden units.
    public let hiddenWidth: Int
    /// The function between the projections, such as `gelu` or `swiglu`.
    public let activation: String
    /// Whether one projection gates another.
    public let isGated: Bool
    /// Whether gate and value come from one product that is split.
    public let isPacked: Bool
    /// The norm before the first projections: `layer-norm`, `rms-norm`, `none`, or its operators.
    public let norm: String
    /// Whether the norm is written in several operators.
    public let isNormDecomposed: Bool
    /// Whether any projection has a bias.
    public let hasBias: Bool
    /// The type of the matrices.
    public let elementType: ElementType
    /// Where its norm is.
    public let placement: Placement
    /// What stands between it and the next block: `nothing`, attention layers by number, operators.
    public let next: String
    /// Why it cannot be fused with any other, if it cannot.
    public let refusals: [FusionRefusal]
  }

  /// How a block is placed on its residual stream.
  public enum Placement: String, Hashable, Sendable, CaseIterable {
    /// `y = x + FFN(norm(x))`, and `y` is the stream.
    case sequential
    /// `y = x + FFN(norm(x)) + …`: something else is added in the same place.
    case parallel
    /// `norm(x + FFN(x))`: no stream passes the norm, so nothing can be fused across it.
    case postNorm = "post-norm"
  }

  /// One attention layer, `y = x + Attention(norm(x))`.
  public struct Layer: Hashable, Sendable {
    /// The number, from 0.
    public let index: Int
    /// The node that weighs: a Softmax, or attention in one operator.
    public let node: String
    /// The node of its sum, which names it.
    public let sum: String
    /// The residual stream that goes in.
    public let input: String
    /// What the layer adds to it.
    public let contribution: String
    /// The residual stream that comes out; `nil` where a norm takes it in.
    public let output: String?
  }

  /// Projections of one input that could be one.
  public struct Merge: Hashable, Sendable {
    /// What they are.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
      /// Gate and value of a gated block.
      case gateUp = "gate-up"
      /// Queries, keys and values of attention.
      case qkv
    }

    public let kind: Kind
    /// The nodes of the products.
    public let nodes: [String]
    /// Their common input.
    public let input: String
    /// How long their rows are.
    public let widths: [Int]
    /// Why they cannot, if they cannot.
    public let refusals: [FusionRefusal]
  }

  /// Surveys a graph.
  ///
  /// - Parameters:
  ///   - graph: The graph, valid.
  ///   - values: The elements of small constants, without which activations are compared and named
  ///     by their operators alone.
  /// - Complexity: O(graph).
  public init(of graph: Graph, values: StaticValues = StaticValues()) {
    self.init(FusionAnalysis(of: graph, values: values))
  }

  init(_ analysis: FusionAnalysis) {
    blocks = analysis.blocks.indices.map { analysis.report(ofBlock: $0) }
    attention = analysis.attention.indices.map { analysis.report(ofLayer: $0) }
    runs = analysis.runs
    parallel = analysis.parallel
    merges = analysis.merges.map { analysis.report(of: $0) }
    isTraining = analysis.view.isTraining
  }
}
