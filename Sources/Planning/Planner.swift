// SPDX-License-Identifier: Apache-2.0

public import GraphIR
import MemoryLayout
public import Ordering

/// Turns a graph into a plan: passes, order, layout, proof, check.
///
/// The stages are those of ``plan(_:model:progress:)``, top to bottom. The file's order and ONNX
/// Runtime's default order are planned beside ours, and the smallest arena wins, so that a plan is
/// never worse than either.
public struct Planner: Sendable {
  /// How memory is counted.
  public var memory: MemoryModel
  /// Which order is taken.
  public var order: OrderChoice
  /// How far the search for an order goes.
  public var limits: SearchLimits
  /// The rewrites that run first.
  public var passes: [any GraphPass]
  /// What resident bytes and arena together may need.
  public var budget: ByteCount?

  public init(
    memory: MemoryModel = MemoryModel(), order: OrderChoice = .auto,
    limits: SearchLimits = SearchLimits(), passes: [any GraphPass] = [], budget: ByteCount? = nil
  ) {
    self.memory = memory
    self.order = order
    self.limits = limits
    self.passes = passes
    self.budget = budget
  }

  /// What the planner is busy with.
  public enum Stage: String, Hashable, Sendable, CaseIterable {
    case rewriting
    case ordering
    case layout = "laying out"
    case checking
  }

  /// Plans a graph. Being over the budget is an answer, not an error.
  ///
  /// - Parameters:
  ///   - model: Where the graph came from.
  ///   - progress: Called at the start of each stage.
  /// - Returns: A plan that ``PlanChecker`` has found right.
  /// - Throws: ``PlanningError``.
  /// - Complexity: That of the passes, schedulers and layout members; all of them near-linear.
  public func plan(
    _ graph: Graph, model: PlannedModel, progress: (Stage) -> Void = { _ in }
  ) throws(PlanningError) -> ExecutionPlan {
    progress(.rewriting)
    var graph = graph
    let entries: [PassPipeline.Entry]
    do throws(GraphError) {
      entries = try PassPipeline(passes).run(on: &graph)
    } catch { throw .graph(error) }

    progress(.ordering)
    let problem = SchedulingProblem(graph, model: memory)
    let found = try order(problem)

    progress(.layout)
    let file = try arrangement(of: problem, FileOrder())
    let ortDefault = try arrangement(of: problem, ORTDefaultOrder())
    // The best order is often one of the two, which is laid out already.
    var arrangement: Arrangement
    if let same = [file, ortDefault].first(where: { $0.schedule == found.schedule }) {
      arrangement = same
    } else {
      arrangement = try Arrangement(of: found.schedule, of: problem)
    }
    var outcome = "\(found.winner), \(found.outcome)"
    if order == .auto {
      for (other, name) in [(file, FileOrder.name), (ortDefault, ORTDefaultOrder.name)]
      where other.isSmaller(than: arrangement) {
        arrangement = other
        outcome = "\(name), for an arena smaller than that of \(found.winner)"
      }
    }

    var plan = PlanAssembly(problem: problem, arrangement: arrangement).plan(
      model: model, options: options)
    plan.setBudget(budget)
    plan.summary.baselines = found.baselines
    plan.summary.baselines["fileOrder"] = file.baseline
    plan.summary.baselines["ortDefaultOrder"] = ortDefault.baseline
    let filePeak = file.lifetimes.peakBytes
    plan.passes = entries.map {
      PlanPass(
        name: $0.name, changed: $0.report.changed, peakBefore: filePeak, peakAfter: filePeak,
        outcome: $0.report.outcome)
    }
    plan.passes.append(
      PlanPass(
        name: "order", changed: arrangement.schedule != file.schedule, peakBefore: filePeak,
        peakAfter: arrangement.lifetimes.peakBytes,
        outcome: outcome))
    plan.passes.append(
      PlanPass(
        name: "layout", changed: false, peakBefore: arrangement.lifetimes.peakBytes,
        peakAfter: arrangement.lifetimes.peakBytes, outcome: arrangement.outcome))

    progress(.checking)
    return try checked(plan, of: problem, found.bound, at: arrangement.schedule)
  }

  /// The plan with the strongest bound that the checker confirms.
  ///
  /// The checker derives bounds by means of its own, and where a search has gone further than those
  /// reach, the plan states the simplest bound instead, and that it does.
  private func checked(
    _ plan: ExecutionPlan, of problem: SchedulingProblem, _ bound: LowerBound, at schedule: Schedule
  ) throws(PlanningError) -> ExecutionPlan {
    var plan = plan
    plan.setProof(of: bound, in: problem, at: schedule)
    var violations = PlanChecker.violations(in: plan, against: problem.graph)
    let isOnlyUnconfirmed = violations.allSatisfy {
      if case .brokenWitness = $0 { true } else { false }
    }
    if !violations.isEmpty, isOnlyUnconfirmed {
      plan.setProof(of: WorkingSetBound.bound(of: problem), in: problem, at: schedule)
      plan.passes.append(
        PlanPass(
          name: "bound", changed: false, peakBefore: plan.summary.peakBytes,
          peakAfter: plan.summary.peakBytes,
          outcome: "a \(bound.proof.rawValue) bound of \(bound.bytes) bytes is not confirmed"))
      violations = PlanChecker.violations(in: plan, against: problem.graph)
    }
    guard violations.isEmpty else { throw .checkFailed(violations) }
    return plan
  }

  private func order(_ problem: SchedulingProblem) throws(PlanningError) -> ChosenOrder {
    do throws(OrderingError) {
      return try order.choose(for: problem, limits: limits)
    } catch { throw .ordering(error) }
  }

  private func arrangement(
    of problem: SchedulingProblem, _ scheduler: some Scheduler
  ) throws(PlanningError) -> Arrangement {
    let schedule: Schedule
    do throws(OrderingError) {
      schedule = try scheduler.schedule(for: problem)
    } catch { throw .ordering(error) }
    return try Arrangement(of: schedule, of: problem)
  }

  private var options: PlanOptions {
    PlanOptions(
      alignment: memory.alignment, inplace: memory.inPlace.rawValue, io: memory.io.rawValue,
      order: order.name, layout: "auto", budgetBytes: budget?.value)
  }
}
