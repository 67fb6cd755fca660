// SPDX-License-Identifier: Apache-2.0

import Cancellation
import GraphIR
import MemoryLayout

/// Looks for the cheapest reruns within a budget by simulated annealing (Kirkpatrick, Gelatt and Vecchi,
/// Science 1983) of the whole sequence of runs: reruns come and go, and runs move. Bytes above the
/// budget have a price, so that the way may lead through sequences that do not fit.
///
/// Work is counted and random numbers are always the same ones: the same input gives the same answer
/// everywhere.
struct RunAnnealing {
  /// Temperatures at the start and at the end, as parts of the mean price of a rerun.
  enum Heat {
    /// For actions that are good already.
    case low
    case medium
    /// For an order that is to be left behind.
    case high

    var range: (hot: Double, cold: Double) {
      switch self {
      case .low: (0.2, 0.001)
      case .medium: (0.6, 0.01)
      case .high: (2, 0.02)
      }
    }
  }

  /// The price of as many bytes as a mean storage has, above the budget during one run, as a part of the
  /// mean price of a rerun, at the start; and what it is multiplied by until the end.
  private static let excessPrice = 1.0
  private static let tightening = 32.0
  /// The same for bytes anywhere, so that of what costs the same the one with shorter lifetimes is
  /// found: it is easier to lay out.
  private static let bytePrice = 0.006
  /// How deep makers of makers are inserted with a rerun.
  private static let depthLimit = 6
  /// How often it is made cooler; a power of two.
  private static let stages = 256
  /// What a change counts as, beside what it looks at.
  private static let changeWork = 16

  private let model: LadderModel
  private var sequence: RunSequence
  private var random: SplitMix64
  /// The mean price of a rerun.
  private let unit: Double
  /// The price of a byte above the budget during one run, which rises, and that of any byte.
  private var excessPrice: Double
  private let bytePrice: Double
  /// The cheapest sequence within the budget so far.
  private(set) var best: [LadderAction]?
  private var bestPrice = Double.infinity
  private var bestTotal = Int.max
  private var changeCount = 0

  /// - Parameters:
  ///   - actions: Runs and recomputes that can be executed, within the budget or not.
  ///   - prices: What a rerun of each node costs, in seconds.
  ///   - budget: Bytes of the arena.
  init(
    _ actions: [LadderAction], of model: LadderModel, _ dependencies: Dependencies,
    prices: [Double], within budget: Int, seed: UInt64
  ) {
    self.model = model
    sequence = RunSequence(actions, of: model, dependencies, prices: prices, budget: budget)
    random = SplitMix64(seed: seed)
    func mean(_ values: [Double]) -> Double {
      values.reduce(0, +) / Double(max(values.count, 1))
    }
    unit = mean(prices.indices.filter { model.isRepeatable[$0] }.map { prices[$0] })
    let sizes = model.bytes.indices.filter { model.isMovable[$0] && model.bytes[$0] > 0 }
      .map { Double(model.bytes[$0]) }
    let sizeUnit = unit / max(mean(sizes), 1)
    excessPrice = Self.excessPrice * sizeUnit
    bytePrice = Self.bytePrice * sizeUnit
  }

  /// Anneals until the work is done or somebody cancels it. Another time it goes on from where it is, with
  /// the price of bytes above the budget that it ended with.
  ///
  /// - Parameter work: Entries looked at.
  mutating func run(_ heat: Heat, work: Int, cancellation: CancellationFlag?) {
    let (hot, cold) = heat.range
    let cooling = Self.stageRoot(of: cold / hot)
    let tightening = Self.stageRoot(of: Self.tightening)
    var temperature = hot * unit
    var energy = energy
    keepBest()
    let begin = workDone
    for stage in 1...Self.stages {
      if let cancellation, cancellation.isCancelled { return }
      let limit = begin + work / Self.stages * stage
      while workDone < limit {
        changeCount += 1
        if change(), case let other = self.energy,
          other <= energy || other - energy < temperature * exponential()
        {
          sequence.keep()
          energy = other
          keepBest()
        } else {
          sequence.takeBack()
        }
      }
      temperature *= cooling
      excessPrice *= tightening
      energy = self.energy
    }
  }

  /// The number whose power of as many as there are stages is another one.
  private static func stageRoot(of number: Double) -> Double {
    var root = number
    for _ in 0..<stages.trailingZeroBitCount { root = root.squareRoot() }
    return root
  }

  /// Entries looked at, and what changes count as.
  private var workDone: Int { sequence.work + Self.changeWork * changeCount }

  private var energy: Double {
    sequence.price + excessPrice * Double(sequence.excess) + bytePrice * Double(sequence.total)
  }

