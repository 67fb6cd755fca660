// SPDX-License-Identifier: Apache-2.0

/// The window that convolutions and pooling slide over the spatial axes.
///
/// Attributes are at most 2^31 and extents at most 2^48, so that no formula here overflows.
struct SlidingWindow {
  /// How the window may reach past the ends of an axis.
  enum Padding: Hashable {
    /// By the paddings given.
    case explicit
    /// As far as it takes for `ceil(extent / stride)` positions.
    case same
    /// Not at all.
    case none
  }

  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// The paddings before, then after, each axis.
  let pads: [Int]
  let padding: Padding

  /// Reads `strides`, `dilations`, `pads` and `auto_pad`.
  ///
  /// - Parameters:
  ///   - kernel: The extents of the window.
  ///   - given: The paddings, where no attribute states them.
  init(
    kernel: [Int], pads given: [Int]? = nil, _ context: OperatorContext
  ) throws(OperatorFault) {
    guard kernel.allSatisfy({ $0 >= 0 && $0 <= 1 << 31 }) else {
      throw .attributeValue("kernel_shape")
    }
    self.kernel = kernel
    strides = try context.sizes("strides", count: kernel.count, least: 1, default: 1)
    dilations = try context.sizes("dilations", count: kernel.count, least: 1, default: 1)
    if let given {
      guard given.count == 2 * kernel.count, given.allSatisfy({ $0.magnitude <= 1 << 31 })
      else { throw .attributeValue("pads") }
      pads = given
    } else {
      pads = try context.sizes("pads", count: 2 * kernel.count, least: -(1 << 31), default: 0)
    }
    switch try context.string("auto_pad", default: "NOTSET") {
    case "NOTSET", "": padding = .explicit
    case "SAME_UPPER", "SAME_LOWER": padding = .same
    case "VALID": padding = .none
    default: throw .attributeValue("auto_pad")
    }
  }

  /// The distance that the window spans along an axis.
  private func span(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }

  private func pad(before axis: Int) -> Int { padding == .explicit ? pads[axis] : 0 }

  private func pad(after axis: Int) -> Int {
    padding == .explicit ? pads[kernel.count + axis] : 0
  }

  /// The number of positions along each axis.
  ///
  /// - Throws: ``OperatorFault/extents(_:_:reason:)`` when the window does not fit into an axis.
  func positions(over extents: [Int]) throws(OperatorFault) -> [Int] {
    for (axis, extent) in extents.enumerated()
    where padding != .same && extent + pad(before: axis) + pad(after: axis) < span(axis) {
      throw .extents(extents, kernel, reason: "the window does not fit into axis \(axis)")
    }
    return pooledPositions(over: extents, roundsUp: false)
  }

  /// The number of positions along each axis, where a window that does not fit is no error.
  ///
  /// - Parameter roundsUp: Whether a last window may hang over the end, as `ceil_mode` says. It
  ///   must still start inside the axis or its leading padding.
  func pooledPositions(over extents: [Int], roundsUp: Bool) -> [Int] {
    var result: [Int] = []
    for (axis, extent) in extents.enumerated() {
      if padding == .same {
        result.append((extent + strides[axis] - 1) / strides[axis])
        continue
      }
      let rest = extent + pad(before: axis) + pad(after: axis) - span(axis)
      var count = rest / strides[axis] + 1
      if roundsUp {
        if rest > 0, rest % strides[axis] != 0 { count += 1 }
        if (count - 1) * strides[axis] >= extent + pad(before: axis) { count -= 1 }
      }
      result.append(max(count, 0))
    }
    return result
  }

  /// The extents that a transposed window of positions covers.
  ///
  /// - Parameter extra: What `output_padding` adds at the end of each axis.
  func cover(of positions: [Int], extra: [Int]) throws(OperatorFault) -> [Int] {
    var result: [Int] = []
    for (axis, count) in positions.enumerated() {
      let steps = try Extents.product(strides[axis], count)
      guard steps <= OperatorContext.elementLimit else { throw .tooLarge }
      let full = steps - strides[axis] + span(axis) + extra[axis]
      // Padding cuts down to whole steps and adds nothing.
      let extent =
        padding == .same ? min(full, steps) : full - pad(before: axis) - pad(after: axis)
      guard extent >= 0 else {
        throw .extents(positions, kernel, reason: "nothing is left of axis \(axis)")
      }
      result.append(extent)
    }
    return result
  }
}
