// SPDX-License-Identifier: Apache-2.0

/// Something for each name of a model: an array for its main graph, and for bodies, which know few of
/// the names, a dictionary, so that many bodies cost no more than they hold.
struct NameMap<Value> {
  private let standard: Value
  private var dense: [Value]
  private var sparse: [Int32: Value] = [:]

  /// A map in which every name has the same value.
  ///
  /// - Parameter count: How many names the model has; `nil` for a graph that knows few of them.
  init(repeating standard: Value, count: Int?) {
    self.standard = standard
    dense = count.map { Array(repeating: standard, count: $0) } ?? []
  }

  subscript(name: ONNXNameID) -> Value {
    get {
      dense.isEmpty ? sparse[name.index] ?? standard : dense[Int(name.index)]
    }
    set {
      if dense.isEmpty { sparse[name.index] = newValue } else { dense[Int(name.index)] = newValue }
    }
  }
}
