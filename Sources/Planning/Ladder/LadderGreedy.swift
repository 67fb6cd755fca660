// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout

/// Brings an order's load below a budget by dropping storages between uses, cheapest relief first.
///
/// Time by time, from the highest load down: every storage that waits there unused is a candidate, to
/// be spilled (COSMA, arXiv 2311.18246) or to be made again by a chain of nodes (MOCCASIN, arXiv
/// 2304.14463). Its relief is what it takes off the loads above the budget, over its whole gap; its
/// price is seconds. Candidates with the least price for their relief are taken until the load there is
/// within the budget; of equal ones the one that is needed last. Where less is missing than the next
/// candidate gives, the cheapest that covers the rest is taken. At the end, what turned out not to be
/// needed is taken back, dearest first.
struct LadderGreedy {
  /// How often the highest load is looked for.
  private static let roundsLimit = 20_000
  /// How deep chains are tried; the first only keeps operands where there is room.
  private static let depths = [Int.max, 0, 1]

  private(set) var state: LadderState
  /// What was looked at, in storages and nodes of chains.
  private(set) var work = 0
  /// What may be looked at before the search gives up.
  private let workLimit: Int
  let costs: CostModel
  let budget: Int
  let mayRecompute: Bool
  let maySpill: Bool
  /// Numbers that scores are blurred with, if candidates are to be taken in other orders than by score.
  private var blur: SplitMix64?

  /// Whether storages of a kind may be spilled: residents at home in the second memory always are.
  private func maySpill(_ storage: Int) -> Bool { maySpill || state.model.isStreamed[storage] }

  init(
    _ state: LadderState, costs: CostModel, budget: Int, mayRecompute: Bool, maySpill: Bool,
    blur: SplitMix64? = nil, workLimit: Int = .max
  ) {
    self.state = state
    self.costs = costs
    self.budget = budget
    self.mayRecompute = mayRecompute
    self.maySpill = maySpill
    self.blur = blur
    self.workLimit = workLimit
  }

  /// One storage that may be dropped over a gap.
  private struct Candidate {
    var gap: LadderState.Gap
    var source: LadderState.Source
    var depth = 0
    var price: Double
    var score: Double
  }

  /// How much above the budget the loads before each time are, together, and how many of them are.
  private struct Excess {
    var sum: [Int]
    var count: [Int]

    init(_ loads: [Int], budget: Int) {
      sum = [0]
      count = [0]
      sum.reserveCapacity(loads.count + 1)
      count.reserveCapacity(loads.count + 1)
      for load in loads {
        sum.append(sum[sum.count - 1].addingClamped(max(0, load - budget)))
        count.append(count[count.count - 1] + (load > budget ? 1 : 0))
      }
    }

    /// What so many bytes less over a range take off, at most, if something else adds to it.
    func relief(_ bytes: Int, _ range: Range<Int>, less harm: Double = 0) -> Double {
      let over = count[range.upperBound] - count[range.lowerBound]
      let total = sum[range.upperBound] - sum[range.lowerBound]
      return min(Double(bytes) * Double(over) - harm, Double(total))
    }
  }

  /// Makes moves until the loads are within the budget.
  ///
  /// - Returns: Whether they are. Each move brings the highest load down, or makes fewer times have it;
  ///   so moves end, and long before that they are stopped.
  /// - Complexity: O(peaks · (storages + times) + candidates · chain · log times).
  mutating func run() -> Bool {
    guard budget >= state.model.floorBytes else { return false }
    for _ in 0..<Self.roundsLimit {
      let peak = state.loads.peak
      guard peak.bytes > budget else {
        trim()
        return true
      }
      guard work < workLimit, lower(peak.time) else { return false }
    }
    return false
  }

  /// Brings the load at a time within the budget, or at least down.
  private mutating func lower(_ time: Int) -> Bool {
    let excess = Excess(state.loads.loads, budget: budget)
    work += state.model.storageCount
    var candidates: [Candidate] = []
    for storage in 0..<state.model.storageCount where state.model.isMovable[storage] {
      guard let gap = state.gap(of: storage, around: time) else { continue }
      guard var candidate = candidate(gap, excess, at: time) else { continue }
      if let unit = blur?.uniform() { candidate.score *= 0.5 + 1.5 * unit * unit }
      candidates.append(candidate)
    }
    candidates.sort {
      ($0.score, -$0.gap.next, $0.gap.storage) < ($1.score, -$1.gap.next, $1.gap.storage)
    }
    var isChanged = false
    var index = 0
    while index < candidates.count {
      let missing = state.loads.maximum(in: time..<time + 1) - budget
      if missing <= 0 { break }
      var chosen = index
      // The last one: the cheapest that covers the rest, if that is cheaper than the next in line.
      if state.model.bytes[candidates[index].gap.storage] >= missing {
        for other in index..<candidates.count
        where state.model.bytes[candidates[other].gap.storage] >= missing
          && candidates[other].price < candidates[chosen].price
        {
          chosen = other
        }
      }
      candidates.swapAt(index, chosen)
      if apply(candidates[index], at: time) { isChanged = true }
      index += 1
    }
    return isChanged
  }

