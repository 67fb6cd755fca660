// SPDX-License-Identifier: Apache-2.0

/// What is live while the last operator runs, whichever it is.
///
/// After it all outputs are live; while it runs, so is all it touches. The least over all operators
/// without successors holds for every order. On the reversed model: the same for the first operator.
enum EndBound {
  /// The bound and the last operator that has it; `nil` for a model without operators.
  ///
  /// - Complexity: O(touches).
  static func bound(of model: OrderModel) -> (bytes: Int, operation: Int)? {
    var outputs = model.permanentBytes
    for storage in 0..<model.storageCount where model.isLiveOut[storage] {
      outputs += model.bytes[storage]
    }
    var best: (bytes: Int, operation: Int)?
    for operation in 0..<model.count where model.successors.length(operation) == 0 {
      var bytes = outputs + model.workspaces[operation]
      for index in model.touched[operation] {
        let storage = Int(model.touched.values[index])
        if !model.isLiveOut[storage] { bytes += model.bytes[storage] }
      }
      bytes -= model.savedBytes(at: operation) { _ in true }
      if bytes < best?.bytes ?? .max { best = (bytes, operation) }
    }
    return best
  }
}
