// SPDX-License-Identifier: Apache-2.0

public import GraphIR

/// Decides whether a plan is right, from the graph and the plan alone.
///
/// Everything is derived anew, by other means than the planner's: no code is shared with what makes
/// plans, so a fault there cannot hide here. Rules are checked in stages, each of which relies on
/// the ones before: the format and its numbers; the model; the graphs that nodes run; tensors; steps
/// and their order; storages and what shares them; lifetimes; what is a part of what; the arena; sums
/// and verdicts; the witness. The first stage that finds something ends the check, and all it found is
/// reported.
public struct PlanChecker {
  let plan: ExecutionPlan
  /// Whether the plan recomputes or spills, or lists stays.
  let isLadder: Bool
  /// The graph; once bodies are checked, with the workspaces that their plans need.
  var graph: Graph
  var violations: [PlanViolation] = []

  /// The position in the plan's tensors, by tensor.
  var entryOfTensor: [Int] = []
  /// The step of each node.
  var stepOfNode: [Int] = []
  /// The last step that makes or reads each tensor, or the plan's last for graph outputs.
  var lastUse: [Int] = []
  /// The step that makes each tensor; -1 for what is there from the start.
  var madeAt: [Int] = []
  /// For each tensor the one that it is a view or a demanded update of, followed to the end.
  var family: [Int] = []
  /// The tensor with bytes of its own, by the plan's storage number.
  var rootOfStorage: [Int: Int] = [:]
  var isInput: [Bool] = []
  var isOutput: [Bool] = []
  /// What tensors that are parts of one another are made of; without any, each family is its own.
  var slices = SliceUnits()
  /// Whether the plan has each tensor in the arena.
  var liesInArena: [Bool] = []
  /// What each node touches; known once slices are.
  var touched = TouchedUnits()
  /// Which stays end at each step, as positions in the plan's list.
  var stayEnds: [[Int]] = []
  /// The units that hold a graph input, and those that hold a graph output.
  var (inputUnits, outputUnits): (Set<Int>, Set<Int>) = ([], [])

  private init(plan: ExecutionPlan, graph: Graph) {
    self.plan = plan
    isLadder = plan.hasResidencies
    self.graph = graph
  }

  /// The rules that a plan breaks; empty for a right one.
  ///
  /// - Parameters:
  ///   - plan: The plan to check.
  ///   - graph: The valid graph that the plan is for.
  /// - Complexity: O(n log n) for n tensors and operands, and O(live tensors) per tensor in the
  ///   arena.
  public static func violations(
    in plan: ExecutionPlan, against graph: Graph
  ) -> [PlanViolation] {
    var checker = PlanChecker(plan: plan, graph: graph)
    let plain: [(inout PlanChecker) -> Void] = [
      { $0.checkIsPlain() }, { $0.checkSteps() }, { $0.checkUses() }, { $0.checkSharing() },
      { $0.checkUpdates() }, { $0.checkSpaces() }, { $0.checkLifetimes() }, { $0.checkSlices() },
      { $0.checkArena() }, { $0.checkSums() },
    ]
    let ladder: [(inout PlanChecker) -> Void] = [
      { $0.checkSharing() }, { $0.checkLadderSpaces() }, { $0.checkLadderSteps() },
      { $0.checkStays() }, { $0.checkSlices() }, { $0.checkReplay() },
      { $0.checkLadderLifetimes() }, { $0.checkArena() }, { $0.checkSums() },
      { $0.checkLadderSums() },
    ]
    let stages: [(inout PlanChecker) -> Void] =
      [{ $0.checkFormat() }, { $0.checkModel() }, { $0.checkBodies() }, { $0.checkTensors() }]
      + (checker.isLadder ? ladder : plain)
      + [
        { $0.collectTouched() }, { $0.checkFloor() }, { $0.checkVerdicts() }, { $0.checkWitness() },
      ]
    for stage in stages {
      stage(&checker)
      if !checker.violations.isEmpty { break }
    }
    return checker.violations
  }

  mutating func report(_ violation: PlanViolation) { violations.append(violation) }

  /// The mode that the plan's options name; the format stage has made sure that they do.
  var mode: InPlaceMode { InPlaceMode(rawValue: plan.options.inplace) ?? .none }

  /// A size rounded up to the plan's alignment.
  func rounded(_ bytes: Int) -> Int {
    let rest = bytes % plan.options.alignment
    return rest == 0 ? bytes : bytes - rest + plan.options.alignment
  }

  /// The last step, 0 for a plan without steps.
  var lastStep: Int { max(plan.steps.count - 1, 0) }

