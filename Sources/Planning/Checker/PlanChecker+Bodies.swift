// SPDX-License-Identifier: Apache-2.0

import GraphIR

// The graphs that nodes run: each has a plan, right by the rules of all plans, and the most that one of
// a node's needs is the node's workspace.
extension PlanChecker {
  mutating func checkBodies() {
    var stepOfNode: [Int: Int] = [:]
    for (position, step) in plan.steps.enumerated() where step.kind == .run {
      if let node = step.nodeIndex, graph.nodes.indices.contains(node) {
        stepOfNode[node] = position
      }
    }
    let nodes = graph.nodesWithBodies
    let hasBodies = Set(nodes.map(\.index))
    for (position, step) in plan.steps.enumerated()
    where step.bodies != nil
      && !(step.kind == .run && step.nodeIndex.map(hasBodies.contains) == true)
    {
      report(.unknownBody(step: position, attribute: step.bodies?.first?.attribute ?? ""))
    }
    for node in nodes {
      // A node without a step is another rule's.
      guard let position = stepOfNode[node.index] else { continue }
      let planned = plan.steps[position].bodies ?? []
      var needed = 0
      for (index, body) in graph.bodies(of: node).enumerated() {
        guard index < planned.count,
          ExactName(planned[index].attribute) == ExactName(body.attribute)
        else {
          report(.missingBody(step: position, attribute: body.attribute))
          continue
        }
        check(planned[index], body, step: position)
        needed = max(needed, planned[index].summary.arenaBytes)
      }
      if planned.count > graph.bodies(of: node).count, let extra = planned.last {
        report(.unknownBody(step: position, attribute: extra.attribute))
      }
      guard violations.isEmpty else { continue }
      graph.setWorkspace(ByteCount(needed), ofNodeWithBodies: node)
    }
  }

  private mutating func check(_ planned: PlanBody, _ body: Body, step: Int) {
    if planned.trips != body.trips {
      report(.bodyMismatch(step: step, attribute: body.attribute, what: "number of turns"))
    }
    // What is checked here is the graph itself, so that it has the fingerprint that it has.
    let plan = planned.plan(
      within: plan.options, fingerprint: ExecutionPlan.text(ofFingerprint: body.graph.fingerprint),
      nodes: body.graph.nodes.count)
    for violation in Self.violations(in: plan, against: body.graph) {
      report(.inBody(step: step, attribute: body.attribute, violation))
    }
  }
}
