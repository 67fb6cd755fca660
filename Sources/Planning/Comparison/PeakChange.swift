// SPDX-License-Identifier: Apache-2.0

/// Why one plan's peak is another than an older one's: what is live at the one and not at the other.
///
/// The differences add up: the bytes of what arrived, less those of what left, and the changes of
/// the rest are the change of the peak.
public struct PeakChange: Hashable, Sendable {
  /// The older plan's peak.
  public let before: PeakAccount
  /// The newer plan's peak.
  public let after: PeakAccount
  /// Live at the newer peak alone, largest first.
  public let arrived: [PeakAccount.Item]
  /// Live at the older peak alone, largest first.
  public let left: [PeakAccount.Item]
  /// Live at both, with another size, in the order of the newer peak.
  public let resized: [Resized]

  /// A storage that is live at both peaks.
  public struct Resized: Hashable, Sendable {
    public let before: PeakAccount.Item
    public let after: PeakAccount.Item
  }

  /// The change of the peak.
  public var bytes: Int { after.liveBytes - before.liveBytes }
  /// The change of the workspace in it.
  public var workspaceBytes: Int { after.workspaceBytes - before.workspaceBytes }
  /// The change in what the tensors do not account for, see ``PeakAccount/otherBytes``.
  public var otherBytes: Int { after.otherBytes - before.otherBytes }

  init(from before: PeakAccount, to after: PeakAccount) {
    self.before = before
    self.after = after
    let old = Dictionary(before.items.map { ($0.name, $0) }) { first, _ in first }
    let new = Set(after.items.map(\.name))
    arrived = after.items.filter { old[$0.name] == nil }
    left = before.items.filter { !new.contains($0.name) }
    resized = after.items.compactMap { item in
      old[item.name].flatMap {
        $0.bytes == item.bytes ? nil : Resized(before: $0, after: item)
      }
    }
  }
}
