// SPDX-License-Identifier: Apache-2.0

import Fusion

/// What a fused model says of its fusion, as key-value pairs of the model and of its new nodes.
enum FusionMetadata {
  private static let prefix = "graphopt.fusion."

  /// Whether a key speaks of an earlier plan or fusion, which the model is not any more.
  static func isStale(_ key: String) -> Bool { key.hasPrefix(prefix) || PlanMetadata.isStale(key) }

  /// The entries of the model: one for each thing that was done, in order.
  static func entries(of fused: FusedGraph) -> [PlanMetadata.Entry] {
    [(prefix + "count", "\(fused.fusions.count)")]
      + fused.fusions.enumerated().map { (prefix + "\($0)", text($1)) }
  }

  /// The entry of each new node, by its name.
  static func provenance(of fused: FusedGraph) -> [String: PlanMetadata.Entry] {
    var entries: [String: PlanMetadata.Entry] = [:]
    for fusion in fused.fusions {
      for node in fusion.into { entries[node] = (prefix + "from", text(fusion)) }
    }
    return entries
  }

  private static func text(_ fusion: FusedGraph.Fusion) -> String {
    "\(fusion.kind.rawValue): \(fusion.nodes.joined(separator: ", "))"
  }
}
