// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Tells the system which pages of a mapped file a walk is about to touch.
///
/// The system's own guess is to read much around every page touched. That is right among nodes
/// and wrong among weights, where a walk touches a page and jumps megabytes: it reads most of the
/// weights for nothing. Here the window doubles while the walk goes on where the window ends, and
/// falls back to the one page after a jump.
struct ReadAhead {
  private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  private static let largestWindow = 1 << 20

  private let file: UnsafeRawBufferPointer
  private var window = 0
  private var end = 0

  init(_ file: UnsafeRawBufferPointer) { self.file = file }

  /// Reads ahead of an offset that is about to be touched, none lower than the one before.
  mutating func reach(_ offset: Int) {
    guard offset >= end, let base = file.baseAddress else { return }
    let start = offset - offset % Self.page
    let isNear = window > 0 && start - end <= window
    window = isNear ? min(2 * window, Self.largestWindow) : Self.page
    end = start + window
    guard window > Self.page else { return }
    // A hint: if it is not taken, reading is slower and as right.
    madvise(
      UnsafeMutableRawPointer(mutating: base + start), min(window, file.count - start),
      MADV_WILLNEED)
  }
}
