// SPDX-License-Identifier: Apache-2.0
import Fusion
import GraphIR
import TestSupport
import Testing

/// Pairs of parallel blocks that must not become one, and the reason that is given.
struct RefusedBlockTests {
  private static let width = 4
  private static let hidden = 6

  /// A matrix of bytes.
  private func bytes(_ builder: inout ModelBuilder, _ shape: [Int], type: Int64) -> String {
    builder.stored(
      shape, type: type, bytes: (0..<shape.reduce(1, *)).map { UInt8($0 % 100) }, name: "q")
  }

  /// `x + f(x) + g(x)` with blocks that a closure makes.
  private func read(
    _ block: (inout ModelBuilder, String, _ index: Int) -> String,
    behind tail: (inout ModelBuilder, String) -> String = { $1 }
  ) throws -> ReadModel {
    var builder = ModelBuilder(opset: 21, seed: 1)
    let first = block(&builder, "x", 0)
    let second = block(&builder, "x", 1)
    let sum = builder.add("Add", builder.add("Add", "x", first), second)
    let result = tail(&builder, sum)
    return try ReadModel(
      bytes: builder.model(input: "x", [3, Self.width], output: result))
  }

  /// What each block is refused for; nothing may be fused.
  private func refusals(_ read: ReadModel) throws -> [[FusionRefusal]] {
    #expect(read.survey.parallel == [[0, 1]])
    let fused = try read.fused(FusionOptions())
    #expect(fused.fusions.isEmpty)
    #expect(fused.graph.fingerprint == read.graph.fingerprint)
    #expect(!fused.refusals.isEmpty)
    return read.survey.blocks.map(\.refusals)
  }

  private func plain(_ builder: inout ModelBuilder, _ x: String, _ first: String, _ second: String)
    -> String
  {
    let up = builder.add("MatMul", x, first)
    return builder.add("MatMul", builder.add("Relu", up), second)
  }

  @Test func `a matrix that both read is named with its uses`() throws {
    var shared = ""
    let read = try read { builder, x, index in
      if index == 0 { shared = builder.weight([Self.width, Self.hidden]) }
      return plain(&builder, x, shared, builder.weight([Self.hidden, Self.width]))
    }
    let refusal = FusionRefusal.shared(weight: shared, uses: 2)
    #expect(try refusals(read) == [[refusal], [refusal]])
  }

