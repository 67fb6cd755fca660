// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport

@testable import Importers

/// Imports a model of one graph.
func imported(
  opsets: [(String, Int64)] = [("", 17)], bindings: [DimensionBinding] = [],
  ignoresValueInfo: Bool = false, more: (inout ProtobufWriter) -> Void = { _ in },
  graph: (inout ProtobufWriter) -> Void
) throws(ImportError) -> ImportedGraph {
  let model = try read(ProtobufWriter.model(opsets: opsets, more: more, graph: graph))
  return try ONNXImporter(bindings: bindings, ignoresValueInfo: ignoresValueInfo)
    .importGraph(of: model)
}

/// The fault that importing a model of one graph ends in; `nil` if it does not.
func fault(
  opsets: [(String, Int64)] = [("", 17)], bindings: [DimensionBinding] = [],
  more: (inout ProtobufWriter) -> Void = { _ in }, graph: (inout ProtobufWriter) -> Void
) -> ImportError? {
  do throws(ImportError) {
    _ = try imported(opsets: opsets, bindings: bindings, more: more, graph: graph)
    return nil
  } catch {
    return error
  }
}

extension ProtobufWriter {
  /// An initializer of 64-bit integers.
  mutating func integers(_ name: String, _ values: [Int64], dims: [Int64]? = nil) {
    tensor(5, name, type: 7, dims: dims ?? [Int64(values.count)]) {
      $0.bytes(7, Self.varints(values))
    }
  }

  /// An initializer of floats whose elements are in a file that is not there.
  mutating func weights(_ name: String, _ dims: [Int64]) {
    tensor(5, name, type: 1, dims: dims) {
      $0.message(13) {
        $0.string(1, "location")
        $0.string(2, "weights.bin")
      }
      $0.varint(14, 1)
    }
  }

  /// An attribute that is a list of integers.
  mutating func ints(_ name: String, _ values: [Int64]) {
    attribute(name, kind: 7) { $0.bytes(8, Self.varints(values)) }
  }

  /// An attribute that is an integer.
  mutating func int(_ name: String, _ value: Int64) {
    attribute(name, kind: 2) { $0.varint(3, value) }
  }

  /// An attribute that is a text.
  mutating func text(_ name: String, _ value: String) {
    attribute(name, kind: 3) { $0.string(4, value) }
  }
}

extension Graph {
  /// The tensor of a name.
  func tensor(_ name: String) -> TensorID? { tensorIDs.first { self.name(of: $0) == name } }

  /// The shape of the tensor of a name.
  func shape(_ name: String) -> [Int]? { tensor(name).map { Array(shape(of: $0)) } }

  /// The role of the tensor of a name.
  func role(_ name: String) -> TensorRole? { tensor(name).map { self[$0].role } }

  /// The names of the nodes, in order.
  var nodeNames: [String] { nodeIDs.map { name(of: $0) } }
}
