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
  mutating func tighten(by order: [Int], profile: [Int], limit: Int, deadline: Deadline) {
    var hot = order.indices.filter { profile[$0] > bytes && !isCut[order[$0]] }
    hot.sort { (profile[$1], $0) < (profile[$0], $1) }
    let unknown = hot.prefix(Self.forcedLimit).map { order[$0] }.filter { forced[$0] == 0 }
    if !unknown.isEmpty, !deadline.isOver {
      let values = ForcedBound.bytes(at: unknown, in: reduced.model)
      for (operation, value) in zip(unknown, values) { forced[operation] = value }
      // What is forced at an operator is part of its cut, and tells where the cut will be high.
      if let most = hot.max(by: { forced[order[$0]] < forced[order[$1]] }),
        forced[order[most]] > bytes
      {
        cut(at: order[most])
      }
    }
    var left = limit
    for step in hot where profile[step] > bytes && !isCut[order[step]] {
      guard left > 0, visitsLeft > 0, !deadline.isOver else { return }
      cut(at: order[step])
      left -= 1
    }
  }

  private mutating func cut(at operation: Int) {
    isCut[operation] = true
    let limit = min(visitsLeft, Self.visitLimit)
    guard let cut = CutBound(at: operation, in: reduced.model, visitLimit: limit) else {
      visitsLeft -= limit
      return
    }
    visitsLeft -= cut.visits
    if cut.bytes > bytes { accept(cut.bytes, .minimumCut, (operation, cut.bytes, cut.downset)) }
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
