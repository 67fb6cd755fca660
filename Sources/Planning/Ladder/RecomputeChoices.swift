// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// The choices between keeping, fetching and making again behind a moment, as a network of which cuts are
/// choices.
///
/// The source is what is needed, the sink what there is for nothing. Between them are makers, which are
/// on the source's side if they run again, and storages that makers read, which are there if they are
/// needed at all. A cut crosses the arc of each storage that is kept or fetched, whichever is cheaper, and
/// that of each maker that runs again.
struct RecomputeChoices {
  /// Bytes that are in the arena whatever is chosen.
  private(set) var fixedBytes: Int
  /// The makers that may run again.
  private(set) var makers: [Maker] = []

  /// What all makers come to, and what the operations of each are a multiple of.
  private var (totalFlops, unit) = (0, 1)
  /// Whether sums of all bytes and operations are far from overflowing.
  private var isCountable = true
  private var network: MinimumCut
  private var keeps: [Keep] = []

  /// A node that may run again.
  struct Maker {
    let node: Int
    let flops: Int
    fileprivate let vertex: Int
    /// Cut where it runs again.
    fileprivate let toSink: Int
    /// Cut where it must run again and does not.
    fileprivate let fromSource: Int
    /// Whether it runs again, where that is decided.
    fileprivate var runsAgain: Bool?
  }

  /// What may be decided: whether a maker runs again, or a storage is fetched.
  enum Subject: Hashable {
    /// A maker, by number.
    case maker(Int)
    /// A storage that may be kept, by number.
    case keep(Int)
  }

  /// A storage that may be kept.
  private struct Keep {
    let storage: Int
    let bytes: Int
    let arc: Int
    let tail: Int
    let head: Int
    /// What fetching it costs, in operations, with the spill where that counts; `nil` where it may not be.
    let fetchFlops: Int?
    /// Whether it is fetched, where that is decided.
    var isFetched: Bool?

    /// Whether what is not made again is fetched rather than kept, at some prices.
    func isFetched(byte: Double, operation: Double) -> Bool {
      guard let fetchFlops else { return false }
      return isFetched ?? (operation * Double(fetchFlops) < byte * Double(bytes))
    }
  }

  /// A choice.
  struct Choice {
    /// Of what runs again, and of what is fetched.
    var flops: Int
    /// Of what is kept, ``RecomputeChoices/fixedBytes`` aside.
    var bytes: Int
    /// Whether each maker runs again.
    var runsAgain: [Bool]
    /// Whether each storage that may be kept is fetched.
    var isFetched: [Bool]
    /// Storages that are needed or read again, and made again or fetched.
    var away: [Int]
    /// Storages that are kept for what is made again alone.
    var held: [Int]

    /// - Parameter price: Of a byte.
    func cost(at price: Double) -> Double { Double(flops) + price * Double(bytes) }
  }

  private static let (source, sink) = (0, 1)
  /// How many prices are tried at most; about ten are enough.
  private static let priceLimit = 40

