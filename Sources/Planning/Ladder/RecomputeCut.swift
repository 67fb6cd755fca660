// SPDX-License-Identifier: Apache-2.0

/// What must run again behind one moment, with all that its operands ask for: a lower bound by minimum
/// cuts.
///
/// While a node runs for the first time, what was made before and is used later is in the arena, or its
/// maker runs again behind it; and then what the maker reads is in the arena, or made again behind it, too.
/// With a price for each byte that is kept, the cheapest choice is a minimum cut between what is needed
/// and what there is for nothing, as in PyTorch's partitioner of joint graphs, but with makers that have
/// a price. The bytes that may be kept have a limit; any price of bytes proves a bound, and the best one
/// is where a choice that keeps too much and one that keeps less than it may cost the same (Lagrangian
/// relaxation of the limit; cutting planes over one price).
struct RecomputeCut {
  /// A lower bound in floating-point operations, rounding aside; `nil` where no choice keeps the budget.
  let flops: Double?

  /// - Parameters:
  ///   - budget: Of the arena, in bytes.
  ///   - known: Operations of some plan; no more are proved.
  /// - Complexity: O(nodes + operands) and some minimum cuts.
  init(
    at moment: RecomputeMoment, in model: LadderModel, costs: CostModel, within budget: Int,
    known: Int
  ) {
    var choices = RecomputeChoices(at: moment, in: model, costs: costs)
    flops = choices.leastFlops(keeping: budget - choices.fixedBytes, known: known)
  }
}

/// The choices between keeping and making again, as a network.
private struct RecomputeChoices {
  /// Bytes that are in the arena whatever is chosen.
  private(set) var fixedBytes = 0

  private var network: MinimumCut
  /// The arcs that are cut where bytes are kept.
  private var keeps: [(arc: Int, tail: Int, head: Int, bytes: Int)] = []
  /// The arcs that are cut where makers run again.
  private var makes: [(arc: Int, tail: Int, flops: Int)] = []

  private static let (source, sink) = (0, 1)
  /// How many prices are tried at most; about ten are enough.
  private static let priceLimit = 40

  /// - Complexity: O(nodes + operands).
  init(at moment: RecomputeMoment, in model: LadderModel, costs: CostModel) {
    let node = moment.node
    var isTouched = [Bool](repeating: false, count: model.storageCount)
    for storage in model.reads[node] { isTouched[storage] = true }
    for storage in model.makes[node] { isTouched[storage] = true }
    let remaker = (0..<model.storageCount).map { storage in
      let maker = Int(model.remaker[storage])
      let isSpoiled = maker >= 0 && model.spoilers[maker].contains { moment.hasRun[$0] }
      return isSpoiled ? -1 : maker
    }
    fixedBytes = model.workspaces[node]
    for storage in 0..<model.storageCount where isTouched[storage] {
      fixedBytes += model.bytes[storage]
    }
    fixedBytes -= model.takenOverBytes(
      by: node, isMade: { _ in true },
      isFree: { !moment.isUsedLater[$0] || remaker[$0] >= 0 })

    // Two vertices for source and sink, one for each storage that a maker reads, one for each maker.
    network = MinimumCut(vertices: 2 + model.storageCount + model.nodeCount)
    func vertex(ofMaker maker: Int) -> Int { 2 + model.storageCount + maker }
    var isReached = [Bool](repeating: false, count: model.nodeCount)
    var pending: [Int] = []
    func reach(_ maker: Int) {
      if !isReached[maker] { pending.append(maker) }
      isReached[maker] = true
    }
    var isNeeded = [Bool](repeating: false, count: model.storageCount)
    for storage in 0..<model.storageCount
    where model.isMovable[storage] && !isTouched[storage] && moment.isUsedLater[storage] {
      let maker = Int(model.maker[storage])
      guard model.isInput[storage] || maker >= 0 && moment.hasRun[maker] else { continue }
      isNeeded[storage] = true
      guard remaker[storage] >= 0 else {
        fixedBytes += model.bytes[storage]
        continue
      }
      reach(remaker[storage])
      keep(
        model.bytes[storage], between: Self.source, and: vertex(ofMaker: remaker[storage]))
    }
    var isOperand = [Bool](repeating: false, count: model.storageCount)
    while let maker = pending.popLast() {
      let tail = vertex(ofMaker: maker)
      let arc = network.addArc(from: tail, to: Self.sink)
      makes.append((arc, tail, costs.flops[maker]))
      // What is touched, or needed itself, is there at some time behind the moment anyway.
      for storage in model.rereads[maker] where !isTouched[storage] && !isNeeded[storage] {
        _ = network.addArc(from: tail, to: 2 + storage)
        guard !isOperand[storage] else { continue }
        isOperand[storage] = true
        let other = remaker[storage]
        if other >= 0 { reach(other) }
        keep(
          model.bytes[storage], between: 2 + storage,
          and: other >= 0 ? vertex(ofMaker: other) : Self.sink)
      }
    }
  }

