// SPDX-License-Identifier: Apache-2.0

extension RigidGroups {
  /// Adds what a group covers to the changes from section to section.
  ///
  /// Counted are the places that are multiples of `unit` and lie within a member that is alive, each
  /// once however many members share it, and `unit` bytes for each. With a unit of one byte that is
  /// the load of the group.
  ///
  /// - Parameters:
  ///   - group: one whose modulus is at least `unit`.
  ///   - unit: a power of two.
  ///   - first: the first section of each buffer, and `end` the one after the last.
  ///   - change: by section, with one element more than there are sections.
  /// - Complexity: O(g log g) in the g members.
  func addLoad(
    of group: Int, unit: Int, buffers: [LayoutBuffer], first: [Int32], end: [Int32],
    to change: inout [Int]
  ) {
    // The first and the end place, in units.
    func places(_ member: Int32) -> Range<Int> {
      let index = Int(member)
      let lower = residue[group] + distance[index]
      let upper = lower + buffers[index].size
      return (lower + unit - 1) / unit..<(upper + unit - 1) / unit
    }
    let alive = members(of: group).filter { first[Int($0)] < end[Int($0)] }
    var events: [(section: Int32, isBirth: Bool, member: Int32)] = []
    var borders: [Int] = []
    for member in alive {
      events.append((first[Int(member)], true, member))
      events.append((end[Int(member)], false, member))
      borders.append(places(member).lowerBound)
      borders.append(places(member).upperBound)
    }
    events.sort { ($0.section, $0.member) < ($1.section, $1.member) }
    var covered = CoveredLength(borders: borders)
    var next = 0
    while next < events.count {
      let section = events[next].section
      let before = covered.length
      while next < events.count, events[next].section == section {
        covered.change(places(events[next].member), by: events[next].isBirth ? 1 : -1)
        next += 1
      }
      change[Int(section)] += (covered.length - before) * unit
    }
  }
}

/// The length of a union of ranges while ranges come and go.
///
/// Source: Bentley, "Algorithms for Klee's rectangle problems" (1977): a tree over the elementary
/// intervals between borders, each node with how many ranges cover all of it and how much of it is
/// covered.
private struct CoveredLength {
  private let borders: [Int]
  private let leafCount: Int
  private var cover: [Int32]
  private var covered: [Int]

  init(borders all: [Int]) {
    var borders: [Int] = []
    for border in all.sorted() where border != borders.last { borders.append(border) }
    self.borders = borders
    var leafCount = 1
    while leafCount < borders.count - 1 { leafCount *= 2 }
    self.leafCount = leafCount
    cover = [Int32](repeating: 0, count: 2 * leafCount)
    covered = [Int](repeating: 0, count: 2 * leafCount)
  }

  var length: Int { covered[1] }

  /// Adds or removes a range whose ends are borders.
  mutating func change(_ range: Range<Int>, by step: Int32) {
    guard !range.isEmpty else { return }
    change(
      position(of: range.lowerBound)..<position(of: range.upperBound), by: step, 1, 0, leafCount)
  }

  private mutating func change(
    _ wanted: Range<Int>, by step: Int32, _ node: Int, _ start: Int, _ length: Int
  ) {
    guard wanted.lowerBound < start + length, start < wanted.upperBound else { return }
    if wanted.lowerBound <= start, start + length <= wanted.upperBound {
      cover[node] += step
    } else {
      change(wanted, by: step, 2 * node, start, length / 2)
      change(wanted, by: step, 2 * node + 1, start + length / 2, length / 2)
    }
    if cover[node] > 0 {
      covered[node] = border(start + length) - border(start)
    } else {
      covered[node] = node < leafCount ? covered[2 * node] + covered[2 * node + 1] : 0
    }
  }

  private func border(_ index: Int) -> Int { borders[min(index, borders.count - 1)] }

  private func position(of border: Int) -> Int {
    var low = 0
    var high = borders.count
    while low < high {
      let middle = (low + high) / 2
      if borders[middle] < border { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
