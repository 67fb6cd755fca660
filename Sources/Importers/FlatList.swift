// SPDX-License-Identifier: Apache-2.0

/// A part of an array, counted from 0.
public struct FlatList<Element>: RandomAccessCollection {
  private let elements: [Element]
  private let start: Int

  /// How many elements there are.
  public let count: Int

  init(_ elements: [Element], start: Int, count: Int) {
    precondition(
      start >= 0 && count >= 0 && start <= elements.count - count, "a list lies in its array")
    self.elements = elements
    self.start = start
    self.count = count
  }

  /// The first position, 0.
  public var startIndex: Int { 0 }

  /// The position after the last, the count.
  public var endIndex: Int { count }

  /// The element at a position.
  public subscript(position: Int) -> Element {
    precondition(position >= 0 && position < count, "a position lies in its list")
    return elements[start + position]
  }
}

extension FlatList: Sendable where Element: Sendable {}
