// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A feed-forward block, `y = x + FFN(norm(x))`, and where its parts are in the graph.
struct FFNBlock {
  /// What is computed between the projections.
  let expression: HiddenExpression
  let activation: ActivationName
  /// The projection back to the width of the residual stream.
  let down: Projection
  /// What the first projections read, names and reshapes that keep rows looked through.
  let input: TensorID
  /// The residual stream that goes in.
  let stream: TensorID
  /// What stands between the stream and the first projections.
  let norm: Norm
  /// The nodes between the last projection and the sum.
  let outputPath: [NodeID]
  /// What those nodes multiply into each place of the row.
  let outputScale: OutputScale?
  /// What goes into the sum.
  let leaf: TensorID
  /// The sum that the block ends in.
  let sum: ResidualSum
  /// Whether the sum is normalized before anything else reads it, so that no residual stream passes.
  let isPostNorm: Bool

  /// What a block's result is multiplied by.
  enum OutputScale: Hashable {
    case vector(TensorID)
    case scalar(Double)
  }

  /// The first projections, by slot.
  var up: [Projection] { expression.projections }

  /// The residual stream that comes out.
  var result: TensorID? { sum.result }

  /// The node that reports place the block at.
  var place: NodeID { down.node }

  /// What is summed beside the stream and this block.
  var beside: [TensorID] { sum.leaves.filter { $0 != leaf && $0 != streamLeaf } }

  /// The stream as the sum reads it.
  let streamLeaf: TensorID

  /// Every node from the first projections to the sum, the sum not included.
  var nodes: [NodeID] {
    (up.flatMap(\.nodes) + expression.nodes.compactMap { $0 }
      + expression.cuts.compactMap { $0 }.flatMap(\.nodes)
      + expression.transparent + down.nodes + outputPath).sorted()
  }
}
