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

/// A graph's tensors by name.
struct TensorsByName {
  private let names: NameTable
  /// By number of the name; -1 for those of nodes and operators.
  private var tensors: [Int32]

  /// - Complexity: O(tensors + names).
  init(of graph: Graph) {
    names = graph.names
    tensors = Array(repeating: -1, count: names.count)
    for tensor in graph.tensorIDs { tensors[graph[tensor].name.index] = Int32(tensor.index) }
  }

  /// The tensor of exactly this name.
  subscript(name: String) -> Int? {
    guard let id = names.id(of: name), tensors[id.index] >= 0 else { return nil }
    return Int(tensors[id.index])
  }
}
