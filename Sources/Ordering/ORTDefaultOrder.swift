// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// The order in which ONNX Runtime runs a model by default.
///
/// A depth-first walk against the edges on one stack: all leaves are pushed by ascending index; a
/// node that is popped for the first time is pushed again, to be emitted when it is popped next, and
/// above it its producers by ascending index. Edges are those the runtime knows: data and control.
/// Where that order would break an anti-dependence, what the broken node needs is moved up.
public struct ORTDefaultOrder: Scheduler {
  public static let name = "ort-default"

  public init() {}

  /// - Complexity: O(nodes + operands · log of the longest row).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let producers = Self.producers(of: problem.graph)
    let walked = Self.order(producers: producers)
    let dependencies = problem.dependencies
    switch TopologicalOrder.stable(
      preference: walked, start: dependencies.predecessorStart,
      predecessors: dependencies.predecessors)
    {
    case .order(let order): return Schedule(order.map { NodeID($0) })
    case .cycle: preconditionFailure("the dependencies of a valid graph have no circle")
    }
  }

  /// The walk itself.
  ///
  /// - Parameter producers: The nodes that each node needs, ascending.
  static func order(producers: Rows) -> [Int] {
    var isLeaf = [Bool](repeating: true, count: producers.count)
    for producer in producers.values { isLeaf[Int(producer)] = false }
    var stack: [(node: Int, isLeaving: Bool)] = []
    for node in isLeaf.indices where isLeaf[node] { stack.append((node, false)) }
    var isEntered = [Bool](repeating: false, count: producers.count)
    var order: [Int] = []
    order.reserveCapacity(producers.count)
    while let (node, isLeaving) = stack.popLast() {
      if isLeaving {
        order.append(node)
        continue
      }
      guard !isEntered[node] else { continue }
      isEntered[node] = true
      stack.append((node, true))
      for index in producers[node] where !isEntered[Int(producers.values[index])] {
        stack.append((Int(producers.values[index]), false))
      }
    }
    return order
  }

  /// The producers of what each node reads, and the nodes it waits for by control; ascending.
  static func producers(of graph: Graph) -> Rows {
    var waits: [Int: [UInt32]] = [:]
    for dependency in graph.controlDependencies {
      waits[dependency.after.index, default: []].append(dependency.before.rawValue)
    }
    var rows = Rows()
    for node in graph.nodeIDs {
      var row = waits[node.index] ?? []
      for input in graph.inputs(of: node) where !input.isAbsent {
        if let producer = graph[input].producer { row.append(producer.rawValue) }
      }
      row.sort()
      var previous: UInt32?
      rows.append(
        row.filter { value in
          defer { previous = value }
          return previous != value
        })
    }
    return rows
  }
}
