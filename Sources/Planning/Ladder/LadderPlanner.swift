// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout
import Ordering

/// Makes plans that keep a budget by recomputing and spilling where order and layout alone do not.
struct LadderPlanner {
  let problem: SchedulingProblem
  let costs: CostModel
  let layout: LayoutChoice
  let recompute: LadderChoice
  let spill: SpillChoice
  /// Orders of the runs, all different, the best one first.
  var orders: [[NodeID]] = []
  /// What recomputing alone cannot be below, where the plans do nothing else.
  var recomputeFloor: RecomputeFloor?

  /// How many orders are spilled.
  private static let spilledOrders = 3
  /// How often a cheaper plan is looked for where its layout does not fit.
  private static let improvements = 3
  /// How often less is asked of the loads because the layout needs more than they say.
  private static let layoutRetries = 16
  /// How often stays that stick out are cut before that.
  private static let cuts = 3
  /// Policies of runtimes are followed in graphs up to this size.
  private static let comparedNodes = 20_000

  /// A plan's schedule and layout, with what is known of it.
  struct Found {
    let model: LadderModel
    let arrangement: LadderArrangement
    /// What was done, in words.
    let outcome: String
    /// What it costs, in seconds.
    let seconds: Double
    /// What no spilling of this order moves less than, if nothing is recomputed.
    var trafficBound: Int?
  }

  /// Whether nodes may run again. Where one of the two is asked for by `on`, the other is used only if
  /// it is asked for, too.
  var mayRecompute: Bool {
    switch recompute {
    case .off: false
    case .on: true
    case .auto: spill != .on && spill != .weights
    }
  }

  /// Whether storages that are made may wait in the second memory.
  var maySpill: Bool {
    switch spill {
    case .off: false
    case .on: true
    case .auto: recompute != .on
    case .weights: true
    }
  }

  var streamsResidents: Bool { spill == .weights }

  /// What no plan is below, in bytes of resident and arena together.
  var floorBytes: Int {
    LadderModel(of: problem, streamsResidents: streamsResidents).totalFloorBytes
  }

  /// The cheapest plan found that needs no more than a budget.
  ///
  /// - Parameter budget: Of resident bytes and arena together.
  /// - Returns: `nil` where none was found.
  func plan(within budget: Int) throws(PlanningError) -> Found? {
    let model = LadderModel(of: problem, streamsResidents: streamsResidents)
    if let recomputeFloor, budget - model.residentBytes < recomputeFloor.bytes { return nil }
    return try plan(model, within: budget, isFinal: true)
  }

  /// Among the optimum of a small graph, recomputing alone, spilling alone, and both, what is cheapest.
  ///
  /// - Parameter isFinal: Whether the price matters, not only that there is one.
  private func plan(
    _ model: LadderModel, within budget: Int, isFinal: Bool
  ) throws(PlanningError) -> Found? {
    let arena = budget - model.residentBytes
    guard arena >= model.floorBytes, mayRecompute || maySpill else { return nil }
    if let found = try optimum(model, within: arena) { return found }
    var best: Found?
    func take(_ found: Found?) -> Bool {
      guard let found else { return false }
      if best.map({ found.seconds < $0.seconds }) ?? true { best = found }
      return !isFinal
    }
    for away in [false, true] where mayRecompute && (!away || maySpill) {
      let search = RecomputeSearch(
        model, orders: orders, costs: costs, mayRecompute: true, maySpill: away)
      if take(try searched(search, away, model, within: arena, isFinal: isFinal)) { return best }
    }
    if maySpill {
      for order in orders.prefix(Self.spilledOrders) {
        if take(try spilled(order, model, within: arena)) { return best }
      }
    }
    return best
  }

  /// A plan that recomputes, its loads held so far below the budget that the layout fits; where it may
  /// spill, what is spilled and fetched is chosen anew for the runs that it ends with.
  private func searched(
    _ search: RecomputeSearch, _ away: Bool, _ model: LadderModel, within arena: Int, isFinal: Bool
  ) throws(PlanningError) -> Found? {
    var search = search
    var target = arena
    var (cuts, excess) = (0, 0)
    let first = try laidOut(model, within: arena) { missing, overhanging in
      if cuts == 0 { excess = missing }
      // What sticks out is cut a few times before all loads are lowered.
      if !overhanging.isEmpty, cuts < Self.cuts, search.shorten(overhanging, within: target) {
        cuts += 1
      } else {
        target -= excess
        cuts = 0
        search.run(within: target, isFirstEnough: !isFinal)
      }
      guard let best = search.best else { return nil }
      let spilled = away ? SpillSearch.improved(best.actions, in: model, budget: target) : nil
      return (spilled?.actions ?? best.actions, nil, "search")
    }
    guard let first, isFinal, !away else { return first }
    for attempt in 0..<Self.improvements {
      if attempt > 0 { search.run(within: target) }
      search.improve(within: target)
      guard let best = search.best, costs.seconds(of: best.actions, in: model) < first.seconds
      else { return first }
      let improved = try laidOut((best.actions, nil, "search"), model, within: arena)
      if let found = improved.found { return found }
      target -= improved.missing
    }
    return first
  }

