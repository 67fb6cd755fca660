// SPDX-License-Identifier: Apache-2.0

/// Which weight updates run as soon as their gradient is there, and which wait.
///
/// An update is what hangs together behind the spine. Where activations and the update's own bytes
/// together would be more than all activations at the loss are, and the update frees less than it
/// takes, it is delayed to the first half of a pair where that is no longer so, or to the last.
/// Source: ROAM (arXiv 2310.19295), delayed weight update.
/// Deviation: ROAM takes three times the gradient for the update's bytes, and has a ratio to tune.
enum WeightUpdates {
  /// Delays updates.
  ///
  /// - Complexity: O(operators + touches + dependencies), and for each update that waits the halves
  ///   that it waits for.
  static func settle(
    _ segments: inout Segments, pairs: SegmentPairs, loss: Int, in model: OrderModel
  ) {
    var levels = activationBytes(segments, pairs: pairs, loss: loss, in: model)
    let limit = levels[pairs.halfOfSegment[loss] + 1]
    for update in updates(segments, after: loss, in: model) {
      let costs = costs(of: update, in: model)
      let first = update.map { pairs.halfOfSegment[segments.ofOperation[$0]] }.min() ?? 0
      guard costs.rise >= costs.freed, levels[first] + costs.rise > limit else { continue }
      let half =
        levels.indices.dropFirst(first).first { levels[$0] + costs.rise <= limit }
        ?? levels.count - 1
      guard half > first else { continue }
      for other in first..<half { levels[other] += costs.freed }
      segments.delay(update, to: pairs.halves[half].lowerBound)
    }
  }

  /// The bytes of activations that are live before each half of backward; 0 for forward.
  private static func activationBytes(
    _ segments: Segments, pairs: SegmentPairs, loss: Int, in model: OrderModel
  ) -> [Int] {
    var change = [Int](repeating: 0, count: pairs.halves.count + 1)
    let start = pairs.halfOfSegment[loss] + 1
    for (storage, span) in segments.spans().enumerated() {
      guard let span, span.lowerBound <= loss, span.upperBound > loss else { continue }
      change[start] += model.bytes[storage]
      change[pairs.halfOfSegment[span.upperBound] + 1] -= model.bytes[storage]
    }
    var level = 0
    return pairs.halves.indices.map { half in
      level += change[half]
      return level
    }
  }

  /// The updates after the loss: hanging operators that are connected with each other, by the first
  /// of each.
  private static func updates(
    _ segments: Segments, after loss: Int, in model: OrderModel
  ) -> [[Int]] {
    var isSeen = (0..<model.count).map {
      !segments.isHanging[$0] || segments.ofOperation[$0] <= loss
    }
    var result: [[Int]] = []
    for start in 0..<model.count where !isSeen[start] {
      isSeen[start] = true
      var members = [start]
      var next = 0
      while next < members.count {
        for rows in [model.predecessors, model.successors] {
          for index in rows[members[next]] {
            let other = Int(rows.values[index])
            guard !isSeen[other] else { continue }
            isSeen[other] = true
            members.append(other)
          }
        }
        next += 1
      }
      result.append(members.sorted())
    }
    return result
  }

  /// What an update adds at most while it runs by itself, and what it frees that others made.
  private static func costs(of update: [Int], in model: OrderModel) -> (rise: Int, freed: Int) {
    var left: [UInt32: Int] = [:]
    for operation in update {
      for index in model.touched[operation] { left[model.touched.values[index], default: 0] += 1 }
    }
    var (live, rise, freed) = (0, 0, 0)
    var isMade: Set<UInt32> = []
    for operation in update {
      var ending = 0
      for index in model.touched[operation] {
        let storage = model.touched.values[index]
        let bytes = model.bytes[Int(storage)]
        let touchers = model.touchers[Int(storage)]
        let isFirst = model.touchers.values[touchers.lowerBound] == operation
        if isFirst, !model.isLiveIn[Int(storage)] {
          isMade.insert(storage)
          live += bytes
        }
        left[storage, default: 0] -= 1
        let isLast = model.touchers.values[touchers.upperBound - 1] == operation
        guard isLast, left[storage] == 0, !model.isLiveOut[Int(storage)] else { continue }
        if isMade.contains(storage) { ending += bytes } else { freed += bytes }
      }
      rise = max(rise, live + model.workspaces[operation])
      live -= ending
    }
    return (rise, freed)
  }
}
