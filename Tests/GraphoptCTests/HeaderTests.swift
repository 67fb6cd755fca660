// SPDX-License-Identifier: Apache-2.0
import CGraphopt
import Foundation
import GraphoptC
import Testing

/// Both are of one type, or this does not compile.
private func isSame<Function>(_ defined: Function, _ declared: Function) -> Bool { true }

@Suite struct HeaderTests {
  @Test func `the version of the header is that of the library`() {
    #expect(graphopt_version() == UInt32(GRAPHOPT_VERSION_MAJOR * 1000 + GRAPHOPT_VERSION_MINOR))
  }

  /// Swift and C do not see each other's declarations, so this is where they are compared.
  @Test func `every function is defined as the header declares it`() {
    #expect(isSame(errorStatus, graphopt_error_status))
    #expect(isSame(errorMessage, graphopt_error_message))
    #expect(isSame(errorFree, graphopt_error_free))
    #expect(isSame(graphFromFile, graphopt_graph_from_file))
    #expect(isSame(graphFromMemory, graphopt_graph_from_memory))
    #expect(isSame(graphCreate, graphopt_graph_create))
    #expect(isSame(graphFree, graphopt_graph_free))
    #expect(isSame(graphAddTensor, graphopt_graph_add_tensor))
    #expect(isSame(graphAddBuffer, graphopt_graph_add_buffer))
    #expect(isSame(graphAddNode, graphopt_graph_add_node))
    #expect(isSame(graphAddDependency, graphopt_graph_add_dependency))
    #expect(isSame(graphNodeCount, graphopt_graph_node_count))
    #expect(isSame(graphTensorCount, graphopt_graph_tensor_count))
    #expect(isSame(graphFingerprint, graphopt_graph_fingerprint))
    #expect(isSame(layout, graphopt_layout))
    #expect(isSame(cancellationCreate, graphopt_cancellation_create))
    #expect(isSame(cancellationCancel, graphopt_cancellation_cancel))
    #expect(isSame(cancellationFree, graphopt_cancellation_free))
    #expect(isSame(optionsCreate, graphopt_options_create))
    #expect(isSame(optionsFree, graphopt_options_free))
    #expect(isSame(optionsSetBudget, graphopt_options_set_budget))
    #expect(isSame(optionsSetRecompute, graphopt_options_set_recompute))
    #expect(isSame(optionsSetSpill, graphopt_options_set_spill))
    #expect(isSame(optionsSetSpeeds, graphopt_options_set_speeds))
    #expect(isSame(optionsSetAlignment, graphopt_options_set_alignment))
    #expect(isSame(optionsSetInplace, graphopt_options_set_inplace))
    #expect(isSame(optionsSetIO, graphopt_options_set_io))
    #expect(isSame(optionsSetOrder, graphopt_options_set_order))
    #expect(isSame(optionsSetLayout, graphopt_options_set_layout))
    #expect(isSame(optionsSetEffort, graphopt_options_set_effort))
    #expect(isSame(optionsSetTimeLimit, graphopt_options_set_time_limit))
    #expect(isSame(optionsSetJobs, graphopt_options_set_jobs))
    #expect(isSame(optionsBind, graphopt_options_bind))
    #expect(isSame(optionsBound, graphopt_options_bound))
    #expect(isSame(optionsSetCancellation, graphopt_options_set_cancellation))
    #expect(isSame(optionsSetProgress, graphopt_options_set_progress))
    #expect(isSame(order, graphopt_order))
    #expect(isSame(planCreate, graphopt_plan_create))
    #expect(isSame(planUpdate, graphopt_plan_update))
    #expect(isSame(planFromJSON, graphopt_plan_from_json))
    #expect(isSame(planFree, graphopt_plan_free))
    #expect(isSame(planCheck, graphopt_plan_check))
    #expect(isSame(planSummary, graphopt_plan_summary))
    #expect(isSame(planStepCount, graphopt_plan_step_count))
    #expect(isSame(planStep, graphopt_plan_step))
    #expect(isSame(planOrder, graphopt_plan_order))
    #expect(isSame(planTensorCount, graphopt_plan_tensor_count))
    #expect(isSame(planTensor, graphopt_plan_tensor))
    #expect(isSame(planStayCount, graphopt_plan_stay_count))
    #expect(isSame(planStay, graphopt_plan_stay))
    #expect(isSame(planEmit, graphopt_plan_emit))
    #expect(isSame(bytesData, graphopt_bytes_data))
    #expect(isSame(bytesSize, graphopt_bytes_size))
    #expect(isSame(bytesFree, graphopt_bytes_free))
    #expect(isSame(version, graphopt_version))
  }

  @Test func `every function of the header is compared above`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let header = try String(
      contentsOf: root.appending(path: "Sources/CGraphopt/include/graphopt.h"), encoding: .utf8)
    let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let declared = header.matches(of: /\b(graphopt_\w+)\(/).map { String($0.1) }
    #expect(declared.count > 40)
    for name in declared {
      #expect(source.contains(", \(name)))"), "\(name) is not compared")
    }
  }
}
