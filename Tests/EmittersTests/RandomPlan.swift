// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning
import TestSupport

/// The plan of a random graph under random options.
enum RandomPlan {
  static func plan(seed: Int) throws -> ExecutionPlan {
    var random = SeededGenerator(seed: seed)
    let memory = MemoryModel(
      alignment: [1, 16, 64, 256].randomElement(using: &random) ?? 64,
      inPlace: InPlaceMode.allCases.randomElement(using: &random) ?? .safe,
      io: IOPlacement.allCases.randomElement(using: &random) ?? .arena)
    let budget =
      Bool.random(using: &random) ? ByteCount(Int.random(in: 0...9999, using: &random)) : nil
    var model = PlannedModel(path: "folder \(seed)/\"model\"\n.onnx", irVersion: seed % 12)
    if Bool.random(using: &random) {
      model.opsets = ["ai.onnx": 17, "com.microsoft": 1]
      model.dims = ["batch": seed, "x:2": 3, "größe": 1]
    }
    return try Planner(memory: memory, budget: budget).plan(
      RandomGraph(seed: seed).graph, model: model)
  }
}
