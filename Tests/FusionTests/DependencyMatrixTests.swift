// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Fusion

struct DependencyMatrixTests {
  /// A matrix of given distances between rows of two elements.
  private func matrix(_ count: Int, _ distance: (Int, Int) -> Double) -> DependencyMatrix {
    var matrix = DependencyMatrix(count: count)
    for later in 0..<count {
      for earlier in 0..<later {
        let cosine = Float(1 - distance(earlier, later))
        let sine = (1 - cosine * cosine).squareRoot()
        matrix.add(
          earlier, later, contribution: [1, 0, 1, 0], without: [cosine, sine, cosine, -sine],
          width: 2)
      }
    }
    return matrix
  }

  @Test func `the dependency is the mean cosine distance of the rows`() throws {
    var matrix = DependencyMatrix(count: 2)
    #expect(matrix[0, 1] == nil)
    matrix.add(0, 1, contribution: [1, 0, 0, 2], without: [0, 1, 0, 3], width: 2)
    #expect(try abs(#require(matrix[0, 1]) - 0.5) < 1e-12)
    matrix.add(0, 1, contribution: [1, 0], without: [-1, 0], width: 2)
    #expect(try abs(#require(matrix[0, 1]) - 1) < 1e-12)
    // Nothing on both sides is the same thing.
    #expect(DependencyMatrix.cosine([0, 0], [0, 0], 0..<2) == 1)
  }

  @Test func `the last block of a run stays alone`() {
    let low = matrix(5) { _, _ in 0.01 }
    #expect(low.runs(within: [0..<5], threshold: 0.1) == [0...4])
    #expect(low.runs(within: [0..<2], threshold: 0.1) == [])
    #expect(low.runs(within: [0..<3, 3..<5], threshold: 0.1) == [0...2])
    #expect(low.runs(within: [0..<5], threshold: 0.001) == [])
  }

  @Test func `a block that depends on another is in no run with it`() {
    // Blocks 2 and 3 depend on each other: 0 and 1 can be fused, and 3, 4 and 5.
    let broken = matrix(7) { a, b in a == 2 && b == 3 ? 0.9 : 0.02 }
    let runs = broken.runs(within: [0..<7], threshold: 0.1)
    for run in runs {
      let fused = run.lowerBound..<run.upperBound
      #expect(!(fused.contains(2) && fused.contains(3)))
    }
    #expect(runs == [0...2, 3...6])
  }

  @Test(arguments: Seeds.first(60))
  func `the runs chosen fuse as many blocks as any choice can`(_ seed: Int) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 2...8, using: &random)
    var distances = [[Double]](
      repeating: [Double](repeating: 0, count: count), count: count)
    for a in 0..<count {
      for b in 0..<count { distances[a][b] = Double.random(in: 0...0.2, using: &random) }
    }
    let matrix = matrix(count) { distances[$0][$1] }
    let runs = matrix.runs(within: [0..<count], threshold: 0.12)
    for run in runs {
      #expect(run.count >= 3)
      #expect((matrix.highest(in: run.lowerBound..<run.upperBound) ?? 1) <= 0.12)
    }
    for (a, b) in zip(runs, runs.dropFirst()) { #expect(a.upperBound < b.lowerBound) }
    #expect(runs.reduce(0) { $0 + $1.count - 2 } == best(from: 0, count, matrix))
  }

  /// How many blocks can be fused away, by trying everything.
  private func best(from start: Int, _ count: Int, _ matrix: DependencyMatrix) -> Int {
    guard start < count else { return 0 }
    var most = best(from: start + 1, count, matrix)
    for last in start + 2..<max(count, start + 2)
    where (matrix.highest(in: start..<last) ?? 1) <= 0.12 {
      most = max(most, last - start - 1 + best(from: last + 1, count, matrix))
    }
    return most
  }

  @Test func `attention layers that change least come first`() {
    var ranking = AttentionRanking(count: 4)
    ranking.add(0, input: [1, 0], output: [1, 1], width: 2)
    ranking.add(1, input: [1, 0], output: [1, 0.1], width: 2)
    ranking.add(3, input: [1, 0], output: [0, 1], width: 2)
    #expect(ranking.order == [1, 0, 3])
    #expect(ranking[2] == nil)
  }
}