  func entry(_ tensor: Int) -> PlannedTensor { plan.tensors[entryOfTensor[tensor]] }

  func name(_ tensor: Int) -> String { graph.name(of: TensorID(tensor)) }
}

// MARK: - Format and model

extension PlanChecker {
  /// No number of a plan may be larger; small enough that sums over all tensors of a graph fit.
  private static let numberLimit = 1 << 62

  mutating func checkFormat() {
    guard plan.format == ExecutionPlan.formatName, plan.version == ExecutionPlan.currentVersion
    else {
      report(.unknownFormat(plan.format, version: plan.version))
      return
    }
    let options = plan.options
    let alignment = options.alignment
    if alignment <= 0 || alignment > Graph.maximumAlignment || alignment.nonzeroBitCount != 1 {
      report(.unknownOption(name: "alignment", value: "\(alignment)"))
    }
    if InPlaceMode(rawValue: options.inplace) == nil {
      report(.unknownOption(name: "inplace", value: options.inplace))
    }
    if IOPlacement(rawValue: options.io) == nil {
      report(.unknownOption(name: "io", value: options.io))
    }
    if LadderChoice(rawValue: options.recompute) == nil {
      report(.unknownOption(name: "recompute", value: options.recompute))
    }
    if SpillChoice(rawValue: options.spill) == nil {
      report(.unknownOption(name: "spill", value: options.spill))
    }
    let summary = plan.summary
    let figures: [(String, Int?)] = [
      ("the budget", summary.budgetBytes), ("totalBytes", summary.totalBytes),
      ("residentBytes", summary.residentBytes), ("externalBytes", summary.externalBytes),
      ("arenaBytes", summary.arenaBytes), ("peakBytes", summary.peakBytes),
      ("lowerBoundBytes", summary.lowerBoundBytes), ("the bound", plan.witness.boundBytes),
      ("floorBytes", summary.floorBytes), ("secondBytes", summary.secondBytes),
      ("smallestBudgetBytes", summary.smallestBudgetBytes),
      ("spillBytes", summary.price.spillBytes), ("fetchBytes", summary.price.fetchBytes),
      ("compulsoryBytes", summary.price.compulsoryBytes),
      ("trafficBoundBytes", summary.price.trafficBoundBytes),
    ]
    for (what, value) in figures where !Self.isInRange(value) {
      report(.numberOutOfRange(what: what))
    }
    for tensor in plan.tensors
    where !Self.isInRange(tensor.bytes) || !Self.isInRange(tensor.offset) {
      report(.numberOutOfRange(what: "a size or offset of tensor '\(tensor.name)'"))
    }
    for step in plan.steps
    where !Self.isInRange(step.workspaceBytes) || !Self.isInRange(step.workspaceOffset) {
      report(.numberOutOfRange(what: "the workspace of step \(step.index)"))
    }
    if let bound = summary.price.recomputeBoundFlops, bound < 0 {
      report(.numberOutOfRange(what: "recomputeBoundFlops"))
    }
    if let bound = summary.price.recomputeAnyOrderBoundFlops, bound < 0 {
      report(.numberOutOfRange(what: "recomputeAnyOrderBoundFlops"))
    }
    for step in plan.steps where step.recomputeFlops < 0 {
      report(.numberOutOfRange(what: "the cost of step \(step.index)"))
    }
    for stay in plan.residencies
    where !Self.isInRange(stay.offset) || !Self.isInRange(stay.bytes)
      || stay.firstStep < 0 || stay.lastStep < 0
    {
      report(.numberOutOfRange(what: "a stay of storage \(stay.storage)"))
    }
    for item in plan.witness.tensors
    where !Self.isInRange(item.bytes) || !Self.isInRange(item.offset) {
      report(.numberOutOfRange(what: "the size of witness '\(item.name)'"))
    }
  }

  private static func isInRange(_ value: Int?) -> Bool {
    guard let value else { return true }
    return value >= 0 && value < numberLimit
  }

  mutating func checkModel() {
    let fingerprint = ExecutionPlan.text(ofFingerprint: graph.fingerprint)
    if plan.model.fingerprint != fingerprint {
      report(.otherGraph(planned: plan.model.fingerprint, given: fingerprint))
    }
    if plan.model.nodes != graph.nodes.count { report(.modelMismatch(what: "the number of nodes")) }
    if plan.model.inputs != graph.inputs.map({ graph.name(of: $0) }) {
      report(.modelMismatch(what: "the list of inputs"))
    }
    if plan.model.outputs != graph.outputs.map({ graph.name(of: $0) }) {
      report(.modelMismatch(what: "the list of outputs"))
    }
  }
}
