// SPDX-License-Identifier: Apache-2.0

/// How the steps of one plan became those of another.
public struct StepChanges: Hashable, Sendable {
  /// A step, by its node.
  public struct Entry: Hashable, Sendable {
    public let node: String
    public let op: String
    /// Where it was; `nil` for one that was not there.
    public let before: Int?
    /// Where it is.
    public let after: Int?
  }

  /// The fewest steps of those in both plans that must be taken out and put in elsewhere to make one
  /// order of the other, in the order of the newer plan.
  public let moved: [Entry]
  /// Steps that only the newer plan has.
  public let added: [Entry]
  /// Steps that only the older plan has.
  public let removed: [Entry]
  /// How many steps are in both.
  public let common: Int

  /// What changed between two lists of steps.
  ///
  /// A step is known by its kind and its first output, which no two nodes of a graph share, or by its
  /// node's name where it makes nothing; the second run of a node is another step. What need not move
  /// is a longest increasing subsequence of old positions (Fredman 1975).
  ///
  /// - Complexity: O(n log n).
  public init(from before: [PlanStep], to after: [PlanStep]) {
    let old = Self.identities(of: before)
    let new = Self.identities(of: after)
    let positions = Dictionary(uniqueKeysWithValues: zip(old, before.indices))
    let sources = new.map { positions[$0] }
    var isKept = [Bool](repeating: false, count: before.count)
    var isCommon = isKept
    for source in sources {
      if let source { isCommon[source] = true }
    }
    for source in Self.longestIncrease(of: sources.compactMap { $0 }) { isKept[source] = true }

    func entry(_ step: PlanStep, _ before: Int?, _ after: Int?) -> Entry {
      Entry(node: step.node, op: step.op, before: before, after: after)
    }
    moved = zip(after.indices, sources).compactMap { index, source in
      source.flatMap { isKept[$0] ? nil : entry(after[index], $0, index) }
    }
    added = zip(after.indices, sources).compactMap { index, source in
      source == nil ? entry(after[index], nil, index) : nil
    }
    removed = before.indices.filter { !isCommon[$0] }.map { entry(before[$0], $0, nil) }
    common = after.count - added.count
  }

  /// What a step is known by.
  private struct Identity: Hashable {
    let kind: PlanStep.Kind
    let name: String
    let occurrence: Int
  }

  private static func identities(of steps: [PlanStep]) -> [Identity] {
    var seen: [Identity: Int] = [:]
    seen.reserveCapacity(steps.count)
    return steps.map { step in
      let name = step.outputs.first { !$0.isEmpty } ?? step.node
      let first = Identity(kind: step.kind, name: name, occurrence: 0)
      let count = seen[first, default: 0]
      seen[first] = count + 1
      return Identity(kind: step.kind, name: name, occurrence: count)
    }
  }

  /// The elements of a longest increasing subsequence of distinct numbers.
  private static func longestIncrease(of numbers: [Int]) -> [Int] {
    // For each length the index of the smallest number that ends such a subsequence.
    var ends: [Int] = []
    var previous = [Int](repeating: -1, count: numbers.count)
    for (index, number) in numbers.enumerated() {
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        if numbers[ends[middle]] < number { low = middle + 1 } else { high = middle }
      }
      if low > 0 { previous[index] = ends[low - 1] }
      if low == ends.count { ends.append(index) } else { ends[low] = index }
    }
    var longest: [Int] = []
    var place = ends.last ?? -1
    while place >= 0 {
      longest.append(numbers[place])
      place = previous[place]
    }
    return longest.reversed()
  }
}
