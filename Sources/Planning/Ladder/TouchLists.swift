// SPDX-License-Identifier: Apache-2.0

/// What each run of a ``RunSequence`` touches, and for each storage a list of its touches in the order of
/// the runs, between its start and its end.
struct TouchLists {
  /// A touch, by number: the first ones are the starts of all storages, then their ends.
  typealias Touch = Int32

  /// The run of each touch.
  private(set) var run: [RunSequence.Run]
  /// The storage of each touch.
  private(set) var storage: [Int32]
  /// Whether a storage comes into the arena by a touch, or by its end is not needed any more.
  private(set) var comes: [Bool]
  /// The next touch of the same storage; -1 behind the end.
  private(set) var next: [Touch]
  /// The touch before; -1 where it is not known, or before the start.
  private(set) var previous: [Touch]
  /// Where the touches of each run begin; one more entry than runs.
  private var first: [Touch]

  /// Lists of nothing but starts and ends.
  ///
  /// - Parameters:
  ///   - isOutput: Whether each storage is needed at the end.
  ///   - start: The run that touches all starts.
  ///   - end: The run that touches all ends.
  init(isOutput: [Bool], start: RunSequence.Run, end: RunSequence.Run) {
    let count = isOutput.count
    run = (0..<2 * count).map { $0 < count ? start : end }
    storage = (0..<2 * count).map { Int32($0 < count ? $0 : $0 - count) }
    comes = [Bool](repeating: true, count: count) + isOutput.map { !$0 }
    next = (0..<2 * count).map { Touch($0 < count ? $0 + count : -1) }
    previous = (0..<2 * count).map { Touch($0 < count ? -1 : $0 - count) }
    first = [Touch(2 * count)]
  }

  /// The touches of a run, reads first.
  func of(_ run: RunSequence.Run) -> Range<Int> {
    Int(first[Int(run)])..<Int(first[Int(run) + 1])
  }

  /// Adds the touches of the next run, which are in no list yet.
  mutating func add(reads: IndexRows.Row, makes: IndexRows.Row, of run: RunSequence.Run) {
    for storage in reads { add(storage, of: run, comes: false) }
    for storage in makes { add(storage, of: run, comes: true) }
    first.append(Touch(self.run.count))
  }

  private mutating func add(_ storage: Int, of run: RunSequence.Run, comes: Bool) {
    self.run.append(run)
    self.storage.append(Int32(storage))
    self.comes.append(comes)
    next.append(-1)
    previous.append(-1)
  }

  /// Puts a touch into its storage's list.
  mutating func link(_ touch: Int, behind before: Touch) {
    let after = next[Int(before)]
    next[Int(before)] = Touch(touch)
    previous[touch] = before
    next[touch] = after
    previous[Int(after)] = Touch(touch)
  }

  /// Takes a touch out of its storage's list; it still knows its neighbours.
  mutating func unlink(_ touch: Int) {
    let (before, after) = (previous[touch], next[touch])
    next[Int(before)] = after
    previous[Int(after)] = before
  }

  /// Makes the touches of a run forget where they were.
  mutating func forget(_ run: RunSequence.Run) {
    for touch in of(run) { previous[touch] = -1 }
  }
}
