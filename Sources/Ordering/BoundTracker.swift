// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// The best lower bound found so far on a reduced problem, and what explains it.
struct BoundTracker {
  private let problem: SchedulingProblem
  private let given: OrderModel
  private let reduced: ReducedModel
  /// No order of the reduced model has a peak below this.
  private(set) var bytes: Int
  private var proof: LowerBound.Proof
  /// The operator and set of the best cut; `nil` while the simplest bound is the best.
  private var best: (operation: Int, bytes: Int, downset: [Bool])?
  private let simplest: LowerBound
  /// What every peak of the problem is a multiple of, in bytes.
  private let granule: Int
  /// The operators whose least cut is known.
  private var isCut: [Bool]
  /// What is forced at each operator; 0 where it was not computed.
  private var forced: [Int]
  /// Edges of cut networks that may still be looked at.
  private var visitsLeft = 120_000_000
  /// What one cut may look at.
  private static let visitLimit = 20_000_000

  /// Operators whose forced bytes are computed at most, the hottest first.
  private static let forcedLimit = 16_384

  /// Starts from the working sets, the inputs and the outputs.
  init(_ problem: SchedulingProblem, given: OrderModel, reduced: ReducedModel) {
    self.problem = problem
    self.given = given
    self.reduced = reduced
    granule = given.granule
    simplest = WorkingSetBound.bound(of: problem)
    bytes = simplest.bytes
    proof = simplest.proof
    isCut = [Bool](repeating: false, count: reduced.model.count)
    forced = [Int](repeating: 0, count: reduced.model.count)
    let model = reduced.model
    if let end = EndBound.bound(of: model), end.bytes > bytes {
      var downset = [Bool](repeating: true, count: model.count)
      downset[end.operation] = false
      accept(end.bytes, .outputs, (end.operation, end.bytes, downset))
    }
    if let start = EndBound.bound(of: model.reversed()), start.bytes > bytes {
      let downset = [Bool](repeating: false, count: model.count)
      accept(start.bytes, .inputs, (start.operation, start.bytes, downset))
    }
  }

  private mutating func accept(
    _ bytes: Int, _ proof: LowerBound.Proof, _ best: (Int, Int, [Bool])
  ) {
    self.bytes = bytes
    self.proof = proof
    self.best = (best.0, best.1, best.2)
  }

  /// Raises the bound to what a search has proven, and on to the next peak that is possible.
  mutating func raise(to bytes: Int) {
    let (quotient, remainder) = bytes.quotientAndRemainder(dividingBy: granule)
    let bytes = remainder == 0 ? bytes : (quotient + 1) * granule
    guard bytes > self.bytes else { return }
    self.bytes = bytes
    proof = .search
  }

  /// Cuts at the operators that are hotter than the bound in an order, the hottest first.
  ///
  /// - Parameters:
  ///   - profile: The bytes live at each step of the order.
  ///   - limit: How many cuts to make.
  ///   - patience: How many cuts in a row may raise nothing.
  ///   - team: Who makes them.
  mutating func tighten(
    by order: [Int], profile: [Int], limit: Int, patience: Int, team: Team,
    deadline: Deadline
  ) {
    var hot = order.indices.filter { profile[$0] > bytes && !isCut[order[$0]] }
    hot.sort { (profile[$1], $0) < (profile[$0], $1) }
    let unknown = hot.prefix(Self.forcedLimit).map { order[$0] }.filter { forced[$0] == 0 }
    if !unknown.isEmpty, !deadline.isOver {
      let values = ForcedBound.bytes(
        at: unknown, in: reduced.model, team: team, deadline: deadline)
      for (operation, value) in zip(unknown, values) { forced[operation] = value }
      // What is forced at an operator is part of its cut, and tells where the cut will be high.
      if let most = hot.max(by: { forced[order[$0]] < forced[order[$1]] }),
        forced[order[most]] > bytes
      {
        cut(
          [order[most]], patience: 1, while: { _, _ in true }, team: team, deadline: deadline)
      }
    }
    let steps = hot.filter { profile[$0] > bytes && !isCut[order[$0]] }.prefix(limit)
    // The hottest come first: where one is no hotter than the bound, none after it is.
    cut(
      steps.map { order[$0] }, patience: patience,
      while: { index, bytes in profile[steps[index]] > bytes },
      team: team, deadline: deadline)
  }

  /// Cuts at operators one after the other.
  ///
  /// - Parameter isWanted: Whether the cut at a position is still of use under a bound.
  private mutating func cut(
    _ operations: [Int], patience: Int, while isWanted: (Int, Int) -> Bool, team: Team,
    deadline: Deadline
  ) {
    guard visitsLeft > 0, !deadline.isOver else { return }
    let model = reduced.model
    var failures = 0
    team.run(operations.count, deadline: deadline) { index, deadline in
      deadline.isOver
        ? nil
        : CutBound(
          at: operations[index], in: model, visitLimit: Self.visitLimit, deadline: deadline)
    } take: { index, cut in
      guard isWanted(index, bytes), visitsLeft > 0, !deadline.isOver else { return false }
      let operation = operations[index]
      isCut[operation] = true
      visitsLeft -= cut?.visits ?? Self.visitLimit
      if let cut, cut.bytes > bytes {
        accept(cut.bytes, .minimumCut, (operation, cut.bytes, cut.downset))
        failures = 0
      } else {
        failures += 1
      }
      return failures < patience
        && (index + 1 == operations.count || isWanted(index + 1, bytes))
    }
  }

  /// The bound with its explanation in terms of the graph.
  func result() -> LowerBound {
    guard let best else {
      return LowerBound(bytes: bytes, proof: proof, witness: simplest.witness)
    }
    let model = reduced.model
    let inside = (0..<model.count).filter { best.downset[$0] && $0 != best.operation }
    let outside = (0..<model.count).filter { !best.downset[$0] && $0 != best.operation }
    let order = reduced.expanded(inside + [best.operation] + outside)
    let node = NodeID(reduced.lead(of: best.operation))
    // The simpler argument, where it is enough: it names no set that may have run before.
    if proof == .minimumCut {
      let forced = problem.forcedWitness(at: node, model: given)
      if forced.bytes == best.bytes {
        return LowerBound(bytes: bytes, proof: .forced, witness: forced)
      }
    }
    let exact = problem.witness(at: node, in: order, model: given, grantsTakeovers: false)
    let witness =
      exact.bytes == best.bytes
      ? exact : problem.witness(at: node, in: order, model: given, grantsTakeovers: true)
    return LowerBound(bytes: bytes, proof: proof, witness: witness)
  }
}

extension OrderModel {
  /// The greatest number that divides all sizes, and with them what is live at any step; at least 1.
  var granule: Int {
    var divisor = permanentBytes
    func take(_ size: Int) {
      var (a, b) = (size, divisor)
      while b != 0 { (a, b) = (b, a % b) }
      divisor = a
    }
    for storage in 0..<storageCount where touchers.length(storage) > 0 { take(bytes[storage]) }
    for workspace in workspaces { take(workspace) }
    return max(divisor, 1)
  }
}