  private mutating func keepBest() {
    guard sequence.excess == 0, sequence.price <= bestPrice else { return }
    guard sequence.price < bestPrice - 1e-15 || sequence.total < bestTotal else { return }
    (best, bestPrice, bestTotal) = (sequence.actions, sequence.price, sequence.total)
  }

  // MARK: Changes

  /// Changes something; what it did is to be taken back where it could not.
  private mutating func change() -> Bool {
    switch random.below(100) {
    case ..<35: insertRerun()
    case ..<54: removeRerun()
    case ..<60: delayFirstRun()
    default: moveRun()
    }
  }

  /// Makes something again for one of its readers, in front of it or somewhere behind the use before.
  private mutating func insertRerun() -> Bool {
    let reader = anyRun()
    guard let (storage, last) = sequence.read(of: reader, by: &random) else { return false }
    let slot = sequence.slot(of: reader)
    let maker = Int(model.remaker[storage])
    guard maker >= 0, last < slot - 1 else { return false }
    // Where nothing is above the budget, what leaves is seldom of use.
    let away = last + 1 + random.below(slot - 1 - last)
    guard sequence.load(at: away) > sequence.budget || random.below(8) == 0 else {
      return false
    }
    var target = slot
    if random.below(4) == 0 { target = last + 1 + random.below(slot - last) }
    guard sequence.mayRepeat(maker, before: target) else { return false }
    return insertRerun(of: maker, before: target, depth: 0) != nil
  }

  /// Inserts a rerun and, by chance, those of operands that are not there.
  ///
  /// - Returns: The slot behind it; `nil` without room.
  private mutating func insertRerun(of node: Int, before slot: Int, depth: Int) -> Int? {
    var slot = slot
    if depth < Self.depthLimit {
      for operand in model.rereads[node] where !sequence.isLive(operand, before: slot) {
        let maker = Int(model.remaker[operand])
        guard maker >= 0, random.below(2 << depth) == 0, sequence.mayRepeat(maker, before: slot)
        else { continue }
        guard let next = insertRerun(of: maker, before: slot, depth: depth + 1) else { return nil }
        slot = next
      }
    }
    return sequence.insertRerun(of: node, before: slot)
  }

  private mutating func removeRerun() -> Bool {
    guard let run = anyRerun() else { return false }
    remove(run)
    return true
  }

  /// Takes a rerun out with those that were made for it alone.
  private mutating func remove(_ run: RunSequence.Run) {
    let others = sequence.solelyFor(run)
    sequence.remove(run)
    for other in others where sequence.isUseless(other) { remove(other) }
  }

  /// Runs a node for the first time where it ran again.
  private mutating func delayFirstRun() -> Bool {
    guard let run = anyRerun() else { return false }
    let node = sequence.node(of: run)
    guard model.makes[node].elementsEqual(model.remakes[node]) else { return false }
    let first = RunSequence.Run(node)
    let target = sequence.slot(of: run)
    sequence.remove(run)
    guard sequence.window(of: first).contains(target) else { return false }
    sequence.move(first, to: target)
    return true
  }

  private mutating func moveRun() -> Bool {
    var run = anyRun()
    if random.below(3) == 0 { run = anyRerun() ?? run }
    let source = sequence.slot(of: run)
    var window = sequence.window(of: run)
    if sequence.isAgain(run), let near = sequence.neighbours(of: run) {
      window = window.clamped(to: near)
    }
    if random.below(3) > 0 { window = window.clamped(to: source - 10...source + 10) }
    let target = window.lowerBound + random.below(window.count)
    guard target != source else { return false }
    sequence.move(run, to: target)
    return true
  }

  private mutating func anyRun() -> RunSequence.Run {
    while true {
      let slot = random.below(sequence.runs.count)
      if !sequence.isVacant(slot) { return sequence.runs[slot] }
    }
  }

  private mutating func anyRerun() -> RunSequence.Run? {
    sequence.again.isEmpty ? nil : sequence.again[random.below(sequence.again.count)]
  }

  // MARK: Chance

  /// A number from the exponential distribution of mean 1.
  private mutating func exponential() -> Double {
    Self.exponentials[random.below(Self.exponentials.count)]
  }

  /// Equally likely ones, the same on every machine: -ln of the middles of 1024 parts of 0...1.
  private static let exponentials: [Double] = (0..<1024).map { part in
    var (value, halvings) = ((Double(part) + 0.5) / 1024, 0.0)
    while value < 0.5 {
      value *= 2
      halvings += 1
    }
    return -halvings * logarithm(0.5) - logarithm(value)
  }

  /// The natural logarithm of a number from 1/2 to 1.
  private static func logarithm(_ value: Double) -> Double {
    let ratio = (value - 1) / (value + 1)
    var (sum, power) = (0.0, ratio)
    for exponent in stride(from: 1.0, to: 40, by: 2) {
      sum += power / exponent
      power *= ratio * ratio
    }
    return 2 * sum
  }
}
