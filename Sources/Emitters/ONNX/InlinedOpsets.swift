// SPDX-License-Identifier: Apache-2.0

import Importers

/// The operator sets that a model needs once its functions are inlined: functions import their own.
///
/// The checker of the onnx package takes functions only where every operator in them is the same in
/// their version and in the model's. For ONNX's own operators ``OperatorVersions`` says that; for others
/// the versions must be equal.
struct InlinedOpsets {
  /// `opset_import` fields for the domains that only functions import.
  let missingImports: [UInt8]

  /// Finds what a model needs.
  ///
  /// - Parameters:
  ///   - order: The model's nodes.
  ///   - home: The message of its main graph; nodes that lie elsewhere are those of functions.
  /// - Throws: ``EmissionError/functionOpset(operator:version:model:)``.
  /// - Complexity: O(nodes).
  init(of order: NodeOrder, home: Range<Int>) throws(EmissionError) {
    let model = order.model
    var isUsed = [Bool](repeating: false, count: model.operators.count)
    var graphs = [model.graph]
    while let graph = graphs.popLast() {
      for node in graph.nodes {
        if !home.contains(node.message.lowerBound) { isUsed[node.operatorIndex] = true }
        for attribute in graph.attributes(of: node) { graphs += attribute.graphs }
      }
    }
    var missing: [ONNXOpset] = []
    for index in isUsed.indices where isUsed[index] {
      let name = model.operators[index]
      let own = model.opsetVersion(ofDomain: name.domain)
      guard let version = model.version(ofOperatorAt: index) else {
        throw .functionOpset(operator: name.description, version: 0, model: own)
      }
      guard let other = own ?? missing.version(ofDomain: name.domain) else {
        missing.append(ONNXOpset(domain: name.domain, version: version))
        continue
      }
      guard
        version == other
          || name.domain.isEmpty && OperatorVersions.isSame(name.type, in: version, and: other)
      else {
        throw .functionOpset(operator: name.description, version: version, model: other)
      }
    }
    missingImports = missing.flatMap {
      WireBytes.field(8, WireBytes.field(1, $0.domain.utf8) + WireBytes.field(2, Int($0.version)))
    }
  }
}
