// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets one thread ask for the end of work that another does.
///
/// Whoever starts the work keeps the flag and sets it from any thread, at any time, also before the
/// work starts. The work looks at it every few milliseconds and ends with an error of its own; it
/// leaves nothing half done behind. A flag that is set stays set, so each piece of work that is to be
/// stopped by itself needs one of its own, which may have a parent. Two flags are equal if they are
/// the same one.
public final class CancellationFlag: Sendable {
  private let flag = Atomic(false)
  private let parent: CancellationFlag?

  /// Makes a flag that is not set.
  ///
  /// - Parameter parent: A flag that cancels whatever this one cancels, and more.
  public init(parent: CancellationFlag? = nil) { self.parent = parent }

  /// Whether ``cancel()`` was called, on this flag or on what it descends from.
  ///
  /// - Complexity: O(ancestors), about a nanosecond each.
  public var isCancelled: Bool {
    flag.load(ordering: .relaxed) || parent?.isCancelled ?? false
  }

  /// Asks for the end of the work. Calling it again does nothing.
  public func cancel() { flag.store(true, ordering: .relaxed) }
}

extension CancellationFlag: Hashable {
  public static func == (left: CancellationFlag, right: CancellationFlag) -> Bool {
    left === right
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
