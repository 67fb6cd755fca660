// SPDX-License-Identifier: Apache-2.0
public import GraphIR
internal import HeapModule

/// Breadth first: of the ready nodes, the one whose predecessors ran earliest.
///
/// Nodes compare by the ascending steps of their predecessors, then by file order; views are folded.
/// Who made the bytes that a node touches counts as a predecessor even where others have updated
/// them since. Source: the breadth-first order among those that PyTorch's inductor tries.
public struct BreadthFirst: Scheduler {
  public static let name = "breadth-first"

  public init() {}

  private struct Entry: Comparable {
    var steps: [Int32]
    var node: Int

    static func < (a: Entry, b: Entry) -> Bool {
      for (x, y) in zip(a.steps, b.steps) where x != y { return x < y }
      return (a.steps.count, a.node) < (b.steps.count, b.node)
    }
  }

  /// - Complexity: O(dependencies · log of the longest row + compared steps · log nodes).
  public func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
    let folded = FoldedViews(of: problem)
    let successors = folded.model.successors
    let predecessors = Self.ranked(folded, problem)
    let count = folded.model.count
    var step = [Int32](repeating: 0, count: count)
    var missing = (0..<count).map { folded.model.predecessors.length($0) }
    var ready = Heap(
      (0..<count).lazy.filter { missing[$0] == 0 }.map { Entry(steps: [], node: $0) })
    var order: [Int] = []
    order.reserveCapacity(count)
    while let entry = ready.popMin() {
      step[entry.node] = Int32(order.count)
      order.append(entry.node)
      for index in successors[entry.node] {
        let successor = Int(successors.values[index])
        missing[successor] -= 1
        guard missing[successor] == 0 else { continue }
        let steps = predecessors[successor].map { step[Int(predecessors.values[$0])] }
        ready.insert(Entry(steps: steps.sorted(), node: successor))
      }
    }
    return folded.schedule(order)
  }

  /// The operators by whose steps each one is ranked: its predecessors, the makers of all it
  /// touches, and where it updates something in place the makers of what its predecessors updated.
  private static func ranked(_ folded: FoldedViews, _ problem: SchedulingProblem) -> Rows {
    let (model, graph, map) = (folded.model, problem.graph, problem.storages)
    var operation = [UInt32?](repeating: nil, count: graph.nodes.count)
    for index in 0..<model.count { operation[folded.node(of: index).index] = UInt32(index) }
    let makers = map.roots.map { root in graph[root].producer.flatMap { operation[$0.index] } }
    var updated = Rows()
    for index in 0..<model.count {
      let node = folded.node(of: index)
      updated.append(
        graph.effects(of: node).filter { $0.kind == .mustOverwrite }.map {
          map.storageOfTensor[graph.operands(of: $0, at: node).input.index].rawValue
        })
    }
    var rows = Rows()
    for index in 0..<UInt32(model.count) {
      var row = Array(model.predecessors.values[model.predecessors[Int(index)]])
      if updated.length(Int(index)) > 0 {
        for predecessor in row {
          for storage in updated[Int(predecessor)] {
            if let maker = makers[Int(updated.values[storage])] { row.append(maker) }
          }
        }
      }
      for storage in model.touched[Int(index)] {
        if let maker = makers[Int(model.touched.values[storage])] { row.append(maker) }
      }
      rows.append(row.uniqued().filter { $0 != index })
    }
    return rows
  }
}
