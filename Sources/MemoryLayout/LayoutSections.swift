// SPDX-License-Identifier: Apache-2.0

/// Time, reduced to the maximal sets of buffers that live together.
///
/// A section is a maximal clique of the interval graph: it ends where a buffer dies and at least
/// one was born since the section before ended. Two buffers of at least one byte live together at
/// some step exactly where their spans of sections overlap, so planners need no steps at all.
struct LayoutSections: Sendable {
  /// The number of sections.
  let count: Int

  /// The first section of each buffer; an empty span for buffers that are no members.
  let first: [Int32]

  /// The section after the last one of each buffer.
  let end: [Int32]

  /// The bytes alive in each section, those that tied buffers share once.
  let load: [Int]

  /// The number of pairs of members that live together at some step.
  let overlappingPairCount: Int

  /// - Parameters:
  ///   - members: positions of buffers of at least one byte.
  ///   - groups: who shares bytes; without it, members of a group count as if none did.
  /// - Complexity: O(n log n) in the n members.
  init(of buffers: [LayoutBuffer], members: [Int32], groups: RigidGroups? = nil) {
    let births = members.map { buffers[Int($0)].lower }.sorted()
    let deaths = members.map { buffers[Int($0)].upper }.sorted()
    var endings: [Int] = []
    var born = 0
    var bornAtLastEnding = 0
    for death in deaths {
      // Whoever is born at the step of this death does not meet the dead.
      while born < births.count, births[born] < death { born += 1 }
      if born > bornAtLastEnding {
        endings.append(death)
        bornAtLastEnding = born
      }
    }

    var first = [Int32](repeating: 0, count: buffers.count)
    var end = first
    var load = [Int](repeating: 0, count: endings.count + 1)
    var arrivals = [Int](repeating: 0, count: endings.count + 1)
    var departures = arrivals
    for member in members {
      let buffer = buffers[Int(member)]
      let lower = Self.countOfElements(in: endings, atMost: buffer.lower)
      let upper = Self.countOfElements(in: endings, atMost: buffer.upper)
      first[Int(member)] = Int32(lower)
      end[Int(member)] = Int32(upper)
      if groups.map({ $0.group[Int(member)] < 0 }) ?? true {
        load[lower] += buffer.size
        load[upper] -= buffer.size
      }
      arrivals[lower] += 1
      departures[upper] += 1
    }
    if let groups {
      for group in 0..<groups.count {
        groups.addLoad(
          of: group, unit: 1, buffers: buffers, first: first, end: end, to: &load)
      }
    }
    var alive = 0
    var pairs = 0
    for section in endings.indices {
      if section > 0 { load[section] += load[section - 1] }
      alive -= departures[section]
      pairs += alive * arrivals[section] + arrivals[section] * (arrivals[section] - 1) / 2
      alive += arrivals[section]
    }
    load.removeLast()
    count = endings.count
    self.first = first
    self.end = end
    self.load = load
    overlappingPairCount = pairs
  }

  /// How many numbers of an ascending array are at most `value`.
  private static func countOfElements(in ascending: [Int], atMost value: Int) -> Int {
    var low = 0
    var high = ascending.count
    while low < high {
      let middle = (low + high) / 2
      if ascending[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The sections of a buffer, half-open.
  func span(of buffer: Int) -> Range<Int> { Int(first[buffer])..<Int(end[buffer]) }
}
