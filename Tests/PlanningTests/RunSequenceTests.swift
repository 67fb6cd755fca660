// SPDX-License-Identifier: Apache-2.0
import GraphIR
import MemoryLayout
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Sequences of runs changed at random, against what a new count of the same actions says.
@Suite struct RunSequenceTests {
  @Test(arguments: Seeds.first(60))
  func `loads are those of a new count, whatever was changed and taken back`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 8...30)).graph
    let problem = SchedulingProblem(graph)
    let model = LadderModel(of: problem, streamsResidents: false)
    let prices = (0..<model.nodeCount).map { Double(1 + $0 % 7) }
    var sequence = RunSequence(
      graph.nodeIDs.map { .run($0) }, of: model, problem.dependencies, prices: prices,
      budget: model.floorBytes)
    var random = SplitMix64(seed: UInt64(seed))
    var kept = sequence.actions
    try expectCounted(sequence, model, prices)
    for _ in 0..<200 {
      for _ in 0..<1 + random.below(3) { change(&sequence, model, &random) }
      if random.below(2) == 0 {
        sequence.keep()
        kept = sequence.actions
      } else {
        sequence.takeBack()
        #expect(sequence.actions == kept)
      }
      try expectCounted(sequence, model, prices)
    }
  }

  /// Without room nothing is inserted; what is kept then has room again, in the same order.
  @Test(arguments: Seeds.first(10))
  func `vacant slots run out and come back`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: RandomGraph.Shape(nodes: 2...30)).graph
    let problem = SchedulingProblem(graph)
    let model = LadderModel(of: problem, streamsResidents: false)
    let prices = [Double](repeating: 1, count: model.nodeCount)
    var sequence = RunSequence(
      graph.nodeIDs.map { .run($0) }, of: model, problem.dependencies, prices: prices,
      budget: model.floorBytes)
    let end = sequence.runs.count
    guard let node = (0..<model.nodeCount).first(where: { sequence.mayRepeat($0, before: end) })
    else { return }
    for _ in 0..<3 {
      while sequence.insertRerun(of: node, before: sequence.runs.count) != nil {}
      #expect(sequence.vacancies == 0)
      try expectCounted(sequence, model, prices)
      let actions = sequence.actions
      sequence.keep()
      #expect(sequence.vacancies > 0)
      #expect(sequence.actions == actions)
      try expectCounted(sequence, model, prices)
    }
    for run in sequence.again { sequence.remove(run) }
    sequence.keep()
    #expect(sequence.runs.count < 2 * model.nodeCount)
    try expectCounted(sequence, model, prices)
  }

  private func expectCounted(
    _ sequence: RunSequence, _ model: LadderModel, _ prices: [Double]
  ) throws {
    let actions = sequence.actions
    let counted = try Residencies(of: actions, in: model).liveBytes
    let slots = sequence.runs.indices.filter { !sequence.isVacant($0) }
    #expect(slots.map { sequence.load(at: $0) } == counted)
    #expect(sequence.excess == counted.reduce(0) { $0 + max(0, $1 - sequence.budget) })
    #expect(sequence.total == counted.reduce(0, +))
    let price = actions.reduce(0) { $1.kind == .recompute ? $0 + prices[$1.node!.index] : $0 }
    #expect(abs(sequence.price - price) < 1e-9)
  }

  private func change(
    _ sequence: inout RunSequence, _ model: LadderModel, _ random: inout SplitMix64
  ) {
    let slot = random.below(sequence.runs.count)
    guard !sequence.isVacant(slot) else { return }
    let run = sequence.runs[slot]
    switch random.below(3) {
    case 0:
      let node = random.below(model.nodeCount)
      if sequence.mayRepeat(node, before: slot) { sequence.insertRerun(of: node, before: slot) }
    case 1:
      if sequence.isAgain(run) { sequence.remove(run) }
    default:
      let window = sequence.window(of: run)
      sequence.move(run, to: window.lowerBound + random.below(window.count))
    }
  }
}
