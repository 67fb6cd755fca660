// SPDX-License-Identifier: Apache-2.0

/// Ranks the members of an instance by a preorder, disturbed or not.
struct ValleyPreorder {
  private let keys: [(Double, Double, Double)]

  /// - Complexity: O(n log s) in the n members and s sections.
  init(_ preorder: ValleyOptions.Preorder, of instance: ValleyInstance) {
    let load = RangeMaximum(instance.load)
    keys = (0..<instance.count).map { index in
      let span = Int(instance.first[index])..<Int(instance.end[index])
      let width = Double(instance.width[index])
      let size = Double(instance.size[index])
      let largestLoad = Double(load.maximum(in: span))
      switch preorder {
      case .loadWidthArea: return (largestLoad, width, width * size)
      case .sizeWidthLoad: return (size, width, largestLoad)
      case .sectionsSizeLoad: return (Double(span.count), size, largestLoad)
      case .loadSizeWidth: return (largestLoad, size, width)
      }
    }
  }

  /// The place of each member, largest keys first.
  ///
  /// - Complexity: O(n log n).
  func ranks(noise: Double, _ generator: inout SplitMix64) -> [Int32] {
    var disturbed = keys
    if noise > 0 {
      for index in disturbed.indices {
        disturbed[index].0 *= Self.factor(noise * generator.normal())
        disturbed[index].1 *= Self.factor(noise * generator.normal())
        disturbed[index].2 *= Self.factor(noise * generator.normal())
      }
    }
    let order = disturbed.indices.sorted { a, b in
      disturbed[a] != disturbed[b] ? disturbed[a] > disturbed[b] : a < b
    }
    var ranks = [Int32](repeating: 0, count: order.count)
    for (rank, index) in order.enumerated() { ranks[index] = Int32(rank) }
    return ranks
  }

  /// The exponential function to the third term, which is the same on every machine.
  private static func factor(_ exponent: Double) -> Double {
    let size = exponent.magnitude
    let grown = 1 + size + size * size / 2
    return exponent < 0 ? 1 / grown : grown
  }
}
