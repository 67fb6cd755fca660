// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Planning

/// What the checker says of the bounds that a plan's price has.
@Suite struct PriceBoundCheckTests {
  @Test func `a bound of recomputing is not above what is run again`() throws {
    let graph = try Graph(parsing: LadderExample.text)
    let actions = LadderExample.actions(of: graph).filter { $0.node != nil }
    var plan = try LadderExample.plan(of: graph, actions)
    let flops = plan.summary.price.recomputeFlops
    #expect(flops > 0)
    plan.summary.price.recomputeBoundFlops = flops
    #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
    plan.summary.price.recomputeBoundFlops = flops + 1
    #expect(
      PlanChecker.violations(in: plan, against: graph) == [
        .wrongVerdict(what: "a bound of recomputing above what is run again")
      ])
    (plan.summary.price.recomputeBoundFlops, plan.summary.price.recomputeAnyOrderBoundFlops) =
      (flops - 1, flops - 1)
    #expect(PlanChecker.violations(in: plan, against: graph).isEmpty)
    plan.summary.price.recomputeAnyOrderBoundFlops = flops
    #expect(
      PlanChecker.violations(in: plan, against: graph) == [
        .wrongVerdict(what: "a bound of recomputing in any order above that of this one")
      ])
  }

  @Test func `a bound of the price is not above it`() throws {
    let graph = try Graph(parsing: LadderExample.text)
    var plan = try LadderExample.plan(of: graph, LadderExample.actions(of: graph))
    let rates = PlanPrice.Rates(flopsPerSecond: 3e9, bytesPerSecond: 7e6)
    let seconds = rates.seconds(of: plan.summary.price)
    #expect(seconds > 0)
    func violations(
      _ bound: Double?, anyOrder: Double?, _ rates: PlanPrice.Rates?
    ) -> [PlanViolation] {
      (plan.summary.price.boundSeconds, plan.summary.price.anyOrderBoundSeconds) = (bound, anyOrder)
      plan.summary.price.rates = rates
      return PlanChecker.violations(in: plan, against: graph)
    }
    #expect(violations(seconds, anyOrder: seconds, rates).isEmpty)
    #expect(violations(seconds / 2, anyOrder: 0, rates).isEmpty)
    #expect(
      violations(seconds * 1.001, anyOrder: 0, rates) == [
        .wrongVerdict(what: "a bound of the price above it, or below 0")
      ])
    #expect(
      violations(-1, anyOrder: nil, rates) == [
        .wrongVerdict(what: "a bound of the price above it, or below 0")
      ])
    #expect(
      violations(seconds / 2, anyOrder: seconds, rates) == [
        .wrongVerdict(what: "a bound of the price in any order above that of this one")
      ])
    #expect(
      violations(seconds / 2, anyOrder: nil, nil) == [
        .wrongVerdict(what: "a bound in seconds without rates")
      ])
    #expect(
      violations(nil, anyOrder: nil, rates) == [
        .wrongVerdict(what: "rates without a bound in seconds")
      ])
    let none = PlanPrice.Rates(flopsPerSecond: 3e9, bytesPerSecond: 0)
    #expect(violations(0, anyOrder: 0, none) == [.numberOutOfRange(what: "rates")])
  }
}
