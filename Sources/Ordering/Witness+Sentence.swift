// SPDX-License-Identifier: Apache-2.0
public import GraphIR

extension Witness.Reason {
  /// Why a storage is live, as half a sentence.
  ///
  /// - Parameter name: What a node is called.
  public func sentence(naming name: (NodeID) -> String) -> String {
    switch self {
    case .read: "read there"
    case .made: "made there"
    case .takesOver: "takes over bytes there"
    case .crossing(let maker, let user):
      "'\(name(maker))' ran, '\(name(user))' is still to come"
    case .input(let user): "a graph input, '\(name(user))' is still to come"
    case .output(let maker): "a graph output, '\(name(maker))' ran"
    case .anInput: "a graph input"
    case .anOutput: "a graph output"
    }
  }
}
