// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning
import TestSupport

/// The plan of a random graph under random options.
enum RandomPlan {
  static func plan(seed: Int, slices: Bool = false) throws -> ExecutionPlan {
    var random = SeededGenerator(seed: seed)
    let memory = MemoryModel(
      alignment: [1, 16, 64, 256].randomElement(using: &random) ?? 64,
      inPlace: InPlaceMode.allCases.randomElement(using: &random) ?? .safe,
      io: IOPlacement.allCases.randomElement(using: &random) ?? .arena, slices: slices)
    let budget =
      Bool.random(using: &random) ? ByteCount(Int.random(in: 0...9999, using: &random)) : nil
    var shape = RandomGraph.Shape()
    if slices { (shape.concats, shape.splits) = (25, 20) }
    var model = PlannedModel(path: "folder \(seed)/\"model\"\n.onnx", irVersion: seed % 12)
    if Bool.random(using: &random) {
      model.opsets = ["ai.onnx": 17, "com.microsoft": 1]
      model.dims = ["batch": seed, "x:2": 3, "größe": 1]
    }
    return try Planner(memory: memory, budget: budget).plan(
      RandomGraph(seed: seed, shape: shape).graph, model: model)
  }

  /// A plan whose names try to break out of whatever they are written into; all different.
  static func hostile(seed: Int) throws -> ExecutionPlan {
    var plan = try plan(seed: seed)
    var names: [String: String] = [:]
    func hostile(_ name: String) -> String {
      if name.isEmpty { return name }
      if let known = names[name] { return known }
      let hostile = Self.hostileNames[names.count % Self.hostileNames.count]
      names[name] = "\(hostile)\(names.count / Self.hostileNames.count)"
      return names[name] ?? ""
    }
    for index in plan.tensors.indices {
      plan.tensors[index].name = hostile(plan.tensors[index].name)
      plan.tensors[index].aliasOf = plan.tensors[index].aliasOf.map(hostile)
      plan.tensors[index].inPlaceOf = plan.tensors[index].inPlaceOf.map(hostile)
      plan.tensors[index].sliceOf = plan.tensors[index].sliceOf.map(hostile)
    }
    for index in plan.steps.indices {
      plan.steps[index].inputs = plan.steps[index].inputs.map(hostile)
      plan.steps[index].outputs = plan.steps[index].outputs.map(hostile)
      plan.steps[index].node = Self.hostileNames[index % Self.hostileNames.count]
      plan.steps[index].op = Self.hostileNames[(index + 3) % Self.hostileNames.count]
    }
    plan.model.inputs = plan.model.inputs.map(hostile)
    plan.model.outputs = plan.model.outputs.map(hostile)
    plan.model.path = "x/</title><script>alert(1)</script>*/ \"'|.onnx"
    plan.witness.node = plan.witness.node.map { _ in "</p>`|`<b>" }
    for index in plan.witness.tensors.indices {
      plan.witness.tensors[index].name = hostile(plan.witness.tensors[index].name)
    }
    return plan
  }

  static let hostileNames = [
    "</script><script>alert(1)</script>", "<!--", "]]>", "a,b\"c\\", "*/ #error /*", "??/", "\\",
    "%s%n", "\u{202E}txt.exe", "line\nbreak\r", "tab\tnul\u{0}", "\u{2028}", "größe 模型 🙂", "-1",
    "1a",
    "a  b", "a__b", "a_b", "a.b", "&lt;&amp;", "`|`|*_[x](http://y)", "\\N\\G\\l", "__proto__",
    "constructor", "int", "=1+1", "'--", "${x}", "{{x}}", String(repeating: "long/", count: 200),
  ]
}
