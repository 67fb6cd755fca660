// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Ordering
import TestSupport
import Testing

@testable import Planning

/// Every number of a comparison is derived anew here from the two plans.
@Suite struct PlanComparisonTests {
  private static func plan(
    _ graph: Graph, seed: Int, path: String = "model"
  ) throws -> ExecutionPlan {
    var random = SeededGenerator(seed: seed)
    let orders: [OrderChoice] =
      [.auto, .auto] + OrderChoice.names.compactMap { OrderChoice(name: $0) }
    return try Planner(
      memory: MemoryModel(
        alignment: [1, 64, 256].randomElement(using: &random) ?? 64,
        inPlace: InPlaceMode.allCases.randomElement(using: &random) ?? .safe),
      order: orders.randomElement(using: &random) ?? .auto,
      limits: SearchLimits(effort: .quick)
    ).plan(graph, model: PlannedModel(path: path))
  }

  @Test(arguments: Seeds.first(60)) func `a plan is the same as itself`(_ seed: Int) throws {
    let plan = try Self.plan(RandomGraph(seed: seed).graph, seed: seed)
    let comparison = try PlanComparison(from: plan, to: plan)
    #expect(comparison.verdict == .same)
    #expect(comparison.premises == [] && comparison.growth == [])
    #expect(comparison.steps.moved == [] && comparison.steps.common == plan.steps.count)
    #expect(comparison.tensors.moved == [] && comparison.tensors.resized == [])
    #expect(comparison.peakChange.bytes == 0)
    #expect(comparison.peakChange.arrived == [] && comparison.peakChange.left == [])
  }

  @Test(arguments: Seeds.first(120))
  func `the parts of a peak's change add up to it`(_ seed: Int) throws {
    let one = try Self.plan(RandomGraph(seed: seed).graph, seed: seed)
    let other = try Self.plan(RandomGraph(seed: seed % 40).graph, seed: seed + 1)
    let comparison = try PlanComparison(from: one, to: other)
    let change = comparison.peakChange
    let resized = change.resized.reduce(0) { $0 + $1.after.bytes - $1.before.bytes }
    let sum =
      change.arrived.reduce(0) { $0 + $1.bytes } - change.left.reduce(0) { $0 + $1.bytes }
      + resized + change.workspaceBytes + change.otherBytes
    #expect(sum == other.summary.peakBytes - one.summary.peakBytes)
    // Without slices, the storages account for all there is.
    #expect(change.before.otherBytes == 0 && change.after.otherBytes == 0)
    for item in change.arrived { #expect(!change.before.items.map(\.name).contains(item.name)) }
    for item in change.left { #expect(!change.after.items.map(\.name).contains(item.name)) }
    #expect(
      change.arrived.count
        + change.after.items.count { item in
          change.before.items.contains { $0.name == item.name }
        } == change.after.items.count)
  }

  @Test(arguments: Seeds.first(120)) func `the verdict is that of the figures`(_ seed: Int) throws {
    var random = SeededGenerator(seed: seed)
    let graph = RandomGraph(seed: seed).graph
    let one = try Self.plan(graph, seed: seed)
    let other = try Self.plan(graph, seed: seed + 1)
    let allowed = Int.random(in: 0...300, using: &random)
    let comparison = try PlanComparison(
      from: one, to: other, tolerance: Tolerance(bytes: allowed))
    let changes = [
      other.summary.arenaBytes - one.summary.arenaBytes,
      other.summary.totalBytes - one.summary.totalBytes,
    ]
    let expected: MemoryVerdict =
      changes.contains { $0 > allowed }
      ? .grown : changes.contains { $0 < 0 } && !changes.contains { $0 > 0 } ? .better : .same
    #expect(comparison.verdict == expected)
    #expect(comparison.growth.map(\.measure).count == changes.count { $0 > allowed })
    for growth in comparison.growth where other.summary.peakBytes > one.summary.peakBytes {
      let culprit = try #require(growth.culprit)
      guard culprit.role == .peak else { continue }
      // Who is named takes most of all that is new or larger there.
      let account = PeakAccount(of: other)
      let earlier = Dictionary(
        PeakAccount(of: one).items.map { ($0.name, $0.bytes) }
      ) { first, _ in first }
      let most = account.items.map { $0.bytes - (earlier[$0.name] ?? 0) }.max() ?? 0
      let workspace = account.workspaceBytes
      #expect(
        culprit.bytes - (culprit.before ?? 0) == most
          || culprit.name.hasPrefix("workspace of ")
            && culprit.bytes == workspace
      )
    }
  }

