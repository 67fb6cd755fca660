// SPDX-License-Identifier: Apache-2.0

/// A partial execution that knows, for every operator that did not run, what running it would cost,
/// and that can be taken back step by step.
///
/// The costs of an operator change only when a storage it touches is first touched or has one
/// toucher left, so a whole execution updates them O(touches) times. Copies are independent; they
/// share memory until one of them runs. The counts lie in unsafe buffers because searches run and
/// take back tens of millions of operators a second here.
struct OrderState {
  /// What is executed.
  let model: OrderModel
  private var counts: OrderCounts

  /// Starts before the first operator.
  ///
  /// - Complexity: O(operators + touches).
  init(_ model: OrderModel) {
    self.model = model
    counts = OrderCounts(model)
  }

  /// Entries of rows looked at so far, the measure of work.
  var visits: Int { counts.moment.pointee.visits }

  /// The bytes live between the operators that ran and those that did not.
  var live: Int { counts.moment.pointee.live }

  /// The operators that became ready by the last run; at first, those that are ready. Valid until
  /// the state changes.
  var enabled: UnsafeBufferPointer<UInt32> {
    counts.moment.pointee.enabled.elements
  }

  /// The operators whose costs changed by the last run or by taking it back, with repetitions. Valid
  /// until the state changes.
  var changed: UnsafeBufferPointer<UInt32> {
    counts.moment.pointee.changed.elements
  }

  /// The number of predecessors of an operator that did not run.
  func missing(_ operation: Int) -> Int { Int(counts.operations[operation].missing) }

  /// The bytes that running an operator now adds while it runs.
  func rise(_ operation: Int) -> Int {
    let operation = counts.operations[operation]
    return operation.fresh + operation.workspace - operation.saved
  }

  /// The change of ``live`` by running an operator now.
  func net(_ operation: Int) -> Int {
    counts.operations[operation].fresh - counts.operations[operation].dying
  }

  /// Runs an operator.
  ///
  /// - Returns: The bytes live while it runs.
  /// - Precondition: The operator is ready and did not run.
  @discardableResult
  mutating func run(_ operation: Int) -> Int {
    makeUnique()
    let during = live + rise(operation)
    counts.run(operation)
    return during
  }

  /// Takes back the operator that ran last. ``enabled`` then means nothing.
  mutating func undo(_ operation: Int) {
    makeUnique()
    counts.undo(operation)
  }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&counts) { counts = OrderCounts(copying: counts) }
  }
}

/// The counts behind an ``OrderState``.
private final class OrderCounts {
  struct Storage {
    var bytes: Int
    var remaining: Int32
    let total: Int32
    /// The exclusive or of the touchers to come: the last one itself once it is alone.
    var last: UInt32
    let isLiveIn: Bool
    let isLiveOut: Bool

    var isFresh: Bool { remaining == total && !isLiveIn }
    var isEnding: Bool { remaining == 1 && !isLiveOut }
  }

  struct Operation {
    var fresh = 0
    var dying = 0
    var saved = 0
    let workspace: Int
    var missing: Int32
    let hasTakeovers: Bool
  }

  /// A list that forgets its elements without giving up its memory.
  struct Scratch {
    private var memory: UnsafeMutableBufferPointer<UInt32>
    private var count = 0

    init(capacity: Int) { memory = .allocate(capacity: max(capacity, 1)) }

    var elements: UnsafeBufferPointer<UInt32> {
      UnsafeBufferPointer(rebasing: memory[..<count])
    }

    mutating func append(_ element: UInt32) {
      if count == memory.count {
        let larger = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 2 * count)
        _ = larger.initialize(from: memory)
        memory.deallocate()
        memory = larger
      }
      memory[count] = element
      count += 1
    }

