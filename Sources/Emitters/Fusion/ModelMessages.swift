// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Messages of the ONNX format that are written anew.
///
/// Source: ONNX format, `onnx.proto`.
enum ModelMessages {
  /// The operands of a node: fields 1 and 2 of NodeProto.
  static func operands(of node: NodeID, in graph: Graph) -> [UInt8] {
    func fields(_ number: Int, _ tensors: ArraySlice<TensorID>) -> [UInt8] {
      tensors.flatMap { WireBytes.field(number, ($0.isAbsent ? "" : graph.name(of: $0)).utf8) }
    }
    return fields(1, graph.inputs(of: node)) + fields(2, graph.outputs(of: node))
  }

  /// A NodeProto of a graph's node, attributes included.
  static func node(_ node: NodeID, in graph: Graph) -> [UInt8] {
    let kind = graph.kind(of: node)
    var bytes = operands(of: node, in: graph)
    bytes += WireBytes.field(3, graph.name(of: node).utf8)
    bytes += WireBytes.field(4, kind.type.utf8)
    for attribute in graph.attributes(of: node) {
      bytes += WireBytes.field(5, self.attribute(attribute))
    }
    if !kind.domain.isEmpty { bytes += WireBytes.field(7, kind.domain.utf8) }
    return bytes
  }

  private static func attribute(_ attribute: Attribute) -> [UInt8] {
    func bits(_ value: Float) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
    let (value, type): ([UInt8], Int) =
      switch attribute.value {
      case .float(let value): (WireBytes.varint(2 << 3 | 5) + bits(value), 1)
      case .int(let value): (WireBytes.field(3, Int(value)), 2)
      case .string(let value): (WireBytes.field(4, value.utf8), 3)
      case .floats(let values): (WireBytes.field(7, values.flatMap(bits)), 6)
      case .ints(let values): (values.flatMap { WireBytes.field(8, Int($0)) }, 7)
      case .strings(let values): (values.flatMap { WireBytes.field(9, $0.utf8) }, 8)
      }
    return WireBytes.field(1, attribute.name.utf8) + value + WireBytes.field(20, type)
  }

  /// A TensorProto without its elements.
  static func tensorHead(_ name: String, _ type: ElementType, _ shape: [Int]) -> [UInt8] {
    shape.flatMap { WireBytes.field(1, $0) } + WireBytes.field(2, Int(type.rawValue))
      + WireBytes.field(8, name.utf8)
  }

  /// The fields of a TensorProto whose elements are in another file.
  static func external(_ location: String, offset: Int, length: Int) -> [UInt8] {
    func entry(_ key: String, _ value: String) -> [UInt8] {
      WireBytes.field(13, WireBytes.field(1, key.utf8) + WireBytes.field(2, value.utf8))
    }
    return entry("location", location) + entry("offset", "\(offset)")
      + entry("length", "\(length)") + WireBytes.field(14, 1)
  }

  /// A ValueInfoProto of a dense tensor.
  static func value(_ name: String, _ type: ElementType, _ shape: [Int]) -> [UInt8] {
    let dimensions = shape.flatMap { WireBytes.field(1, WireBytes.field(1, $0)) }
    let tensor = WireBytes.field(1, Int(type.rawValue)) + WireBytes.field(2, dimensions)
    return WireBytes.field(1, name.utf8) + WireBytes.field(2, WireBytes.field(1, tensor))
  }
}
