// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Planning

/// A stretch of the arena that something occupies for a while. The boxes of a plan share no byte at
/// any step, and together they are what is live.
struct ArenaBox: Hashable {
  /// Where it starts, in bytes from the start of the arena.
  var offset: Int
  /// How long it is, rounded up to the alignment as plans count it.
  var bytes: Int
  /// The steps during which it is occupied.
  var life: Range<Int>
  var owner: Owner

  /// What occupies it.
  enum Owner: Hashable {
    /// A storage, by the index of its largest tensor in the plan, the first of them.
    case tensor(Int)
    /// The scratch memory of a step.
    case workspace(step: Int)
  }

  /// Whether both have a byte in common, at whatever time.
  func overlapsAddresses(of other: ArenaBox) -> Bool {
    offset < other.offset + other.bytes && other.offset < offset + bytes
  }
}

extension ExecutionPlan {
  /// What occupies the arena, by first step, then by offset.
  ///
  /// Tensors of one storage are one box. Where tensors are parts of others, the bytes that hang
  /// together are cut at all ends of such tensors, and each stretch is occupied as long as any of
  /// the tensors over it is.
  ///
  /// - Complexity: O(tensors · log tensors); where tensors are parts of others also O(tensors · most
  ///   that are live at once).
  func arenaBoxes() -> [ArenaBox] {
    let groups = hasResidencies ? residentGroups() : storageGroups()
    var boxes: [ArenaBox] = []
    for component in components(of: groups) {
      if component.count == 1, let group = component.first {
        boxes.append(groups[group])
      } else {
        boxes += Self.stretches(of: component.map { groups[$0] })
      }
    }
    for step in steps {
      guard let offset = step.workspaceOffset, step.workspaceBytes > 0 else { continue }
      boxes.append(
        ArenaBox(
          offset: offset, bytes: step.workspaceBytes, life: step.index..<step.index + 1,
          owner: .workspace(step: step.index)))
    }
    boxes.removeAll { $0.bytes == 0 }
    return boxes.sorted { ($0.life.lowerBound, $0.offset) < ($1.life.lowerBound, $1.offset) }
  }

  /// A size as it is counted in the arena.
  func rounded(_ bytes: Int) -> Int {
    (bytes + options.alignment - 1) / options.alignment * options.alignment
  }

  /// One box a storage in the arena, in the order of the tensors.
  private func storageGroups() -> [ArenaBox] {
    var groups: [ArenaBox] = []
    var groupOfStorage: [Int: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      guard tensor.space == MemorySpace.arena.rawValue, let offset = tensor.offset else { continue }
      let (bytes, end) = (rounded(tensor.bytes), tensor.lastStep + 1)
      guard let group = groupOfStorage[tensor.storage] else {
        groupOfStorage[tensor.storage] = groups.count
        groups.append(
          ArenaBox(
            offset: offset, bytes: bytes, life: tensor.firstStep..<end, owner: .tensor(index)))
        continue
      }
      let life = groups[group].life
      groups[group].life =
        min(life.lowerBound, tensor.firstStep)..<max(life.upperBound, end)
      if bytes > groups[group].bytes {
        groups[group].bytes = bytes
        groups[group].owner = .tensor(index)
      }
    }
    return groups
  }

  /// One box for each stay in the arena, of a plan that recomputes or spills; stays that take over
  /// one another are one, named after the first.
  private func residentGroups() -> [ArenaBox] {
    var roots: [Int: Int] = [:]
    for (index, tensor) in tensors.enumerated() where roots[tensor.storage] == nil {
      roots[tensor.storage] = index
    }
    struct End: Hashable {
      var storage: Int
      var step: Int
    }
    var groups: [ArenaBox] = []
    var ending: [End: Int] = [:]
    let stays = arenaStays.sorted { ($0.firstStep, $0.storage) < ($1.firstStep, $1.storage) }
    for stay in stays {
      let end = End(storage: stay.storage, step: stay.lastStep)
      if let taken = stay.takesOver, let group = ending[End(storage: taken, step: stay.firstStep)] {
        let life = groups[group].life
        groups[group].life = life.lowerBound..<max(life.upperBound, stay.lastStep + 1)
        groups[group].bytes = max(groups[group].bytes, stay.bytes)
        ending[end] = group
      } else if let root = roots[stay.storage] {
        ending[end] = groups.count
        groups.append(
          ArenaBox(
            offset: stay.offset, bytes: stay.bytes, life: stay.firstStep..<stay.lastStep + 1,
            owner: .tensor(root)))
      }
    }
    return groups
  }

  /// The groups that hang together: those that share bytes at some step, which only tensors that are
  /// parts of one another do.
  private func components(of groups: [ArenaBox]) -> [[Int]] {
    guard tensors.contains(where: { $0.sliceOf != nil }) else { return groups.indices.map { [$0] } }
    var parent = Array(groups.indices)
    func root(_ group: Int) -> Int {
      var group = group
      while parent[group] != group { group = parent[group] }
      return group
    }
    var live: [Int] = []
    let byStart = groups.indices.sorted {
      (groups[$0].life.lowerBound, $0) < (groups[$1].life.lowerBound, $1)
    }
    for group in byStart {
      let box = groups[group]
      live.removeAll { groups[$0].life.upperBound <= box.life.lowerBound }
      for other in live where groups[other].overlapsAddresses(of: box) {
        let (a, b) = (root(group), root(other))
        parent[max(a, b)] = min(a, b)
      }
      live.append(group)
    }
    var members: [[Int]] = Array(repeating: [], count: groups.count)
    for group in groups.indices { members[root(group)].append(group) }
    return members.filter { !$0.isEmpty }
  }

  /// Boxes that overlap, cut into ones that do not: between neighbouring ends, as long as any lives.
  private static func stretches(of members: [ArenaBox]) -> [ArenaBox] {
    let ends = Set(members.flatMap { [$0.offset, $0.offset + $0.bytes] }).sorted()
    var boxes: [ArenaBox] = []
    for (start, end) in zip(ends, ends.dropFirst()) {
      let covering = members.filter { $0.offset <= start && end <= $0.offset + $0.bytes }
      for life in covering.map(\.life).unions() {
        let there = covering.filter { $0.life.overlaps(life) }
        guard let smallest = there.min(by: { $0.bytes < $1.bytes }) else { continue }
        boxes.append(
          ArenaBox(offset: start, bytes: end - start, life: life, owner: smallest.owner))
      }
    }
    return boxes
  }
}

extension [Range<Int>] {
  /// The fewest ranges that cover the same numbers, ascending.
  fileprivate func unions() -> [Range<Int>] {
    var unions: [Range<Int>] = []
    for range in sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
      if let last = unions.last, range.lowerBound <= last.upperBound {
        unions[unions.count - 1] =
          last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        unions.append(range)
      }
    }
    return unions
  }
}
