// SPDX-License-Identifier: Apache-2.0
import CGraphopt
import Testing

@Suite struct MisuseTests {
  private func refusal(
    _ body: (UnsafeMutablePointer<OpaquePointer?>) -> graphopt_status
  ) throws -> Refusal {
    do {
      try call(body)
    } catch let refusal as Refusal { return refusal }
    Issue.record("the call succeeds")
    return Refusal(status: GRAPHOPT_OK, message: "")
  }

  private func expect(
    _ status: graphopt_status, _ message: String,
    _ body: (UnsafeMutablePointer<OpaquePointer?>) -> graphopt_status
  ) throws {
    #expect(try refusal(body) == Refusal(status: status, message: message))
  }

  @Test func `NULL is refused wherever an object is needed`() throws {
    var object: OpaquePointer?
    try expect(GRAPHOPT_INVALID_ARGUMENT, "graph is NULL") {
      graphopt_plan_create(nil, nil, &object, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "options is NULL") {
      graphopt_options_set_budget(nil, 1, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "the path is NULL") {
      graphopt_graph_from_file(nil, nil, &object, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "bytes is NULL") {
      graphopt_graph_from_memory(nil, 4, nil, &object, $0)
    }
    let chain = try Chain([64, 64])
    try expect(GRAPHOPT_INVALID_ARGUMENT, "plan is NULL") {
      graphopt_plan_create(chain.graph, nil, nil, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "plan is NULL") {
      graphopt_plan_check(nil, chain.graph, $0)
    }
    // Whoever does not ask for an error gets none, and freeing nothing is allowed.
    #expect(graphopt_plan_create(nil, nil, &object, nil) == GRAPHOPT_INVALID_ARGUMENT)
    #expect(object == nil)
    graphopt_plan_free(nil)
    graphopt_graph_free(nil)
    graphopt_options_free(nil)
    graphopt_error_free(nil)
    graphopt_bytes_free(nil)
    graphopt_cancellation_free(nil)
    graphopt_cancellation_cancel(nil)
    #expect(graphopt_plan_step_count(nil) == 0)
    #expect(graphopt_error_message(nil) == nil)
  }

  @Test func `names and numbers that cannot be are named`() throws {
    let options = graphopt_options_create()
    defer { graphopt_options_free(options) }
    try expect(
      GRAPHOPT_INVALID_ARGUMENT, "the in-place mode is 'fast'; it can be none, safe, ort"
    ) { graphopt_options_set_inplace(options, "fast", $0) }
    try expect(
      GRAPHOPT_INVALID_ARGUMENT, "the alignment is 48; it can be a power of two up to 1048576"
    ) { graphopt_options_set_alignment(options, 48, $0) }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "the number of threads is 0; it is at least 1") {
      graphopt_options_set_jobs(options, 0, $0)
    }
    try expect(
      GRAPHOPT_INVALID_ARGUMENT, "the budget is 18446744073709551615, which is too large"
    ) { graphopt_options_set_budget(options, .max, $0) }
    try expect(
      GRAPHOPT_INVALID_ARGUMENT,
      "the choice to spill is 'never'; it can be off, on, auto, weights"
    ) { graphopt_options_set_spill(options, "never", $0) }
    for speed in [-1, 0.5, .nan, .infinity] {
      let answer = try refusal { graphopt_options_set_speeds(options, 1e12, speed, $0) }
      #expect(answer.message.hasPrefix("the bytes a second are \(speed); they can be"))
    }
    for call in [
      graphopt_options_set_order, graphopt_options_set_layout, graphopt_options_set_recompute,
    ] {
      #expect(try refusal { call(options, "nonsense", $0) }.status == GRAPHOPT_INVALID_ARGUMENT)
    }
    #expect(
      try refusal { graphopt_options_bind(options, "", 4, $0) }.status
        == GRAPHOPT_INVALID_ARGUMENT)
  }

  @Test func `graphs that cannot be are refused, and no call traps`() throws {
    let chain = try Chain([64, 64])
    let graph = chain.graph
    try expect(GRAPHOPT_INVALID_ARGUMENT, "tensor 7 is none of the 2 that there are") {
      var operand: UInt32 = 7
      return graphopt_graph_add_node(graph, "n", "N", &operand, 1, nil, 0, nil, 0, 0, nil, $0)
    }
    try expect(GRAPHOPT_BAD_INPUT, "tensor 'v1' is made more than once") {
      var operand: UInt32 = 1
      return graphopt_graph_add_node(graph, "n", "N", nil, 0, &operand, 1, nil, 0, 0, nil, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "inputs is NULL") {
      graphopt_graph_add_node(graph, "n", "N", nil, 3, nil, 0, nil, 0, 0, nil, $0)
    }
    try expect(
      GRAPHOPT_INVALID_ARGUMENT, "the element type is 'float33', which none of known size is"
    ) { graphopt_graph_add_tensor(graph, "t", "float33", nil, 0, GRAPHOPT_ROLE_INPUT, nil, $0) }
    #expect(
      try refusal {
        var huge: [UInt64] = [1 << 62, 1 << 62]
        return graphopt_graph_add_tensor(
          graph, "t", "float32", &huge, 2, GRAPHOPT_ROLE_INPUT, nil, $0)
      }.status == GRAPHOPT_BAD_INPUT)
    #expect(
      try refusal { graphopt_graph_add_dependency(graph, 0, 0, $0) }.status == GRAPHOPT_BAD_INPUT)
    #expect(
      try refusal { graphopt_graph_add_dependency(graph, 0, 9, $0) }.status
        == GRAPHOPT_INVALID_ARGUMENT)
    // Two tensors of one name are found when the graph is planned.
    try call { graphopt_graph_add_buffer(graph, "v1", 1, GRAPHOPT_ROLE_INPUT, nil, $0) }
    var plan: OpaquePointer?
    try expect(GRAPHOPT_BAD_INPUT, "two tensors are named 'v1'") {
      graphopt_plan_create(graph, nil, &plan, $0)
    }
    #expect(plan == nil)
  }

