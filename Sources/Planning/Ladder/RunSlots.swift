// SPDX-License-Identifier: Apache-2.0

/// Which slot each run of a ``RunSequence`` has. Some slots are vacant, so that a run finds room near
/// where it goes.
struct RunSlots {
  typealias Run = RunSequence.Run

  /// How many slots there are for a vacant one.
  private static let spacing = 5

  /// The run of all slots, in order.
  private(set) var runs: [Run] = []
  /// How many slots are vacant.
  private(set) var vacancies = 0
  private var slots: [Int32]
  // The run behind all others, and the one of vacant slots.
  private let end: Run
  private let vacant: Run

  /// No slots, and so many runs.
  ///
  /// - Parameters:
  ///   - end: The run that is always behind the last slot.
  ///   - vacant: The run that vacant slots have.
  init(runCount: Int, end: Run, vacant: Run) {
    slots = [Int32](repeating: -1, count: runCount)
    self.end = end
    self.vacant = vacant
  }

  func isVacant(_ slot: Int) -> Bool { runs[slot] == vacant }

  /// The slot of a run; -1 where it never had one.
  func slot(of run: Run) -> Int { Int(slots[Int(run)]) }

  /// The first slot with a run, if there is one.
  var first: Int? { runs.firstIndex { $0 != vacant } }

  /// All runs that have slots, in order.
  var order: [Run] { runs.filter { $0 != vacant } }

  /// Whether there are so few vacant slots, or so many, that they should be others.
  var areUneven: Bool {
    let usual = runs.count / Self.spacing
    return vacancies < max(usual / 4, 1) || vacancies > 3 * usual + Self.spacing
  }

  /// The vacant slot nearest to one.
  ///
  /// - Complexity: O(the way there).
  func vacantSlot(near slot: Int) -> Int? {
    guard vacancies > 0 else { return nil }
    var (low, high) = (slot - 1, slot)
    while true {
      if high < runs.count, isVacant(high) { return high }
      if low >= 0, isVacant(low) { return low }
      (low, high) = (low - 1, high + 1)
    }
  }

  /// Adds a run without a slot.
  mutating func addRun() { slots.append(-1) }

  /// Vacant slots for so many runs, with some to spare.
  mutating func makeRoom(for count: Int) {
    vacancies = Self.slot(ofRun: count) + Self.spacing
    runs = [Run](repeating: vacant, count: vacancies)
    slots[Int(end)] = Int32(vacancies)
  }

  /// Where a run goes so that vacant slots are spread evenly.
  static func slot(ofRun index: Int) -> Int { index + index / (spacing - 1) }

  /// Gives a run a vacant slot.
  mutating func occupy(_ slot: Int, by run: Run) {
    runs[slot] = run
    slots[Int(run)] = Int32(slot)
    vacancies -= 1
  }

  mutating func vacate(_ slot: Int) {
    runs[slot] = vacant
    vacancies += 1
  }

  /// Moves a vacant slot; runs between make room.
  mutating func move(_ source: Int, to target: Int) {
    runs.withUnsafeMutableBufferPointer { runs in
      slots.withUnsafeMutableBufferPointer { slots in
        var slot = source
        while slot > target {
          runs[slot] = runs[slot - 1]
          slots[Int(runs[slot])] = Int32(slot)
          slot -= 1
        }
        while slot < target {
          runs[slot] = runs[slot + 1]
          slots[Int(runs[slot])] = Int32(slot)
          slot += 1
        }
      }
    }
    runs[target] = vacant
  }
}
