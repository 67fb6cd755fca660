// SPDX-License-Identifier: Apache-2.0
import TestSupport

@testable import Importers

/// Reads the model that bytes are.
func read(
  _ bytes: [UInt8], limits: ONNXLimits = ONNXLimits()
) throws(ImportError) -> ONNXModel {
  try ONNXModel(try MappedFile(bytes: bytes), limits: limits)
}

/// Reads a model of one graph.
func read(graph: (inout ProtobufWriter) -> Void) throws(ImportError) -> ONNXModel {
  try read(ProtobufWriter.model(graph: graph))
}

/// The only attribute of the only node of a model.
func readAttribute(
  kind: Int64?, _ value: (inout ProtobufWriter) -> Void
) throws(ImportError) -> ONNXAttribute.Value? {
  let model = try read { $0.node("Op") { $0.attribute("a", kind: kind, value) } }
  return model.graph.attribute("a", of: model.graph.nodes[0])
}

extension ONNXModel {
  /// The names of values as text.
  func text(_ names: some Sequence<ONNXNameID>) -> [String] { names.map { self.names[$0] } }

  /// Asks for everything there is in the model and returns how much it was; throws what any part
  /// of it throws.
  func visitEverything() throws(ImportError) -> Int {
    var count = names.count + operators.count + metadata.count + opsets.count
    for index in 0..<names.count { count += names[ONNXNameID(index: Int32(index))].utf8.count }
    count += try visit(graph)
    for function in functions {
      count += text(function.inputs).count + text(function.outputs).count
      for attribute in function.attributeDefaults { count += try visit(attribute) }
      count += try visit(function.body)
    }
    return count
  }

  private func visit(_ graph: ONNXGraph) throws(ImportError) -> Int {
    var count = 0
    for value in graph.inputs + graph.outputs + graph.valueInfo {
      count += try metadata(of: value).count + names[value.name].utf8.count
    }
    for tensor in graph.initializers { count += try visit(tensor) }
    for sparse in graph.sparseInitializers {
      count += try visit(sparse.values) + visit(sparse.indices)
    }
    for node in graph.nodes {
      count += text(graph.inputs(of: node)).count + text(graph.outputs(of: node)).count
      count += self.operator(of: node).type.utf8.count + (try metadata(of: node).count)
      for attribute in graph.attributes(of: node) { count += try visit(attribute) }
    }
    return count
  }

  private func visit(_ attribute: ONNXAttribute) throws(ImportError) -> Int {
    var count = 1
    switch attribute.value {
    case .tensor(let tensor): count += try visit(tensor)
    case .tensors(let tensors): for tensor in tensors { count += try visit(tensor) }
    case .sparseTensor(let sparse): count += try visit(sparse.values) + visit(sparse.indices)
    case .graph(let graph): count += try visit(graph)
    case .graphs(let graphs): for graph in graphs { count += try visit(graph) }
    default: break
    }
    return count
  }

  private func visit(_ tensor: ONNXTensor) throws(ImportError) -> Int {
    var count = try metadata(of: tensor).count
    do {
      count += try integers(of: tensor, limit: 1000)?.count ?? 0
      count += try reals(of: tensor, limit: 1000)?.count ?? 0
      count += try strings(of: tensor, limit: 1000)?.count ?? 0
    } catch .payloadMismatch {
      // A wrong shape is no fault of the rest.
      count += 1
    }
    return count
  }
}
