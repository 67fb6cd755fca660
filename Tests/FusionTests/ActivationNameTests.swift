// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Fusion

/// Activations in graphs built by hand: `y = x + (activation(x A) B)`.
struct ActivationNameTests {
  /// What a block's activation is called; `nil` where no block is found.
  private func name(
    scalars: [String: Double] = [:],
    _ build: (inout Graph, TensorID, (String) -> TensorID) throws -> TensorID
  ) throws -> String? {
    var graph = Graph()
    let x = try graph.addTensor("x", type: .float32, shape: [3, 4], role: .input)
    graph.addInput(x)
    var stored: [String: TensorID] = [:]
    let a = try graph.addTensor("a", type: .float32, shape: [4, 8], role: .weight)
    // A scale and a bias for each hidden unit.
    for name in ["scales", "shifts"] {
      stored[name] = try graph.addTensor(name, type: .float32, shape: [8], role: .weight)
    }
    let b = try graph.addTensor("b", type: .float32, shape: [8, 4], role: .weight)
    for name in scalars.keys.sorted() {
      stored[name] = try graph.addTensor(name, type: .float32, shape: [], role: .constant)
    }
    let up = try graph.addTensor("up", type: .float32, shape: [3, 8], role: .activation)
    try graph.addNode(
      "", kind: OperatorKind(type: "MatMul"), inputs: [x, a], outputs: [up])
    let hidden = try build(&graph, up) { stored[$0] ?? .absent }
    let down = try graph.addTensor("down", type: .float32, shape: [3, 4], role: .activation)
    try graph.addNode(
      "", kind: OperatorKind(type: "MatMul"), inputs: [hidden, b], outputs: [down])
    let y = try graph.addTensor("y", type: .float32, shape: [3, 4], role: .output)
    try graph.addNode("", kind: OperatorKind(type: "Add"), inputs: [x, down], outputs: [y])
    graph.addOutput(y)
    try graph.validate()
    let survey = FusionSurvey(
      of: graph, values: StaticValues(scalars.mapValues { [$0] }))
    return survey.blocks.first?.activation
  }

  private func add(
    _ graph: inout Graph, _ type: String, _ inputs: [TensorID], domain: String = "",
    attributes: [Attribute] = []
  ) throws -> TensorID {
    let output = try graph.addTensor(
      "t\(graph.tensors.count)", type: .float32, shape: [3, 8], role: .activation)
    try graph.addNode(
      "", kind: OperatorKind(domain: domain, type: type), inputs: inputs, outputs: [output],
      attributes: attributes)
    return output
  }

  @Test(arguments: [
    ("Relu", "", "relu"), ("Sigmoid", "", "sigmoid"), ("Tanh", "", "tanh"), ("Mish", "", "mish"),
    ("Gelu", "", "gelu"), ("Gelu", "com.microsoft", "gelu"), ("Swish", "", "silu"),
    ("FastGelu", "com.microsoft", "gelu-tanh"), ("QuickGelu", "com.microsoft", "quick-gelu"),
    ("HardSwish", "", "hard-swish"), ("Elu", "", "elu"), ("Softplus", "", "softplus"),
    // No name of its own: that of its operator.
    ("Softsign", "", "Softsign"),
  ])
  func `one operator is named by what it computes`(
    _ type: String, _ domain: String, _ expected: String
  ) throws {
    #expect(
      try name { graph, up, _ in try add(&graph, type, [up], domain: domain) } == expected)
  }

  @Test func `spelled out functions are named, in any order of operands`() throws {
    let halves = ["half": 0.5, "one": 1, "root": 2.0.squareRoot()]
    let gelu = try name(scalars: halves) { graph, up, scalar in
      let inner = try add(&graph, "Erf", [add(&graph, "Div", [up, scalar("root")])])
      let sum = try add(&graph, "Add", [scalar("one"), inner])
      return try add(&graph, "Mul", [add(&graph, "Mul", [scalar("half"), sum]), up])
    }
    #expect(gelu == "gelu")
    let silu = try name { graph, up, _ in
      try add(&graph, "Mul", [add(&graph, "Sigmoid", [up]), up])
    }
    #expect(silu == "silu")
    // The same operators with another constant are another function.
    let other = try name(scalars: halves.merging(["root": 3]) { $1 }) { graph, up, scalar in
      let inner = try add(&graph, "Erf", [add(&graph, "Div", [up, scalar("root")])])
      let sum = try add(&graph, "Add", [scalar("one"), inner])
      return try add(&graph, "Mul", [add(&graph, "Mul", [scalar("half"), sum]), up])
    }
    #expect(other == "Div+Erf+Add+Mul+Mul")
  }

  @Test func `scales and biases of hidden units do not change what a function is called`() throws {
    let scaled = try name { graph, up, stored in
      let shifted = try add(&graph, "Add", [up, stored("shifts")])
      return try add(&graph, "Mul", [add(&graph, "Relu", [shifted]), stored("scales")])
    }
    #expect(scaled == "relu")
    let linear = try name { graph, up, stored in try add(&graph, "Mul", [up, stored("scales")]) }
    #expect(linear == nil)
  }

  @Test func `what is linear or mixes hidden units is no activation`() throws {
    #expect(
      try name(scalars: ["half": 0.5]) { graph, up, scalar in
        try add(&graph, "Mul", [up, scalar("half")])
      } == nil)
    #expect(try name { _, up, _ in up } == nil)
    #expect(
      try name { graph, up, _ in
        try add(&graph, "Softmax", [up], attributes: [Attribute("axis", .int(-1))])
      } == nil)
    #expect(try name { graph, up, _ in try add(&graph, "CumSum", [up]) } == nil)
  }
}
