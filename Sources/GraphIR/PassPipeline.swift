// SPDX-License-Identifier: Apache-2.0

/// A list of passes, run in order and never trusted.
///
/// The graph is validated before the first pass and after each, and what a pass reports is compared
/// with what it did: one that says it changed nothing must leave the fingerprint alone, one that
/// says it did must not.
public struct PassPipeline: Sendable {
  /// The passes in the order in which they run.
  public var passes: [any GraphPass]
  /// How many passes to run at most, none if negative; for finding the one that breaks something.
  public var limit: Int

  /// Makes a pipeline.
  public init(_ passes: [any GraphPass], limit: Int = .max) {
    self.passes = passes
    self.limit = limit
  }

  /// What one pass of a run did, and how long it took.
  public struct Entry: Hashable, Sendable {
    /// The name of the pass.
    public let name: String
    /// What it reports.
    public let report: PassReport
    /// The time it took, validation not included.
    public let duration: Duration
  }

  /// Runs the passes.
  ///
  /// - Parameters:
  ///   - graph: The graph to rewrite.
  ///   - observer: Sees the graph after each pass, for printing.
  /// - Throws: What a pass throws; ``GraphError/pass(name:reason:)`` when a pass breaks an invariant
  ///   or its report disagrees with what it did; the graph is then as the last good pass left it.
  /// - Complexity: That of the passes, plus O(graph) for each.
  public func run(
    on graph: inout Graph, observer: (_ pass: String, _ graph: Graph) -> Void = { _, _ in }
  ) throws(GraphError) -> [Entry] {
    try graph.validate()
    var fingerprint = graph.fingerprint
    var entries: [Entry] = []
    for pass in passes.prefix(max(limit, 0)) {
      let name = type(of: pass).name
      var candidate = graph
      let clock = ContinuousClock()
      let start = clock.now
      let report = try pass.run(on: &candidate)
      let duration = start.duration(to: clock.now)
      do {
        try candidate.validate()
      } catch {
        throw .pass(name: name, reason: "left a broken graph: \(error)")
      }
      let after = candidate.fingerprint
      guard report.changed == (after != fingerprint) else {
        throw .pass(
          name: name,
          reason: report.changed
            ? "reports a change but made none" : "changed the graph without reporting it")
      }
      fingerprint = after
      graph = candidate
      entries.append(Entry(name: name, report: report, duration: duration))
      observer(name, graph)
    }
    return entries
  }
}
