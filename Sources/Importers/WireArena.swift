// SPDX-License-Identifier: Apache-2.0

/// Memory for the parts of one decoded message, given back all at once.
///
/// Decoding a message takes a handful of small allocations, and a model has hundreds of
/// thousands of messages: moving a pointer makes them nearly free, and nothing can leak.
final class WireArena {
  /// The allocator's state, where C callbacks can reach it without counting references.
  let state: UnsafeMutablePointer<State>

  struct State {
    private static let alignment = 16
    private static let chunkSize = 1 << 18

    private let chunk = UnsafeMutableRawPointer.allocate(
      byteCount: State.chunkSize, alignment: State.alignment)
    private var used = 0

    /// Blocks that did not fit into the chunk.
    private var blocks: [UnsafeMutableRawPointer] = []

    /// Uninitialized memory, valid until the next reset.
    mutating func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
      let free = Self.chunkSize - used
      guard byteCount <= free else {
        let block = UnsafeMutableRawPointer.allocate(
          byteCount: byteCount, alignment: Self.alignment)
        blocks.append(block)
        return block
      }
      let address = chunk + used
      used += min((byteCount + Self.alignment - 1) & ~(Self.alignment - 1), free)
      return address
    }

    mutating func reset() {
      used = 0
      guard !blocks.isEmpty else { return }
      for block in blocks { block.deallocate() }
      blocks.removeAll(keepingCapacity: true)
    }

    mutating func deallocate() {
      reset()
      chunk.deallocate()
    }
  }

  init() {
    state = .allocate(capacity: 1)
    state.initialize(to: State())
  }

  deinit {
    state.pointee.deallocate()
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Uninitialized memory, valid until the next ``reset()``.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    state.pointee.allocate(byteCount: byteCount)
  }

  /// Gives back everything allocated since the last time.
  func reset() { state.pointee.reset() }
}
