// SPDX-License-Identifier: Apache-2.0

/// A list of small integers that tells in constant time which of two comes first.
///
/// Each element has a label that grows along the list; where two neighbours leave no label between
/// them, all are spread anew.
struct OrderedList {
  private var next: [Int32]
  private var previous: [Int32]
  private var label: [Int]
  private var head: Int32 = -1
  private var tail: Int32 = -1
  private var count = 0
  private static let spacing = 1 << 32

  /// Makes a list of distinct integers below `capacity`.
  init(_ elements: [Int], capacity: Int) {
    next = [Int32](repeating: -1, count: capacity)
    previous = next
    label = [Int](repeating: .min, count: capacity)
    for element in elements { insert(element, after: nil) }
  }

  /// Whether the list holds an element.
  func contains(_ element: Int) -> Bool { label[element] != .min }

  /// Whether one element of the list comes before another.
  func isBefore(_ a: Int, _ b: Int) -> Bool { label[a] < label[b] }

  /// Puts an element before another, or first.
  mutating func insert(_ element: Int, before anchor: Int?) {
    let right = anchor.map { Int32($0) } ?? head
    link(element, right < 0 ? tail : previous[Int(right)], right)
  }

  /// Puts an element after another, or last.
  mutating func insert(_ element: Int, after anchor: Int?) {
    let left = anchor.map { Int32($0) } ?? tail
    link(element, left, left < 0 ? head : next[Int(left)])
  }

  /// The elements in order.
  var elements: [Int] {
    var result: [Int] = []
    result.reserveCapacity(count)
    var element = head
    while element >= 0 {
      result.append(Int(element))
      element = next[Int(element)]
    }
    return result
  }

  private mutating func link(_ element: Int, _ left: Int32, _ right: Int32) {
    if left >= 0 { next[Int(left)] = Int32(element) } else { head = Int32(element) }
    if right >= 0 { previous[Int(right)] = Int32(element) } else { tail = Int32(element) }
    next[element] = right
    previous[element] = left
    count += 1
    let low = left >= 0 ? label[Int(left)] : nil
    let high = right >= 0 ? label[Int(right)] : nil
    switch (low, high) {
    case (nil, nil): label[element] = 0
    case (let low?, nil): label[element] = low + Self.spacing
    case (nil, let high?): label[element] = high - Self.spacing
    case (let low?, let high?):
      label[element] = low + (high - low) / 2
      if label[element] == low { relabel() }
    }
  }

  private mutating func relabel() {
    var position = 0
    var element = head
    while element >= 0 {
      label[Int(element)] = position * Self.spacing
      position += 1
      element = next[Int(element)]
    }
  }
}
