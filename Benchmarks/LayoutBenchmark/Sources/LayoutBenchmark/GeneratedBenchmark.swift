// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Generated problems: `cut PROBLEMS` cuts full arenas into buffers, `scale BUFFERS...` makes the
/// buffers of deep training steps.
enum GeneratedBenchmark {
  static func cut(_ arguments: [String]) {
    let count = Int(arguments.first ?? "") ?? 200
    var times: [Double] = []
    var solved = 0
    var greedySolved = 0
    var random = SeededGenerator(state: 7)
    for _ in 0..<count {
      let pieces = Int.random(in: 50...400, using: &random)
      let buffers = fullArena(pieces: pieces, steps: 2 * pieces, bytes: 1 << 20, &random)
      guard let problem = try? LayoutProblem(buffers: buffers) else { exit(70) }
      let greedy = LayoutPortfolio.standardMembers.prefix(8)
      if greedy.contains(where: {
        $0.attempt(problem, within: LayoutLimits()).solution?.height == problem.lowerBound
      }) {
        greedySolved += 1
      }
      let start = processorSeconds()
      let outcome = ValleyPlanner().outcome(
        of: problem, capacity: problem.lowerBound, within: LayoutLimits(work: 500_000_000))
      times.append(processorSeconds() - start)
      if case .fits(let solution) = outcome,
        LayoutValidator.violations(in: solution, of: problem).isEmpty
      {
        solved += 1
      }
    }
    times.sort()
    print(
      "\(count) arenas cut into 50 to 400 buffers: constructive planners solve \(greedySolved), the "
        + "valley search \(solved); median \(fixed(times[count / 2], 4)) s, 90th percentile "
        + "\(fixed(times[count * 9 / 10], 4)) s, most \(fixed(times[count - 1], 4)) s")
  }

  static func scale(_ arguments: [String]) {
    for count in arguments.compactMap({ Int($0) }) {
      var random = SeededGenerator(state: UInt64(count))
      let buffers = training(layers: count / 3, &random)
      let start = processorSeconds()
      do {
        let problem = try LayoutProblem(buffers: buffers)
        let report = try LayoutPortfolio().report(for: problem)
        let ratio = Double(report.solution.height) / Double(problem.lowerBound)
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        print(
          "| \(buffers.count) | \(fixed(ratio, 6)) | \(report.winner ?? "nobody") "
            + "| \(fixed(processorSeconds() - start, 3)) | \(usage.ru_maxrss / 1024) |")
      } catch {
        print("\(error)")
        exit(70)
      }
    }
  }

  /// A full arena cut by random straight cuts.
  private static func fullArena(
    pieces count: Int, steps: Int, bytes: Int, _ random: inout SeededGenerator
  ) -> [LayoutBuffer] {
    var pieces: [(steps: Range<Int>, bytes: Range<Int>)] = [(0..<steps, 0..<bytes)]
    while pieces.count < count {
      let position = Int.random(in: 0..<pieces.count, using: &random)
      let piece = pieces[position]
      if Bool.random(using: &random), piece.steps.count > 1 {
        let cut = Int.random(
          in: piece.steps.lowerBound + 1..<piece.steps.upperBound, using: &random)
        pieces[position].steps = piece.steps.lowerBound..<cut
        pieces.append((cut..<piece.steps.upperBound, piece.bytes))
      } else if piece.bytes.count > 1 {
        let cut = Int.random(
          in: piece.bytes.lowerBound + 1..<piece.bytes.upperBound, using: &random)
        pieces[position].bytes = piece.bytes.lowerBound..<cut
        pieces.append((piece.steps, cut..<piece.bytes.upperBound))
      }
    }
    return pieces.map { LayoutBuffer(size: $0.bytes.count, lifetime: $0.steps) }
  }

  /// Activations that live from the forward to the backward step, and temporaries on both sides.
  private static func training(
    layers: Int, _ random: inout SeededGenerator
  ) -> [LayoutBuffer] {
    var buffers: [LayoutBuffer] = []
    for layer in 0..<layers {
      let forward = 2 * layer
      let backward = 4 * layers - 2 * layer
      for life in [forward..<backward, forward..<forward + 2, backward - 2..<backward + 1] {
        buffers.append(
          LayoutBuffer(
            size: Int.random(in: 1...4096, using: &random) * 64, lifetime: life, alignment: 64))
      }
    }
    return buffers
  }
}
