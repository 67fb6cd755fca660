// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// A graph with what every scheduler needs of it, built once and shared.
public struct SchedulingProblem: Sendable {
  /// The graph to order.
  public let graph: Graph
  /// What must run before what.
  public let dependencies: Dependencies
  /// Which bytes there are and who touches them.
  public let storages: StorageMap

  /// Collects what schedulers need.
  ///
  /// - Precondition: `graph` is valid: see `Graph.validate()`.
  /// - Complexity: O(nodes + tensors + operands · log of the longest row).
  public init(_ graph: Graph, model: MemoryModel = MemoryModel()) {
    self.init(
      graph, dependencies: Dependencies(of: graph), storages: StorageMap(of: graph, model: model))
  }

  /// Takes what was collected before.
  ///
  /// - Precondition: `dependencies` and `storages` are of `graph`, which is valid.
  public init(_ graph: Graph, dependencies: Dependencies, storages: StorageMap) {
    self.graph = graph
    self.dependencies = dependencies
    self.storages = storages
  }
}
