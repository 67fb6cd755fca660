// SPDX-License-Identifier: Apache-2.0
import GraphIR

extension ONNXModel {
  /// The elements of the main graph's small constants, by name: initializers and results of `Constant`
  /// nodes, numbers of any type as reals.
  ///
  /// - Parameter limit: The most elements of a constant that is read.
  /// - Throws: ``ImportError`` where a constant's stored elements do not fit its shape.
  /// - Complexity: O(initializers + nodes + elements read).
  public func smallConstants(limit: Int = 16) throws(ImportError) -> [String: [Double]] {
    var constants: [String: [Double]] = [:]
    func add(_ name: ONNXNameID, _ tensor: ONNXTensor) throws(ImportError) {
      guard name != .absent, tensor.elementCount <= limit else { return }
      if let reals = try reals(of: tensor, limit: limit) {
        constants[names[name]] = reals
      } else if let integers = try integers(of: tensor, limit: limit) {
        constants[names[name]] = integers.map(Double.init)
      }
    }
    for tensor in graph.initializers { try add(tensor.name, tensor) }
    for node in graph.nodes {
      let kind = self.operator(of: node)
      guard kind.type == "Constant", kind.domain.isEmpty, node.outputCount == 1 else { continue }
      let name = graph.output(0, of: node)
      guard name != .absent else { continue }
      for attribute in graph.attributes(of: node) {
        switch (attribute.name, attribute.value) {
        case ("value", .tensor(let tensor)): try add(name, tensor)
        case ("value_float", .float(let value)): constants[names[name]] = [Double(value)]
        case ("value_int", .int(let value)): constants[names[name]] = [Double(value)]
        case ("value_floats", .floats(let values)) where values.count <= limit:
          constants[names[name]] = values.map(Double.init)
        case ("value_ints", .ints(let values)) where values.count <= limit:
          constants[names[name]] = values.map(Double.init)
        default: continue
        }
      }
    }
    return constants
  }
}