  private mutating func keep(_ bytes: Int, between tail: Int, and head: Int) {
    keeps.append((network.addArc(from: tail, to: head), tail, head, bytes))
  }

  /// The largest bound of what must run again if no more than a limit of bytes is kept, beside those
  /// that are kept in any case.
  mutating func leastFlops(keeping limit: Int, known: Int) -> Double? {
    // A choice that keeps too much, and one that keeps what it must.
    let all = keeps.reduce(0) { $0.addingClamped($1.tail == Self.source ? $1.bytes : 0) }
    let total = keeps.reduce(0) { $0.addingClamped($1.bytes) }
    guard all > limit, total < MinimumCut.uncut / 2 else { return 0 }
    var dear = Choice(flops: 0, bytes: all)
    var cheap = choice(where: { $0 }, { _ in 0 }).choice
    guard cheap.bytes <= limit else { return nil }
    // Capacities are whole numbers of which the sum fits; no bound needs more than what is known.
    let largest = Double(MinimumCut.uncut / 2 / (keeps.count + makes.count + 1))
    let scale = largest / Double(max(1, known))
    func capacity(_ flops: Double) -> Int { Int(min(largest, scale * flops)) }
    var best = 0.0
    for _ in 0..<Self.priceLimit where dear.bytes > cheap.bytes && cheap.flops > dear.flops {
      let price = (cheap.flops - dear.flops) / Double(dear.bytes - cheap.bytes)
      let (cut, now) = choice(
        where: { capacity(price * Double($0)) }, { capacity(Double($0)) })
      best = max(best, Double(cut) / scale - price * Double(limit))
      // Nothing lies below the line through both.
      guard now.cost(at: price) < dear.cost(at: price) * (1 - 1e-9) else { break }
      if now.bytes > limit { dear = now } else { cheap = now }
    }
    return best
  }

  /// What is kept and made again.
  private struct Choice {
    var flops: Double
    var bytes: Int

    func cost(at price: Double) -> Double { flops + price * Double(bytes) }
  }

  /// The cheapest cut with some capacities, and what it chooses.
  private mutating func choice(
    where kept: (Int) -> Int, _ made: (Int) -> Int
  ) -> (cut: Int, choice: Choice) {
    for keep in keeps { network.setCapacity(of: keep.arc, to: kept(keep.bytes)) }
    for make in makes { network.setCapacity(of: make.arc, to: made(make.flops)) }
    let cut = network.cut(from: Self.source, to: Self.sink)
    var choice = Choice(flops: 0, bytes: 0)
    for keep in keeps
    where network.isOnSourceSide(keep.tail) && !network.isOnSourceSide(keep.head) {
      choice.bytes += keep.bytes
    }
    for make in makes where network.isOnSourceSide(make.tail) { choice.flops += Double(make.flops) }
    return (cut, choice)
  }
}
