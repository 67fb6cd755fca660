// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// A number of bytes that no order of a problem stays under, and why.
public struct LowerBound: Hashable, Sendable {
  /// By which argument no order stays under the bound.
  public enum Proof: String, Hashable, Sendable, CaseIterable {
    /// What one node touches, and its workspace.
    case workingSet = "working-set"
    /// What is live before the first node.
    case inputs
    /// What is live after the last node.
    case outputs
    /// What every order keeps live while one node runs, storage by storage.
    case forced
    /// The least that any set of nodes closed under what they need keeps live while one node runs.
    case minimumCut = "minimum-cut"
    /// A search through all orders that found none below.
    case search
  }

  /// No order's peak is below this many bytes.
  public let bytes: Int
  /// The argument.
  public let proof: Proof
  /// The best explanation by storages. For ``Proof/search`` it may explain fewer bytes than the
  /// bound; for all others it explains all.
  public let witness: Witness

  public init(bytes: Int, proof: Proof, witness: Witness) {
    self.bytes = bytes
    self.proof = proof
    self.witness = witness
  }
}

/// What must be live at one moment of every order.
///
/// The members are one cheapest choice; another order may hold others, of no fewer bytes.
public struct Witness: Hashable, Sendable {
  /// Why a storage is live.
  public enum Reason: Hashable, Sendable {
    /// The node reads it.
    case read
    /// The node makes it.
    case made
    /// It uses the bytes of a storage that the node reads; counts no bytes of its own.
    case takesOver(StorageID)
    /// One node touched it and another is still to come.
    case crossing(from: NodeID, to: NodeID)
    /// It is a graph input and the node is still to come.
    case input(to: NodeID)
    /// One node made it and it is a graph output.
    case output(from: NodeID)
    /// It is a graph input; at the first step all of them are live.
    case anInput
    /// It is a graph output; at the last step all of them are live.
    case anOutput
  }

  /// A storage that must be live.
  public struct Member: Hashable, Sendable {
    /// The storage.
    public let storage: StorageID
    /// What it adds to the bound; 0 for one that takes over another's bytes.
    public let bytes: Int
    /// Why it is live.
    public let reason: Reason

    public init(storage: StorageID, bytes: Int, reason: Reason) {
      self.storage = storage
      self.bytes = bytes
      self.reason = reason
    }
  }

  /// The node that runs at that moment; `nil` before the first and after the last.
  public let node: NodeID?
  /// The storages, largest first, then by ID.
  public let members: [Member]
  /// The node's scratch bytes.
  public let workspaceBytes: Int
  /// All bytes together.
  public let bytes: Int

  public init(node: NodeID?, members: [Member], workspaceBytes: Int) {
    self.node = node
    self.members = members.sorted { ($1.bytes, $0.storage) < ($0.bytes, $1.storage) }
    self.workspaceBytes = workspaceBytes
    bytes = members.reduce(workspaceBytes) { $0 + $1.bytes }
  }
}