  @Test func `differences in how plans were made come first`() throws {
    let graph = try PlannedExample.graph()
    let plain = try Planner().plan(graph, model: PlannedModel(path: "a", dims: ["n": 1, "m": 2]))
    let other = try Planner(
      memory: MemoryModel(alignment: 128, inPlace: .none), budget: ByteCount(4096)
    ).plan(graph, model: PlannedModel(path: "b", dims: ["n": 3]))
    let comparison = try PlanComparison(from: plain, to: other)
    #expect(
      comparison.premises == [
        PremiseChange(what: "dim m", before: "2", after: nil),
        PremiseChange(what: "dim n", before: "1", after: "3"),
        PremiseChange(what: "alignment", before: "64", after: "128"),
        PremiseChange(what: "budget", before: nil, after: "4096"),
        PremiseChange(what: "inplace", before: "safe", after: "none"),
      ])
  }

  @Test func `no option is left out of the premises`() throws {
    let plan = try PlannedExample.plan()
    let names = Mirror(reflecting: plan.options).children.compactMap(\.label)
    #expect(
      Set(PremiseChange.premises(of: plan).map(\.name))
        == Set(names.map { $0 == "budgetBytes" ? "budget" : $0 }))
  }

  @Test func `a tensor that is new at the peak is named`() throws {
    let graph = { (extra: String) in
      try Graph(
        parsing: """
          graph example
          input x : float32[64]
          node first = Relu@14(x) -> a : float32[64]
          node second = Tanh@14(x) -> b : float32[1024]
          node last = Sum@14(a, b\(extra)) -> y : float32[64]
          output y
          """)
    }
    let model = PlannedModel(path: "model")
    let one = try Planner().plan(graph(""), model: model)
    let wide = try Graph(
      parsing: """
        graph example
        input x : float32[64]
        node first = Relu@14(x) -> a : float32[64]
        node second = Tanh@14(x) -> b : float32[1024]
        node third = Tanh@14(x) -> c : float32[512]
        node last = Sum@14(a, b, c) -> y : float32[64]
        output y
        """)
    let other = try Planner().plan(wide, model: model)
    let comparison = try PlanComparison(from: one, to: other)
    #expect(comparison.verdict == .grown)
    #expect(comparison.growth.map(\.culprit?.name) == ["c", "c"])
    #expect(comparison.growth.allSatisfy { $0.culprit?.before == nil && $0.culprit?.bytes == 2048 })
    #expect(comparison.premises.map(\.what) == ["graph"])
    #expect(comparison.tensors.added.map(\.name) == ["c"])
    #expect(comparison.steps.added.map(\.node) == ["third"])
    let back = try PlanComparison(from: other, to: one)
    #expect(back.verdict == .better)
    #expect(back.peakChange.left.map(\.name) == ["c"])
  }

  @Test func `a weight that is new is named for the total`() throws {
    func graph(_ weight: Int) throws -> Graph {
      try Graph(
        parsing: """
          graph example
          input x : float32[64]
          weight w : float32[\(weight)]
          weight v : float32[8]
          node first = Mul@14(x, w, v) -> y : float32[64]
          output y
          """)
    }
    let model = PlannedModel(path: "model")
    let comparison = try PlanComparison(
      from: Planner().plan(graph(64), model: model), to: Planner().plan(graph(640), model: model))
    #expect(comparison.growth.map(\.measure) == [.total])
    let culprit = try #require(comparison.growth.first?.culprit)
    #expect(culprit.name == "w" && culprit.bytes == 2560 && culprit.before == 256)
    #expect(culprit.role == .resident)
  }

  @Test func `holes below are blamed on what lies highest`() throws {
    let plan = try PlannedExample.plan()
    var worse = plan
    worse.summary.arenaBytes += 640
    worse.summary.totalBytes += 640
    let index = try #require(worse.tensors.firstIndex { $0.name == "j" })
    worse.tensors[index].offset = worse.summary.arenaBytes - worse.tensors[index].bytes
    let comparison = try PlanComparison(from: plan, to: worse)
    #expect(comparison.growth.map(\.culprit?.name) == ["j", "j"])
    #expect(comparison.growth.first?.culprit?.role == .placement)
    #expect(comparison.tensors.moved.map(\.name) == ["j"])
  }

  @Test func `a cut list names nobody who may have been there before`() {
    func profile(_ holdings: MemoryProfile.Holdings, peak: Int) -> MemoryProfile {
      MemoryProfile(
        peakBytes: peak, arenaBytes: peak, residentBytes: 0, lowerBoundBytes: 0,
        atPeak: holdings, resident: MemoryProfile.Holdings([]), highest: nil)
    }
    func holding(_ name: String, _ bytes: Int) -> MemoryProfile.Holding {
      MemoryProfile.Holding(name: name, bytes: bytes)
    }
    let old = MemoryProfile.Holdings(
      [holding("a", 100), holding("b", 50), holding("c", 10)], atMost: 2)
    #expect(old.omitted == 1 && old.listed.map(\.name) == ["a", "b"])
    let small = MemoryProfile.Holdings([holding("a", 100), holding("b", 50), holding("d", 40)])
    let large = MemoryProfile.Holdings([holding("a", 100), holding("b", 50), holding("e", 60)])
    let growths = { (new: MemoryProfile.Holdings, peak: Int) in
      MemoryGrowth.between(profile(old, peak: 160), profile(new, peak: peak), tolerance: .none)
    }
    #expect(growths(small, 190).map(\.culprit) == [nil, nil])
    #expect(growths(large, 210).map(\.culprit?.name) == ["e", "e"])
  }

  @Test(arguments: [Int.max, -1, 1 << 61]) func `absurd numbers are refused`(_ number: Int) throws {
    let plan = try PlannedExample.plan()
    let changes: [(inout ExecutionPlan) -> Void] = [
      { $0.summary.arenaBytes = number }, { $0.summary.peakBytes = number },
      { $0.tensors[2].bytes = number }, { $0.tensors[2].offset = number },
      { $0.steps[1].liveBytes = number }, { $0.steps[1].workspaceBytes = number },
      { $0.options.alignment = number },
    ]
    for change in changes {
      var broken = plan
      change(&broken)
      #expect(throws: ComparisonError.self) { try PlanComparison(from: plan, to: broken) }
      #expect(throws: ComparisonError.self) { try PlanComparison(from: broken, to: plan) }
    }
    var odd = plan
    odd.summary.peakStep = number
    #expect(try PlanComparison(from: plan, to: odd).peakChange.after.running == nil)
  }
}
