// SPDX-License-Identifier: Apache-2.0

/// Merges an output with the input it takes over where that happens in every order.
///
/// If all other touchers of the input precede the operator, the input dies there whatever the order,
/// so input and output are one storage, live from the input's first toucher to the output's last:
/// exactly what the simulator counts. Where several entries compete, the bytes are the same whichever
/// input the only output takes; with several outputs only entries that no earlier one can disturb are
/// merged. Entries of a merged output or of a merged input are then spent.
enum CertainTakeovers {
  /// The operators looked at, per takeover, to show that a toucher precedes.
  private static let searchLimit = 256

  /// The model with certain takeovers merged. Operators and orders stay what they are.
  ///
  /// - Complexity: O(touches · log of the longest row + takeovers · `searchLimit`).
  static func merged(_ model: OrderModel) -> OrderModel {
    var parent = (0..<UInt32(model.storageCount)).map { $0 }
    func root(_ storage: UInt32) -> UInt32 {
      // Outputs are merged into inputs made earlier, whose root is already final.
      parent[Int(storage)]
    }
    var search = AncestorSearch(model)
    var kept: [OrderModel.Takeover] = []
    var keptStart = [0]
    for operation in 0..<model.count {
      let row = model.takeovers[
        model.takeoverStart[operation]..<model.takeoverStart[operation + 1]]
      let hasOneOutput = row.allSatisfy { $0.output == row.first?.output }
      var disturbed: Set<UInt32> = []
      var spent: Set<UInt32> = []
      for entry in row where !spent.contains(entry.output) && !spent.contains(entry.input) {
        let isClear =
          hasOneOutput || !disturbed.contains(entry.output) && !disturbed.contains(entry.input)
        if isClear,
          search.allTouchers(of: Int(entry.input), precede: operation, limit: searchLimit)
        {
          parent[Int(entry.output)] = root(entry.input)
          spent.formUnion([entry.output, entry.input])
        } else {
          disturbed.formUnion([entry.output, entry.input])
        }
      }
      for entry in row where !spent.contains(entry.output) && !spent.contains(entry.input) {
        kept.append(OrderModel.Takeover(output: entry.output, input: root(entry.input)))
      }
      keptStart.append(kept.count)
    }
    var result = model
    result.takeovers = kept
    result.takeoverStart = keptStart
    result.touched = Rows()
    for operation in 0..<model.count {
      result.touched.append(model.touched.values[model.touched[operation]].map(root).uniqued())
    }
    result.touchers = result.touched.transposed(count: model.storageCount)
    for storage in 0..<model.storageCount where Int(parent[storage]) != storage {
      if model.isLiveOut[storage] { result.isLiveOut[Int(parent[storage])] = true }
      result.isLiveOut[storage] = false
    }
    return result
  }
}

/// Bounded searches against the dependencies.
struct AncestorSearch {
  private let model: OrderModel
  private var mark: [Int32]
  private var round: Int32 = 0
  private var queue: [UInt32] = []

  init(_ model: OrderModel) {
    self.model = model
    mark = [Int32](repeating: 0, count: model.count)
  }

  /// Whether every other toucher of a storage is known to precede an operator.
  ///
  /// - Parameter limit: How many operators to look at before giving up.
  mutating func allTouchers(of storage: Int, precede operation: Int, limit: Int) -> Bool {
    let row = model.touchers[storage]
    guard row.count <= limit else { return false }
    round += 1
    var missing = 0
    for index in row {
      let toucher = Int(model.touchers.values[index])
      if toucher > operation { return false }
      if toucher != operation {
        mark[toucher] = -round
        missing += 1
      }
    }
    let first = model.touchers.values[row.lowerBound]
    queue.removeAll(keepingCapacity: true)
    queue.append(UInt32(operation))
    var next = 0
    while missing > 0, next < queue.count, queue.count <= limit {
      for index in model.predecessors[Int(queue[next])] {
        let predecessor = model.predecessors.values[index]
        guard predecessor >= first, mark[Int(predecessor)] != round else { continue }
        if mark[Int(predecessor)] == -round { missing -= 1 }
        mark[Int(predecessor)] = round
        queue.append(predecessor)
      }
      next += 1
    }
    return missing == 0
  }
}

extension Array where Element == UInt32 {
  /// The values ascending, each once.
  func uniqued() -> [UInt32] {
    guard count > 1 else { return self }
    var result = sorted()
    var end = 1
    for index in 1..<result.count where result[index] != result[end - 1] {
      result[end] = result[index]
      end += 1
    }
    result.removeLast(result.count - end)
    return result
  }
}
