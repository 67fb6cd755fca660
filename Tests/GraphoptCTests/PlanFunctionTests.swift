// SPDX-License-Identifier: Apache-2.0
import CGraphopt
import Emitters
import Foundation
import GraphIR
import Importers
import Planning
import Testing

@Suite struct PlanFunctionTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let resnet = root.appending(path: "Fixtures/resnet50.onnx").path()

  /// ResNet-50 through C, and its plan.
  private func resnetPlan(
    _ graph: (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>) throws -> Void
  ) throws -> [UInt8] {
    let options = graphopt_options_create()
    defer { graphopt_options_free(options) }
    try call { graphopt_options_bind(options, "batch", 2, $0) }
    var object: OpaquePointer?
    try graph(try #require(options), &object)
    let handle = try #require(object)
    defer { graphopt_graph_free(handle) }
    var plan: OpaquePointer?
    try call { graphopt_plan_create(handle, options, &plan, $0) }
    defer { graphopt_plan_free(plan) }
    return try emitted(try #require(plan), "json")
  }

  @Test func `a file gets the plan that Swift makes of it, to the byte`() throws {
    let imported = try ONNXImporter(bindings: [DimensionBinding("batch", 2)])
      .importGraph(path: Self.resnet)
    let bytes = try resnetPlan { options, graph in
      try call { graphopt_graph_from_file(Self.resnet, options, graph, $0) }
    }
    let plan = try PlanReader().plan(from: bytes)
    #expect(plan.model.path == Self.resnet)
    #expect(plan.model.dims == ["batch": 2])
    let expected = try Planner().plan(imported.graph, model: plan.model)
    #expect(plan == expected)
    #expect(PlanChecker.violations(in: plan, against: imported.graph).isEmpty)
  }

  @Test func `a model in memory gets the plan of the file, but for the path`() throws {
    let fromFile = try resnetPlan { options, graph in
      try call { graphopt_graph_from_file(Self.resnet, options, graph, $0) }
    }
    let model = try Data(contentsOf: URL(filePath: Self.resnet))
    let fromMemory = try resnetPlan { options, graph in
      try model.withUnsafeBytes { bytes in
        try call {
          graphopt_graph_from_memory(bytes.baseAddress, bytes.count, options, graph, $0)
        }
      }
    }
    var plan = try PlanReader().plan(from: fromMemory)
    #expect(plan.model.path.isEmpty)
    plan.model.path = Self.resnet
    #expect(try PlanReader().plan(from: fromFile) == plan)
  }

  @Test func `steps and placements are those of the plan`() throws {
    let chain = try Chain([64, 128, 256, 64])
    let plan = try chain.plan()
    defer { graphopt_plan_free(plan) }
    let read = try PlanReader().plan(from: emitted(plan, "json"))
    try call { graphopt_plan_check(plan, chain.graph, $0) }

    var summary = graphopt_summary()
    graphopt_plan_summary(plan, &summary)
    #expect(summary.arena_bytes == UInt64(read.summary.arenaBytes))
    #expect(summary.peak_bytes == 384)
    #expect(summary.lower_bound_bytes == 384)
    #expect(summary.is_proven_optimal == 1)
    #expect(summary.has_budget == 0)
    #expect(summary.fits == 1)

    #expect(graphopt_plan_step_count(plan) == 3)
    for (index, expected) in read.steps.enumerated() {
      var step = graphopt_step()
      try call { graphopt_plan_step(plan, index, &step, $0) }
      #expect(step.kind == GRAPHOPT_STEP_RUN)
      #expect(step.node == expected.nodeIndex.map { UInt32($0) })
      #expect(String(cString: step.name) == expected.node)
      #expect(step.storage == UInt32.max)
      #expect(step.live_bytes == UInt64(expected.liveBytes))
      #expect(step.workspace_offset == UInt64.max)
    }
    var order = [UInt32](repeating: 9, count: 3)
    try call { graphopt_plan_order(plan, &order, 3, $0) }
    #expect(order == [0, 1, 2])

    #expect(graphopt_plan_tensor_count(plan) == 4)
    for (index, expected) in read.tensors.enumerated() {
      var place = graphopt_placement()
      try call { graphopt_plan_tensor(plan, index, &place, $0) }
      #expect(String(cString: place.name) == expected.name)
      #expect(place.space == GRAPHOPT_SPACE_ARENA)
      #expect(place.offset == expected.offset.map { UInt64($0) })
      #expect(place.bytes == UInt64(expected.bytes))
      #expect(place.first_step == UInt32(expected.firstStep))
      #expect(place.last_step == UInt32(expected.lastStep))
    }
    #expect(graphopt_plan_stay_count(plan) == 4)
    var stay = graphopt_stay()
    try call { graphopt_plan_stay(plan, 2, &stay, $0) }
    #expect(stay.bytes == 256)
    #expect(stay.first_step == 1)
    #expect(stay.last_step == 2)
  }

  @Test func `a plan that is read is checked against its graph and no other`() throws {
    let chain = try Chain([64, 128, 64])
    let made = try chain.plan()
    let json = try emitted(made, "json")
    graphopt_plan_free(made)
    var plan: OpaquePointer?
    try json.withUnsafeBytes { bytes in
      try call {
        graphopt_plan_from_json(
          bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &plan, $0)
      }
    }
    defer { graphopt_plan_free(plan) }
    try call { graphopt_plan_check(plan, chain.graph, $0) }
    let other = try Chain([64, 128, 192])
    #expect(throws: Refusal.self) { try call { graphopt_plan_check(plan, other.graph, $0) } }
  }

  @Test func `effects, workspace and dependencies count`() throws {
    let chain = try Chain([64, 1024, 64])
    var (input, output): (UInt32, UInt32) = (1, 0)
    try call {
      graphopt_graph_add_buffer(
        chain.graph, "in place", 1024, GRAPHOPT_ROLE_OUTPUT, &output, $0)
    }
    var effect = graphopt_effect(kind: GRAPHOPT_EFFECT_MUST_OVERWRITE, output: 0, input: 0)
    try call {
      graphopt_graph_add_node(
        chain.graph, "update", "Update", &input, 1, &output, 1, &effect, 1, 512, nil, $0)
    }
    try call { graphopt_graph_add_dependency(chain.graph, 0, 1, $0) }
    #expect(graphopt_graph_node_count(chain.graph) == 3)
    #expect(graphopt_graph_tensor_count(chain.graph) == 4)
    let plan = try chain.plan()
    defer { graphopt_plan_free(plan) }
    var summary = graphopt_summary()
    graphopt_plan_summary(plan, &summary)
    #expect(summary.peak_bytes == 1024 + 512 + 64)
    var step = graphopt_step()
    try call { graphopt_plan_step(plan, 2, &step, $0) }
    #expect(step.workspace_bytes == 512)
    #expect(step.workspace_offset != UInt64.max)
  }

  /// A wide value waits, from the first node to the last, while one as wide comes and goes.
  private func waiting() throws -> OpaquePointer {
    var object: OpaquePointer?
    try call { graphopt_graph_create("waiting", &object, $0) }
    let graph = try #require(object)
    let sizes: [(String, UInt64, graphopt_role)] = [
      ("in", 64, GRAPHOPT_ROLE_INPUT), ("wide", 4096, GRAPHOPT_ROLE_ACTIVATION),
      ("narrow", 64, GRAPHOPT_ROLE_ACTIVATION), ("other", 4096, GRAPHOPT_ROLE_ACTIVATION),
      ("last", 64, GRAPHOPT_ROLE_ACTIVATION), ("out", 64, GRAPHOPT_ROLE_OUTPUT),
    ]
    for (name, bytes, role) in sizes {
      try call { graphopt_graph_add_buffer(graph, name, bytes, role, nil, $0) }
    }
    for (inputs, output) in [([0], 1), ([1], 2), ([2], 3), ([3], 4), ([1, 4], 5)] {
      let inputs = inputs.map { UInt32($0) }
      var output = UInt32(output)
      try call {
        graphopt_graph_add_node(
          graph, "make \(output)", "Step", inputs, inputs.count, &output, 1, nil, 0, 0, nil, $0)
      }
    }
    return graph
  }

  @Test(arguments: [("on", "off"), ("off", "on")])
  func `a budget is kept in the ways that are allowed, and the price is stated`(
    _ allowed: (recompute: String, spill: String)
  ) throws {
    let graph = try waiting()
    defer { graphopt_graph_free(graph) }
    let options = graphopt_options_create()
    defer { graphopt_options_free(options) }
    try call { graphopt_options_set_budget(options, 4352, $0) }
    try call { graphopt_options_set_recompute(options, allowed.recompute, $0) }
    try call { graphopt_options_set_spill(options, allowed.spill, $0) }
    try call { graphopt_options_set_speeds(options, 1e12, 1e10, $0) }
    var plan: OpaquePointer?
    try call { graphopt_plan_create(graph, options, &plan, $0) }
    defer { graphopt_plan_free(plan) }
    try call { graphopt_plan_check(plan, graph, $0) }

    var summary = graphopt_summary()
    graphopt_plan_summary(plan, &summary)
    #expect(summary.fits == 1)
    #expect(summary.total_bytes <= 4352)
    var kinds: [graphopt_step_kind.RawValue: UInt64] = [:]
    for index in 0..<graphopt_plan_step_count(plan) {
      var step = graphopt_step()
      try call { graphopt_plan_step(plan, index, &step, $0) }
      kinds[step.kind.rawValue, default: 0] += 1
    }
    let isSpilled = allowed.spill == "on"
    #expect(kinds[GRAPHOPT_STEP_RECOMPUTE.rawValue] == (isSpilled ? nil : 1))
    #expect(kinds[GRAPHOPT_STEP_SPILL.rawValue] == (isSpilled ? 1 : nil))
    #expect(summary.recompute_steps == (isSpilled ? 0 : 1))
    #expect((summary.recompute_flops > 0) == !isSpilled)
    #expect(summary.spill_bytes == (isSpilled ? 4096 : 0))
    #expect(summary.fetch_bytes == summary.spill_bytes)
    #expect(summary.second_bytes == summary.spill_bytes)
    // The wide value is at one place before and at one after.
    #expect(graphopt_plan_stay_count(plan) == 6 + 1)
  }

  @Test func `progress names the stages, on the thread of the call`() throws {
    final class Log { var stages: [String] = [] }
    let log = Log()
    let options = graphopt_options_create()
    defer { graphopt_options_free(options) }
    try call {
      graphopt_options_set_progress(
        options,
        { context, stage in
          guard let context, let stage else { return }
          Unmanaged<Log>.fromOpaque(context).takeUnretainedValue().stages
            .append(String(cString: stage))
        }, Unmanaged.passUnretained(log).toOpaque(), $0)
    }
    graphopt_plan_free(try Chain([64, 64]).plan(options))
    #expect(log.stages == ["rewriting", "ordering", "laying out", "checking"])
  }

  @Test func `what is cancelled ends with that status`() throws {
    let options = graphopt_options_create()
    let cancellation = graphopt_cancellation_create()
    try call { graphopt_options_set_cancellation(options, cancellation, $0) }
    graphopt_cancellation_cancel(cancellation)
    // The options keep what they need of it.
    graphopt_cancellation_free(cancellation)
    let chain = try Chain([64, 64])
    #expect(
      throws: Refusal(status: GRAPHOPT_CANCELLED, message: "planning was cancelled")
    ) { graphopt_plan_free(try chain.plan(options)) }
    try call { graphopt_options_set_cancellation(options, nil, $0) }
    graphopt_plan_free(try chain.plan(options))
    graphopt_options_free(options)
  }

  @Test func `an update keeps what holds, and is the new plan where nothing does`() throws {
    let (before, after) = (try Chain([64, 256, 128, 64]), try Chain([64, 256, 192, 64]))
    let plan = try before.plan()
    defer { graphopt_plan_free(plan) }
    var updated: OpaquePointer?
    try call { graphopt_plan_update(plan, after.graph, nil, &updated, $0) }
    defer { graphopt_plan_free(updated) }
    try call { graphopt_plan_check(updated, after.graph, $0) }
    var summary = graphopt_summary()
    graphopt_plan_summary(updated, &summary)
    #expect(summary.arena_bytes == 256 + 192)
  }

  @Test func `two threads get what one gets`() async throws {
    let expected = try resnetPlan { options, graph in
      try call { graphopt_graph_from_file(Self.resnet, options, graph, $0) }
    }
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<2 {
        group.addTask {
          try resnetPlan { options, graph in
            try call { graphopt_graph_from_file(Self.resnet, options, graph, $0) }
          }
        }
      }
      for try await bytes in group { #expect(bytes == expected) }
    }
  }
}
