// SPDX-License-Identifier: Apache-2.0

/// Memory for the parts of one decoded message, given back all at once.
///
/// Decoding a message takes a handful of small allocations, and a model has hundreds of
/// thousands of messages: moving a pointer makes them nearly free, and nothing can leak.
final class WireArena {
  private static let alignment = 16
  private static let chunkSize = 1 << 18

  private let chunk = UnsafeMutableRawPointer.allocate(
    byteCount: WireArena.chunkSize, alignment: WireArena.alignment)
  private var used = 0

  /// Blocks that did not fit into the chunk.
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit {
    reset()
    chunk.deallocate()
  }

  /// Uninitialized memory, valid until the next ``reset()``.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
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

  /// Gives back everything allocated since the last time.
  func reset() {
    used = 0
    for block in blocks { block.deallocate() }
    blocks.removeAll(keepingCapacity: true)
  }
}
