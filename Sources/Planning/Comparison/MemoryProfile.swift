// SPDX-License-Identifier: Apache-2.0

internal import GraphIR

/// As much of a plan as is needed to say later what has grown, and which tensor did it.
///
/// A baseline keeps one for every model instead of its plan, so the lists may be cut: they then hold
/// the largest entries, and nothing is said about smaller ones.
public struct MemoryProfile: Hashable, Sendable {
  /// Bytes that a storage takes, by the name of its first tensor.
  public struct Holding: Hashable, Sendable {
    public let name: String
    public let bytes: Int

    public init(name: String, bytes: Int) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Holdings, largest first, then by name; possibly the largest of more.
  public struct Holdings: Hashable, Sendable {
    public let listed: [Holding]
    /// How many smaller ones there are besides.
    public let omitted: Int

    /// Keeps the largest of a list.
    public init(_ all: [Holding], omitted: Int = 0, atMost limit: Int = .max) {
      let sorted = all.sorted {
        $0.bytes != $1.bytes
          ? $0.bytes > $1.bytes : ExecutionPlan.isBefore($0.name, $1.name)
      }
      listed = Array(sorted.prefix(limit))
      self.omitted = omitted + sorted.count - listed.count
    }

    /// The same with at most so many listed.
    public func cut(to limit: Int) -> Holdings {
      Holdings(listed, omitted: omitted, atMost: limit)
    }
  }

  /// The most bytes live in the arena at any step.
  public var peakBytes: Int
  /// The arena.
  public var arenaBytes: Int
  /// Weights, constants and state.
  public var residentBytes: Int
  /// What no order stays below, in the terms of the peak.
  public var lowerBoundBytes: Int
  /// What is live at the peak.
  public var atPeak: Holdings
  /// What is resident.
  public var resident: Holdings
  /// What ends where the arena does; absent where nothing lies in it.
  public var highest: Holding?

  /// Resident bytes and the arena.
  public var totalBytes: Int { residentBytes + arenaBytes }

  public init(
    peakBytes: Int, arenaBytes: Int, residentBytes: Int, lowerBoundBytes: Int, atPeak: Holdings,
    resident: Holdings, highest: Holding?
  ) {
    self.peakBytes = peakBytes
    self.arenaBytes = arenaBytes
    self.residentBytes = residentBytes
    self.lowerBoundBytes = lowerBoundBytes
    self.atPeak = atPeak
    self.resident = resident
    self.highest = highest
  }

  /// The profile of a plan, whole.
  ///
  /// - Complexity: O(t log t) for t tensors.
  public init(of plan: ExecutionPlan) {
    self.init(of: plan, at: PeakAccount(of: plan))
  }

  init(of plan: ExecutionPlan, at peak: PeakAccount) {
    let workspace = peak.running.map { step in
      Holding(name: Self.workspaceName(of: step), bytes: step.workspaceBytes)
    }
    var atPeak = peak.items.map { Holding(name: $0.name, bytes: $0.bytes) }
    if let workspace, workspace.bytes > 0 { atPeak.append(workspace) }
    var seen: Set<Int> = []
    let resident = plan.tensors.filter {
      $0.space == MemorySpace.resident.rawValue && seen.insert($0.storage).inserted
    }
    self.init(
      peakBytes: plan.summary.peakBytes, arenaBytes: plan.summary.arenaBytes,
      residentBytes: plan.summary.residentBytes, lowerBoundBytes: plan.summary.lowerBoundBytes,
      atPeak: Holdings(atPeak),
      resident: Holdings(resident.map { Holding(name: $0.name, bytes: plan.rounded($0.bytes)) }),
      highest: Self.highest(in: plan))
  }

  /// What scratch bytes are called among tensors.
  static func workspaceName(of step: PlanStep) -> String { "workspace of \(step.node)" }

  private static func highest(in plan: ExecutionPlan) -> Holding? {
    let end = plan.summary.arenaBytes
    if let stay = plan.arenaStays.first(where: { $0.bytes > 0 && $0.offset + $0.bytes == end }),
      let tensor = plan.tensors.first(where: { $0.storage == stay.storage })
    {
      return Holding(name: tensor.name, bytes: stay.bytes)
    }
    for step in plan.steps {
      if let offset = step.workspaceOffset, step.workspaceBytes > 0,
        offset + step.workspaceBytes == end
      {
        return Holding(name: workspaceName(of: step), bytes: step.workspaceBytes)
      }
    }
    return nil
  }
}
