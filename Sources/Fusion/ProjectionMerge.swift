// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Projections that read one tensor and can be one product, cut into parts behind it.
struct ProjectionMerge {
  let kind: FusionSurvey.Merge.Kind
  let projections: [Projection]
  let refusals: [FusionRefusal]

  /// All of a graph, in order of their first products.
  static func all(in analysis: FusionAnalysis) -> [ProjectionMerge] {
    let view = analysis.view
    var blockOfNode: [NodeID: Int] = [:]
    for (index, block) in analysis.blocks.enumerated() {
      for projection in block.up { blockOfNode[projection.node] = index }
    }
    struct Key: Hashable {
      var input: TensorID
      var block: Int
    }
    var groupOf: [Key: Int] = [:]
    var groups: [(block: Int, projections: [Projection])] = []
    for projection in analysis.projections {
      let block = blockOfNode[projection.node] ?? -1
      let key = Key(input: projection.input, block: block)
      if let group = groupOf[key] {
        groups[group].projections.append(projection)
      } else {
        groupOf[key] = groups.count
        groups.append((block, [projection]))
      }
    }
    return groups.compactMap { group in
      let projections = group.projections
      guard projections.count > 1, projections.count <= 8 else { return nil }
      let isGate = group.block >= 0
      if !isGate, !projections.contains(where: { leadsToAttention($0.output, view) }) { return nil }
      if view.isTraining {
        return ProjectionMerge(
          kind: isGate ? .gateUp : .qkv, projections: projections, refusals: [.training])
      }
      var refusals = projections.flatMap { analysis.refusals(of: $0) }
      let first = projections[0]
      for other in projections.dropFirst() {
        let names = (view.graph.name(of: first.node), view.graph.name(of: other.node))
        if view.graph[other.output].elementType != view.graph[first.output].elementType {
          refusals.append(.different("element types", between: names.0, and: names.1))
        }
      }
      for projection in projections where view.role(of: projection.node) == .fusedGemm {
        refusals.append(
          .unsupported(
            "FusedGemm '\(view.graph.name(of: projection.node))', which has an activation")
        )
      }
      return ProjectionMerge(
        kind: isGate ? .gateUp : .qkv, projections: projections, refusals: refusals)
    }
  }

  /// Whether attention is near behind a tensor.
  private static func leadsToAttention(_ tensor: TensorID, _ view: FusionView) -> Bool {
    var open = [tensor]
    var seen: Set<TensorID> = [tensor]
    var next = 0
    while next < open.count, next < 48 {
      for reader in view.readers(of: open[next]) {
        if view.role(of: reader) == .attention { return true }
        // A projection or a residual sum is behind the attention layer already.
        if view.projection(at: reader) != nil { continue }
        for output in view.graph.outputs(of: reader)
        where !output.isAbsent && seen.insert(output).inserted {
          open.append(output)
        }
      }
      next += 1
    }
    return false
  }
}
