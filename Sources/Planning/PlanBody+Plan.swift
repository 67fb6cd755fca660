// SPDX-License-Identifier: Apache-2.0

public import GraphIR

extension PlanBody {
  /// The part of a body's plan that is written down inside the plan around it.
  init(_ plan: ExecutionPlan, of body: Body) {
    self.init(
      attribute: body.attribute, trips: body.trips, inputs: plan.model.inputs,
      outputs: plan.model.outputs, summary: plan.summary, witness: plan.witness,
      steps: plan.steps, tensors: plan.tensors, passes: plan.passes)
  }

  /// The plan of the body as one of its own, of a graph with this fingerprint.
  func plan(
    within options: PlanOptions, fingerprint: String, nodes: Int
  ) -> ExecutionPlan {
    var model = PlannedModel(path: "")
    model.fingerprint = fingerprint
    model.nodes = nodes
    model.inputs = inputs
    model.outputs = outputs
    var options = options
    options.io = IOPlacement.arena.rawValue
    options.budgetBytes = nil
    return ExecutionPlan(
      model: model, options: options, summary: summary, witness: witness, steps: steps,
      tensors: tensors, passes: passes)
  }
}

/// The plans of the bodies of a graph's nodes.
struct BodyPlans {
  /// By node; empty for most.
  private(set) var ofNode: [NodeID: [PlanBody]] = [:]
  /// The resident bytes in all of them.
  private(set) var residentBytes = 0

  /// No plans, for graphs whose nodes run none.
  init() {}

  /// Plans every body in a graph, and makes what the largest of a node's needs the node's workspace: of
  /// branches one runs, and a loop's turns use the same bytes one after the other.
  ///
  /// - Complexity: Each body is planned once.
  init(of graph: inout Graph, by planner: Planner) throws(PlanningError) {
    let nodes = graph.nodesWithBodies
    if nodes.isEmpty { return }
    var inner = planner
    inner.memory = MemoryModel(
      alignment: planner.memory.alignment, inPlace: planner.memory.inPlace, io: .arena,
      slices: planner.memory.slices)
    (inner.budget, inner.passes) = (nil, [])
    for node in nodes {
      var plans: [PlanBody] = []
      var workspace = 0
      for body in graph.bodies(of: node) {
        let plan = try inner.plan(body.graph, model: PlannedModel(path: ""))
        workspace = max(workspace, plan.summary.arenaBytes)
        residentBytes += plan.summary.residentBytes
        plans.append(PlanBody(plan, of: body))
      }
      guard !plans.isEmpty else { continue }
      ofNode[node] = plans
      graph.setWorkspace(ByteCount(workspace), ofNodeWithBodies: node)
    }
  }
}

extension Planner {
  /// A graph whose nodes have the workspaces that the graphs need which they run: what orders and bounds
  /// of the graph by itself have to count.
  ///
  /// - Throws: ``PlanningError``.
  public func withBodiesPlanned(_ graph: Graph) throws(PlanningError) -> Graph {
    var graph = graph
    _ = try BodyPlans(of: &graph, by: self)
    return graph
  }
}
