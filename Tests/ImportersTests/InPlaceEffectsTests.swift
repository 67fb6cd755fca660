// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

@Suite struct `In-place effects` {
  private func effects(
    _ type: String, domain: String = "", _ inputs: [ValueFact?], _ outputs: ValueFact?...,
    isFirstRepeated: Bool = false, isTraining: Bool = false
  ) -> [Effect] {
    InPlaceEffects(domain: domain, type: type)
      .effects(
        of: InPlaceEffects.Use(
          inputs: inputs, outputs: outputs, isFirstRepeated: isFirstRepeated,
          isTraining: isTraining))
  }

  @Test func `views share in both modes`() {
    for type in ["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"] {
      #expect(
        effects(type, [floats(2, 3), known(6)], floats(6))
          == [Effect(.mayAlias, output: 0, of: 0, modes: .all)], "\(type)")
    }
    #expect(effects("Transpose", [floats(2, 3)], floats(3, 2)).isEmpty)
  }

  @Test(arguments: [
    "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Selu", "HardSigmoid", "Softplus", "Softsign",
    "ThresholdedRelu", "Clip", "Celu", "Shrink", "Trilu", "ScatterElements", "Scatter",
  ])
  func `activation functions overwrite their operand in both modes`(type: String) {
    #expect(
      effects(type, [floats(2)], floats(2))
        == [Effect(.mayOverwrite, output: 0, of: 0, modes: .all)])
  }

  @Test func `rows that are normalized as a whole are overwritten by ONNX Runtime alone`() {
    for type in ["Softmax", "LogSoftmax"] {
      #expect(
        effects(type, [floats(2)], floats(2))
          == [Effect(.mayOverwrite, output: 0, of: 0, modes: .ort)])
    }
    for type in ["LayerNormalization", "InstanceNormalization", "CumSum", "LRN", "Hardmax"] {
      #expect(effects(type, [floats(2), floats(2)], floats(2)).isEmpty)
    }
  }

  /// Operands whose bounds are equal may be stretched to each other when the model runs.
  @Test func `operands of bounded size are overwritten only by what reads no other`() {
    let some = bounded(floats(2, 3))
    #expect(effects("Add", [some, some], some).isEmpty)
    #expect(effects("Add", [floats(2, 3), some], some).isEmpty)
    #expect(effects("Relu", [some], some).count == 1)
    var exact = some
    exact.leastShape = [2, 3]
    #expect(effects("Add", [exact, exact], exact).count == 2)
  }

  @Test func `kernels that use their result as scratch are not run in place`() {
    for domain in ["", "com.microsoft"] {
      for type in ["Gelu", "FastGelu", "QuickGelu", "BiasGelu"] {
        #expect(InPlaceEffects(domain: domain, type: type) == .none, "\(domain) \(type)")
      }
    }
  }

  @Test func `arithmetic overwrites any operand of the result's shape and type`() {
    #expect(
      effects("Add", [floats(2, 3), floats(3)], floats(2, 3))
        == [Effect(.mayOverwrite, output: 0, of: 0, modes: .safe)])
    #expect(
      effects("Add", [floats(3), floats(2, 3)], floats(2, 3))
        == [Effect(.mayOverwrite, output: 0, of: 1, modes: .safe)])
    #expect(effects("Sum", [floats(2), floats(2), floats(2)], floats(2)).count == 2)
    #expect(effects("Add", [floats(1), floats(3, 1)], floats(3, 3)).isEmpty)
    // A comparison's result has another type; a choice is no operand to write over.
    #expect(effects("Equal", [floats(2), floats(2)], ValueFact(.bool, [2])).isEmpty)
    #expect(
      effects("Where", [ValueFact(.bool, [2]), floats(2), nil], floats(2))
        == [Effect(.mayOverwrite, output: 0, of: 1, modes: .safe)])
  }

  @Test func `conversions overwrite what has elements of one width`() {
    #expect(
      effects("Cast", [floats(2)], floats(2))
        == [Effect(.mayOverwrite, output: 0, of: 0, modes: .all)])
    #expect(
      effects("Cast", [floats(2)], ValueFact(.int32, [2]))
        == [Effect(.mayOverwrite, output: 0, of: 0, modes: .safe)])
    #expect(effects("Cast", [floats(2)], ValueFact(.int64, [2])).isEmpty)
    #expect(effects("Cast", [ValueFact(.string, [2])], ValueFact(.string, [2])).isEmpty)
  }

  @Test func `scattering writes over what no other operand reads`() {
    let types: [(String, Effect.Modes)] = [
      ("ScatterElements", .all), ("Scatter", .all), ("ScatterND", .safe), ("TensorScatter", .safe),
    ]
    for (type, modes) in types {
      let over = [Effect(.mayOverwrite, output: 0, of: 0, modes: modes)]
      let inputs = [floats(4), known(1), floats(1)]
      #expect(effects(type, inputs, floats(4)) == over, "\(type)")
      #expect(effects(type, inputs, floats(4), isFirstRepeated: true) == [], "\(type)")
    }
  }

  @Test func `a batch that is normalized by its own statistics is read twice`() {
    let inputs = [floats(2, 3), floats(3), floats(3), floats(3), floats(3)]
    let over = [Effect(.mayOverwrite, output: 0, of: 0, modes: .safe)]
    #expect(effects("BatchNormalization", inputs, floats(2, 3)) == over)
    #expect(effects("BatchNormalization", inputs, floats(2, 3), isTraining: true) == [])
  }

  @Test func `a node says by attributes and results whether it normalizes by its batch`() throws {
    func normalizes(_ version: Int64, _ outputs: [String], _ attributes: [String: Int64]) throws
      -> Int
    {
      let graph = try imported(opsets: [("", version)]) {
        $0.value(11, "x", shape: [2, 3])
        for name in ["s", "b", "m", "v"] { $0.weights(name, [3]) }
        $0.node("BatchNormalization", ["x", "s", "b", "m", "v"], outputs) {
          for (name, value) in attributes { $0.int(name, value) }
        }
        $0.value(12, "y", shape: nil)
      }.graph
      return graph.effects(of: NodeID(0)).count
    }
    #expect(try normalizes(15, ["y"], [:]) == 1)
    #expect(try normalizes(15, ["y", "n", "w"], ["training_mode": 1]) == 0)
    #expect(try normalizes(9, ["y"], [:]) == 1)
    #expect(try normalizes(9, ["y", "n", "w", "p", "q"], [:]) == 0)
    #expect(try normalizes(6, ["y"], [:]) == 0)
    #expect(try normalizes(6, ["y"], ["is_test": 1]) == 1)
  }

  @Test func `kernels that update an operand where it lies do so in every mode`() {
    let buffer = floats(2, 3)
    let flag = ValueFact(.bool, [1])
    let next = [Effect(.mustOverwrite, output: 1, of: 0)]
    #expect(
      effects(
        "InPlaceAccumulatorV2", domain: "com.microsoft", [buffer, buffer, flag], flag, buffer)
        == next)
    // Without a second result nothing holds the new version.
    #expect(
      effects("InPlaceAccumulatorV2", domain: "com.microsoft", [buffer, buffer, flag], flag) == [])
    let pages = floats(9, 16, 2, 8)
    #expect(
      effects(
        "PagedAttention", domain: "com.microsoft", [floats(3, 4), nil, nil, pages, pages],
        floats(3, 4), pages, pages)
        == [
          Effect(.mustOverwrite, output: 1, of: 3), Effect(.mustOverwrite, output: 2, of: 4),
        ])
  }

  @Test func `quantized arithmetic overwrites operands, not scales`() {
    let x = ValueFact(.uint8, [4])
    let (scale, zero) = (floats(), ValueFact(.uint8, []))
    #expect(
      effects(
        "QLinearAdd", domain: "com.microsoft", [x, scale, zero, x, scale, zero, scale, zero], x)
        == [0, 3].map { Effect(.mayOverwrite, output: 0, of: $0, modes: .safe) })
    // A zero point of the result's form is read for every element.
    #expect(
      effects(
        "QLinearAdd", domain: "com.microsoft", [zero, scale, zero, zero, scale, zero, scale, zero],
        zero)
        == [0, 3].map { Effect(.mayOverwrite, output: 0, of: $0, modes: .safe) })
  }

  @Test func `what is unknown shares nothing`() {
    #expect(effects("Warp", [floats(2)], floats(2)).isEmpty)
    #expect(
      InPlaceEffects(domain: "com.example", type: "Relu") == .none)
    #expect(effects("Relu", [], floats(2)).isEmpty)
    #expect(effects("Relu", [nil], floats(2)).isEmpty)
  }

  @Test func `Dropout is a view where it does not train`() throws {
    func drops(_ version: Int64, _ more: (inout ProtobufWriter) -> Void) throws -> [Effect] {
      let graph = try imported(opsets: [("", version)]) {
        $0.value(11, "x", shape: [4])
        $0.tensor(5, "ratio", type: 1, dims: []) { $0.fixed32(4, 0) }
        $0.tensor(5, "yes", type: 9, dims: []) { $0.varint(5, 1) }
        $0.tensor(5, "no", type: 9, dims: []) { $0.varint(5, 0) }
        $0.value(11, "maybe", type: 9, shape: [])
        more(&$0)
        $0.value(12, "y", shape: nil)
      }.graph
      return Array(graph.effects(of: NodeID(0)))
    }
    let view = [Effect(.mayAlias, output: 0, of: 0, modes: .safe)]
    #expect(try drops(13) { $0.node("Dropout", ["x"], ["y"]) } == view)
    #expect(try drops(13) { $0.node("Dropout", ["x", "ratio", "no"], ["y"]) } == view)
    #expect(try drops(13) { $0.node("Dropout", ["x", "ratio", "yes"], ["y"]) } == [])
    #expect(try drops(13) { $0.node("Dropout", ["x", "ratio", "maybe"], ["y"]) } == [])
    #expect(try drops(9) { $0.node("Dropout", ["x"], ["y"]) } == view)
    #expect(try drops(6) { $0.node("Dropout", ["x"], ["y"]) } == [])
    #expect(try drops(6) { $0.node("Dropout", ["x"], ["y"]) { $0.int("is_test", 1) } } == view)
  }
}
