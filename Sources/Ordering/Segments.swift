// SPDX-License-Identifier: Apache-2.0

/// A model cut at its key points, with every operator in one of the segments between them.
///
/// Key points are sought among what the ``Spine`` holds at both ends; what hangs at its beginning
/// (generators) comes as late as it can, what hangs at its end (weight updates) as soon as it can,
/// unless ``delay(_:to:)`` moves it. No dependency leads from a segment to an earlier one, so the
/// segments' orders, one after the other, are an order of the model.
struct Segments {
  /// The number of segments.
  let count: Int
  /// The segment of each operator.
  private(set) var ofOperation: [Int]
  /// Whether an operator follows the path but nothing of the path follows it.
  let isHanging: [Bool]
  private let model: OrderModel
  private let spine: Spine

  /// Cuts a model.
  ///
  /// - Precondition: Every operator's number is above those of its predecessors.
  /// - Complexity: O(operators + dependencies).
  init(_ model: OrderModel) {
    self.model = model
    spine = Spine(model)
    let spine = self.spine
    let keys = KeyPoints.operations(
      of: model, where: (0..<model.count).map(spine.isAttached))
    var isKey = [Bool](repeating: false, count: model.count)
    for key in keys { isKey[key] = true }
    // The number of key points before a place of the path; a key point ends its segment.
    var segmentOfPlace: [Int] = []
    var passed = 0
    for operation in spine.path {
      segmentOfPlace.append(passed)
      if isKey[operation] { passed += 1 }
    }
    count = segmentOfPlace.last.map { $0 + 1 } ?? 0
    ofOperation = (0..<model.count).map { operation in
      let place = spine.after[operation]
      guard place >= 0 else { return 0 }
      // What comes after a key point, which is never the last of the longest path, is in the next.
      let isPast = isKey[spine.path[place]] && spine.path[place] != operation
      return segmentOfPlace[place] + (isPast ? 1 : 0)
    }
    isHanging = (0..<model.count).map {
      spine.after[$0] >= 0 && spine.before[$0] == spine.path.count
    }
    settleGenerators()
  }

  /// Puts what the path does not precede as late as what needs it allows.
  private mutating func settleGenerators() {
    for operation in (0..<model.count).reversed() where spine.after[operation] < 0 {
      var segment = count
      for index in model.successors[operation] {
        segment = min(segment, ofOperation[Int(model.successors.values[index])])
      }
      ofOperation[operation] = segment == count ? 0 : segment
    }
  }

  /// Moves hanging operators to a later segment.
  ///
  /// - Precondition: They are all that hang together.
  mutating func delay(_ operations: [Int], to segment: Int) {
    for operation in operations {
      precondition(isHanging[operation], "only what hangs at its beginning can be delayed")
      ofOperation[operation] = max(ofOperation[operation], segment)
    }
    settleGenerators()
  }

  /// The first and the last segment that touches each storage; `nil` where none does.
  func spans() -> [ClosedRange<Int>?] {
    (0..<model.storageCount).map { storage in
      let segments = model.touchers[storage].lazy.map {
        ofOperation[Int(model.touchers.values[$0])]
      }
      guard let first = segments.min(), let last = segments.max() else { return nil }
      return first...last
    }
  }

  /// The segment at whose end forward meets backward: where the most storages cross.
  ///
  /// It is one only if most of the operators until then touch something that is touched again after
  /// it, as those of a training graph do; `nil` for all other graphs.
  ///
  /// - Complexity: O(operators + touches).
  func loss() -> Int? {
    let spans = spans()
    var change = [Int](repeating: 0, count: count + 1)
    for span in spans {
      guard let span else { continue }
      change[span.lowerBound] += 1
      change[span.upperBound] -= 1
    }
    var best = (count: 0, segment: 0)
    var crossing = 0
    for segment in 0..<count {
      crossing += change[segment]
      if crossing > best.count { best = (crossing, segment) }
    }
    guard best.count > 0 else { return nil }
    var (all, crossed) = (0, 0)
    for operation in 0..<model.count where ofOperation[operation] <= best.segment {
      all += 1
      let crosses = model.touched[operation].contains {
        guard let span = spans[Int(model.touched.values[$0])] else { return false }
        return span.lowerBound <= best.segment && best.segment < span.upperBound
      }
      if crosses { crossed += 1 }
    }
    return crossed * 2 > all ? best.segment : nil
  }
}
