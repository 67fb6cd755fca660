// SPDX-License-Identifier: Apache-2.0

/// Takes out operators whose best place is known from the others' order.
///
/// A source without scratch that touches one storage, not live before, best runs right before that
/// storage's next toucher: earlier, the storage would only live longer; and there it costs no more
/// than the toucher itself does. That place is open if every successor of the source touches the
/// storage or comes after something that does. The same holds, read backwards, for a sink whose
/// storage is not live after the end; only there the storage must not be one that a takeover waits
/// for, since the sink decides when it dies. An operator that touches nothing can run first or last.
/// Operators are put back in the reverse order of removal, each next to the touchers that were there
/// when it was taken out.
struct LazyOperators {
  /// The model without them.
  let model: OrderModel
  private let given: OrderModel
  private let kept: [Int]
  private let removals: [Removal]

  private struct Removal {
    var operation: Int
    var isSource: Bool
  }

  /// Neighbours that do not touch the storage themselves, and operators looked at to show that they
  /// come after one that does.
  private static let (neighbourLimit, searchLimit) = (4, 400)

  /// Takes out what can be taken out; `nil` if nothing can.
  ///
  /// - Complexity: O(touches + dependencies + operators · `searchLimit`).
  init?(of given: OrderModel) {
    var removal = RemovalState(given)
    let removals = removal.removeAll()
    guard !removals.isEmpty else { return nil }
    self.given = given
    self.removals = removals.map { Removal(operation: $0.operation, isSource: $0.isSource) }
    kept = (0..<given.count).filter { removal.isThere[$0] }
    var number = [UInt32](repeating: 0, count: given.count)
    for (index, operation) in kept.enumerated() { number[operation] = UInt32(index) }
    var predecessors = Rows()
    for operation in kept {
      predecessors.append(
        given.predecessors.values[given.predecessors[operation]]
          .filter { removal.isThere[Int($0)] }.map { number[Int($0)] })
    }
    model = given.restricted(to: kept, predecessors: predecessors)
  }

  /// An order without them as one of the given model.
  ///
  /// - Complexity: O(operators + touches of what is put back) if the places spread.
  func expanded(_ order: [Int]) -> [Int] {
    var list = OrderedList(order.map { kept[$0] }, capacity: given.count)
    for removal in removals.reversed() {
      let operation = removal.operation
      var anchor: Int?
      func consider(_ other: UInt32) {
        let other = Int(other)
        guard other != operation, list.contains(other) else { return }
        guard let current = anchor else {
          anchor = other
          return
        }
        if list.isBefore(other, current) == removal.isSource { anchor = other }
      }
      for index in given.touched[operation] {
        let storage = Int(given.touched.values[index])
        for toucher in given.touchers[storage] { consider(given.touchers.values[toucher]) }
      }
      let neighbours = removal.isSource ? given.successors : given.predecessors
      for index in neighbours[operation] { consider(neighbours.values[index]) }
      if removal.isSource {
        list.insert(operation, before: anchor)
      } else {
        list.insert(operation, after: anchor)
      }
    }
    return list.elements
  }

  /// An order of the given model without them.
  func restricted(_ order: [Int]) -> [Int] {
    var number = [Int](repeating: -1, count: given.count)
    for (index, operation) in kept.enumerated() { number[operation] = index }
    return order.map { number[$0] }.filter { $0 >= 0 }
  }

  /// The operator's number in the given model.
  func original(of operation: Int) -> Int { kept[operation] }

  /// The graph while operators are taken out.
  private struct RemovalState {
    let model: OrderModel
    var isThere: [Bool]
    private var predecessorCount: [Int]
    private var successorCount: [Int]
    private var toucherCount: [Int]
    private var isAwaited: [Bool]
    private var mark: [Int32]
    private var round: Int32 = 0

    init(_ model: OrderModel) {
      self.model = model
      isThere = [Bool](repeating: true, count: model.count)
      predecessorCount = (0..<model.count).map { model.predecessors.length($0) }
      successorCount = (0..<model.count).map { model.successors.length($0) }
      toucherCount = (0..<model.storageCount).map { model.touchers.length($0) }
      isAwaited = [Bool](repeating: false, count: model.storageCount)
      for takeover in model.takeovers { isAwaited[Int(takeover.input)] = true }
      mark = [Int32](repeating: 0, count: model.count)
    }

    mutating func removeAll() -> [(operation: Int, isSource: Bool)] {
      var removals: [(operation: Int, isSource: Bool)] = []
      var queue = Array(0..<model.count)
      var isQueued = [Bool](repeating: true, count: model.count)
      var left = model.count
      while let operation = queue.popLast() {
        isQueued[operation] = false
        // One operator stays, so that there is something to be next to.
        guard isThere[operation], left > 1, let isSource = side(of: operation) else { continue }
        isThere[operation] = false
        left -= 1
        removals.append((operation, isSource))
        func requeue(_ other: Int) {
          guard isThere[other], !isQueued[other] else { return }
          isQueued[other] = true
          queue.append(other)
        }
        for index in model.successors[operation] {
          let successor = Int(model.successors.values[index])
          predecessorCount[successor] -= 1
          requeue(successor)
        }
        for index in model.predecessors[operation] {
          let predecessor = Int(model.predecessors.values[index])
          successorCount[predecessor] -= 1
          requeue(predecessor)
        }
        for index in model.touched[operation] {
          toucherCount[Int(model.touched.values[index])] -= 1
        }
      }
      return removals
    }

    /// At which end the operator can be taken out, if at one: `true` for the front.
    private mutating func side(of operation: Int) -> Bool? {
      let row = model.touched[operation]
      guard model.workspaces[operation] == 0, row.count <= 1,
        model.takeoverStart[operation] == model.takeoverStart[operation + 1]
      else { return nil }
      let isSource = predecessorCount[operation] == 0
      let isSink = successorCount[operation] == 0
      guard let index = row.first else { return isSource ? true : isSink ? false : nil }
      let storage = Int(model.touched.values[index])
      guard toucherCount[storage] > 1 else { return nil }
      if isSource, !model.isLiveIn[storage],
        areCovered(model.successors, of: operation, by: storage)
      {
        return true
      }
      if isSink, !model.isLiveOut[storage], !isAwaited[storage],
        areCovered(model.predecessors, of: operation, by: storage)
      {
        return false
      }
      return nil
    }

    /// Whether every neighbour touches the storage or lies beyond something that does.
    private mutating func areCovered(
      _ rows: Rows, of operation: Int, by storage: Int
    ) -> Bool {
      var open: [UInt32] = []
      for index in rows[operation] {
        let neighbour = rows.values[index]
        guard isThere[Int(neighbour)], !model.touches(Int(neighbour), storage) else { continue }
        open.append(neighbour)
        if open.count > LazyOperators.neighbourLimit { return false }
      }
      if open.isEmpty { return true }
      round += 1
      var queue: [UInt32] = []
      for index in model.touchers[storage] {
        let toucher = model.touchers.values[index]
        guard Int(toucher) != operation, isThere[Int(toucher)] else { continue }
        mark[Int(toucher)] = round
        queue.append(toucher)
        if queue.count > LazyOperators.searchLimit { return false }
      }
      var next = 0
      while next < queue.count, queue.count <= LazyOperators.searchLimit {
        for index in rows[Int(queue[next])] {
          let neighbour = rows.values[index]
          guard isThere[Int(neighbour)], mark[Int(neighbour)] != round else { continue }
          mark[Int(neighbour)] = round
          queue.append(neighbour)
        }
        next += 1
      }
      return open.allSatisfy { mark[Int($0)] == round }
    }
  }
}
