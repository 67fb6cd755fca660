// SPDX-License-Identifier: Apache-2.0

public import GraphIR

/// FFN Fusion as a pass over graphs: for planning what the fused model would need.
///
/// Source: Bercovich et al., "FFN Fusion: Rethinking Sequential Computation in Large Language Models",
/// arXiv 2503.18908. See ``FusedGraph`` for what is done.
public struct FFNFusionPass: GraphPass {
  public static let name = "ffn-fusion"

  /// What is to be fused.
  public var options: FusionOptions
  /// The elements of the graph's small constants.
  public var values: StaticValues

  public init(options: FusionOptions = FusionOptions(), values: StaticValues = StaticValues()) {
    self.options = options
    self.values = values
  }

  public func run(on graph: inout Graph) throws(GraphError) -> PassReport {
    let fused: FusedGraph
    do throws(FusionError) {
      fused = try FusedGraph(graph, values: values, options: options)
    } catch { throw .pass(name: Self.name, reason: "\(error)") }
    graph = fused.graph
    return PassReport(patches: fused.fusions.count, outcome: fused.outcome)
  }
}

extension FusedGraph {
  /// What was done, in one line.
  public var outcome: String {
    var parts = fusions.map(\.sentence)
    if parts.isEmpty { parts = ["nothing to fuse"] }
    return parts.joined(separator: "; ")
  }
}

extension FusedGraph.Fusion {
  /// What was done, in a few words.
  public var sentence: String {
    let list = members.map(String.init).joined(separator: ", ")
    let hidden = widths.map(String.init).joined(separator: "+")
    let cut = pieces > 1 ? " in \(pieces) pieces" : ""
    return switch kind {
    case .exact: "blocks \(list) fused exactly, hidden \(hidden)\(cut)"
    case .sequential:
      "blocks \(list) fused as if parallel, hidden \(hidden)\(cut), an approximation"
    case .gateUp: "gate and up of '\(nodes[0])' made one product, \(hidden)"
    case .qkv: "\(nodes.count) projections at '\(nodes[0])' made one product, \(hidden)"
    case .dropAttention: "attention \(list) taken out at '\(nodes[0])', an approximation"
    }
  }
}