  /// - Complexity: O(nodes + operands).
  init(
    at moment: RecomputeMoment, in model: LadderModel, costs: CostModel, by means: LadderMeans
  ) {
    let node = moment.node
    var isTouched = [Bool](repeating: false, count: model.storageCount)
    for storage in model.reads[node] { isTouched[storage] = true }
    for storage in model.makes[node] { isTouched[storage] = true }
    let remaker = (0..<model.storageCount).map { storage in
      let maker = means.remaker(of: storage, in: model)
      let isSpoiled = maker >= 0 && model.spoilers[maker].contains { moment.hasRun[$0] }
      return isSpoiled ? -1 : maker
    }
    fixedBytes = model.workspaces[node]
    for storage in 0..<model.storageCount where isTouched[storage] {
      fixedBytes += model.bytes[storage]
    }
    fixedBytes -= model.takenOverBytes(
      by: node, isMade: { _ in true },
      isFree: { !moment.isUsedLater[$0] || remaker[$0] >= 0 || means.copyFlops != nil })

    network = MinimumCut(vertices: 2 + model.storageCount + model.nodeCount)
    func storageVertex(_ storage: Int) -> Int { 2 + storage }
    func makerVertex(_ maker: Int) -> Int { 2 + model.storageCount + maker }
    var isReached = [Bool](repeating: false, count: model.nodeCount)
    var pending: [Int] = []
    /// Whether what counts behind the moment is the last that a storage may be fetched for: a spill
    /// serves all fetches, and counts with the last one.
    func isFetchedLast(_ storage: Int) -> Bool {
      guard let isUsedBeyond = moment.isUsedBeyond else { return true }
      let isOperand = means.mayRecompute && !model.rereaders[storage].isEmpty
      return !isUsedBeyond[storage] && !isOperand
    }
    /// From a vertex to that of a maker, or to the sink.
    func mayKeep(_ storage: Int, from tail: Int, to maker: Int) {
      let head = maker >= 0 ? makerVertex(maker) : Self.sink
      keeps.append(
        Keep(
          storage: storage, bytes: model.bytes[storage],
          arc: network.addArc(from: tail, to: head), tail: tail, head: head,
          fetchFlops: means.copyFlops.map { $0[storage] * (isFetchedLast(storage) ? 2 : 1) }))
    }
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
      let other = remaker[storage]
      if other >= 0 { reach(other) }
      if other < 0, means.copyFlops == nil {
        fixedBytes += model.bytes[storage]
      } else {
        mayKeep(storage, from: Self.source, to: other)
      }
    }
    var isOperand = [Bool](repeating: false, count: model.storageCount)
    while let maker = pending.popLast() {
      let vertex = makerVertex(maker)
      makers.append(
        Maker(
          node: maker, flops: costs.flops[maker], vertex: vertex,
          toSink: network.addArc(from: vertex, to: Self.sink),
          fromSource: network.addArc(from: Self.source, to: vertex, capacity: 0)))
      // What is touched, or needed itself, is there at some time behind the moment anyway.
      for storage in model.rereads[maker]
      where !isTouched[storage] && !isNeeded[storage] && !model.isStreamed[storage] {
        _ = network.addArc(from: vertex, to: storageVertex(storage))
        guard !isOperand[storage] else { continue }
        isOperand[storage] = true
        let other = remaker[storage]
        if other >= 0 { reach(other) }
        mayKeep(storage, from: storageVertex(storage), to: other)
      }
    }
    let prices = makers.map(\.flops) + keeps.compactMap(\.fetchFlops)
    totalFlops = prices.reduce(0) { $0.addingClamped($1) }
    unit = max(1, prices.reduce(0) { Self.divisor($0, $1) })
    let bytes = keeps.reduce(0) { $0.addingClamped($1.bytes) }
    isCountable = max(totalFlops, bytes) < MinimumCut.uncut / 4
  }

  /// The greatest common divisor.
  private static func divisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }

  /// How many arcs have a capacity.
  var size: Int { keeps.count + 2 * makers.count }

  /// Decides about a subject, or leaves it open again.
  mutating func decide(_ subject: Subject, _ answer: Bool?) {
    switch subject {
    case .maker(let maker):
      makers[maker].runsAgain = answer
      network.setCapacity(
        of: makers[maker].fromSource, to: answer == true ? MinimumCut.uncut : 0)
    case .keep(let keep): keeps[keep].isFetched = answer
    }
  }

  /// What is not decided and two choices do not agree about: the dearest one.
  func difference(of a: Choice, _ b: Choice) -> Subject? {
    var dearest: (flops: Int, subject: Subject)?
    func take(_ flops: Int, _ subject: Subject) {
      if dearest.map({ flops > $0.flops }) ?? true { dearest = (flops, subject) }
    }
    for (maker, entry) in makers.enumerated()
    where entry.runsAgain == nil && a.runsAgain[maker] != b.runsAgain[maker] {
      take(entry.flops, .maker(maker))
    }
    for (keep, entry) in keeps.enumerated()
    where entry.isFetched == nil && a.isFetched[keep] != b.isFetched[keep] {
      take(entry.fetchFlops ?? 0, .keep(keep))
    }
    return dearest?.subject
  }

  /// What choices within a limit come to at least, relaxed, and the two choices that it lies between.
  struct Relaxed {
    /// Floating-point operations; `nil` where no choice keeps the limit.
    var flops: Int?
    /// A choice that keeps too much; none where the cheapest one of all keeps the limit.
    var dear: Choice?
    /// The cheapest choice found that keeps the limit, if any does.
    var cheap: Choice?
  }

  /// Relaxes a limit of the bytes kept, beside those that are kept in any case.
  ///
  /// Any price of a byte proves a bound. The best one is where a choice that keeps too much and one that
  /// does not cost the same and none costs less: cutting planes over one price.
  ///
  /// - Parameter known: Operations of some plan; larger bounds may come out smaller.
  /// - Complexity: Some ten cuts.
  mutating func relaxed(keeping limit: Int, known: Int) -> Relaxed {
    guard isCountable else { return Relaxed(flops: 0) }
    // No bound needs more than what is known.
    let scale = self.scale(for: min(known, totalFlops))
    let (least, first) = choice(byte: 0, operation: scale)
    guard first.bytes > limit else {
      return Relaxed(flops: proved(Double(least) / scale), cheap: first)
    }
    var dear = first
    var cheap = choice(byte: 1, operation: 0).choice
    guard cheap.bytes <= limit else { return Relaxed(flops: nil, dear: dear) }
    var best = Double(least) / scale
    for _ in 0..<Self.priceLimit where dear.bytes > cheap.bytes && cheap.flops > dear.flops {
      let price = Double(cheap.flops - dear.flops) / Double(dear.bytes - cheap.bytes)
      let (cut, now) = choice(byte: price * scale, operation: scale)
      best = max(best, Double(cut) / scale - price * Double(limit))
      // Nothing lies below the line through both.
      guard now.cost(at: price) < dear.cost(at: price) * (1 - 1e-9) else { break }
      if now.bytes > limit { dear = now } else { cheap = now }
    }
    return Relaxed(flops: proved(best), dear: dear, cheap: cheap)
  }

  /// The largest capacity: whole numbers of which the sum fits.
  private var largest: Double { Double(MinimumCut.uncut / 4 / (size + 1)) }

  /// What an operation is in capacities, if so many have the largest one.
  private func scale(for flops: Int) -> Double { largest / Double(max(1, flops)) }

  /// Choices that lie between a relaxation's two: makers that the two do not agree about run again up to
  /// some node, and are kept behind it, as far as the limit allows.
  ///
  /// - Complexity: About ten cuts.
  mutating func rounded(_ relaxed: Relaxed, keeping limit: Int) -> Choice? {
    guard let dear = relaxed.dear, var best = relaxed.cheap, best.flops > dear.flops else {
      return relaxed.cheap
    }
    let open = makers.indices.filter { dear.runsAgain[$0] != best.runsAgain[$0] }
      .sorted { makers[$0].node < makers[$1].node }
    let cheap = best
    let price = Double(cheap.flops - dear.flops) / Double(max(1, dear.bytes - cheap.bytes))
    let scale = self.scale(for: totalFlops)
    var (low, high) = (0, open.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      for (place, maker) in open.enumerated() {
        let side = place < middle ? cheap : dear
        decide(.maker(maker), side.runsAgain[maker])
      }
      let now = choice(byte: price * scale, operation: scale).choice
      if now.bytes <= limit {
        high = middle
        if now.flops < best.flops { best = now }
      } else {
        low = middle
      }
    }
    for maker in open { decide(.maker(maker), nil) }
    return best
  }

  /// The least that makers come to which is not below a number, rounding aside.
  private func proved(_ flops: Double) -> Int {
    let above = flops * (1 - 1e-9) - 1e-3
    guard above > 0 else { return 0 }
    return (Int(above.rounded(.up)) - 1) / unit * unit + unit
  }

  /// The cheapest cut with some prices, in capacities, and what it chooses.
  private mutating func choice(byte: Double, operation: Double) -> (cut: Int, choice: Choice) {
    let largest = largest
    for keep in keeps {
      let price =
        keep.isFetched(byte: byte, operation: operation)
        ? operation * Double(keep.fetchFlops ?? 0) : byte * Double(keep.bytes)
      network.setCapacity(of: keep.arc, to: Int(min(largest, price)))
    }
    for maker in makers {
      network.setCapacity(
        of: maker.toSink,
        to: maker.runsAgain == false
          ? MinimumCut.uncut : Int(min(largest, operation * Double(maker.flops))))
    }
    let cut = network.cut(from: Self.source, to: Self.sink)
    var choice = Choice(
      flops: 0, bytes: 0, runsAgain: makers.map { network.isOnSourceSide($0.vertex) },
      isFetched: [Bool](repeating: false, count: keeps.count), away: [], held: [])
    for (maker, runsAgain) in zip(makers, choice.runsAgain) where runsAgain {
      choice.flops = choice.flops.addingClamped(maker.flops)
    }
    for (number, keep) in keeps.enumerated() where network.isOnSourceSide(keep.tail) {
      if network.isOnSourceSide(keep.head) {
        choice.away.append(keep.storage)
      } else if keep.isFetched(byte: byte, operation: operation) {
        choice.isFetched[number] = true
        choice.away.append(keep.storage)
        choice.flops = choice.flops.addingClamped(keep.fetchFlops ?? 0)
      } else {
        choice.bytes += keep.bytes
        if keep.tail != Self.source { choice.held.append(keep.storage) }
      }
    }
    return (cut, choice)
  }
}
