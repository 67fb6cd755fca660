// SPDX-License-Identifier: Apache-2.0

/// Where the nodes of the importer's graph come from, for those who write changed files.
///
/// What ``ONNXImporter`` makes of a model has a node for each of ``model``'s, in an order of execution,
/// but for `Constant` ones without inputs.
public struct NodeOrder: Sendable {
  /// The model, calls of its local functions replaced by what the functions do.
  public let model: ONNXModel
  /// By node of the importer's graph its position in ``model``'s main graph.
  public let nodes: [Int]
  /// Whether there were calls, here or in bodies.
  public let hasCalls: Bool

  /// Finds the nodes of a model.
  ///
  /// - Throws: What the importer throws where names, nodes or calls do not fit together.
  /// - Complexity: O(nodes + operands).
  public init(of model: ONNXModel) throws(ImportError) {
    let inlining = try FunctionInlining(of: model)
    self.model = inlining.model
    hasCalls = inlining.hasCalls
    nodes = try GraphStructure(of: inlining.model).order
  }

  /// By node of a body's graph, as the importer makes it, its position in the body.
  ///
  /// - Parameter body: A body of ``model``'s.
  /// - Throws: As ``init(of:)``.
  /// - Complexity: O(nodes + operands).
  public func nodes(ofBody body: ONNXGraph) throws(ImportError) -> [Int] {
    try GraphStructure(ofBody: body, in: model).order
  }
}
