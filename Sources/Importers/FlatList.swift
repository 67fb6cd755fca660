// SPDX-License-Identifier: Apache-2.0

/// A part of an array, counted from 0.
public struct FlatList<Element>: RandomAccessCollection {
  private let elements: [Element]
  private let start: Int
  public let count: Int

  init(_ elements: [Element], start: Int, count: Int) {
    precondition(
      start >= 0 && count >= 0 && start <= elements.count - count, "a list lies in its array")
    self.elements = elements
    self.start = start
    self.count = count
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  public subscript(position: Int) -> Element {
    precondition(position >= 0 && position < count, "a position lies in its list")
    return elements[start + position]
  }
}

extension FlatList: Sendable where Element: Sendable {}