    mutating func clear() { count = 0 }
    func deallocate() { memory.deallocate() }
  }

  /// What changes with every run. Behind a pointer, as all that changes here: the runtime would
  /// check every access to a variable of a class.
  struct Moment {
    var live: Int
    var visits = 0
    var enabled: Scratch
    var changed: Scratch
  }

  let model: OrderModel
  let moment: UnsafeMutablePointer<Moment>
  let storages: UnsafeMutableBufferPointer<Storage>
  let operations: UnsafeMutableBufferPointer<Operation>

  init(_ model: OrderModel) {
    self.model = model
    moment = .allocate(capacity: 1)
    moment.initialize(
      to: Moment(
        live: model.initialBytes, enabled: Scratch(capacity: model.count),
        changed: Scratch(capacity: 64)))
    storages = .allocate(capacity: model.storageCount)
    operations = .allocate(capacity: model.count)
    for storage in 0..<model.storageCount {
      let count = Int32(model.touchers.length(storage))
      storages.initializeElement(
        at: storage,
        to: Storage(
          bytes: model.bytes[storage], remaining: count, total: count,
          last: model.touchers[storage].reduce(0) { $0 ^ model.touchers.values[$1] },
          isLiveIn: model.isLiveIn[storage], isLiveOut: model.isLiveOut[storage]))
    }
    for operation in 0..<model.count {
      var record = Operation(
        workspace: model.workspaces[operation],
        missing: Int32(model.predecessors.length(operation)),
        hasTakeovers: model.takeoverStart[operation] < model.takeoverStart[operation + 1])
      for index in model.touched[operation] {
        let storage = storages[Int(model.touched.values[index])]
        if storage.isFresh { record.fresh += storage.bytes }
        if storage.isEnding { record.dying += storage.bytes }
      }
      operations.initializeElement(at: operation, to: record)
      if record.missing == 0 { moment.pointee.enabled.append(UInt32(operation)) }
    }
    for operation in 0..<model.count { updateSaved(operation) }
  }

  init(copying other: OrderCounts) {
    model = other.model
    moment = .allocate(capacity: 1)
    moment.initialize(
      to: Moment(
        live: other.moment.pointee.live, visits: other.moment.pointee.visits,
        enabled: Scratch(capacity: 64),
        changed: Scratch(capacity: 64)))
    storages = .allocate(capacity: other.storages.count)
    operations = .allocate(capacity: other.operations.count)
    _ = storages.initialize(from: other.storages)
    _ = operations.initialize(from: other.operations)
  }

  deinit {
    moment.pointee.enabled.deallocate()
    moment.pointee.changed.deallocate()
    moment.deallocate()
    storages.deallocate()
    operations.deallocate()
  }

  func run(_ operation: Int) {
    moment.pointee.live += operations[operation].fresh - operations[operation].dying
    moment.pointee.enabled.clear()
    moment.pointee.changed.clear()
    countVisits(at: operation)
    for index in model.touched[operation] {
      let storage = Int(model.touched.values[index])
      let wasFresh = storages[storage].isFresh
      storages[storage].remaining -= 1
      storages[storage].last ^= UInt32(operation)
      let bytes = storages[storage].bytes
      if wasFresh { settleFirst(storage, besides: operation, by: -bytes) }
      if storages[storage].isEnding {
        let last = storages[storage].last
        operations[Int(last)].dying += bytes
        updateSaved(Int(last))
        moment.pointee.changed.append(last)
      }
    }
    for index in model.successors[operation] {
      let successor = model.successors.values[index]
      operations[Int(successor)].missing -= 1
      if operations[Int(successor)].missing == 0 { moment.pointee.enabled.append(successor) }
    }
  }

  func undo(_ operation: Int) {
    for index in model.successors[operation] {
      operations[Int(model.successors.values[index])].missing += 1
    }
    moment.pointee.changed.clear()
    countVisits(at: operation)
    for index in model.touched[operation].reversed() {
      let storage = Int(model.touched.values[index])
      let last = Int(storages[storage].last)
      let wasEnding = storages[storage].isEnding
      let bytes = storages[storage].bytes
      storages[storage].remaining += 1
      storages[storage].last ^= UInt32(operation)
      if wasEnding {
        operations[last].dying -= bytes
        updateSaved(last)
        moment.pointee.changed.append(UInt32(last))
      }
      if storages[storage].isFresh { settleFirst(storage, besides: operation, by: bytes) }
    }
    moment.pointee.live -= operations[operation].fresh - operations[operation].dying
  }

  private func countVisits(at operation: Int) {
    moment.pointee.visits +=
      1 + model.touched.length(operation) + model.successors.length(operation)
  }

  private func settleFirst(_ storage: Int, besides operation: Int, by bytes: Int) {
    moment.pointee.visits += model.touchers.length(storage)
    for index in model.touchers[storage] {
      let other = model.touchers.values[index]
      guard other != operation else { continue }
      operations[Int(other)].fresh += bytes
      // Backwards, a takeover holds while its input is untouched.
      if model.isReversed { updateSaved(Int(other)) }
      moment.pointee.changed.append(other)
    }
  }

  private func updateSaved(_ operation: Int) {
    guard operations[operation].hasTakeovers else { return }
    operations[operation].saved = model.savedBytes(at: operation) { input in
      model.isReversed ? storages[input].isFresh : storages[input].remaining == 1
    }
  }
}

extension OrderModel {
  /// The bytes live while each operator of an order runs, step by step.
  ///
  /// - Complexity: O(touches + dependencies).
  func profile(of order: [Int]) -> [Int] {
    var state = OrderState(self)
    return order.map { state.run($0) }
  }

  /// The most bytes live at any step of an order, or before the first.
  func peak(of order: [Int]) -> Int {
    max(initialBytes, profile(of: order).max() ?? 0)
  }
}
