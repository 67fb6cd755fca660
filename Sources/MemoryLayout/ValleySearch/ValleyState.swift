// SPDX-License-Identifier: Apache-2.0

/// What is placed and what is known about the rest, at one node of the valley search, with a trail
/// that takes changes back.
///
/// Invariant between changes: in each section with something unplaced, the floor is the least
/// offset of some unplaced buffer there, and floor + rest is at most the ceiling. Sizes are rounded, and
/// so is the ceiling.
struct ValleyState: ~Copyable {
  let sectionCount: Int
  let memberCount: Int
  let options: ValleyOptions
  let isUniform: Bool
  /// Whether buffers without a fixed offset may be moved up and down by each other's rounded sizes
  /// without harm.
  let isTranslatable: Bool
  let hasFixed: Bool
  let leastSize: Int
  /// Components of more sections are large: branches are looked for near the last change, in windows
  /// of valleys.
  private(set) var usualSectionCount = 0
  let windowWidth: Int
  private let averageCount: Int
  private static let windowEntryCount = 8000

  // The members, which do not change.
  let first: FlatArray<Int32>
  let end: FlatArray<Int32>
  let size: FlatArray<Int>
  /// One less than the alignment.
  let alignmentMask: FlatArray<Int>
  /// The highest offset at which the buffer's bytes end within the capacity.
  let greatestOffset: FlatArray<Int>
  let isFixed: FlatArray<Bool>
  let key: FlatArray<UInt64>
  /// How many steps a buffer lives.
  let width: FlatArray<Int>

  /// Where a section's members begin in `member`; the first `unplacedCount` of them are unplaced.
  let memberStart: FlatArray<Int>
  let member: FlatArray<Int32>
  /// Where a buffer stands in the list of each of its sections, from `placeStart` on.
  let placeStart: FlatArray<Int>
  let place: FlatArray<Int32>
  /// The members by first section and by last section.
  let starting: FlatArray<Int32>
  let startingStart: FlatArray<Int32>
  let ending: FlatArray<Int32>
  let endingStart: FlatArray<Int32>

  // By section.
  let floor: FlatArray<Int>
  let ceiling: FlatArray<Int>
  /// The bytes still to place.
  let rest: FlatArray<Int>
  let unplacedCount: FlatArray<Int32>
  /// How many unplaced buffers live in this section and in the next.
  let crossingCount: FlatArray<Int32>
  /// How many unplaced buffers have a fixed offset.
  let unplacedFixedCount: FlatArray<Int32>
  /// The keys of the unplaced buffers that begin here, all exclusive-or.
  let unplacedKey: FlatArray<UInt64>
  /// How often something failed here.
  let weight: FlatArray<Double>

  // By buffer.
  /// No layout of what is unplaced has the buffer lower.
  let leastOffset: FlatArray<Int>
  let offset: FlatArray<Int>
  let isPlaced: FlatArray<Bool>

  /// Sections whose floor may have to rise, and borders for the step rule: each named by the section
  /// before it.
  var dirtySections: UniqueStack
  /// A buffer whose least offset is above its greatest, or -1.
  var misfit = -1
  var dirtyBorders: UniqueStack
  var sums = SubsetSums()

  var trail: [Change] = []

  /// Elementary steps so far.
  var work = 0

  /// A change, as it is taken back.
  enum Change {
    case floor(section: Int32, old: Int)
    case leastOffset(member: Int32, old: Int)
    case onFloor(member: Int32)
    case underCeiling(member: Int32)
  }