  @Test func `files that are no models are told from files that are none`() throws {
    var graph: OpaquePointer?
    #expect(
      try refusal { graphopt_graph_from_file("/no/such/file.onnx", nil, &graph, $0) }.status
        == GRAPHOPT_CANNOT_READ)
    #expect(
      try refusal { graphopt_graph_from_memory("no model", 8, nil, &graph, $0) }.status
        == GRAPHOPT_BAD_INPUT)
    #expect(
      try refusal { graphopt_graph_from_memory("", 0, nil, &graph, $0) }.status
        == GRAPHOPT_BAD_INPUT)
    var plan: OpaquePointer?
    #expect(
      try refusal { graphopt_plan_from_json("{}", 2, &plan, $0) }.status == GRAPHOPT_BAD_INPUT)
  }

  @Test func `positions past the end are refused`() throws {
    let plan = try Chain([64, 64]).plan()
    defer { graphopt_plan_free(plan) }
    var (step, place, stay) = (graphopt_step(), graphopt_placement(), graphopt_stay())
    try expect(GRAPHOPT_INVALID_ARGUMENT, "step 1 is none of the 1 that there are") {
      graphopt_plan_step(plan, 1, &step, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "tensor -1 is none of the 2 that there are") {
      graphopt_plan_tensor(plan, -1, &place, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "stay 2 is none of the 2 that there are") {
      graphopt_plan_stay(plan, 2, &stay, $0)
    }
    try expect(GRAPHOPT_INVALID_ARGUMENT, "the order has 1 nodes, room is for 0") {
      graphopt_plan_order(plan, nil, 0, $0)
    }
    #expect(
      try refusal {
        var bytes: OpaquePointer?
        return graphopt_plan_emit(plan, "paper", &bytes, $0)
      }.message.hasPrefix("the format is 'paper'; it can be json, text"))
  }
}
