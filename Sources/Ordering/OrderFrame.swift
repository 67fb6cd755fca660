// SPDX-License-Identifier: Apache-2.0

/// An order with what is needed to look at a stretch of it apart from the rest.
struct OrderFrame {
  /// The whole model, in the direction of time.
  let model: OrderModel
  /// The order.
  let order: [Int]
  /// The bytes live while each step runs.
  let profile: [Int]
  /// The step of each operator.
  private let step: [Int]
  /// The bytes live before each step.
  private let live: [Int]
  /// The steps at which each storage is first and last touched; `(.max, -1)` if never.
  private let first: [Int]
  private let last: [Int]

  /// Simulates an order.
  ///
  /// - Precondition: The order respects the dependencies of `model`, which is not reversed.
  /// - Complexity: O(touches + dependencies).
  init(_ model: OrderModel, order: [Int]) {
    precondition(!model.isReversed, "a frame is read in the direction of time")
    self.model = model
    self.order = order
    var step = [Int](repeating: 0, count: model.count)
    var first = [Int](repeating: .max, count: model.storageCount)
    var last = [Int](repeating: -1, count: model.storageCount)
    var live: [Int] = []
    var profile: [Int] = []
    live.reserveCapacity(order.count)
    profile.reserveCapacity(order.count)
    var state = OrderState(model)
    for (index, operation) in order.enumerated() {
      step[operation] = index
      live.append(state.live)
      profile.append(state.run(operation))
      for entry in model.touched[operation] {
        let storage = Int(model.touched.values[entry])
        first[storage] = min(first[storage], index)
        last[storage] = index
      }
    }
    self.step = step
    self.first = first
    self.last = last
    self.live = live
    self.profile = profile
  }

  /// The most bytes live at any step, or before the first.
  var peak: Int { max(model.initialBytes, profile.max() ?? 0) }

  /// The model of the operators of some steps, with all other operators fixed before and after.
  ///
  /// Its operators are numbered by their place in the stretch. Costs are those of the whole: an
  /// order of the stretch, put in its place, costs at every step what it costs here, and changes no
  /// cost outside.
  ///
  /// - Complexity: O(t log t) in the touches and dependencies of the stretch.
  func stretch(_ steps: Range<Int>) -> OrderModel {
    let operations = order[steps]
    var touches: [(storage: UInt32, operation: UInt32)] = []
    var predecessors = Rows()
    var edges: [UInt32] = []
    for (index, operation) in operations.enumerated() {
      for entry in model.touched[operation] {
        touches.append((model.touched.values[entry], UInt32(index)))
      }
      edges.removeAll(keepingCapacity: true)
      for entry in model.predecessors[operation] {
        let other = step[Int(model.predecessors.values[entry])]
        if other >= steps.lowerBound { edges.append(UInt32(other - steps.lowerBound)) }
      }
      predecessors.append(edges.sorted())
    }
    touches.sort { ($0.storage, $0.operation) < ($1.storage, $1.operation) }

    var storages: [UInt32] = []
    var touchers = Rows(start: [0], values: touches.map(\.operation))
    for (index, touch) in touches.enumerated() where touch.storage != storages.last {
      storages.append(touch.storage)
      if index > 0 { touchers.start.append(index) }
    }
    if !touches.isEmpty { touchers.start.append(touches.count) }

    var carried = steps.isEmpty ? model.initialBytes : live[steps.lowerBound]
    var (isLiveIn, isLiveOut): ([Bool], [Bool]) = ([], [])
    for storage in storages.map({ Int($0) }) {
      let isBefore = model.isLiveIn[storage] || first[storage] < steps.lowerBound
      isLiveIn.append(isBefore)
      isLiveOut.append(model.isLiveOut[storage] || last[storage] >= steps.upperBound)
      if isBefore { carried -= model.bytes[storage] }
    }
    var takeovers: [OrderModel.Takeover] = []
    var takeoverStart = [0]
    for operation in operations {
      let row = model.takeoverStart[operation]..<model.takeoverStart[operation + 1]
      for takeover in model.takeovers[row] where last[Int(takeover.input)] < steps.upperBound {
        takeovers.append(
          OrderModel.Takeover(
            output: Self.place(of: takeover.output, in: storages),
            input: Self.place(of: takeover.input, in: storages)))
      }
      takeoverStart.append(takeovers.count)
    }
    return OrderModel(
      count: operations.count, predecessors: predecessors,
      successors: predecessors.transposed(count: operations.count),
      touched: touchers.transposed(count: operations.count), touchers: touchers,
      bytes: storages.map { model.bytes[Int($0)] }, isLiveIn: isLiveIn, isLiveOut: isLiveOut,
      workspaces: operations.map { model.workspaces[$0] }, takeoverStart: takeoverStart,
      takeovers: takeovers, permanentBytes: carried)
  }

  /// Where a storage stands in an ascending list that has it.
  private static func place(of storage: UInt32, in storages: [UInt32]) -> UInt32 {
    var (low, high) = (0, storages.count)
    while low < high {
      let middle = (low + high) / 2
      if storages[middle] < storage { low = middle + 1 } else { high = middle }
    }
    return UInt32(low)
  }

  /// The order with the operators of some steps rearranged.
  ///
  /// - Parameter inner: An order of ``stretch(_:)``.
  func replacing(_ steps: Range<Int>, by inner: [Int]) -> [Int] {
    var result = order
    for (index, operation) in inner.enumerated() {
      result[steps.lowerBound + index] = order[steps.lowerBound + operation]
    }
    return result
  }
}
