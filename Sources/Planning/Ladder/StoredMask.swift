// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// Random operators that hand out the mask they drew.
///
/// Run again, such an operator applies that mask in place of a new one: its result is that of the first
/// run to the bit, as long as the mask is there. So the mask becomes an operand of the second run, and
/// only the other result is made again.
enum StoredMask {
  /// Operators with a result at 0 and the mask that it was made with at 1.
  private static let operators: Set<String> = [
    "Dropout", "BitmaskDropout", "BiasDropout", "BitmaskBiasDropout", "native_dropout",
  ]

  /// The mask that a node's run leaves, if running the node again can apply it.
  static func tensor(of node: NodeID, in graph: Graph) -> TensorID? {
    let kind = graph.kind(of: node)
    let outputs = graph.outputs(of: node)
    // Names of ATen may have an overload behind a dot.
    guard Repeatability.domains.contains(kind.domain), outputs.count == 2,
      kind.type.split(separator: ".").contains(where: { operators.contains(String($0)) })
    else { return nil }
    let (result, mask) = (outputs[outputs.startIndex], outputs[outputs.startIndex + 1])
    return result.isAbsent || mask.isAbsent ? nil : mask
  }
}
