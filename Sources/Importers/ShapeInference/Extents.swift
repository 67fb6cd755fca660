// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Arithmetic on shapes that reports what does not fit.
enum Extents {
  /// The product, or a fault when it passes what any shape may have.
  static func product(_ extents: some Sequence<Int>) throws(OperatorFault) -> Int {
    var total = 1
    for extent in extents {
      let (product, overflow) = total.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw .tooLarge }
      total = product
    }
    return total
  }

  /// Whether a shape has no more elements than a limit, also where their number fits no integer.
  static func hasElements(_ shape: [Int], atMost limit: Int) -> Bool {
    if shape.contains(0) { return limit >= 0 }
    guard let count = try? product(shape) else { return false }
    return count <= limit
  }

  /// The product of two extents.
  static func product(_ a: Int, _ b: Int) throws(OperatorFault) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    guard !overflow else { throw .tooLarge }
    return product
  }

  /// The sum of two extents or paddings.
  static func sum(_ a: Int, _ b: Int) throws(OperatorFault) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    guard !overflow else { throw .tooLarge }
    return sum
  }

  /// The extent that an element of a shape input states.
  static func extent(_ value: Int64, input: Int) throws(OperatorFault) -> Int {
    guard value >= 0 else { throw .inputValue(input: input, reason: "\(value) is no extent") }
    guard value <= OperatorContext.extentLimit else { throw .tooLarge }
    return Int(value)
  }

  /// The position of an axis that may count from the end.
  static func axis(_ axis: Int, rank: Int) throws(OperatorFault) -> Int {
    guard axis >= -rank, axis < rank else { throw .axis(axis, rank: rank) }
    return axis < 0 ? axis + rank : axis
  }

  /// The positions of axes that may count from the end, in the order given, none twice.
  static func axes(_ axes: some Sequence<Int>, rank: Int) throws(OperatorFault) -> [Int] {
    var seen = [Bool](repeating: false, count: rank)
    var result: [Int] = []
    for axis in axes {
      let position = try self.axis(axis, rank: rank)
      guard !seen[position] else { throw .repeatedAxis(axis) }
      seen[position] = true
      result.append(position)
    }
    return result
  }

  /// The shape of operands stretched to each other: aligned at the last axis, extents of 1 give way.
  ///
  /// - Parameter areBounds: Whether extents may be upper bounds: then those that do not agree are no
  ///   error, and the larger one bounds the result.
  static func broadcast(
    _ a: [Int], _ b: [Int], areBounds: Bool = false
  ) throws(OperatorFault) -> [Int] {
    if a == b { return a }
    var result = a.count >= b.count ? a : b
    let (shorter, longer) = a.count >= b.count ? (b, a) : (a, b)
    let offset = longer.count - shorter.count
    for index in shorter.indices {
      let (x, y) = (longer[offset + index], shorter[index])
      if x == y || y == 1 { continue }
      guard x == 1 || areBounds else { throw .notBroadcastable(a, b) }
      result[offset + index] = x == 1 ? y : max(x, y)
    }
    return result
  }

  /// The shape of any number of operands stretched to each other.
  static func broadcast(
    _ shapes: some Sequence<[Int]>, areBounds: Bool = false
  ) throws(OperatorFault) -> [Int] {
    var result: [Int]?
    for shape in shapes {
      result =
        try result.map { known throws(OperatorFault) in
          try broadcast(known, shape, areBounds: areBounds)
        } ?? shape
    }
    return result ?? []
  }

  /// The steps between neighbours along each axis of a dense row-major tensor.
  ///
  /// - Precondition: The element count fits, as that of every fact does.
  static func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step *= shape[axis]
    }
    return strides
  }

  /// For each element of `shape` in order, the position of its source when a step along each axis
  /// moves by `strides` there.
  ///
  /// - Complexity: O(elements · rank).
  static func positions(in shape: [Int], strides: [Int], from start: Int = 0) -> [Int] {
    let count = shape.reduce(1, *)
    guard count > 0 else { return [] }
    var result: [Int] = []
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    var position = start
    for _ in 0..<count {
      result.append(position)
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        position += strides[axis]
        if index[axis] < shape[axis] { break }
        position -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }

  /// Whether an operand of `shape` can be stretched to `result`.
  static func canStretch(_ shape: [Int], to result: [Int]) -> Bool {
    let offset = result.count - shape.count
    return offset >= 0
      && shape.indices.allSatisfy { shape[$0] == 1 || shape[$0] == result[offset + $0] }
  }

  /// For each element of a broadcast result, the position of the element of an operand of `shape`.
  static func broadcastPositions(of shape: [Int], to result: [Int]) -> [Int] {
    let strides = strides(of: shape)
    let offset = result.count - shape.count
    return positions(
      in: result,
      strides: result.indices.map { axis in
        axis < offset || shape[axis - offset] == 1 ? 0 : strides[axis - offset]
      })
  }
}