  /// A plan that spills and never recomputes.
  private func spilled(
    _ order: [NodeID], _ model: LadderModel, within arena: Int
  ) throws(PlanningError) -> Found? {
    var search = RecomputeSearch(
      model, orders: [order], costs: costs, mayRecompute: false, maySpill: true)
    var target = arena
    return try laidOut(model, within: arena) { missing, _ in
      target -= missing
      var actions = order.map { LadderAction.run($0) }
      var found = SpillSearch.improved(actions, in: model, budget: target)
      if found == nil {
        search.run(within: target)
        guard let best = search.best else { return nil }
        actions = best.actions
        found = SpillSearch.improved(actions, in: model, budget: target)
      }
      guard let found else { return (actions, nil, "spilling") }
      return (
        found.actions, target == arena ? found.bound - found.compulsory : nil,
        found.isOptimal ? "spilling, optimal for this order" : "spilling"
      )
    }
  }

  /// Actions with what no spilling of their order moves less than, and how they were found.
  private typealias Choice = (actions: [LadderAction], bound: Int?, note: String)

  /// Lays actions out; where the layout needs more than the budget, asks for other actions.
  ///
  /// - Parameter choose: Actions, given how many bytes the last layout needed beyond the arena and the
  ///   stays that lie there; 0 and none at first.
  private func laidOut(
    _ model: LadderModel, within arena: Int, _ choose: (Int, [Residencies.Stay]) -> Choice?
  ) throws(PlanningError) -> Found? {
    var (missing, overhanging): (Int, [Residencies.Stay]) = (0, [])
    for _ in 0..<Self.layoutRetries {
      guard let choice = choose(missing, overhanging) else { return nil }
      let tried = try laidOut(choice, model, within: arena)
      if let found = tried.found { return found }
      (missing, overhanging) = (tried.missing, tried.overhanging)
    }
    return nil
  }

  /// Actions with offsets, or how many bytes the layout needs beyond the arena and what lies there.
  private func laidOut(
    _ choice: Choice, _ model: LadderModel, within arena: Int
  ) throws(PlanningError) -> (found: Found?, missing: Int, overhanging: [Residencies.Stay]) {
    let actions = choice.actions
    let residencies: Residencies
    do throws(Residencies.Fault) {
      residencies = try Residencies(of: actions, in: model)
    } catch { preconditionFailure("a ladder's actions can be executed: \(error)") }
    let arrangement = try LadderArrangement(of: actions, residencies, in: model, layout: layout)
    guard arrangement.arenaBytes <= arena else {
      let overhanging = zip(residencies.stays, arrangement.offsets).filter { stay, offset in
        offset + model.bytes[stay.storage] > arena
      }
      return (nil, arrangement.arenaBytes - arena, overhanging.map(\.0))
    }
    let found = Found(
      model: model, arrangement: arrangement,
      outcome: "\(choice.note): \(Self.words(for: actions)); layout by \(arrangement.winner)",
      seconds: costs.seconds(of: actions, in: model), trafficBound: choice.bound)
    return (found, 0, [])
  }

  /// The cheapest plan of a small graph over all orders, if its layout needs no more than its loads.
  private func optimum(
    _ model: LadderModel, within arena: Int
  ) throws(PlanningError) -> Found? {
    guard
      let search = LadderExact(
        model, problem.dependencies, costs: costs, budget: arena, mayRecompute: mayRecompute,
        maySpill: maySpill),
      case .optimal(let found) = search.answer()
    else { return nil }
    let actions = model.withoutUseless(found)
    return try laidOut((actions, nil, "optimal over all orders"), model, within: arena).found
  }

  private static func words(for actions: [LadderAction]) -> String {
    var counts: [PlanStep.Kind: Int] = [:]
    for action in actions { counts[action.kind, default: 0] += 1 }
    let parts = [(PlanStep.Kind.recompute, "recomputes"), (.spill, "spills"), (.fetch, "fetches")]
    return parts.map { "\(counts[$0.0] ?? 0) \($0.1)" }.joined(separator: ", ")
  }

  /// What runtimes that make room by a policy would spill and fetch, by the policy's name, in the best
  /// of some orders, if they could compact their arena at no cost.
  func baselines(_ orders: [Schedule], within budget: Int) -> [String: Int] {
    let model = LadderModel(of: problem, streamsResidents: streamsResidents)
    guard model.nodeCount <= Self.comparedNodes else { return [:] }
    var result: [String: Int] = [:]
    for policy in SpillBaseline.Policy.allCases {
      for order in orders {
        guard
          let actions = SpillBaseline.schedule(
            order.order, in: model, policy: policy, arena: .counted,
            budget: budget - model.residentBytes)
        else { continue }
        let bytes = SpillSearch.traffic(of: actions, in: model)
        result[policy.rawValue] = min(result[policy.rawValue] ?? .max, bytes)
      }
    }
    return result
  }

  /// The smallest budget for which a plan is found, to within a 1/256 of what lies between floor and
  /// what is enough; and that plan.
  ///
  /// - Parameter enough: A budget that is kept without recompute and spill.
  func smallestBudget(
    above budget: Int, enough: Int
  ) throws(PlanningError) -> (budget: Int, found: Found)? {
    let model = LadderModel(of: problem, streamsResidents: streamsResidents)
    let floor = recomputeFloor?.bytes ?? model.floorBytes
    var low = max(budget, model.residentBytes + floor - 1)
    var high = enough
    var best: (budget: Int, found: Found)?
    if low + 1 < high, let found = try plan(model, within: low + 1, isFinal: false) {
      return (model.residentBytes + found.arrangement.arenaBytes, found)
    }
    let step = max(1, (high - low) / 256)
    while high - low > step {
      let middle = low + (high - low) / 2
      if let found = try plan(model, within: middle, isFinal: false) {
        high = model.residentBytes + found.arrangement.arenaBytes
        best = (high, found)
      } else {
        low = middle
      }
    }
    return best
  }
}
