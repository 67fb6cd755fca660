// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// A small random graph some of whose nodes run graphs, which may do so themselves.
public struct NestedGraph: Sendable {
  /// The graph.
  public let graph: Graph

  /// Builds the graph of a seed.
  ///
  /// - Parameters:
  ///   - depth: How deep graphs are inside each other, at most.
  ///   - shape: What each of them is like.
  public init(seed: Int, depth: Int, shape: RandomGraph.Shape) {
    var random = SeededGenerator(seed: seed &* 31 &+ depth)
    let plain = RandomGraph(seed: seed, shape: shape).graph
    guard depth > 0 else {
      graph = plain
      return
    }
    var result = Graph(name: plain.name)
    do throws(GraphError) {
      for tensor in plain.tensorIDs {
        let record = plain[tensor]
        _ = try result.addTensor(
          plain.name(of: tensor), type: record.elementType, shape: Array(plain.shape(of: tensor)),
          role: record.role, bytes: record.bytes)
      }
      for node in plain.nodeIDs {
        var bodies: [Body] = []
        if Int.random(in: 0..<3, using: &random) == 0 {
          for branch in 0..<Int.random(in: 1...2, using: &random) {
            bodies.append(
              Self.body(
                "branch_\(branch)", seed: seed &* 7 &+ node.index &* 2 &+ branch, depth: depth - 1,
                shape: shape, captured: plain.inputs(of: node).first, in: plain, &random))
          }
        }
        // A node with bodies has no scratch but theirs.
        try result.addNode(
          plain.names[plain[node].name], kind: plain.kind(of: node),
          inputs: Array(plain.inputs(of: node)), outputs: Array(plain.outputs(of: node)),
          effects: Array(plain.effects(of: node)),
          workspace: bodies.isEmpty ? plain[node].workspace : .zero, bodies: bodies)
      }
      for input in plain.inputs { result.addInput(input) }
      for output in plain.outputs { result.addOutput(output) }
      for dependency in plain.controlDependencies { result.addControlDependency(dependency) }
      try result.validate()
    } catch {
      preconditionFailure("nested graph \(seed) is broken: \(error)")
    }
    graph = result
  }

  /// A body: some of its inputs and results have their bytes outside, and it may read a tensor of the
  /// graph around it.
  private static func body(
    _ attribute: String, seed: Int, depth: Int, shape: RandomGraph.Shape, captured: TensorID?,
    in outer: Graph, _ random: inout SeededGenerator
  ) -> Body {
    var graph = NestedGraph(seed: seed, depth: depth, shape: shape).graph
    let own = graph.inputs
    for tensor in own + graph.outputs.filter({ graph[$0].role == .output })
    where Bool.random(using: &random) {
      graph.setRole(.outer, of: tensor)
    }
    if let captured, !captured.isAbsent, Bool.random(using: &random) {
      let name = outer.name(of: captured)
      if !graph.tensorIDs.contains(where: { graph.name(of: $0) == name }),
        let tensor = try? graph.addTensor(name, type: .uint8, shape: [640], role: .outer),
        let result = try? graph.addTensor(
          "of \(name)", type: .uint8, shape: [64], role: .activation)
      {
        graph.addInput(tensor)
        _ = try? graph.addNode(
          "captures", kind: OperatorKind(type: "Op"), inputs: [tensor], outputs: [result])
      }
    }
    return Body(
      attribute: attribute, graph: graph, parameterCount: own.count,
      trips: Int.random(in: 0..<4, using: &random) == 0
        ? nil : Int.random(in: 1...9, using: &random))
  }
}
