// SPDX-License-Identifier: Apache-2.0

import Cancellation
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
  /// What recomputing alone cannot be below, where nodes may run again.
  var recomputeFloor: RecomputeFloor?
  /// Whoever may end the work.
  var cancellation: CancellationFlag?
  /// How many threads work at a time; what is found does not depend on it.
  var jobs = 1
  /// Whether there is time for minutes of annealing.
  var mayAnneal = true

  /// How many orders are spilled.
  private static let spilledOrders = 3
  /// How often a cheaper plan is looked for where its layout does not fit.
  private static let improvements = 3
  /// How often, where sequences are annealed; and how many of them are laid out each time.
  private static let (annealings, laidOutAnnealings) = (8, 4)
  /// Loads that are annealed begin no lower than this part of the arena.
  private static let annealedPart = 0.975
  /// Policies of runtimes are followed in graphs up to this size.
  private static let comparedNodes = 20_000

  /// How hard a plan is looked for.
  private struct Effort {
    /// Whether the price matters, not only that there is a plan.
    var wantsCheapest: Bool
    /// How many loads are laid out, each lower than the one before.
    var layouts: Int
    /// The work of a layout's searches.
    var layoutWork: Int

    static let full = Effort(wantsCheapest: true, layouts: 24, layoutWork: 30_000_000)
    static let quick = Effort(wantsCheapest: false, layouts: 8, layoutWork: 10_000_000)
  }

  /// A plan's schedule and layout, with what is known of it.
  struct Found {
    let model: LadderModel
    let arrangement: LadderArrangement
    /// What was done, in words.
    let outcome: String
    /// What it costs, in seconds.
    let seconds: Double
    /// Whether no plan costs less, by any means that may be used and in any order.
    var isOptimal = false
    /// What no spilling of this order moves less than, if nothing is recomputed.
    var trafficBound: Int?
    /// What no recomputing in this order costs less than, if nothing is spilled, in operations.
    var recomputeBound: Int?
    /// What no recomputing in any order costs less than, if nothing is spilled, in operations.
    var recomputeAnyOrderBound: Int?
    /// What recomputing and spilling cost at least, in this order and in any, in seconds.
    var costBound: (thisOrder: Double, anyOrder: Double)?

    /// Whether nodes run again and nothing is spilled.
    var recomputesAlone: Bool {
      let kinds = arrangement.actions.lazy.map(\.kind)
      return kinds.contains(.recompute) && !kinds.contains(.spill) && !kinds.contains(.fetch)
    }
  }

  /// Whether nodes may run again.
  var mayRecompute: Bool { recompute.allowsRecompute(beside: spill) }

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

  /// What the plans cannot be below where they recompute and do nothing else.
  var ownFloor: RecomputeFloor? { maySpill ? nil : recomputeFloor }

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
    if let floor = ownFloor, budget - model.residentBytes < floor.bytes { return nil }
    // A budget that was told as one that is enough is so here, too.
    var found = try plan(model, within: budget, .full)
    if found == nil { found = try plan(model, within: budget, .quick) }
    return found.map { bounded($0, within: budget - model.residentBytes) }
  }

  /// Among the optimum of a small graph, recomputing alone, spilling alone, and both, what is cheapest.
  private func plan(
    _ model: LadderModel, within budget: Int, _ effort: Effort
  ) throws(PlanningError) -> Found? {
    let arena = budget - model.residentBytes
    guard arena >= model.floorBytes, mayRecompute || maySpill else { return nil }
    if let found = try optimum(model, within: arena) { return found }
    var best: Found?
    func take(_ found: Found?) -> Bool {
      guard let found else { return false }
      if best.map({ found.seconds < $0.seconds }) ?? true {
        // What is proven holds for all plans.
        let bound = best?.costBound
        best = found
        best?.costBound = bound
      }
      return !effort.wantsCheapest || found.seconds == 0
    }
    let isRuledOut = recomputeFloor.map { arena < $0.bytes } ?? false
    for away in [false, true] where mayRecompute && (away ? maySpill : !isRuledOut) {
      if away, effort.wantsCheapest, isNearBound(&best, within: arena) { return best }
      var search = RecomputeSearch(
        model, orders: orders, dependencies: problem.dependencies, costs: costs,
        mayRecompute: true, maySpill: away)
      search.cancellation = cancellation
      if take(try searched(search, model, within: arena, effort)) { return best }
    }
    if maySpill, !isNearBound(&best, within: arena) {
      for order in orders.prefix(Self.spilledOrders) {
        let found = try spilled(order, model, within: arena, effort, below: best?.seconds)
        if take(found) { return best }
      }
    }
    return best
  }

  /// A plan that recomputes, its loads held so far below the budget that the layout fits; where it may
  /// spill, what is spilled and fetched is chosen anew for the runs that it ends with.
  private func searched(
    _ search: RecomputeSearch, _ model: LadderModel, within arena: Int, _ effort: Effort
  ) throws(PlanningError) -> Found? {
    var search = search
    var reached = arena
    let first = try laidOut(model, within: arena, effort) { target in
      reached = target
      search.run(within: target, isFirstEnough: !effort.wantsCheapest)
      return chosen(by: search, model, within: target)
    }
    guard let first, effort.wantsCheapest, first.seconds > 0 else { return first }
    let found = try improved(first, &search, model, within: arena, reached, effort)
    // Where layouts meet the loads, annealing has hardly ever come to less.
    guard mayAnneal, !search.maySpill, reached < arena else { return found }
    return try annealed(found, reached, search, model, within: arena, effort)
  }

  /// What a search found; where it may spill, with what is spilled and fetched chosen anew.
  private func chosen(
    by search: RecomputeSearch, _ model: LadderModel, within target: Int
  ) -> Choice? {
    guard var actions = search.best?.actions else { return nil }
    if search.maySpill,
      let spilled = SpillSearch.improved(
        actions, in: model, budget: target, limits: .besideReruns)
    {
      actions = spilled.actions
    }
    return (actions, nil, "search")
  }

  /// A cheaper plan than the first one, if one is found by executing its order again and again.
  private func improved(
    _ first: Found, _ search: inout RecomputeSearch, _ model: LadderModel, within arena: Int,
    _ reached: Int, _ effort: Effort
  ) throws(PlanningError) -> Found {
    var reached = reached
    for attempt in 0..<Self.improvements {
      if attempt > 0 { search.run(within: reached) }
      search.improve(within: reached)
      guard let choice = chosen(by: search, model, within: reached),
        costs.seconds(of: choice.actions, in: model) < first.seconds
      else { return first }
      let improved = try laidOut(choice, model, within: arena, effort)
      if let found = improved.found { return found }
      reached = Self.lower(reached, by: improved.missing, of: arena, after: attempt)
    }
    return first
  }

  /// A cheaper plan than the one found, if annealing leads to one.
  private func annealed(
    _ found: Found, _ reached: Int, _ search: RecomputeSearch, _ model: LadderModel,
    within arena: Int, _ effort: Effort
  ) throws(PlanningError) -> Found {
    var starts = search.starts
    if starts.isEmpty || isCheap(found, within: arena) { return found }
    var best = found
    // A little above the loads that were laid out, as annealed ones may be luckier.
    var reached = min(arena, max(reached + arena / 100, Int(Double(arena) * Self.annealedPart)))
    for attempt in 0..<Self.annealings {
      let cheaper = search.annealed(within: reached, from: starts, jobs: jobs).filter {
        costs.seconds(of: $0.actions, in: model) < best.seconds
      }
      if let cancellation, cancellation.isCancelled { throw .cancelled }
      guard !cheaper.isEmpty else { return best }
      var missing = arena
      for (rank, choice) in cheaper.prefix(Self.laidOutAnnealings).enumerated() {
        let tried = try laidOut((choice.actions, nil, "annealing"), model, within: arena, effort)
        if let found = tried.found {
          if rank == 0 { return found }
          // A dearer one had the luckier layout; the cheapest may have one a little lower down.
          best = found
          break
        }
        missing = min(missing, tried.missing)
      }
      reached = Self.lower(reached, by: missing, of: arena, after: attempt)
      // Two from the cheapest one, by different random numbers, and one each from the next two.
      starts = (cheaper.prefix(1) + cheaper.prefix(3)).map {
        RecomputeSearch.Start(actions: $0.actions, heat: .medium)
      }
    }
    return best
  }

  /// A plan that spills and never recomputes.
  ///
  /// - Parameter known: What costs no less than so many seconds is of no use.
  private func spilled(
    _ order: [NodeID], _ model: LadderModel, within arena: Int, _ effort: Effort,
    below known: Double?
  ) throws(PlanningError) -> Found? {
    let enough = known.map { costs.bytes(inSeconds: $0) } ?? .max
    var search = RecomputeSearch(
      model, orders: [order], costs: costs, mayRecompute: false, maySpill: true)
    search.cancellation = cancellation
    return try laidOut(model, within: arena, effort) { target in
      var actions = order.map { LadderAction.run($0) }
      var found = SpillSearch.improved(actions, in: model, budget: target, below: enough)
      if found == nil {
        search.run(within: target)
        guard let best = search.best else { return nil }
        actions = best.actions
        found = SpillSearch.improved(actions, in: model, budget: target, below: enough)
      }
      guard let found else { return (actions, nil, "spilling") }
      guard found.bound < enough else { return nil }
      return (
        found.actions, target == arena ? found.bound - found.compulsory : nil,
        found.isOptimal ? "spilling, optimal for this order" : "spilling"
      )
    }
  }

  /// Actions with what no spilling of their order moves less than, and how they were found.
  private typealias Choice = (actions: [LadderAction], bound: Int?, note: String)

  /// Lays actions out; where the layout needs more than the arena, asks for others with lower loads.
  ///
  /// - Parameter choose: Actions with loads of at most so many bytes.
  private func laidOut(
    _ model: LadderModel, within arena: Int, _ effort: Effort, _ choose: (Int) -> Choice?
  ) throws(PlanningError) -> Found? {
    var target = arena
    for attempt in 0..<effort.layouts {
      let choice = choose(target)
      if let cancellation, cancellation.isCancelled { throw .cancelled }
      guard let choice else { return nil }
      let tried = try laidOut(choice, model, within: arena, effort)
      if let found = tried.found { return found }
      target = Self.lower(target, by: tried.missing, of: arena, after: attempt)
    }
    return nil
  }

  /// What loads are lowered to after a layout that missed the arena: by what it missed, or by less. A
  /// search meets an arena that is 2 % above the loads nearly always, and misses others by luck, so that
  /// by how much says little.
  private static func lower(
    _ target: Int, by missing: Int, of arena: Int, after attempt: Int
  ) -> Int {
    target - min(missing, max(1, arena / 200 * (1 + attempt / 4)))
  }

  /// Actions with offsets, or how many bytes the layout needs beyond the arena.
  private func laidOut(
    _ choice: Choice, _ model: LadderModel, within arena: Int, _ effort: Effort
  ) throws(PlanningError) -> (found: Found?, missing: Int) {
    let actions = choice.actions
    let residencies: Residencies
    do throws(Residencies.Fault) {
      residencies = try Residencies(of: actions, in: model)
    } catch { preconditionFailure("a ladder's actions can be executed: \(error)") }
    let arrangement = try LadderArrangement(
      of: actions, residencies, in: model, layout: layout, capacity: arena,
      searchWork: effort.layoutWork, cancellation: cancellation)
    guard arrangement.arenaBytes <= arena else { return (nil, arrangement.arenaBytes - arena) }
    let found = Found(
      model: model, arrangement: arrangement,
      outcome: "\(choice.note): \(Self.words(for: actions)); layout by \(arrangement.winner)",
      seconds: costs.seconds(of: actions, in: model), trafficBound: choice.bound)
    return (found, 0)
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
    let choice: Choice = (actions, nil, "optimal over all orders")
    var optimum = try laidOut(choice, model, within: arena, .full).found
    optimum?.isOptimal = true
    return optimum
  }

  private static func words(for actions: [LadderAction]) -> String {
    var counts: [PlanStep.Kind: Int] = [:]
    for action in actions { counts[action.kind, default: 0] += 1 }
    let parts = [(PlanStep.Kind.recompute, "recomputes"), (.spill, "spills"), (.fetch, "fetches")]
    guard parts.contains(where: { counts[$0.0, default: 0] > 0 }) else {
      return "nothing runs again or is moved"
    }
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
  /// - Returns: A budget within which ``plan(within:)`` finds one.
  func smallestBudget(
    above budget: Int, enough: Int
  ) throws(PlanningError) -> (budget: Int, found: Found)? {
    let model = LadderModel(of: problem, streamsResidents: streamsResidents)
    let floor = ownFloor?.bytes ?? model.floorBytes
    var low = max(budget, model.residentBytes + floor - 1)
    var high = enough
    // The plan, what it needs, and the budget that it was found for.
    var best: (found: Found, needs: Int, budget: Int)?
    func isEnough(_ budget: Int) throws(PlanningError) -> Bool {
      guard let found = try plan(model, within: budget, .quick) else { return false }
      let needs = model.residentBytes + found.arrangement.arenaBytes
      if best.map({ needs < $0.needs }) ?? true { best = (found, needs, budget) }
      return true
    }
    if low + 1 < high, try isEnough(low + 1) { high = low + 1 }
    let step = max(1, (high - low) / 256)
    while high - low > step {
      let middle = low + (high - low) / 2
      if try isEnough(middle) { high = min(middle, best?.needs ?? middle) } else { low = middle }
    }
    guard let best else { return nil }
    // A search for no more than a plan needs may miss it.
    guard best.needs < best.budget, try plan(model, within: best.needs, .quick) == nil else {
      return (best.needs, best.found)
    }
    return (best.budget, best.found)
  }
}
