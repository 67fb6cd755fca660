// SPDX-License-Identifier: Apache-2.0
internal import HeapModule

/// Kahn's algorithm with a heap: of the nodes that are ready, the one of the least class runs, then
/// the one that comes first in the file, or in another order.
enum ReadyQueueOrder {
  private struct Entry: Comparable {
    var rank: UInt8
    var place: UInt32
    var node: UInt32

    static func < (a: Entry, b: Entry) -> Bool { (a.rank, a.place) < (b.rank, b.place) }
  }

  /// The order for a class of each node.
  ///
  /// - Parameters:
  ///   - places: Where each node stands in another order than the file's, if in one.
  /// - Complexity: O(dependencies + nodes · log nodes).
  static func order(
    count: Int, successors: Rows, places: [UInt32]? = nil, rank: (Int) -> UInt8
  ) -> [Int] {
    func waiting(_ node: Int) -> Entry {
      Entry(rank: rank(node), place: places?[node] ?? UInt32(node), node: UInt32(node))
    }
    var missing = [Int32](repeating: 0, count: count)
    for successor in successors.values { missing[Int(successor)] += 1 }
    var ready = Heap<Entry>()
    for node in 0..<count where missing[node] == 0 {
      ready.insert(waiting(node))
    }
    var order: [Int] = []
    order.reserveCapacity(count)
    while let entry = ready.popMin() {
      order.append(Int(entry.node))
      for index in successors[Int(entry.node)] {
        let successor = Int(successors.values[index])
        missing[successor] -= 1
        if missing[successor] == 0 {
          ready.insert(waiting(successor))
        }
      }
    }
    return order
  }
}
