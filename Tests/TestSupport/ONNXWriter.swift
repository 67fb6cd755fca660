// SPDX-License-Identifier: Apache-2.0

/// Writes ONNX messages for tests, with the fields that tests vary.
extension ProtobufWriter {
  /// A ModelProto around a graph.
  public static func model(
    irVersion: Int64 = 10, opsets: [(String, Int64)] = [("", 21)],
    more: (inout ProtobufWriter) -> Void = { _ in }, graph: (inout ProtobufWriter) -> Void
  ) -> [UInt8] {
    message {
      $0.varint(1, irVersion)
      for (domain, version) in opsets {
        $0.message(8) {
          if !domain.isEmpty { $0.string(1, domain) }
          $0.varint(2, version)
        }
      }
      $0.message(7, graph)
      more(&$0)
    }
  }

  /// A node of a graph (field 1) or, given its field, of a function.
  public mutating func node(
    _ type: String, _ inputs: [String] = [], _ outputs: [String] = [], name: String = "",
    domain: String = "", field: Int = 1, more: (inout ProtobufWriter) -> Void = { _ in }
  ) {
    message(field) {
      for input in inputs { $0.string(1, input) }
      for output in outputs { $0.string(2, output) }
      if !name.isEmpty { $0.string(3, name) }
      $0.string(4, type)
      if !domain.isEmpty { $0.string(7, domain) }
      more(&$0)
    }
  }

  /// An attribute of a node, of a kind by the format's number.
  public mutating func attribute(
    _ name: String, kind: Int64?, _ value: (inout ProtobufWriter) -> Void
  ) {
    message(5) {
      $0.string(1, name)
      if let kind { $0.varint(20, kind) }
      value(&$0)
    }
  }

  /// A tensor in a field, with its elements written by a closure.
  public mutating func tensor(
    _ field: Int, _ name: String = "", type: Int64, dims: [Int64],
    _ elements: (inout ProtobufWriter) -> Void = { _ in }
  ) {
    message(field) {
      for dim in dims { $0.varint(1, dim) }
      $0.varint(2, type)
      if !name.isEmpty { $0.string(8, name) }
      elements(&$0)
    }
  }

  /// A value info in a field, of a dense tensor; a dimension is a number, a name or nothing.
  public mutating func value(
    _ field: Int, _ name: String, type: Int64 = 1, shape: [TensorDimension]?
  ) {
    message(field) {
      $0.string(1, name)
      $0.message(2) { $0.tensorType(1, type, shape) }
    }
  }

  /// A TypeProto.Tensor in a field.
  public mutating func tensorType(_ field: Int, _ type: Int64, _ shape: [TensorDimension]?) {
    message(field) {
      $0.varint(1, type)
      guard let shape else { return }
      $0.message(2) {
        for dimension in shape {
          $0.message(1) {
            switch dimension {
            case .value(let value): $0.varint(1, value)
            case .parameter(let name): $0.string(2, name)
            case .unknown: break
            }
          }
        }
      }
    }
  }
}

/// A dimension that ``ProtobufWriter`` writes.
public enum TensorDimension: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  case value(Int64)
  case parameter(String)
  case unknown

  public init(integerLiteral value: Int64) { self = .value(value) }
  public init(stringLiteral name: String) { self = .parameter(name) }
}