  @Test func `a matrix that is tied to its transpose is named`() throws {
    var names: [String] = []
    let read = try read { builder, x, _ in
      let matrix = builder.weight([Self.width, Self.hidden])
      names.append(matrix)
      let turned = builder.add("Transpose", matrix, attributes: ["perm": .ints([1, 0])])
      return plain(&builder, x, matrix, turned)
    }
    #expect(
      try refusals(read)
        == names.map { Array(repeating: .shared(weight: $0, uses: 2), count: 2) })
  }

  @Test func `matrices that are inputs of the graph are named`() throws {
    var names: [String] = []
    let read = try read { builder, x, _ in
      let (first, second) = (
        builder.input([Self.width, Self.hidden]), builder.input([Self.width, Self.hidden])
      )
      names += [first, second]
      let turned = builder.add("Transpose", second, attributes: ["perm": .ints([1, 0])])
      let up = builder.add("Add", builder.add("MatMul", x, first), builder.input([Self.hidden]))
      return builder.add("MatMul", builder.add("Relu", up), turned)
    }
    #expect(try refusals(read).flatMap { $0 } == names.map { .given(weight: $0) })
    #expect(read.survey.blocks.allSatisfy { $0.hasBias })
  }

  @Test func `matrices that DequantizeLinear makes are named`() throws {
    var names: [String] = []
    let read = try read { builder, x, _ in
      func matrix(_ shape: [Int]) -> String {
        let stored = bytes(&builder, shape, type: 2)
        names.append(stored)
        return builder.add("DequantizeLinear", stored, builder.number(0.01))
      }
      let first = matrix([Self.width, Self.hidden])
      return plain(&builder, x, first, matrix([Self.hidden, Self.width]))
    }
    #expect(try refusals(read).flatMap { $0 } == names.map { .quantized(weight: $0) })
  }

  @Test(arguments: [false, true])
  func `the chain of DynamicQuantizeLinear and MatMulInteger is a block`(_ hasBias: Bool) throws {
    var names: [String] = []
    let read = try read { builder, x, _ in
      func project(_ x: String, _ shape: [Int]) -> String {
        let stored = bytes(&builder, shape, type: 2)
        names.append(stored)
        let dynamic = builder.addAll("DynamicQuantizeLinear", [x], results: 3)
        let zero = builder.stored([], type: 2, bytes: [50], name: "z")
        let whole = builder.add("MatMulInteger", dynamic[0], stored, dynamic[2], zero)
        let scale = builder.add("Mul", dynamic[1], builder.number(0.01))
        let real = builder.add("Cast", whole, attributes: ["to": .int(1)])
        let product = builder.add("Mul", real, scale)
        return hasBias ? builder.add("Add", product, builder.weight([shape[1]])) : product
      }
      let up = project(x, [Self.width, Self.hidden])
      return project(builder.add("Relu", up), [Self.hidden, Self.width])
    }
    #expect(try refusals(read).flatMap { $0 } == names.map { .quantized(weight: $0) })
    #expect(read.survey.blocks.allSatisfy { $0.hasBias == hasBias && $0.activation == "relu" })
  }

  @Test func `MatMulNBits and DynamicQuantizeMatMul are projections`() throws {
    var names: [String] = []
    let read = try read { builder, x, _ in
      let blocks = bytes(&builder, [Self.hidden, 1, 8], type: 2)
      names.append(blocks)
      let scales = builder.weight([Self.hidden])
      let up = builder.addAll(
        "MatMulNBits", [x, blocks, scales], domain: "com.microsoft",
        attributes: [
          "K": .int(Self.width), "N": .int(Self.hidden), "bits": .int(4), "block_size": .int(16),
        ])[0]
      let stored = bytes(&builder, [Self.hidden, Self.width], type: 2)
      names.append(stored)
      let active = builder.add("Relu", up)
      return builder.add(
        "DynamicQuantizeMatMul", active, stored, builder.number(0.01), domain: "com.microsoft")
    }
    #expect(try refusals(read).flatMap { $0 } == names.map { .quantized(weight: $0) })
  }

  @Test func `QLinearMatMul and QLinearAdd are a block and its sum`() throws {
    var names: [String] = []
    var builder = ModelBuilder(opset: 21, seed: 1)
    func scale() -> [String] {
      [builder.number(0.1), builder.stored([], type: 2, bytes: [128], name: "z")]
    }
    func project(_ x: String, _ shape: [Int]) -> String {
      let stored = bytes(&builder, shape, type: 2)
      names.append(stored)
      return builder.addAll(
        "QLinearMatMul", [x] + scale() + [stored] + scale() + scale())[0]
    }
    let x = builder.addAll("QuantizeLinear", ["x"] + scale())[0]
    let up = builder.addAll(
      "DequantizeLinear", [project(x, [Self.width, Self.hidden])] + scale())[0]
    let active = builder.addAll("QuantizeLinear", [builder.add("Relu", up)] + scale())[0]
    let down = project(active, [Self.hidden, Self.width])
    let sum = builder.addAll(
      "QLinearAdd", [x] + scale() + [down] + scale() + scale(), domain: "com.microsoft")[0]
    let result = builder.addAll("DequantizeLinear", [sum] + scale())[0]
    let read = try ReadModel(bytes: builder.model(input: "x", [3, Self.width], output: result))
    #expect(
      read.survey.blocks.map(\.refusals) == [names.map { .quantized(weight: $0) }])
    #expect(read.survey.blocks.map(\.hiddenWidth) == [Self.hidden])
  }

  @Test func `an activation that is quantised inside a block is named`() throws {
    var names: [String] = []
    let read = try read { builder, x, _ in
      let zero = builder.stored([], type: 2, bytes: [0], name: "z")
      let up = builder.add("MatMul", x, builder.weight([Self.width, Self.hidden]))
      let active = builder.add("Relu", up)
      let scale = builder.number(0.1)
      names.append(builder.add("QuantizeLinear", active, scale, zero))
      let rounded = builder.add("DequantizeLinear", names[names.count - 1], scale, zero)
      return builder.add("MatMul", rounded, builder.weight([Self.hidden, Self.width]))
    }
    #expect(try refusals(read) == names.map { [.quantizedValue(tensor: $0)] })
  }

  @Test func `a bias that is stored quantised is named`() throws {
    var names: [String] = []
    let read = try read { builder, x, _ in
      let stored = bytes(&builder, [Self.width], type: 2)
      names.append(stored)
      let bias = builder.add("DequantizeLinear", stored, builder.number(0.01))
      let first = builder.weight([Self.width, Self.hidden])
      return builder.add(
        "Add", plain(&builder, x, first, builder.weight([Self.hidden, Self.width])), bias)
    }
    #expect(try refusals(read) == names.map { [.quantized(weight: $0)] })
  }

  @Test func `a hidden value that something else reads is named`() throws {
    var hidden: [String] = []
    let read = try read(
      { builder, x, _ in
        let up = builder.add("MatMul", x, builder.weight([Self.width, Self.hidden]))
        hidden.append(builder.add("Relu", up))
        return builder.add(
          "MatMul", hidden[hidden.count - 1], builder.weight([Self.hidden, Self.width]))
      },
      behind: { builder, sum in
        let mean = builder.add("ReduceMax", hidden[1], attributes: ["keepdims": .int(1)])
        return builder.add("Mul", sum, mean)
      })
    // One of two may be read: there is nothing to fuse the other with.
    #expect(try refusals(read) == [[], [.usedOutside(tensor: hidden[1])]])
  }
}
