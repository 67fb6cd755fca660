// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct BestOfAllTests {
  /// The least peak over all orders, by trying them; `nil` where there are too many.
  static func optimum(of problem: SchedulingProblem, limit: Int = 1500) -> Int? {
    var simulator = LivenessSimulator(map: problem.storages)
    var best = Int.max
    var tried = 0
    forEachTopologicalOrder(of: problem.graph, dependencies: problem.dependencies) { order in
      best = min(best, simulator.peak(of: order))
      tried += 1
      return tried < limit
    }
    return tried < limit ? best : nil
  }

  private static let quick = SearchLimits(effort: .quick)

  @Test(arguments: 0..<150)
  func `the optimum lies between the bound and the best order`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 1...8)).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    guard let optimum = Self.optimum(of: problem) else { return }
    let result = try BestOfAll(limits: Self.quick).result(for: problem)
    // Inputs that nothing touches are outside of the search; all else is solved to the end.
    let unused = Self.unusedInputBytes(problem)
    #expect(result.peakBytes >= optimum)
    #expect(result.peakBytes <= optimum + unused)
    #expect(result.bound.bytes <= optimum)
    #expect(unused > 0 || result.outcome == .provenOptimal)
    #expect(WorkingSetBound.bound(of: problem).bytes <= optimum)
    #expect((result.outcome == .provenOptimal) == (result.peakBytes == result.bound.bytes))
  }

  /// An order in which all that need not come after an operator runs before it.
  private static func late(_ operation: Int, _ model: OrderModel) -> [Int] {
    let after = KeyPointsTests.reach(of: model)[operation]
    return (0..<model.count).filter { $0 != operation && !after.contains($0) } + [operation]
      + (0..<model.count).filter(after.contains)
  }

  private static func unusedInputBytes(_ problem: SchedulingProblem) -> Int {
    let map = problem.storages
    return map.roots.indices.filter {
      map.isLiveIn[$0] && map.spaces[$0] == .arena
        && map.toucherStart[$0] == map.toucherStart[$0 + 1]
    }.reduce(0) { $0 + map.bytes[$1] }
  }

  @Test(arguments: 0..<100)
  func `the witness explains the bound`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 4...14)).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    let bound = try BestOfAll(limits: Self.quick).result(for: problem).bound
    let witness = bound.witness
    #expect(witness.members.reduce(witness.workspaceBytes) { $0 + $1.bytes } == witness.bytes)
    #expect(bound.proof == .search ? witness.bytes <= bound.bytes : witness.bytes == bound.bytes)
    #expect(Set(witness.members.map(\.storage)).count == witness.members.count)
    let map = problem.storages
    for member in witness.members {
      #expect(map.spaces[member.storage.index] == .arena)
      func touches(_ node: NodeID) -> Bool {
        map.touched[map.touchedStart[node.index]..<map.touchedStart[node.index + 1]]
          .contains(member.storage.rawValue)
      }
      switch member.reason {
      case .read, .made, .takesOver: #expect(witness.node.map(touches) == true)
      case .crossing(let from, let to): #expect(touches(from) && touches(to) && from != to)
      case .input(let to): #expect(map.isLiveIn[member.storage.index] && touches(to))
      case .output(let from): #expect(map.isLiveOut[member.storage.index] && touches(from))
      case .anInput: #expect(map.isLiveIn[member.storage.index])
      case .anOutput: #expect(map.isLiveOut[member.storage.index])
      }
    }
  }

  @Test func `what is forced in every order is said so`() throws {
    var counts: [LowerBound.Proof: Int] = [:]
    for seed in 0..<80 {
      let graph = RandomGraph(seed: seed, shape: .init(nodes: 4...14)).graph
      let problem = SchedulingProblem(graph, model: models[seed % models.count])
      let bound = try BestOfAll(limits: Self.quick).result(for: problem).bound
      counts[bound.proof, default: 0] += 1
      guard bound.proof == .forced, let node = bound.witness.node else { continue }
      // Live at the node in the file's order too, and in one that has it as late as can be.
      let model = OrderModel(problem)
      for order in [Array(0..<model.count), Self.late(node.index, model)] {
        #expect(ReducedModelTests.isOrder(order, of: model))
        let profile = model.profile(of: order)
        let step = try #require(order.firstIndex(of: node.index))
        #expect(profile[step] >= bound.bytes)
      }
    }
    #expect(counts[.forced, default: 0] > 0)
    #expect(counts[.minimumCut, default: 0] > 0)
  }

  @Test(arguments: 0..<30)
  func `no candidate beats the result`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 10...25)).graph
    let problem = SchedulingProblem(graph)
    let result = try BestOfAll(limits: Self.quick).result(for: problem)
    var simulator = LivenessSimulator(map: problem.storages)
    #expect(simulator.peak(of: result.schedule.order) == result.peakBytes)
    #expect(result.candidates.first?.name == FileOrder.name)
    let peaks = result.candidates.map(\.peakBytes) + [result.searched?.peakBytes ?? .max]
    #expect(peaks.min() == result.peakBytes)
    #expect(result.candidates.count == BestOfAll.standardCandidates.count + 1)
    for candidate in BestOfAll.standardCandidates {
      let peak = simulator.peak(of: try candidate.schedule(for: problem).order)
      #expect(
        result.candidates.contains { $0.name == type(of: candidate).name && $0.peakBytes == peak })
    }
  }

  @Test(arguments: 0..<12)
  func `threads change nothing`(seed: Int) throws {
    // Wide enough that not everything is decided by the first search.
    var shape = RandomGraph.Shape(nodes: 30...60)
    shape.reach = 20
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let problem = SchedulingProblem(graph, model: models[seed % models.count])
    let one = try BestOfAll(limits: SearchLimits(effort: .quick, jobs: 1)).result(for: problem)
    for jobs in [2, 5] {
      let more = try BestOfAll(limits: SearchLimits(effort: .quick, jobs: jobs))
        .result(for: problem)
      #expect(one.schedule == more.schedule)
      #expect(one.bound == more.bound)
      #expect(one.outcome == more.outcome)
      #expect(one.candidates == more.candidates)
    }
  }

  @Test(arguments: 0..<20)
  func `a time limit still gives an order, and says so`(seed: Int) throws {
    let graph = RandomGraph(seed: seed, shape: .init(nodes: 20...40)).graph
    let problem = SchedulingProblem(graph)
    let limits = SearchLimits(timeLimit: .zero)
    let result = try BestOfAll(limits: limits).result(for: problem)
    try result.schedule.validate(against: graph, dependencies: problem.dependencies)
    #expect(result.outcome != .workLimit)
    #expect(result.outcome == .timeLimit || result.gap <= 1 / Double(OrderingResult.tolerance))
  }

  @Test func `a scheduler that breaks its promise is named`() throws {
    struct Broken: Scheduler {
      static let name = "broken"
      func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
        Schedule(Array(problem.graph.nodeIDs.dropLast()))
      }
    }
    let graph = RandomGraph(seed: 1).graph
    let error = #expect(throws: OrderingError.self) {
      try BestOfAll(candidates: [Broken()]).result(for: SchedulingProblem(graph))
    }
    guard case .invalidSchedule("broken", .notAPermutation) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `among orders of equal peak the one that holds less for less time wins`() throws {
    struct Given: Scheduler {
      static let name = "given"
      let order: [Int]
      func schedule(for problem: SchedulingProblem) throws(OrderingError) -> Schedule {
        Schedule(order.map { NodeID($0) })
      }
    }
    // Both makers run before the big one; the file has the larger of the two wait.
    var graph = Graph()
    let small = try graph.addTensor("small", type: .uint8, shape: [64], role: .activation)
    let big = try graph.addTensor("big", type: .uint8, shape: [6400], role: .activation)
    let medium = try graph.addTensor("medium", type: .uint8, shape: [640], role: .activation)
    let sum = try graph.addTensor("sum", type: .uint8, shape: [64], role: .output)
    let kind = OperatorKind(type: "Op")
    try graph.addNode("a", kind: kind, inputs: [], outputs: [medium])
    try graph.addNode("b", kind: kind, inputs: [], outputs: [small])
    try graph.addNode("c", kind: kind, inputs: [medium, small], outputs: [big])
    try graph.addNode("d", kind: kind, inputs: [big], outputs: [sum])
    graph.addOutput(sum)
    try graph.validate()
    let limits = SearchLimits(effort: .candidates)
    let result = try BestOfAll(candidates: [Given(order: [1, 0, 2, 3])], limits: limits)
      .result(for: SchedulingProblem(graph))
    #expect(result.winner == "given")
    #expect(result.candidates.map(\.peakBytes) == [7104, 7104])
    #expect(result.peakBytes == 7104)
  }
}
