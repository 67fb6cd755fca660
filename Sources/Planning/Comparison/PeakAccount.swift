// SPDX-License-Identifier: Apache-2.0

internal import GraphIR

/// What a plan's peak is made of: one entry for each storage that is live at that step.
public struct PeakAccount: Hashable, Sendable {
  /// A storage, by its first tensor, with what it takes.
  public struct Item: Hashable, Sendable {
    /// The tensor that the plan lists first among those on the storage: its root.
    public let tensor: PlannedTensor
    /// The bytes of the storage, rounded up to the plan's alignment.
    public let bytes: Int
    /// The first step at which the storage is live.
    public let firstStep: Int
    /// The last one.
    public let lastStep: Int

    /// The name of the tensor.
    public var name: String { tensor.name }
  }

  /// The step of the peak.
  public let step: Int
  /// What runs there; `nil` for a plan without steps.
  public let running: PlanStep?
  /// The bytes live there, workspace included.
  public let liveBytes: Int
  /// Scratch bytes of what runs there.
  public let workspaceBytes: Int
  /// The storages, largest first, then by name.
  public let items: [Item]

  /// The bytes that the items do not account for: negative where tensors are parts of one another.
  public var otherBytes: Int {
    liveBytes - workspaceBytes - items.reduce(0) { $0 + $1.bytes }
  }

  /// The account of a plan.
  ///
  /// - Precondition: The plan's numbers are in the range that ``PlanChecker`` demands.
  /// - Complexity: O(t + m log m) for t tensors, of which m are live there.
  public init(of plan: ExecutionPlan) {
    let step = plan.summary.peakStep
    let running = plan.steps.indices.contains(step) ? plan.steps[step] : nil
    self.step = step
    self.running = running
    liveBytes = running?.liveBytes ?? plan.summary.peakBytes
    workspaceBytes = running?.workspaceBytes ?? 0
    items = Self.storages(of: plan) { $0 == MemorySpace.arena.rawValue }
      .filter { $0.firstStep <= step && step <= $0.lastStep }
      .sorted(by: Self.isBefore)
  }

  /// The storages of the spaces that are asked for, in the order in which the plan names them.
  static func storages(of plan: ExecutionPlan, in isWanted: (String) -> Bool) -> [Item] {
    var places: [Int: Int] = [:]
    var items: [Item] = []
    for tensor in plan.tensors where isWanted(tensor.space) {
      let bytes = plan.rounded(tensor.bytes)
      guard let place = places[tensor.storage] else {
        places[tensor.storage] = items.count
        items.append(
          Item(
            tensor: tensor, bytes: bytes, firstStep: tensor.firstStep, lastStep: tensor.lastStep))
        continue
      }
      let item = items[place]
      items[place] = Item(
        tensor: item.tensor, bytes: max(item.bytes, bytes),
        firstStep: min(item.firstStep, tensor.firstStep),
        lastStep: max(item.lastStep, tensor.lastStep))
    }
    return items
  }

  /// Largest first, then by name; names are unique in a plan.
  static func isBefore(_ a: Item, _ b: Item) -> Bool {
    a.bytes != b.bytes ? a.bytes > b.bytes : ExecutionPlan.isBefore(a.name, b.name)
  }
}

extension ExecutionPlan {
  /// A size rounded up to the plan's alignment.
  func rounded(_ bytes: Int) -> Int {
    let rest = bytes % max(options.alignment, 1)
    return rest == 0 ? bytes : bytes - rest + options.alignment
  }

  /// The order of names: that of their bytes, the same everywhere.
  package static func isBefore(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}