  /// The better of the two ways to drop a storage over a gap, if there is any that helps.
  private mutating func candidate(
    _ gap: LadderState.Gap, _ excess: Excess, at time: Int
  ) -> Candidate? {
    let bytes = state.model.bytes[gap.storage]
    let relief = excess.relief(bytes, gap.range)
    guard bytes > 0, relief > 0 else { return nil }
    var best: Candidate?
    if maySpill(gap.storage) {
      let price = spillPrice(of: gap)
      best = Candidate(gap: gap, source: .fetch, price: price, score: price / relief)
    }
    guard mayRecompute else { return best }
    for depth in Self.depths {
      guard
        let chain = LadderChain(
          making: gap.storage, at: gap.slot, in: state, costs, budget: budget, depth: depth,
          mayFetch: maySpill)
      else { continue }
      work += chain.nodes.count
      let rest = excess.relief(bytes, gap.range, less: harm(of: chain, excess))
      guard rest > 0, isBearable(chain, gap, at: time) else { continue }
      // Views and copies are free by the table, but no work is: a node's start counts a little.
      let price = chain.price + 1e-9 * Double(chain.nodes.count)
      let score = price / rest
      if best.map({ score < $0.score }) ?? true {
        best = Candidate(gap: gap, source: .recompute, depth: depth, price: price, score: score)
      }
    }
    return best
  }

  private func spillPrice(of gap: LadderState.Gap) -> Double {
    let bytes = costs.seconds(ofBytes: state.model.copiedBytes[gap.storage])
    return state.needsSpill(for: gap) ? 2 * bytes : bytes
  }

  /// What a chain adds where loads are above the budget already.
  private func harm(of chain: LadderChain, _ excess: Excess) -> Double {
    chain.additions.reduce(0) { sum, addition in
      let range = addition.range
      let over = excess.count[range.upperBound] - excess.count[range.lowerBound]
      return sum + Double(addition.bytes) * Double(over)
    }
  }

  /// Whether a move takes something off a time, and no load that its chain adds to becomes as high as
  /// the highest one is, unless it is within the budget.
  private mutating func isBearable(
    _ chain: LadderChain, _ gap: LadderState.Gap, at time: Int
  ) -> Bool {
    let highest = state.loads.peak.bytes
    let before = state.loads.maximum(in: time..<time + 1)
    let loads = state.loads(cutting: gap, adding: chain.additions, at: time)
    return loads.there < before && loads.added <= max(budget, highest - 1)
  }

  /// Makes a move, unless it no longer helps.
  private mutating func apply(_ candidate: Candidate, at time: Int) -> Bool {
    let gap = candidate.gap
    // Moves of the same round may have changed the segment.
    guard let now = state.gap(of: gap.storage, around: gap.range.lowerBound), now.next == gap.next,
      now.before == gap.before
    else { return false }
    switch candidate.source {
    case .first: return false
    case .fetch:
      state.cut(now, source: .fetch)
    case .recompute:
      guard
        let chain = LadderChain(
          making: now.storage, at: now.slot, in: state, costs, budget: budget,
          depth: candidate.depth, mayFetch: maySpill),
        isBearable(chain, now, at: time)
      else { return false }
      state.cut(now, source: .recompute)
      chain.apply(to: &state, at: now.slot)
    }
    return true
  }

  /// Takes moves back that are not needed, dearest first.
  private mutating func trim() {
    var moves: [(price: Double, storage: Int, start: Int)] = []
    for storage in 0..<state.model.storageCount {
      for (index, segment) in state.segments[storage].enumerated() where index > 0 {
        let price =
          segment.source == .fetch
          ? costs.seconds(ofBytes: state.model.copiedBytes[storage])
          : costs.seconds(ofNode: Int(state.model.maker[storage]))
        moves.append((price, storage, segment.start))
      }
    }
    moves.sort { ($1.price, $0.storage, $0.start) < ($0.price, $1.storage, $1.start) }
    for move in moves {
      guard
        let index = state.segments[move.storage].firstIndex(where: { $0.start == move.start }),
        index > 0
      else { continue }
      let range = state.joinRange(move.storage, index)
      if state.loads.maximum(in: range) + state.model.bytes[move.storage] <= budget {
        let source = state.segments[move.storage][index].source
        let gap = state.join(move.storage, index)
        // It may not be there yet while others run again in the slot in which it came.
        if state.loads.peak.bytes > budget {
          state.cut(gap, source: source)
          state.refresh(at: gap.slot)
        }
      }
    }
  }
}
