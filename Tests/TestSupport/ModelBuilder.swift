// SPDX-License-Identifier: Apache-2.0

/// Builds an ONNX model operator by operator, for tests that want many models of a kind.
///
/// Tensors have numbers for names; weights are those that a seeded generator gives.
public struct ModelBuilder {
  /// An attribute's value.
  public enum Value {
    case int(Int)
    case ints([Int])
    case float(Float)
    case string(String)
  }

  /// The version of ONNX's own operators.
  public let opset: Int
  private var random: SeededGenerator
  private var graph = ProtobufWriter()
  private var count = 0

  public init(opset: Int, seed: Int) {
    self.opset = opset
    random = SeededGenerator(seed: seed)
  }

  private mutating func fresh(_ prefix: String) -> String {
    count += 1
    return "\(prefix)\(count)"
  }

  /// Adds an operator and returns its result, or the first of several.
  public mutating func add(
    _ type: String, _ inputs: String..., domain: String = "", results: Int = 1,
    attributes: KeyValuePairs<String, Value> = [:]
  ) -> String {
    addAll(type, inputs, domain: domain, results: results, attributes: attributes)[0]
  }

  /// Adds an operator and returns all its results.
  public mutating func addAll(
    _ type: String, _ inputs: [String], domain: String = "", results: Int = 1,
    attributes: KeyValuePairs<String, Value> = [:]
  ) -> [String] {
    let outputs = (0..<results).map { _ in fresh("t") }
    graph.node(type, inputs, outputs, name: fresh(type.lowercased()), domain: domain) {
      for (name, value) in attributes {
        switch value {
        case .int(let number): $0.attribute(name, kind: 2) { $0.varint(3, Int64(number)) }
        case .ints(let numbers):
          $0.attribute(name, kind: 7) { for number in numbers { $0.varint(8, Int64(number)) } }
        case .float(let number):
          $0.attribute(name, kind: 1) { $0.fixed32(2, number.bitPattern) }
        case .string(let text): $0.attribute(name, kind: 3) { $0.string(4, text) }
        }
      }
    }
    return outputs
  }

  // MARK: Weights

  /// Adds a tensor of an element type, by the format's number, with its bytes.
  public mutating func stored(
    _ shape: [Int], type: Int64, bytes: [UInt8], name: String = "w"
  ) -> String {
    let name = fresh(name)
    graph.tensor(5, name, type: type, dims: shape.map(Int64.init)) { $0.bytes(9, bytes) }
    return name
  }

  /// Adds a float32 tensor.
  public mutating func constant(_ shape: [Int], _ values: [Float]) -> String {
    stored(shape, type: 1, bytes: values.flatMap { littleEndian($0.bitPattern) }, name: "c")
  }

  /// Adds an input of the graph besides the one that ``model(input:_:output:type:)`` names.
  public mutating func input(_ shape: [Int]) -> String {
    let name = fresh("p")
    graph.value(11, name, type: 1, shape: shape.map { .value(Int64($0)) })
    return name
  }

  /// Adds a number.
  public mutating func number(_ value: Float) -> String { constant([], [value]) }

  /// Adds whole numbers.
  public mutating func integers(_ values: [Int]) -> String {
    stored([values.count], type: 7, bytes: values.flatMap { littleEndian(Int64($0)) }, name: "i")
  }

  /// Adds a float32 or float16 tensor of random elements about a middle.
  public mutating func weight(
    _ shape: [Int], about middle: Float = 0, within spread: Float = 0.5, isHalf: Bool = false
  ) -> String {
    var bytes: [UInt8] = []
    for _ in 0..<shape.reduce(1, *) {
      let value = middle + Float.random(in: -spread...spread, using: &random)
      bytes += isHalf ? littleEndian(Float16(value).bitPattern) : littleEndian(value.bitPattern)
    }
    return stored(shape, type: isHalf ? 10 : 1, bytes: bytes)
  }

  // MARK: The model

  /// The model's file.
  ///
  /// - Parameters:
  ///   - input: The name and shape of what goes in.
  ///   - output: The name of what comes out, of any shape.
  public func model(
    input: String, _ shape: [Int], output: String, type: Int64 = 1
  ) -> [UInt8] {
    ProtobufWriter.model(
      irVersion: opset > 21 ? 11 : 8, opsets: [("", Int64(opset)), ("com.microsoft", 1)]
    ) {
      $0.string(2, "built")
      $0.raw(graph.bytes)
      $0.value(11, input, type: type, shape: shape.map { .value(Int64($0)) })
      $0.value(12, output, type: type, shape: shape.map { .value(Int64($0)) })
    }
  }
}
