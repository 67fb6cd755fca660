// SPDX-License-Identifier: Apache-2.0
import Planning
import Testing

@testable import Emitters

/// The scales of a budget curve's pictures.
@Suite struct BudgetPictureTests {
  @Test func `rows go from nothing to the first round number above all values`() {
    #expect(BudgetPicture.ticks(upTo: 0, .bytes) == [0])
    #expect(BudgetPicture.ticks(upTo: 0, .ratio) == [0])
    #expect(BudgetPicture.ticks(upTo: 4096, .bytes) == [0, 1024, 2048, 3072, 4096])
    #expect(BudgetPicture.ticks(upTo: 0.35, .ratio).count == 5)
    #expect(BudgetPicture.ticks(upTo: .infinity, .ratio) == [0])
    for highest in [1e-9, 0.01, 0.2, 1, 3, 1e3, 1e6, 1e12, 4e18] {
      for unit in [BudgetPicture.Unit.bytes, .ratio] {
        let ticks = BudgetPicture.ticks(upTo: highest, unit)
        #expect(ticks.count <= 12 && ticks[0] == 0)
        #expect(ticks.last ?? 0 >= highest)
        #expect(zip(ticks, ticks.dropFirst()).allSatisfy(<))
      }
    }
  }

  @Test func `columns are round sizes within the memory that is shown`() {
    for (low, high) in [(0, 1), (5, 5), (1000, 5000), (520 << 10, 1290 << 10), (1 << 40, 3 << 40)] {
      let ticks = BudgetPicture.ticks(from: low...high)
      #expect((1...8).contains(ticks.count), "\(low) to \(high)")
      #expect(ticks.allSatisfy { (low...high).contains($0) })
    }
    #expect(BudgetPicture.ticks(from: 0...(6 << 20)) == (0...6).map { $0 << 20 })
  }

  @Test func `sizes on the scales are round in the unit of their steps`() {
    #expect(BudgetPicture.round(1200 << 10, step: 200 << 10) == "1,200 KiB")
    #expect(BudgetPicture.round(3 << 30, step: 512 << 20) == "3,072 MiB")
    #expect(BudgetPicture.round(0, step: 1 << 20) == "0 MiB")
    #expect(BudgetPicture.round(70, step: 10) == "70 B")
    #expect(BudgetPicture.round(1000, step: 1000) == "1,000 B")
  }

  @Test func `a curve with no plan for some budgets says so`() {
    let curve = BudgetCurve(
      plainBytes: 4096, floorBytes: 1024, residentBytes: 0, flops: 0,
      points: [
        BudgetCurve.Point(
          budgetBytes: 4096, totalBytes: 4096, price: PlanPrice(), outcome: "order and layout"),
        BudgetCurve.Point(
          budgetBytes: 1024, totalBytes: nil, price: nil, outcome: "no plan found"),
      ])
    let text = String(decoding: BudgetPage(model: "m.onnx", curve: curve).bytes, as: UTF8.self)
    #expect(text.contains("no plan found within 1.000 KiB"))
    #expect(text.contains("<td>no plan found</td>"))
    #expect(text.contains(">×</b>&nbsp;no plan found"))
  }
}
