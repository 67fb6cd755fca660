// SPDX-License-Identifier: Apache-2.0

/// The free blocks of an arena by size, then offset: a treap whose priorities are a hash of the
/// block's number, so that it is balanced on average and the same every time.
///
/// Source: Seidel and Aragon, "Randomized search trees" (Algorithmica, 1996).
struct FreeBlocks {
  private static let none: Int32 = -1

  private var root = none
  private var left: [Int32] = []
  private var right: [Int32] = []
  private var sizes: [Int] = []
  private var offsets: [Int] = []

  /// Adds a free block.
  ///
  /// - Parameter block: a small number, of no other block in the set.
  /// - Complexity: O(log n) expected in the n blocks.
  mutating func insert(_ block: Int32, size: Int, offset: Int) {
    while left.count <= Int(block) {
      left.append(Self.none)
      right.append(Self.none)
      sizes.append(0)
      offsets.append(0)
    }
    sizes[Int(block)] = size
    offsets[Int(block)] = offset
    // Down to where the priorities put it; what was there is split around it.
    let place = path(to: block) { node in Self.priority(node) > Self.priority(block) }
    let (lower, higher) = split(place.node, around: block)
    left[Int(block)] = lower
    right[Int(block)] = higher
    link(place.parent, place.isLeft, to: block)
  }

  /// Removes a block of the set.
  ///
  /// - Complexity: O(log n) expected.
  mutating func remove(_ block: Int32) {
    let place = path(to: block) { node in node != block }
    let merged = merge(left[Int(block)], right[Int(block)])
    link(place.parent, place.isLeft, to: merged)
  }

  /// The smallest block of at least `size` bytes, the lowest among equals.
  ///
  /// - Complexity: O(log n) expected.
  func smallest(ofAtLeast size: Int) -> Int32? {
    var best = Self.none
    var node = root
    while node != Self.none {
      if sizes[Int(node)] >= size {
        best = node
        node = left[Int(node)]
      } else {
        node = right[Int(node)]
      }
    }
    return best == Self.none ? nil : best
  }

  private typealias Place = (parent: Int32, isLeft: Bool, node: Int32)

  /// The way down towards a block's key while `goesOn` holds.
  private func path(to block: Int32, while goesOn: (Int32) -> Bool) -> Place {
    var place: Place = (Self.none, false, root)
    while place.node != Self.none, goesOn(place.node) {
      let isLeft = precedes(block, place.node)
      let child = isLeft ? left[Int(place.node)] : right[Int(place.node)]
      place = (place.node, isLeft, child)
    }
    return place
  }

  private mutating func link(_ parent: Int32, _ isLeft: Bool, to node: Int32) {
    if parent == Self.none {
      root = node
    } else if isLeft {
      left[Int(parent)] = node
    } else {
      right[Int(parent)] = node
    }
  }

  /// Takes a subtree apart into what precedes a block and what follows it.
  private mutating func split(_ top: Int32, around block: Int32) -> (Int32, Int32) {
    var lower = Self.none
    var higher = Self.none
    var lowerEnd = Self.none
    var higherEnd = Self.none
    var node = top
    while node != Self.none {
      if precedes(node, block) {
        if lowerEnd == Self.none { lower = node } else { right[Int(lowerEnd)] = node }
        lowerEnd = node
        node = right[Int(node)]
      } else {
        if higherEnd == Self.none { higher = node } else { left[Int(higherEnd)] = node }
        higherEnd = node
        node = left[Int(node)]
      }
    }
    if lowerEnd != Self.none { right[Int(lowerEnd)] = Self.none }
    if higherEnd != Self.none { left[Int(higherEnd)] = Self.none }
    return (lower, higher)
  }

  /// Joins two subtrees of which all of the first precedes all of the second.
  private mutating func merge(_ first: Int32, _ second: Int32) -> Int32 {
    var top = Self.none
    var parent = Self.none
    var isLeft = false
    var (a, b) = (first, second)
    func attach(_ node: Int32) {
      if parent == Self.none {
        top = node
      } else if isLeft {
        left[Int(parent)] = node
      } else {
        right[Int(parent)] = node
      }
    }
    while a != Self.none, b != Self.none {
      if Self.priority(a) > Self.priority(b) {
        attach(a)
        (parent, isLeft) = (a, false)
        a = right[Int(a)]
      } else {
        attach(b)
        (parent, isLeft) = (b, true)
        b = left[Int(b)]
      }
    }
    attach(a == Self.none ? b : a)
    return top
  }

  private func precedes(_ a: Int32, _ b: Int32) -> Bool {
    (sizes[Int(a)], offsets[Int(a)], a) < (sizes[Int(b)], offsets[Int(b)], b)
  }

  private static func priority(_ block: Int32) -> UInt64 {
    var bits = UInt64(UInt32(bitPattern: block)) &+ 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