  /// - Complexity: O(n + e) in the n members and e pairs of a member and its sections.
  init(_ instance: ValleyInstance, options: ValleyOptions, capacity: Int) {
    let unit = instance.unit
    // Above the capacity by less than a unit, so that no section is short of the padding that its
    // topmost buffer does not need.
    let top = (capacity + unit - 1) / unit * unit
    isTranslatable = instance.isUniform && (instance.padding.max() == 0 || top == capacity)
    let sections = instance.sectionCount
    let members = instance.count
    sectionCount = sections
    memberCount = members
    self.options = options
    isUniform = instance.isUniform
    first = FlatArray(instance.first)
    end = FlatArray(instance.end)
    size = FlatArray(instance.size)
    leastSize = instance.size.min() ?? 0
    averageCount = max(1, instance.entryCount / max(1, sections))
    windowWidth = max(16, Self.windowEntryCount / averageCount)
    alignmentMask = FlatArray(instance.alignment.map { instance.isUniform ? 0 : $0 - 1 })
    greatestOffset = FlatArray(
      (0..<members).map { member in
        let greatest = capacity - instance.size[member] + instance.padding[member]
        let fixed = instance.fixedOffset[member]
        return fixed < 0 ? greatest : fixed <= greatest ? fixed : -1
      })
    isFixed = FlatArray(instance.fixedOffset.map { $0 >= 0 })
    hasFixed = instance.fixedOffset.contains { $0 >= 0 }
    width = FlatArray(instance.width)
    var generator = SplitMix64(seed: 0)
    key = FlatArray((0..<members).map { _ in generator.next() })

    var counts = [Int32](repeating: 0, count: sections)
    var crossing = counts
    var fixedCounts = counts
    var keys = [UInt64](repeating: 0, count: sections)
    var placeStarts: [Int] = []
    var entries = 0
    for index in 0..<members {
      placeStarts.append(entries)
      let span = Int(instance.first[index])..<Int(instance.end[index])
      entries += span.count
      for section in span { counts[section] += 1 }
      if instance.fixedOffset[index] >= 0 {
        for section in span { fixedCounts[section] += 1 }
      }
      for section in span.dropLast() { crossing[section] += 1 }
      keys[span.lowerBound] ^= key[index]
    }
    var memberStarts: [Int] = []
    var total = 0
    for section in 0..<sections {
      memberStarts.append(total)
      total += Int(counts[section])
    }
    memberStart = FlatArray(memberStarts)
    placeStart = FlatArray(placeStarts)
    member = FlatArray(repeating: 0, count: entries)
    place = FlatArray(repeating: 0, count: entries)
    var filled = [Int32](repeating: 0, count: sections)
    for index in 0..<members {
      var place = placeStarts[index]
      for section in Int(instance.first[index])..<Int(instance.end[index]) {
        self.member[memberStarts[section] + Int(filled[section])] = Int32(index)
        self.place[place] = filled[section]
        filled[section] += 1
        place += 1
      }
    }
    let byFirst = Self.rows(of: instance.first, count: sections)
    starting = FlatArray(byFirst.elements)
    startingStart = FlatArray(byFirst.starts)
    let byLast = Self.rows(of: instance.end.map { $0 - 1 }, count: sections)
    ending = FlatArray(byLast.elements)
    endingStart = FlatArray(byLast.starts)

    floor = FlatArray(instance.base)
    ceiling = FlatArray(repeating: top, count: sections)
    rest = FlatArray(instance.load)
    unplacedCount = FlatArray(counts)
    crossingCount = FlatArray(crossing)
    unplacedFixedCount = FlatArray(fixedCounts)
    unplacedKey = FlatArray(keys)
    weight = FlatArray(repeating: 0, count: sections)
    leastOffset = FlatArray(instance.fixedOffset.map { max(0, $0) })
    offset = FlatArray(repeating: 0, count: members)
    isPlaced = FlatArray(repeating: false, count: members)
    dirtySections = UniqueStack(limit: sections)
    dirtyBorders = UniqueStack(limit: sections)
    trail.reserveCapacity(4 * members + 64)
  }

  /// Says from how many pairs of a buffer and a section on a component is large.
  mutating func treatAsLarge(from entryCount: Int) {
    usualSectionCount = max(1, entryCount / averageCount)
  }

  /// Numbers 0..<n grouped by row: the elements row after row, and where each row starts.
  private static func rows(
    of row: [Int32], count: Int
  ) -> (elements: [Int32], starts: [Int32]) {
    var starts = [Int32](repeating: 0, count: count + 1)
    for row in row { starts[Int(row) + 1] += 1 }
    for index in 0..<count { starts[index + 1] += starts[index] }
    var next = starts
    var elements = [Int32](repeating: 0, count: row.count)
    for (index, row) in row.enumerated() {
      elements[Int(next[Int(row)])] = Int32(index)
      next[Int(row)] += 1
    }
    return (elements, starts)
  }

  @inline(__always) func span(_ member: Int) -> Range<Int> {
    Range(uncheckedBounds: (Int(first[member]), Int(end[member])))
  }

  /// The unplaced buffers of a section, as positions in `member`.
  @inline(__always) func unplaced(in section: Int) -> Range<Int> {
    let start = memberStart[section]
    return Range(uncheckedBounds: (start, start + Int(unplacedCount[section])))
  }

  @inline(__always) func slack(_ section: Int) -> Int {
    ceiling[section] - floor[section] - rest[section]
  }
}
