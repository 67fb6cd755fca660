// SPDX-License-Identifier: Apache-2.0

/// Which weight updates run as soon as their gradient is there, and which wait.
///
/// An update is what hangs together behind the spine. It waits where activations and its own bytes
/// together would be more than a limit, and runs in the first half of a pair where they are not; what
/// it reads is held until then. The limit is the least at which every update finds a place: all
/// activations at the loss, if that is enough.
/// Source: ROAM (arXiv 2310.19295), delayed weight update.
/// Deviation: ROAM takes the activations at the loss for the limit whether that can be met or not,
/// three times the gradient for the update's bytes, and has a ratio to tune.
struct WeightUpdates {
  private struct Update {
    var operations: [Int]
    /// The half that it can run in as soon as possible.
    var first: Int
    /// What it adds at most while it runs.
    var rise: Int
    /// What others made that is live for it alone while it waits.
    var held: Int
  }

  private let updates: [Update]
  /// The bytes of activations that are live before each half of backward; 0 for forward.
  private let levels: [Int]
  private let limits: ClosedRange<Int>

  /// Finds the updates after a loss.
  ///
  /// - Complexity: O(operators + touches + dependencies).
  init(_ segments: Segments, pairs: SegmentPairs, loss: Int, in model: OrderModel) {
    let levels = Self.activationBytes(segments, pairs: pairs, loss: loss, in: model)
    let half = segments.ofOperation.map { pairs.halfOfSegment[$0] }
    updates = Self.hanging(segments, after: loss, in: model).map {
      Self.update($0, half: half, in: model)
    }.sorted { ($0.first, $0.operations[0]) < ($1.first, $1.operations[0]) }
    self.levels = levels
    let least = levels.max() ?? 0
    limits = least...updates.reduce(least) { max($0, levels[$1.first] + $1.rise) }
  }

  /// Delays the updates that have to wait.
  ///
  /// - Complexity: for each update the halves that it waits for, a few times over.
  func settle(_ segments: inout Segments, pairs: SegmentPairs) {
    var (low, high) = (limits.lowerBound, limits.upperBound)
    guard var best = places(within: high) else {
      preconditionFailure("within the highest limit every update runs at once")
    }
    if let found = places(within: low) { (best, high) = (found, low) }
    while high - low > high / 1000 {
      let middle = low + (high - low) / 2
      if let found = places(within: middle) {
        (best, high) = (found, middle)
      } else {
        low = middle + 1
      }
    }
    for (update, half) in zip(updates, best) where half > update.first {
      segments.delay(update.operations, to: pairs.halves[half].lowerBound)
    }
  }

  /// The half that each update runs in; `nil` where one finds none within the limit.
  private func places(within limit: Int) -> [Int]? {
    var levels = levels
    var result: [Int] = []
    for update in updates {
      var half = update.first
      guard levels[half] + update.rise > limit else {
        result.append(half)
        continue
      }
      repeat {
        // What waits is live all the while.
        levels[half] += update.held
        guard levels[half] <= limit else { return nil }
        half += 1
        guard half < levels.count else { return nil }
      } while levels[half] + update.held + update.rise > limit
      levels[half] += update.held
      result.append(half)
    }
    return result
  }

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

  /// The hanging operators after the loss, connected ones together, ascending.
  private static func hanging(
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

  /// The costs of operators that hang together.
  private static func update(_ operations: [Int], half: [Int], in model: OrderModel) -> Update {
    let first = operations.map { half[$0] }.min() ?? 0
    let own = Set(operations)
    // By storage, how many touches are left, and whether nothing else touches it.
    var touches: [UInt32: (left: Int, isOwn: Bool)] = [:]
    for operation in operations {
      for index in model.touched[operation] {
        touches[model.touched.values[index], default: (0, true)].left += 1
      }
    }
    var (live, rise, held) = (0, 0, 0)
    var isKnown: Set<UInt32> = []
    for operation in operations {
      var ending = 0
      for index in model.touched[operation] {
        let storage = model.touched.values[index]
        let bytes = model.bytes[Int(storage)]
        if isKnown.insert(storage).inserted {
          let others = model.touchers[Int(storage)].lazy.map { Int(model.touchers.values[$0]) }
            .filter { !own.contains($0) }
          let isOwn = others.isEmpty && !model.isLiveIn[Int(storage)]
          touches[storage]?.isOwn = isOwn
          if isOwn {
            live += bytes
          } else if !model.isLiveOut[Int(storage)], others.allSatisfy({ half[$0] <= first }) {
            held += bytes
          }
        }
        touches[storage]?.left -= 1
        if let known = touches[storage], known.isOwn, known.left == 0,
          !model.isLiveOut[Int(storage)]
        {
          ending += bytes
        }
      }
      rise = max(rise, live + model.workspaces[operation])
      live -= ending
    }
    return Update(operations: operations, first: first, rise: rise, held: held)
  }
}
