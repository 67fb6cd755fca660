// SPDX-License-Identifier: Apache-2.0

/// What changed from one plan to another: what moved, what grew, and which tensor did it.
public struct PlanComparison: Hashable, Sendable {
  /// A figure of both plans.
  public struct Figure: Hashable, Sendable {
    public let before: Int
    public let after: Int

    /// The change, negative for less.
    public var change: Int { after - before }
  }

  /// The older plan's model, as its path was given.
  public let pathBefore: String
  /// The newer plan's.
  public let pathAfter: String
  /// Differences in what was planned and how, which come before all others.
  public let premises: [PremiseChange]
  /// The most bytes live in the arena.
  public let peak: Figure
  /// The arena.
  public let arena: Figure
  /// Weights, constants and state.
  public let resident: Figure
  /// What the caller owns.
  public let external: Figure
  /// Resident bytes and the arena.
  public let total: Figure
  /// What no order stays below.
  public let bound: Figure
  /// The second memory.
  public let second: Figure
  /// Bytes copied to the second memory and back.
  public let traffic: Figure
  /// Floating-point operations of what runs again.
  public let recomputed: Figure
  /// How far each plan's peak is above its bound, as a part of it.
  public var gaps: (before: Double, after: Double) { (gapBefore, gapAfter) }
  private let gapBefore: Double
  private let gapAfter: Double
  /// What the change of the peak is made of.
  public let peakChange: PeakChange
  /// How the order changed.
  public let steps: StepChanges
  /// How the tensors changed.
  public let tensors: TensorChanges
  /// What is tolerated.
  public let tolerance: Tolerance
  /// What grew by more than that.
  public let growth: [MemoryGrowth]
  /// What came of it all.
  public let verdict: MemoryVerdict

  /// Compares two plans.
  ///
  /// - Parameters:
  ///   - before: The older plan, whose figures are what is allowed.
  ///   - after: The newer one.
  ///   - tolerance: How much more arena and total may each need before they count as grown.
  /// - Throws: ``ComparisonError`` when the numbers of a plan cannot be added up.
  /// - Complexity: O(n log n) for n steps and tensors.
  public init(
    from before: ExecutionPlan, to after: ExecutionPlan, tolerance: Tolerance = .none
  ) throws(ComparisonError) {
    if let fault = before.countingFault { throw .before(fault) }
    if let fault = after.countingFault { throw .after(fault) }
    func figure(_ value: KeyPath<PlanSummary, Int>) -> Figure {
      Figure(before: before.summary[keyPath: value], after: after.summary[keyPath: value])
    }
    pathBefore = before.model.path
    pathAfter = after.model.path
    premises = PremiseChange.between(before, after)
    peak = figure(\.peakBytes)
    arena = figure(\.arenaBytes)
    resident = figure(\.residentBytes)
    external = figure(\.externalBytes)
    total = figure(\.totalBytes)
    bound = figure(\.lowerBoundBytes)
    second = figure(\.secondBytes)
    traffic = Figure(
      before: before.summary.price.spillBytes + before.summary.price.fetchBytes,
      after: after.summary.price.spillBytes + after.summary.price.fetchBytes)
    recomputed = figure(\.price.recomputeFlops)
    gapBefore = before.summary.orderGap
    gapAfter = after.summary.orderGap
    let (old, new) = (PeakAccount(of: before), PeakAccount(of: after))
    peakChange = PeakChange(from: old, to: new)
    steps = StepChanges(from: before.steps, to: after.steps)
    tensors = TensorChanges(from: before.tensors, to: after.tensors)
    self.tolerance = tolerance
    let profiles = (MemoryProfile(of: before, at: old), MemoryProfile(of: after, at: new))
    growth = MemoryGrowth.between(profiles.0, profiles.1, tolerance: tolerance)
    verdict = MemoryVerdict(between: profiles.0, profiles.1, growth: growth)
  }
}
