// SPDX-License-Identifier: Apache-2.0

/// A rewrite of graphs. Its stored properties are its options.
public protocol GraphPass: Sendable {
  /// The name in kebab-case, as reports and the command line show it.
  static var name: String { get }

  /// Rewrites the graph, through ``GraphPatch``es.
  ///
  /// - Returns: What was done. Finding nothing to do is a report, not an error.
  func run(on graph: inout Graph) throws(GraphError) -> PassReport
}

/// What a pass did.
public struct PassReport: Hashable, Sendable {
  /// How many patches were applied; 0 means the graph is as it was.
  public var patches: Int
  /// Why the pass stopped, in one sentence.
  public var outcome: String

  public init(patches: Int, outcome: String) {
    self.patches = patches
    self.outcome = outcome
  }

  /// Whether the pass says that it changed the graph.
  public var changed: Bool { patches > 0 }
}
