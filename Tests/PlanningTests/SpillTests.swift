// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Spilling in a given order and with the order left open, against every way there is to do it.
@Suite struct SpillTests {
  static func problem(seed: Int, nodes: ClosedRange<Int>, updates: Int = 10) -> SchedulingProblem {
    var shape = RandomGraph.Shape(nodes: nodes)
    shape.updates = updates
    shape.reach = 4
    return SchedulingProblem(RandomGraph(seed: seed, shape: shape).graph)
  }

  static func oracle(
    _ problem: SchedulingProblem, _ model: LadderModel, budget: Int, isFixed: Bool
  ) -> SpillOracle {
    SpillOracle(
      model: model, budget: budget, order: isFixed ? Array(0..<model.nodeCount) : nil,
      predecessors: (0..<model.nodeCount).map { node in
        problem.dependencies.predecessors(of: NodeID(node)).map { Int($0) }
      })
  }

  /// Every budget that makes a difference, sizes being multiples of 64: from below the floor to what is
  /// enough.
  static func budgets(_ model: LadderModel, _ actions: [LadderAction]) -> [Int] {
    let peak = SpillGaps(actions, in: model, budget: 0).loads.max() ?? 0
    return Array(stride(from: max(0, model.floorBytes - 64), through: peak + 64, by: 64))
  }

  /// Whether some input in the arena is read by nothing: it is gone as soon as anything comes before the
  /// first run, and so a spill may help that brings nothing back. Searches leave that out.
  static func hasIdleInput(_ problem: SchedulingProblem, _ model: LadderModel) -> Bool {
    (0..<model.storageCount).contains { storage in
      model.isInput[storage] && !model.isOutput[storage]
        && (0..<model.nodeCount).allSatisfy { !model.reads[$0].contains(storage) }
    }
  }

  static func peak(_ actions: [LadderAction], _ model: LadderModel) throws -> Int {
    try Residencies(of: actions, in: model).peakBytes
  }

  @Test(arguments: Seeds.first(30))
  func `the least traffic of an order is found at every budget`(seed: Int) throws {
    let problem = Self.problem(seed: seed, nodes: 3...6)
    for streams in [false, true] {
      let model = LadderModel(of: problem, streamsResidents: streams)
      let runs = problem.graph.nodeIDs.map { LadderAction.run($0) }
      guard !Self.hasIdleInput(problem, model) else { continue }
      for budget in Self.budgets(model, runs) {
        let oracle = Self.oracle(problem, model, budget: budget, isFixed: true)
        let least = oracle.leastTraffic()
        let found = SpillSearch.improved(runs, in: model, budget: budget)
        #expect(found?.traffic == least, "seed \(seed) budget \(budget) streams \(streams)")
        guard let found, let least else { continue }
        #expect(found.bound == least, "seed \(seed) budget \(budget) streams \(streams)")
        #expect(try Self.peak(found.actions, model) <= budget)
        #expect(SpillSearch.traffic(of: found.actions, in: model) == found.traffic)
        // What it wrote is read back as it was meant.
        let again = SpillSearch.improved(found.actions, in: model, budget: budget)
        #expect(again?.traffic == least)
      }
    }
  }

