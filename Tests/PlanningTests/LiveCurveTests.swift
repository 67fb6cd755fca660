// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning
import TestSupport
import Testing

@Suite struct LiveCurveTests {
  @Test(arguments: Seeds.first(60))
  func `curves reach the peaks that plans state`(_ seed: Int) throws {
    let graph = RandomGraph(seed: seed).graph
    let memory = MemoryModel(
      alignment: [1, 64][seed % 2], inPlace: InPlaceMode.allCases[seed % 3], slices: seed % 5 == 0)
    let plan = try Planner(memory: memory).plan(graph, model: PlannedModel(path: "graph"))
    let curves = try LiveCurve.baselines(of: graph, memory: memory)
    #expect(curves.map(\.name) == ["fileOrder", "ortDefaultOrder"])
    for curve in curves {
      #expect(curve.liveBytes.count == plan.steps.count)
      guard !plan.steps.isEmpty else { continue }
      #expect(curve.liveBytes.max() == plan.summary.baselines[curve.name]?.peakBytes)
    }
    let own = try Planner(memory: memory, order: .named("file")).plan(
      graph, model: PlannedModel(path: "graph"))
    if own.summary.baselines["fileOrder"]?.peakBytes == own.summary.peakBytes, !memory.slices {
      #expect(own.steps.map(\.liveBytes) == curves[0].liveBytes)
    }
  }
}
