// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How much each feed-forward block depends on each earlier one: the cosine distance between what a
/// block adds to the stream and what it adds when the earlier one is taken out, averaged over rows.
///
/// Source: Bercovich et al., "FFN Fusion", arXiv 2503.18908, Section 4.2, the dependency matrix.
public struct DependencyMatrix: Hashable, Sendable {
  /// The number of blocks.
  public let count: Int
  private var sums: [Double]
  private var rows: [Int]

  /// Makes an empty matrix.
  public init(count: Int) {
    self.count = count
    sums = Array(repeating: 0, count: count * count)
    rows = Array(repeating: 0, count: count * count)
  }

  /// Adds what one sample says of a pair.
  ///
  /// - Parameters:
  ///   - earlier: The block that is taken out.
  ///   - later: The block behind it that is looked at.
  ///   - contribution: What block `later` adds, row by row.
  ///   - without: The same with block `earlier` taken out.
  ///   - width: The length of a row.
  public mutating func add(
    _ earlier: Int, _ later: Int, contribution: [Float], without: [Float], width: Int
  ) {
    guard width > 0, contribution.count == without.count else { return }
    let index = earlier * count + later
    for start in stride(from: 0, to: contribution.count - contribution.count % width, by: width) {
      sums[index] += 1 - Self.cosine(contribution, without, start..<start + width)
      rows[index] += 1
    }
  }

  /// The dependency of a block on an earlier one; `nil` where no sample speaks of it.
  public subscript(earlier: Int, later: Int) -> Double? {
    let index = earlier * count + later
    return rows[index] == 0 ? nil : sums[index] / Double(rows[index])
  }

  /// The highest dependency among some blocks; `nil` where one is not known.
  public func highest(in blocks: Range<Int>) -> Double? {
    var highest = 0.0
    for later in blocks {
      for earlier in blocks.lowerBound..<later {
        guard let value = self[earlier, later] else { return nil }
        highest = max(highest, value)
      }
    }
    return highest
  }

  /// The runs to fuse: in each the blocks before the last one depend on each other by no more than
  /// the threshold.
  ///
  /// Of all ways to cut the given runs, the one that fuses most blocks away is taken; of those the one
  /// with the lowest highest dependency, then the one whose runs start first.
  ///
  /// - Parameters:
  ///   - runs: Blocks with nothing between them.
  ///   - threshold: The highest dependency that is allowed.
  /// - Complexity: O(n³) for runs of n blocks.
  public func runs(within runs: [Range<Int>], threshold: Double) -> [ClosedRange<Int>] {
    runs.flatMap { best(within: $0, threshold) }
  }

  private struct Choice {
    var saved = 0
    var highest = 0.0
    var runs: [ClosedRange<Int>] = []

    func isBetter(than other: Choice) -> Bool {
      saved != other.saved ? saved > other.saved : highest < other.highest
    }
  }

  private func best(within run: Range<Int>, _ threshold: Double) -> [ClosedRange<Int>] {
    // By first block that is still free, the best choice for it and what follows.
    var best = [Choice](repeating: Choice(), count: run.count + 1)
    for start in run.reversed() {
      let place = start - run.lowerBound
      best[place] = best[place + 1]
      // The last block of each run stays alone, and is in no other run.
      for last in run where last >= start + 2 {
        guard let highest = highest(in: start..<last) else { break }
        if highest > threshold { break }
        var choice = best[last + 1 - run.lowerBound]
        choice.saved += last - start - 1
        choice.highest = max(choice.highest, highest)
        choice.runs.insert(start...last, at: 0)
        if choice.isBetter(than: best[place]) { best[place] = choice }
      }
    }
    return best[0].runs
  }

  /// The cosine of two rows; 1 where both are zero.
  static func cosine(_ a: [Float], _ b: [Float], _ range: Range<Int>) -> Double {
    var (product, first, second) = (0.0, 0.0, 0.0)
    for index in range {
      let (x, y) = (Double(a[index]), Double(b[index]))
      product += x * y
      first += x * x
      second += y * y
    }
    if first == 0 && second == 0 { return 1 }
    if first == 0 || second == 0 { return 0 }
    return product / (first.squareRoot() * second.squareRoot())
  }
}

/// How much each attention layer changes its stream: the cosine of what goes in and what comes out,
/// averaged over rows. The highest go first.
///
/// Source: He et al., "What Matters in Transformers? Not All Attention is Needed", arXiv 2406.15786,
/// Section 3.
public struct AttentionRanking: Hashable, Sendable {
  private var sums: [Double]
  private var rows: [Int]

  /// - Parameter count: The number of layers.
  public init(count: Int) {
    sums = Array(repeating: 0, count: count)
    rows = Array(repeating: 0, count: count)
  }

  /// Adds what one sample says of a layer.
  public mutating func add(_ layer: Int, input: [Float], output: [Float], width: Int) {
    guard width > 0, input.count == output.count else { return }
    for start in stride(from: 0, to: input.count - input.count % width, by: width) {
      sums[layer] += DependencyMatrix.cosine(input, output, start..<start + width)
      rows[layer] += 1
    }
  }

  /// The similarity of a layer; `nil` where no sample speaks of it.
  public subscript(layer: Int) -> Double? {
    rows[layer] == 0 ? nil : sums[layer] / Double(rows[layer])
  }

  /// The layers that change least first; equal ones in their order. Those that no sample speaks of
  /// are left out.
  public var order: [Int] {
    sums.indices.filter { rows[$0] > 0 }.sorted {
      let (a, b) = (self[$0] ?? 0, self[$1] ?? 0)
      return a == b ? $0 < $1 : a > b
    }
  }
}
