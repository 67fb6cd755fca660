// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

/// The models that orders are tested under.
let models = [
  MemoryModel(), MemoryModel(alignment: 1, inPlace: .none), MemoryModel(inPlace: .ort),
  MemoryModel(alignment: 256, io: .external),
]

@Suite struct SchedulerTests {
  static let all: [any Scheduler] =
    [FileOrder(), BestOfAll(limits: SearchLimits(effort: .candidates))]
    + BestOfAll.standardCandidates + [ROAMOrder(effort: .candidates)]

  @Test(arguments: 0..<80)
  func `every scheduler gives an order that can run`(seed: Int) throws {
    var shape = RandomGraph.Shape(nodes: 1...40)
    shape.reach = 3 + seed % 20
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    for scheduler in Self.all {
      let schedule = try scheduler.schedule(for: problem)
      try schedule.validate(against: graph, dependencies: problem.dependencies)
      #expect(try scheduler.schedule(for: problem) == schedule, "a second run differs")
    }
  }

  @Test(arguments: 0..<80)
  func `the simulator agrees with the definition on every candidate`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 0...25)).graph
    let model = models[seed % models.count]
    let problem = SchedulingProblem(graph, model: model)
    let naive = NaivePeak(graph: graph, model: model)
    var simulator = LivenessSimulator(map: problem.storages)
    for scheduler in Self.all {
      let order = try scheduler.schedule(for: problem).order
      #expect(simulator.peak(of: order) == naive.peak(of: order), "\(scheduler)")
    }
  }

  @Test func `names are distinct and in kebab case`() {
    let names = Self.all.map { type(of: $0).name }
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" })
    }
  }
}
