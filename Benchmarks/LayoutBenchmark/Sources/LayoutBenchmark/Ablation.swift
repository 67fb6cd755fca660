// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// The search with one part switched off at a time.
enum Ablation {
  private static let variants: [(name: String, change: @Sendable (inout ValleyOptions) -> Void)] = [
    ("nothing", { _ in }),
    ("propagation", { $0.propagates = false }),
    ("peeling", { $0.peels = false }),
    ("boundary rule", { $0.usesStepRule = false }),
    ("subset-sum heights", { $0.raisesToSums = false }),
    ("components", { $0.splitsComponents = false }),
    ("memory of failures", { $0.remembersFailures = false }),
    ("restarts", { $0.restarts = false }),
    ("fail-first", { $0.rules = [.leftmost] }),
    ("weights of failures", { $0.rules = [.lowest, .fewest] }),
    ("several preorders", { $0.preorders = [.loadWidthArea] }),
    ("noise", { $0.noise = 0 }),
    ("twins", { $0.mergesTwins = false }),
  ]

  /// The most work of one search, in elementary steps.
  private static let work = 300_000_000
  private static let arenaWork = 50_000_000

  static func run(_ files: Files) {
    line("\n## ablation: one part switched off at a time\n")
    head(
      "off", "A-K solved", "s", "nodes", "ResNet-50 s", "nodes", "PanGu core-first s",
      "30 cut arenas solved", "s", "nodes", "100 proofs", "s", "nodes")
    let hard = files.hard.map { ($0.problem, Files.hardCapacity) }
    let traces = files.traces.map(\.problem)
    let arenas = CutArenas.problems(30).map { ($0, $0.lowerBound) }
    let proofs = hopeless(100)
    for (name, change) in variants {
      var options = ValleyOptions()
      change(&options)
      let onHard = total(options, hard, work: work)
      let onTrace = total(options, [(traces[0], traces[0].lowerBound)], work: work)
      let core = timed {
        CorePlanner(options: options, work: work).attempt(traces[1], within: LayoutLimits())
      }
      let isCoreSolved =
        core.value.solution.map { checked($0, traces[1]) == traces[1].lowerBound } ?? false
      let onProofs = total(options, proofs, work: work)
      let onArenas = total(options, arenas, work: arenaWork)
      row(
        name, "\(onHard.solved)", fixed(onHard.seconds, 3), "\(onHard.nodes)",
        onTrace.solved == 1 ? fixed(onTrace.seconds, 3) : "not solved", "\(onTrace.nodes)",
        isCoreSolved ? fixed(core.seconds, 3) : "not solved", "\(onArenas.solved)",
        fixed(onArenas.seconds, 2), "\(onArenas.nodes)", "\(onProofs.solved) of \(proofs.count)",
        fixed(onProofs.seconds, 3), "\(onProofs.nodes)")
    }
  }

  /// Problems with the same load at every step that do not fit it.
  private static func hopeless(_ count: Int) -> [(problem: LayoutProblem, capacity: Int)] {
    var found: [(problem: LayoutProblem, capacity: Int)] = []
    var seed: UInt64 = 0
    while found.count < count, seed < 3000 {
      seed += 1
      var random = SeededGenerator(state: seed)
      var buffers: [LayoutBuffer] = []
      for step in 0..<14 {
        var free = 24 - buffers.filter { $0.upper > step }.reduce(0) { $0 + $1.size }
        while free > 0 {
          let size = min(free, Int.random(in: 2...7, using: &random))
          let upper = step + Int.random(in: 1...5, using: &random)
          buffers.append(LayoutBuffer(size: size, lifetime: step..<upper))
          free -= size
        }
      }
      guard let problem = try? LayoutProblem(buffers: buffers) else { continue }
      let search = ValleyPlanner(work: 5_000_000).search(problem, capacity: problem.lowerBound)
      if search.outcome == .infeasible, search.nodeCount > 20 {
        found.append((problem, problem.lowerBound))
      }
    }
    return found
  }

  private static func total(
    _ options: ValleyOptions, _ problems: [(problem: LayoutProblem, capacity: Int)], work: Int
  ) -> (solved: Int, seconds: Double, nodes: Int) {
    var sum = (solved: 0, seconds: 0.0, nodes: 0)
    for (problem, capacity) in problems {
      let (search, seconds) = timed {
        ValleyPlanner(options: options, work: work).search(problem, capacity: capacity)
      }
      sum.seconds += seconds
      sum.nodes += search.nodeCount
      if search.isSolved(problem, capacity) || search.outcome == .infeasible { sum.solved += 1 }
    }
    return sum
  }
}
