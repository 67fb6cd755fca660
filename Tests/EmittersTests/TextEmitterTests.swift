// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct TextEmitterTests {
  /// A chain that any order runs alike, so that the report does not hang on the schedulers.
  ///
  /// | step | node | live |
  /// |---|---|---|
  /// | 0 | grow | x 1 KiB + g 4 KiB |
  /// | 1 | bend | r over g: 4 KiB |
  /// | 2 | join | r 4 KiB + y 1 KiB + workspace 1 KiB |
  static let text = """
    graph chain
    input x : float32[256]
    weight w : float32[256,4]
    constant k : int64[3]
    node grow = MatMul@17(x, w) -> g : float32[1024]
    node bend = Relu@17(g) -> r : float32[1024] effects [mayOverwrite 0 0 safe+ort]
    node join = Reduce@17(r, k) -> y : float32[256] as output workspace 1000
    output y
    """

  private func report(budget: Int?) throws -> String {
    let plan = try Planner(budget: budget.map(ByteCount.init)).plan(
      Graph(parsing: Self.text), model: PlannedModel(path: "chain.onnx", dims: ["batch": 1]))
    return String(decoding: TextEmitter().bytes(of: plan), as: UTF8.self)
  }

  @Test func `a plan without a budget says what it needs`() throws {
    try expectGolden(report(budget: nil), "report/chain.txt")
  }

  @Test func `a plan within the budget says that it fits`() throws {
    try expectGolden(report(budget: 1 << 20), "report/chain-fits.txt")
  }

  @Test func `a plan over the budget says by how much and whether there is hope`() throws {
    try expectGolden(report(budget: 10_000), "report/chain-over.txt")
  }

  @Test(arguments: Seeds.first(40)) func `the verdict is that of the plan`(_ seed: Int) throws {
    let plan = try RandomPlan.plan(seed: seed)
    let text = String(decoding: TextEmitter().bytes(of: plan), as: UTF8.self)
    switch plan.summary.fits {
    case nil: #expect(text.contains("\nneeds "))
    case true?: #expect(text.contains("\nfits: "))
    case false?: #expect(text.contains("\nover by "))
    }
    #expect(text.contains("proven optimal") == plan.summary.provenOptimal)
  }
}
