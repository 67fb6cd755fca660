// SPDX-License-Identifier: Apache-2.0

/// The best order of a tree, in which every operator has one consumer at most.
///
/// The best order of a subtree is cut into segments: up to the highest point (hill) and down to the
/// lowest after it (valley), and so on; hills fall and valleys rise from segment to segment. Subtrees
/// that meet are merged by falling hill minus valley. Optimal among all orders.
/// Source: J. W. H. Liu, "An application of generalized tree pebbling to sparse matrix factorization"
/// (1987).
enum TreeMerge {
  private struct Segment {
    var hill: Int
    var valley: Int
    /// Where the segment's operators are: two segments of the pool, or one operator.
    var piece: Int
  }

  /// The pieces that segments are made of, joined without copying.
  private struct Pieces {
    private var items: [(first: Int, second: Int)] = []

    mutating func leaf(_ operation: Int) -> Int {
      items.append((-1 - operation, 0))
      return items.count - 1
    }

    mutating func join(_ a: Int, _ b: Int) -> Int {
      items.append((a, b))
      return items.count - 1
    }

    func operations(of roots: [Int]) -> [Int] {
      var result: [Int] = []
      var stack = Array(roots.reversed())
      while let piece = stack.popLast() {
        let (first, second) = items[piece]
        if first < 0 {
          result.append(-1 - first)
        } else {
          stack.append(second)
          stack.append(first)
        }
      }
      return result
    }
  }

  /// The order; `nil` where the model is no tree: every storage is touched by one operator, or by a
  /// maker and its only successor, nothing is live before, and outputs belong to operators without
  /// successors. No takeovers, and each operator adds what it makes to what it uses.
  ///
  /// - Complexity: O(operators · log operators) on average.
  static func order(of model: OrderModel) -> [Int]? {
    guard isTree(model) else { return nil }
    var pieces = Pieces()
    var profiles = [[Segment]](repeating: [], count: model.count)
    var result: [Segment] = []
    var base = model.permanentBytes
    for operation in 0..<model.count {
      // What is merged here: the subtrees' segments, each relative to the valley before it.
      var parts: [(segment: Segment, order: Int)] = []
      var used = 0
      for index in model.predecessors[operation] {
        let predecessor = Int(model.predecessors.values[index])
        var valley = 0
        for segment in profiles[predecessor] {
          parts.append(
            (
              Segment(
                hill: segment.hill - valley, valley: segment.valley - valley,
                piece: segment.piece), parts.count
            ))
          valley = segment.valley
        }
        used += valley
        profiles[predecessor] = []
      }
      parts.sort {
        let (a, b) = ($0.segment.hill - $0.segment.valley, $1.segment.hill - $1.segment.valley)
        return a != b ? a > b : $0.order < $1.order
      }
      var profile: [Segment] = []
      var level = 0
      for (segment, _) in parts {
        push(
          Segment(hill: level + segment.hill, valley: level + segment.valley, piece: segment.piece),
          onto: &profile, &pieces)
        level += segment.valley
      }
      var (made, kept) = (model.workspaces[operation], 0)
      for index in model.touched[operation] {
        let storage = Int(model.touched.values[index])
        let isMade = model.touchers.values[model.touchers.start[storage]] == operation
        guard isMade else { continue }
        made += model.bytes[storage]
        let isKept = model.isLiveOut[storage] || model.touchers.length(storage) > 1
        if isKept { kept += model.bytes[storage] }
      }
      push(
        Segment(hill: used + made, valley: kept, piece: pieces.leaf(operation)), onto: &profile,
        &pieces)
      if model.successors.length(operation) == 0 {
        // Several roots are subtrees of nothing: they are merged like all others.
        result.append(contentsOf: relative(profile, over: &base))
      } else {
        profiles[operation] = profile
      }
    }
    let sorted = result.enumerated().sorted {
      let (a, b) = (
        $0.element.hill - $0.element.valley, $1.element.hill - $1.element.valley
      )
      return a != b ? a > b : $0.offset < $1.offset
    }
    return pieces.operations(of: sorted.map(\.element.piece))
  }

  private static func relative(_ profile: [Segment], over base: inout Int) -> [Segment] {
    var valley = 0
    return profile.map { segment in
      defer { valley = segment.valley }
      return Segment(
        hill: segment.hill - valley, valley: segment.valley - valley, piece: segment.piece)
    }
  }

  /// Adds a segment behind; one that climbs higher or falls lower than the one before swallows it.
  private static func push(
    _ segment: Segment, onto profile: inout [Segment], _ pieces: inout Pieces
  ) {
    var segment = segment
    while let last = profile.last, segment.hill >= last.hill || segment.valley <= last.valley {
      segment.hill = max(segment.hill, last.hill)
      segment.piece = pieces.join(last.piece, segment.piece)
      profile.removeLast()
    }
    profile.append(segment)
  }

  private static func isTree(_ model: OrderModel) -> Bool {
    guard model.takeovers.isEmpty, !model.isLiveIn.contains(true) else { return false }
    for operation in 0..<model.count where model.successors.length(operation) > 1 { return false }
    for storage in 0..<model.storageCount {
      let row = model.touchers[storage]
      switch row.count {
      case 0: continue
      case 1:
        let maker = Int(model.touchers.values[row.lowerBound])
        if model.isLiveOut[storage], model.successors.length(maker) > 0 { return false }
      case 2:
        let maker = Int(model.touchers.values[row.lowerBound])
        let user = model.touchers.values[row.lowerBound + 1]
        let successors = model.successors[maker]
        guard !model.isLiveOut[storage], !successors.isEmpty,
          model.successors.values[successors.lowerBound] == user
        else { return false }
      default: return false
      }
    }
    return true
  }
}
