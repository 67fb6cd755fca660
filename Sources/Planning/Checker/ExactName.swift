// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// A name by its bytes.
///
/// `String` holds texts equal that Unicode deems equivalent, such as "é" in one scalar and in two.
/// In a model they are two names.
struct ExactName: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: ExactName, b: ExactName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension PlanChecker {
  /// The graph's tensors by name.
  func tensorsByName() -> [ExactName: Int] {
    var tensors: [ExactName: Int] = [:]
    for tensor in graph.tensorIDs { tensors[ExactName(graph.name(of: tensor))] = tensor.index }
    return tensors
  }
}
