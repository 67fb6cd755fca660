// SPDX-License-Identifier: Apache-2.0

/// A growing range of bytes with blocks in use and free ones, as a run-time allocator sees it: best
/// fit, neighbours joined when freed.
struct Arena {
  private struct Block {
    var offset: Int
    var size: Int
    var isFree: Bool
    var previous: Int32
    var next: Int32
  }

  private static let none: Int32 = -1

  private var blocks: [Block] = []
  /// Numbers of blocks that were joined away, for use again.
  private var spare: [Int32] = []
  private var last = none
  private var free = FreeBlocks()

  /// Where the highest block ends, in bytes.
  private(set) var extent = 0

  /// Takes bytes into use.
  ///
  /// - Parameter alignment: a power of two.
  /// - Returns: the block's number, for `release`, and the aligned offset within it.
  /// - Complexity: O(log b) expected in the b blocks.
  mutating func allocate(size: Int, alignment: Int) -> (block: Int32, offset: Int) {
    // The smallest block that is large enough, or one that is so wherever it begins.
    for wanted in [size, size + alignment - 1] {
      guard let block = free.smallest(ofAtLeast: wanted) else { break }
      let start = blocks[Int(block)].offset.roundedUp(toMultipleOf: alignment)
      let end = blocks[Int(block)].offset + blocks[Int(block)].size
      if start + size <= end {
        free.remove(block)
        return (take(block, from: start, to: start + size), start)
      }
    }
    return grow(size: size, alignment: alignment)
  }

  /// Gives a block back.
  ///
  /// - Complexity: O(log b) expected.
  mutating func release(_ block: Int32) {
    blocks[Int(block)].isFree = true
    var joined = block
    let previous = blocks[Int(block)].previous
    if previous != Self.none, blocks[Int(previous)].isFree {
      free.remove(previous)
      join(previous, withNext: block)
      joined = previous
    }
    let next = blocks[Int(joined)].next
    if next != Self.none, blocks[Int(next)].isFree {
      free.remove(next)
      join(joined, withNext: next)
    }
    insertFree(joined)
  }

  /// Takes bytes from the end of the arena, from the free block there if it ends with one.
  private mutating func grow(size: Int, alignment: Int) -> (block: Int32, offset: Int) {
    var block = last
    if block != Self.none, blocks[Int(block)].isFree {
      free.remove(block)
    } else {
      block = makeBlock(offset: extent, size: 0, after: last)
    }
    let start = blocks[Int(block)].offset.roundedUp(toMultipleOf: alignment)
    extent = start + size
    blocks[Int(block)].size = extent - blocks[Int(block)].offset
    return (take(block, from: start, to: extent), start)
  }

  /// Puts part of a block, which is in no set, into use and frees the rest of it.
  private mutating func take(_ block: Int32, from start: Int, to end: Int) -> Int32 {
    let whole = blocks[Int(block)]
    var taken = block
    if start > whole.offset {
      blocks[Int(block)].size = start - whole.offset
      blocks[Int(block)].isFree = true
      insertFree(block)
      taken = makeBlock(offset: start, size: 0, after: block)
    }
    blocks[Int(taken)].size = end - start
    blocks[Int(taken)].isFree = false
    let rest = whole.offset + whole.size - end
    if rest > 0 {
      let remainder = makeBlock(offset: end, size: rest, after: taken)
      blocks[Int(remainder)].isFree = true
      insertFree(remainder)
    }
    return taken
  }

  private mutating func insertFree(_ block: Int32) {
    free.insert(block, size: blocks[Int(block)].size, offset: blocks[Int(block)].offset)
  }

  private mutating func makeBlock(offset: Int, size: Int, after previous: Int32) -> Int32 {
    let next = previous == Self.none ? Self.none : blocks[Int(previous)].next
    let block = Block(offset: offset, size: size, isFree: false, previous: previous, next: next)
    let number: Int32
    if let reused = spare.popLast() {
      number = reused
      blocks[Int(reused)] = block
    } else {
      number = Int32(blocks.count)
      blocks.append(block)
    }
    if previous != Self.none { blocks[Int(previous)].next = number }
    if next == Self.none { last = number } else { blocks[Int(next)].previous = number }
    return number
  }

  private mutating func join(_ block: Int32, withNext next: Int32) {
    let after = blocks[Int(next)].next
    blocks[Int(block)].size += blocks[Int(next)].size
    blocks[Int(block)].next = after
    if after == Self.none { last = block } else { blocks[Int(after)].previous = block }
    spare.append(next)
  }
}
