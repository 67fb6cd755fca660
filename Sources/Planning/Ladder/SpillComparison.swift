// SPDX-License-Identifier: Apache-2.0

public import GraphIR
import IntegerProgramming
import MemoryLayout
import Ordering

/// What spilling costs a graph at a budget, beside what the policies of runtimes pay for the same: the
/// comparison of COSMA's evaluation (arXiv 2311.18246, section 6).
///
/// Traffic is what is spilled and fetched beyond what no plan avoids, in bytes. Nothing runs again.
public struct SpillComparison: Sendable {
  /// The figures of one budget.
  public struct Row: Hashable, Sendable {
    /// The budget for the arena, in bytes.
    public var budgetBytes: Int
    /// The traffic of the best plan found; absent where there is none.
    public var traffic: Int?
    /// The arena that this plan's addresses need, in bytes.
    public var arenaBytes: Int?
    /// What no plan in this plan's order moves less than.
    public var orderBound: Int
    /// What no plan in any order moves less than.
    public var anyOrderBound: Int
    /// The least traffic of each policy over the orders, by name; absent where it found no room.
    public var baselines: [String: Int]
  }

  /// The largest working set of one node, M_R: nothing runs below.
  public let floorBytes: Int
  /// The peak of the best order found, M_P.
  public let peakBytes: Int
  /// Whether no order has a lower peak; known only without streaming.
  public let isPeakProven: Bool
  /// What every plan moves: what is at home in the second memory.
  public let compulsoryBytes: Int

  private let problem: SchedulingProblem
  private let model: LadderModel
  private let orders: [[NodeID]]

  /// Finds orders.
  ///
  /// - Parameters:
  ///   - graph: The graph, valid.
  ///   - memory: How memory is counted.
  ///   - streamsResidents: Whether weights are in the second memory and fetched to be used.
  /// - Throws: ``PlanningError``.
  /// - Complexity: That of the searches for orders.
  public init(
    of graph: Graph, memory: MemoryModel, streamsResidents: Bool
  ) throws(PlanningError) {
    problem = SchedulingProblem(graph, model: memory.withoutSlices)
    model = LadderModel(of: problem, streamsResidents: streamsResidents)
    let file = Array(graph.nodeIDs)
    do throws(OrderingError) {
      let found = try OrderChoice.auto.choose(for: problem, limits: SearchLimits())
      let ort = try ORTDefaultOrder().schedule(for: problem)
      var orders = [found.schedule.order]
      for order in [file, ort.order] where !orders.contains(order) { orders.append(order) }
      self.orders = orders
      let model = model
      let peaks = orders.map { order in
        SpillGaps(order.map { .run($0) }, in: model, budget: .max).loads.max() ?? 0
      }
      peakBytes = peaks.min() ?? 0
      isPeakProven = !streamsResidents && found.bound.bytes >= peakBytes
    } catch { throw .ordering(error) }
    floorBytes = model.floorBytes
    compulsoryBytes =
      SpillGaps(file.map { .run($0) }, in: model, budget: .max).compulsoryBytes
  }

  /// Compares at one budget.
  ///
  /// - Throws: ``PlanningError/layout(_:)``.
  /// - Complexity: That of a spill search for each order and baseline.
  public func row(at budget: Int) throws(PlanningError) -> Row {
    var row = Row(
      budgetBytes: budget, orderBound: 0,
      anyOrderBound: AnyOrderSpillBound(model, problem.dependencies, budget: budget).bytes
        - compulsoryBytes,
      baselines: [:])
    var starts = orders.map { order in order.map { LadderAction.run($0) } }
    for policy in SpillBaseline.Policy.allCases {
      for arena in SpillBaseline.Arena.allCases {
        for order in orders {
          guard
            let found = SpillBaseline.schedule(
              order, in: model, policy: policy, arena: arena, budget: budget)
          else { continue }
          let name = arena == .counted ? policy.rawValue : "\(policy.rawValue)-addressed"
          let moved = SpillSearch.traffic(of: found, in: model) - compulsoryBytes
          row.baselines[name] = min(row.baselines[name] ?? .max, moved)
          starts.append(found)
        }
      }
    }
    for start in starts { try improve(&row, start, budget) }
    row.anyOrderBound = max(row.anyOrderBound, cutBound(budget, row.traffic ?? .max))
    return row
  }

  /// What chains of moments prove for any order, with an operation for each byte.
  private func cutBound(_ budget: Int, _ known: Int) -> Int {
    let costs = CostModel(
      of: problem.graph, table: CostTable(flopsPerSecond: 1, bytesPerSecond: 1))
    return AnyOrderRecomputeBound(
      in: model, problem.dependencies, costs: costs, within: budget, known: known,
      by: LadderMeans(spillingIn: model, costs: costs, mayRecompute: false)
    ).flops
  }

  /// Takes the best plan from a start if it moves less than the one known, or as much with a higher
  /// bound.
  private func improve(
    _ row: inout Row, _ start: [LadderAction], _ budget: Int
  ) throws(PlanningError) {
    var target = budget
    for _ in 0..<4 {
      guard target >= floorBytes,
        let found = SpillSearch.improved(start, in: model, budget: target)
      else { return }
      let moved = found.traffic - compulsoryBytes
      let bound = target == budget ? found.bound - compulsoryBytes : 0
      if let known = row.traffic, (moved, -bound) >= (known, -row.orderBound) { return }
      let residencies: Residencies
      do throws(Residencies.Fault) {
        residencies = try Residencies(of: found.actions, in: model)
      } catch { return }
      let arrangement = try LadderArrangement(
        of: found.actions, residencies, in: model, layout: .auto)
      if arrangement.arenaBytes <= budget {
        (row.traffic, row.arenaBytes, row.orderBound) = (moved, arrangement.arenaBytes, bound)
        return
      }
      target -= arrangement.arenaBytes - budget
    }
  }
}
