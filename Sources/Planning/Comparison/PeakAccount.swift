// SPDX-License-Identifier: Apache-2.0

/// What a plan's peak is made of: one entry for each storage that is live at that step.
public struct PeakAccount: Hashable, Sendable {
  /// A storage, by its first tensor, with what it takes.
  public struct Item: Hashable, Sendable {
    /// The tensor that the plan lists first among those on the storage: its root.
    public let tensor: PlannedTensor
    /// The bytes of the storage, rounded up to the plan's alignment.
    public let bytes: Int
    /// The first step at which the storage is live; of its stay, where it has several.
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
    items = Self.items(of: plan, at: step).sorted(by: Self.isBefore)
  }

  private static func items(of plan: ExecutionPlan, at step: Int) -> [Item] {
    var roots: [Int: Int] = [:]
    for (index, tensor) in plan.tensors.enumerated() where roots[tensor.storage] == nil {
      roots[tensor.storage] = index
    }
    let stays = plan.arenaStays.filter { $0.firstStep <= step && step <= $0.lastStep }
    let live = Set(stays.map(\.storage))
    return stays.compactMap { stay in
      // What overwrites another at this very step has that one's bytes.
      let isWithin = stay.firstStep == step && stay.takesOver.map(live.contains) ?? false
      guard !isWithin, let root = roots[stay.storage] else { return nil }
      return Item(
        tensor: plan.tensors[root], bytes: stay.bytes, firstStep: stay.firstStep,
        lastStep: stay.lastStep)
    }
  }

  /// Largest first, then by name; names are unique in a plan.
  static func isBefore(_ a: Item, _ b: Item) -> Bool {
    a.bytes != b.bytes ? a.bytes > b.bytes : ExecutionPlan.isBefore(a.name, b.name)
  }
}

extension ExecutionPlan {
  /// A size rounded up to the plan's alignment.
  func rounded(_ bytes: Int) -> Int {
    let mask = options.alignment - 1
    return (bytes + mask) & ~mask
  }

  /// The order of names: that of their bytes, the same everywhere.
  package static func isBefore(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}
