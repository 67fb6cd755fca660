// SPDX-License-Identifier: Apache-2.0

/// An operator of an operator set.
public struct OperatorKind: Hashable, Sendable, CustomStringConvertible {
  /// The domain; empty for ONNX's own operators.
  public var domain: String
  /// The name within the domain, such as `Conv`.
  public var type: String
  /// The version of the operator set that the model imports; 0 when it names none.
  public var version: Int

  public init(domain: String = "", type: String, version: Int = 0) {
    self.domain = domain
    self.type = type
    self.version = version
  }

  /// The name with its domain: `Conv`, `com.microsoft::Gelu`.
  public var description: String { domain.isEmpty ? type : "\(domain)::\(type)" }
}

/// The part of a training step that a node belongs to.
public enum NodePhase: String, Hashable, Sendable, CaseIterable {
  /// Inference, or not known.
  case unspecified
  /// The forward part and the loss.
  case forward
  /// Gradients.
  case backward
  /// The update of parameters and state.
  case optimizer
}

/// One operator of a graph. Operands, effects and attributes lie in the graph's pools:
/// ``Graph/inputs(of:)``, ``Graph/outputs(of:)``, ``Graph/effects(of:)``, ``Graph/attributes(of:)``.
public struct Node: Sendable {
  /// The name; need not be unique, may be empty.
  public var name: NameID
  /// Which operator it is.
  public var kind: OperatorKindID
  /// The part of a training step that it belongs to.
  public var phase: NodePhase
  /// Scratch bytes that live only while the node runs.
  public var workspace: ByteCount
  var inputs: PoolRange
  var outputs: PoolRange
  var effects: PoolRange
  var attributes: PoolRange
}

/// An order between two nodes that no tensor expresses.
public struct ControlDependency: Hashable, Sendable {
  /// The node that runs first.
  public var before: NodeID
  /// The node that runs later.
  public var after: NodeID

  public init(before: NodeID, after: NodeID) {
    self.before = before
    self.after = after
  }
}