  @Test(arguments: Seeds.first(15))
  func `the least traffic of all orders is found at every budget`(seed: Int) throws {
    let problem = Self.problem(seed: seed, nodes: 3...5, updates: 0)
    for streams in [false, true] {
      let model = LadderModel(of: problem, streamsResidents: streams)
      let runs = problem.graph.nodeIDs.map { LadderAction.run($0) }
      guard !Self.hasIdleInput(problem, model) else { continue }
      for budget in Self.budgets(model, runs) {
        let program = try #require(
          JointSpillProgram(model, problem.dependencies, budget: budget))
        let oracle = Self.oracle(problem, model, budget: budget, isFixed: false)
        let least = oracle.leastTraffic()
        switch program.solve(budget: budget) {
        case .optimal(let actions):
          #expect(SpillSearch.traffic(of: actions, in: model) == least, "seed \(seed) \(budget)")
          #expect(try Self.peak(actions, model) <= budget)
        case .none: #expect(least == nil, "seed \(seed) budget \(budget)")
        case .found, .stopped: Issue.record("stopped: seed \(seed) budget \(budget)")
        }
        if let least {
          let bound = AnyOrderSpillBound(model, problem.dependencies, budget: budget).bytes
          #expect(bound <= least, "seed \(seed) budget \(budget)")
        }
      }
    }
  }

  /// Worths of rows prove no more than is so, whatever they are, and what they decide is decided right.
  @Test(arguments: Seeds.first(25))
  func `any worths of rows are a bound`(seed: Int) throws {
    let problem = Self.problem(seed: seed, nodes: 5...9)
    let model = LadderModel(of: problem, streamsResidents: false)
    let runs = problem.graph.nodeIDs.map { LadderAction.run($0) }
    let floor = model.floorBytes
    let peak = SpillGaps(runs, in: model, budget: 0).loads.max() ?? 0
    var random = SeededGenerator(seed: seed)
    for share in [0, 2, 5] where peak > floor {
      let budget = floor + (peak - floor) * share / 6
      let gaps = SpillGaps(runs, in: model, budget: budget)
      guard gaps.gaps.count <= 12, !gaps.rows.isEmpty else { continue }
      let choices = (0..<(1 << gaps.gaps.count)).map { choice in
        gaps.gaps.indices.map { choice >> $0 & 1 == 1 }
      }.filter { gaps.isWithinBudget($0) }
      guard let least = choices.map({ gaps.traffic($0) }).min() else { continue }
      for _ in 0..<10 {
        let worth = gaps.rows.map { _ in
          Bool.random(using: &random) ? 0 : Double.random(in: 0...4, using: &random)
        }
        var multipliers = SpillMultipliers(gaps, start: worth)
        #expect(multipliers.relaxed(worth).value <= Double(least) + 1e-6)
        multipliers.ascend(towards: least, steps: 60) { _, _ in least }
        #expect(multipliers.provedBytes <= least)
        // With one more step of traffic as known, the best choices keep to what is decided.
        let decided = multipliers.decided(below: least + gaps.commonBytes)
        let best = choices.filter { gaps.traffic($0) == least }
        #expect(
          best.contains { choice in
            zip(decided, choice).allSatisfy { $0 == nil || $0 == $1 }
          })
      }
    }
  }

  @Test(arguments: Seeds.first(30))
  func `windows keep the budget and never make it worse`(seed: Int) throws {
    let problem = Self.problem(seed: seed, nodes: 30...60)
    let model = LadderModel(of: problem, streamsResidents: seed % 2 == 0)
    let runs = problem.graph.nodeIDs.map { LadderAction.run($0) }
    let peak = SpillGaps(runs, in: model, budget: 0).loads.max() ?? 0
    let budget = model.floorBytes + (peak - model.floorBytes) / 3
    var limits = SpillSearch.Limits()
    (limits.programGaps, limits.windows, limits.windowGaps) = (0, 0, 12)
    let plain = SpillSearch.improved(runs, in: model, budget: budget, limits: limits)
    limits.windows = 8
    let windowed = SpillSearch.improved(runs, in: model, budget: budget, limits: limits)
    let whole = SpillSearch.improved(runs, in: model, budget: budget)
    #expect((plain == nil) == (whole == nil))
    guard let plain, let windowed, let whole else { return }
    #expect(windowed.traffic <= plain.traffic)
    for found in [plain, windowed, whole] {
      #expect(try Self.peak(found.actions, model) <= budget)
      #expect(SpillSearch.traffic(of: found.actions, in: model) == found.traffic)
      #expect(whole.bound <= found.traffic && found.bound <= whole.traffic)
    }
    let again = SpillSearch.improved(runs, in: model, budget: budget)
    #expect(again?.actions == whole.actions)
  }

  @Test(arguments: Seeds.first(25))
  func `baselines keep the budget and are never below the optimum`(seed: Int) throws {
    let problem = Self.problem(seed: seed, nodes: 4...12)
    let order = Array(problem.graph.nodeIDs)
    for streams in [false, true] {
      let model = LadderModel(of: problem, streamsResidents: streams)
      let runs = order.map { LadderAction.run($0) }
      for budget in Self.budgets(model, runs) where budget >= model.floorBytes {
        let best = SpillSearch.improved(runs, in: model, budget: budget)
        for policy in SpillBaseline.Policy.allCases {
          for arena in SpillBaseline.Arena.allCases {
            let found = SpillBaseline.schedule(
              order, in: model, policy: policy, arena: arena, budget: budget)
            guard let found else { continue }
            #expect(try Self.peak(found, model) <= budget, "\(policy) \(arena) seed \(seed)")
            if Self.hasIdleInput(problem, model) { continue }
            let traffic = SpillSearch.traffic(of: found, in: model)
            #expect(try #require(best).bound <= traffic, "\(policy) \(arena) seed \(seed)")
          }
        }
      }
    }
  }

  /// `a` is needed last and is large, `b` small and needed sooner. Where `d` runs one of them must go.
  static let text = """
    graph policies
    input x : float32[16]
    node a = Exp@13(x) -> a : float32[256]
    node b = Sin@7(x) -> b : float32[64]
    node c = Cos@7(x) -> c : float32[256]
    node d = Neg@13(c) -> d : float32[256]
    node e = Add@14(d, b) -> e : float32[16]
    node f = Mul@14(e, a) -> f : float32[16] as output
    output f
    """

  @Test func `Belady puts away what is needed last, greed what is least`() throws {
    let graph = try Graph(parsing: Self.text)
    let problem = SchedulingProblem(graph, model: MemoryModel(inPlace: .none))
    let model = LadderModel(of: problem, streamsResidents: false)
    func storage(_ name: String) throws -> StorageID {
      let tensor = try #require(graph.tensorIDs.first { graph.name(of: $0) == name })
      return model.map.storageOfTensor[tensor.index]
    }
    func moved(_ policy: SpillBaseline.Policy, _ arena: SpillBaseline.Arena) throws
      -> [LadderAction]
    {
      let schedule = SpillBaseline.schedule(
        Array(graph.nodeIDs), in: model, policy: policy, arena: arena, budget: 3 * 1024)
      return try #require(schedule).filter { $0.node == nil }
    }
    let (a, b) = (try storage("a"), try storage("b"))
    #expect(try moved(.belady, .counted) == [.spill(a), .fetch(a)])
    #expect(try moved(.greedy, .counted) == [.spill(b), .fetch(b)])
    // The hole that b leaves has c behind it, and is too small for d.
    #expect(try moved(.belady, .addressed) == [.spill(a), .fetch(a)])
    #expect(try moved(.greedy, .addressed) == [.spill(a), .fetch(a)])
    let runs = graph.nodeIDs.map { LadderAction.run($0) }
    let best = try #require(SpillSearch.improved(runs, in: model, budget: 3 * 1024))
    #expect(best.traffic == 512 && best.isOptimal)
  }
}
