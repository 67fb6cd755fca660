// SPDX-License-Identifier: Apache-2.0

/// A search along many orders at once for one within a budget.
///
/// States are partial executions closed by the exact rules, in buckets by the number of operators that
/// ran. Of each bucket the states with the least live bytes go on, each with every ready operator that
/// fits. A set of operators is entered once.
struct BudgetBeam {
  private struct Entry {
    var search: SearchState
    var number: Int
  }

  /// Searches.
  ///
  /// - Parameters:
  ///   - width: How many states of a bucket go on.
  ///   - workLimit: How many entries are looked at before giving up.
  /// - Returns: An order within the budget, if one was found.
  static func order(
    of model: OrderModel, under budget: Int, width: Int, workLimit: Int, deadline: Deadline
  ) -> (order: [Int]?, work: Int) {
    var work = 0
    var number = 0
    var seen: Set<SearchState.Fingerprint> = []
    var first = SearchState(model)
    _ = first.close(
      under: budget, rules: [.safeMoves, .forcedChains], workLimit: workLimit, deadline: deadline)
    if first.order.count == model.count { return (first.order.map { Int($0) }, first.work) }
    var buckets = [[Entry]](repeating: [], count: model.count + 1)
    buckets[first.order.count] = [Entry(search: first, number: 0)]
    for count in 0..<model.count {
      var bucket = buckets[count]
      buckets[count] = []
      prune(&bucket, to: width)
      for entry in bucket {
        let gap = budget - entry.search.state.live
        for operation in entry.search.ready.sorted()
        where entry.search.state.rise(Int(operation)) <= gap {
          if work > workLimit || deadline.isOver { return (nil, work) }
          var next = entry.search
          let before = next.work
          next.run(Int(operation))
          _ = next.close(
            under: budget, rules: [.safeMoves, .forcedChains],
            workLimit: before.advanced(by: min(workLimit - work, .max / 2)), deadline: deadline)
          // Copying a state costs as much as looking at a part of it.
          work += next.work - before + model.count
          if next.order.count == model.count { return (next.order.map { Int($0) }, work) }
          guard seen.insert(next.fingerprint).inserted else { continue }
          number += 1
          buckets[next.order.count].append(Entry(search: next, number: number))
          if buckets[next.order.count].count > 4 * width {
            prune(&buckets[next.order.count], to: width)
          }
        }
      }
    }
    return (nil, work)
  }

  private static func prune(_ bucket: inout [Entry], to width: Int) {
    guard bucket.count > width else { return }
    bucket.sort {
      ($0.search.state.live, $0.number) < ($1.search.state.live, $1.number)
    }
    bucket.removeLast(bucket.count - width)
  }
}
