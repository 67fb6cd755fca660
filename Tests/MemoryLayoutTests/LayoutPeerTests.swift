// SPDX-License-Identifier: Apache-2.0
import Foundation
import MemoryLayout
import TestSupport
import Testing

/// The least height, as CP-SAT finds it. ortools is ten times the size of all other peers together,
/// so that it is asked only where somebody has it.
@Suite(.enabled(if: ORTools.python != nil, Comment(rawValue: ORTools.absence)))
struct LayoutPeerTests {
  private static let kinds = [
    RandomBuffers.plain, .aligned, .mixed, .fixed, RandomBuffers(steps: 12, sizes: 1...6),
    RandomBuffers(steps: 20, sizes: 1...40, alignments: [8], hasEmpty: true, fixed: 3),
  ]

  /// Random buffers, and full arenas with one buffer more, whose optimum is above the load.
  private static func buffers(seed: Int) -> [LayoutBuffer] {
    let count = 8 + seed % 7
    let kind = seed / 7 % (kinds.count + 1)
    guard kind == kinds.count else { return kinds[kind].buffers(count, seed: seed) }
    var buffers = RandomBuffers.fullArena(pieces: count - 1, steps: 12, bytes: 40, seed: seed)
    buffers[seed % buffers.count].size += 1 + seed % 3
    return buffers
  }

  @Test func `the least height is that of CP-SAT`() throws {
    let seeds = Seeds.first(150)
    let text = seeds.map { seed in
      Self.buffers(seed: seed).map {
        "\($0.size),\($0.lower),\($0.upper),\($0.alignment),\($0.fixedOffset ?? -1)"
      }.joined(separator: " ") + "\n"
    }.joined()
    let folder = TemporaryFolder()
    let answer = CommandRunner.run(
      try #require(ORTools.python),
      [
        "\(Zoo.packageRoot)/Tests/Peers/peer_layout.py",
        folder.write([UInt8](text.utf8), to: "problems"),
      ], timeLimit: .seconds(60 + seeds.count))
    try #require(answer.status == 0, "\(answer.errors)")
    let heights = answer.text.split(separator: "\n").map { Int($0) }
    try #require(heights.count == seeds.count)
    #expect(heights.count { $0 == nil } <= seeds.count / 100, "CP-SAT decides nearly all")
    for (seed, height) in zip(seeds, heights) {
      let problem = try LayoutProblem(buffers: Self.buffers(seed: seed))
      guard
        case .layout(let solution, let bound) = ValleyPlanner().attempt(
          problem, within: LayoutLimits())
      else {
        Issue.record("problem \(seed) is solved")
        continue
      }
      #expect(LayoutValidator.violations(in: solution, of: problem) == [], "problem \(seed)")
      #expect(solution.height == bound, "problem \(seed)")
      if let height { #expect(solution.height == height, "problem \(seed)") }
    }
  }
}

/// A Python with CP-SAT.
enum ORTools {
  static let absence = "no Python with ortools: GRAPHOPT_ORTOOLS_PYTHON names none"

  static let python = ProcessInfo.processInfo.environment["GRAPHOPT_ORTOOLS_PYTHON"]
}
