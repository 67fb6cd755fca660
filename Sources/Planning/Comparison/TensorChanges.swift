// SPDX-License-Identifier: Apache-2.0

/// How the tensors of one plan became those of another.
public struct TensorChanges: Hashable, Sendable {
  /// A tensor that is not as it was.
  public struct Entry: Hashable, Sendable {
    public let name: String
    /// What it was; `nil` for one that was not there.
    public let before: PlannedTensor?
    /// What it is; `nil` for one that is gone.
    public let after: PlannedTensor?

    /// The bytes it takes more than before, as a tensor; negative for less.
    public var growth: Int { (after?.bytes ?? 0) - (before?.bytes ?? 0) }
  }

  /// Only in the newer plan, largest first, then by name.
  public let added: [Entry]
  /// Only in the older plan, largest first.
  public let removed: [Entry]
  /// Of another size, element type or shape; what grew most first.
  public let resized: [Entry]
  /// In another space, or at another place in the arena, in the order of the newer plan.
  public let moved: [Entry]
  /// How many are in both plans.
  public let common: Int

  /// What changed between two lists of tensors, which are known by their names.
  ///
  /// - Complexity: O(n log n).
  public init(from before: [PlannedTensor], to after: [PlannedTensor]) {
    var positions: [String: Int] = [:]
    positions.reserveCapacity(before.count)
    for (index, tensor) in before.enumerated() { positions[tensor.name] = index }
    var isCommon = [Bool](repeating: false, count: before.count)
    var (added, resized, moved): ([Entry], [Entry], [Entry]) = ([], [], [])
    for tensor in after {
      guard let position = positions[tensor.name] else {
        added.append(Entry(name: tensor.name, before: nil, after: tensor))
        continue
      }
      isCommon[position] = true
      let old = before[position]
      let entry = Entry(name: tensor.name, before: old, after: tensor)
      if old.bytes != tensor.bytes || old.elementType != tensor.elementType
        || old.shape != tensor.shape
      {
        resized.append(entry)
      }
      if old.space != tensor.space || old.offset != tensor.offset { moved.append(entry) }
    }
    let removed = before.indices.filter { !isCommon[$0] }.map {
      Entry(name: before[$0].name, before: before[$0], after: nil)
    }
    self.added = Self.sorted(added)
    self.removed = Self.sorted(removed).reversed()
    self.resized = Self.sorted(resized)
    self.moved = moved
    common = after.count - added.count
  }

  /// What grew most first, then by name; what shrank most last.
  private static func sorted(_ entries: [Entry]) -> [Entry] {
    entries.sorted {
      $0.growth != $1.growth
        ? $0.growth > $1.growth : ExecutionPlan.isBefore($0.name, $1.name)
    }
  }
}
