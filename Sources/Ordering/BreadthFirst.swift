// SPDX-License-Identifier: Apache-2.0
public import GraphIR
internal import HeapModule

/// Breadth first: of the ready nodes, the one whose predecessors ran earliest.
///
/// Nodes compare by the ascending steps of their predecessors, then by file order; views are folded.
/// Source: the breadth-first order among those that PyTorch's inductor tries.
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
    let (successors, predecessors) = (folded.model.successors, folded.model.predecessors)
    let count = folded.model.count
    var step = [Int32](repeating: 0, count: count)
    var missing = (0..<count).map { predecessors.length($0) }
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
}
