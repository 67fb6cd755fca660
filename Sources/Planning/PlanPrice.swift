// SPDX-License-Identifier: Apache-2.0

/// What recomputing and spilling cost, beside the same graph with all the memory that it wants.
public struct PlanPrice: Hashable, Sendable, Codable {
  /// How many steps run a node again.
  public var recomputeSteps: Int
  /// Their floating-point operations.
  public var recomputeFlops: Int
  /// The bytes copied to the second memory.
  public var spillBytes: Int
  /// The bytes copied back from it.
  public var fetchBytes: Int
  /// The part of both that no plan can avoid that keeps residents in the second memory: each of them
  /// once in, and once out where it is updated.
  public var compulsoryBytes: Int
  /// What ``spillBytes`` and ``fetchBytes`` together cannot be below in this order at this budget,
  /// compulsory bytes aside, if nothing is recomputed; absent where that was not derived.
  public var trafficBoundBytes: Int?
  /// What ``recomputeFlops`` cannot be below in this order at this budget, if nothing is spilled; absent
  /// where that was not derived.
  public var recomputeBoundFlops: Int?
  /// What ``recomputeFlops`` cannot be below in any order at this budget, if nothing is spilled; absent
  /// where that was not derived.
  public var recomputeAnyOrderBoundFlops: Int?
  /// What recomputing and spilling together cannot cost less than in this order at this budget, in seconds
  /// at ``rates``, compulsory bytes included; absent where that was not derived.
  public var boundSeconds: Double?
  /// What they cannot cost less than in any order at this budget, at most ``boundSeconds``; absent where
  /// that was not derived.
  public var anyOrderBoundSeconds: Double?
  /// By what the plan weighed one against the other: those that were assumed, or usual ones; absent where
  /// ``boundSeconds`` is.
  public var rates: Rates?
  /// How long both take, in seconds, by the throughput and bandwidth that were assumed; absent where
  /// none was given.
  public var seconds: Double?

  public init(
    recomputeSteps: Int = 0, recomputeFlops: Int = 0, spillBytes: Int = 0, fetchBytes: Int = 0,
    compulsoryBytes: Int = 0, trafficBoundBytes: Int? = nil, recomputeBoundFlops: Int? = nil,
    recomputeAnyOrderBoundFlops: Int? = nil, boundSeconds: Double? = nil,
    anyOrderBoundSeconds: Double? = nil, rates: Rates? = nil, seconds: Double? = nil
  ) {
    self.recomputeSteps = recomputeSteps
    self.recomputeFlops = recomputeFlops
    self.spillBytes = spillBytes
    self.fetchBytes = fetchBytes
    self.compulsoryBytes = compulsoryBytes
    self.trafficBoundBytes = trafficBoundBytes
    self.recomputeBoundFlops = recomputeBoundFlops
    self.recomputeAnyOrderBoundFlops = recomputeAnyOrderBoundFlops
    (self.boundSeconds, self.anyOrderBoundSeconds) = (boundSeconds, anyOrderBoundSeconds)
    (self.rates, self.seconds) = (rates, seconds)
  }

  /// How fast operations are done and bytes copied.
  public struct Rates: Hashable, Sendable, Codable {
    public var flopsPerSecond: Double
    public var bytesPerSecond: Double

    public init(flopsPerSecond: Double, bytesPerSecond: Double) {
      (self.flopsPerSecond, self.bytesPerSecond) = (flopsPerSecond, bytesPerSecond)
    }

    /// What a price comes to, in seconds.
    public func seconds(of price: PlanPrice) -> Double {
      Double(price.recomputeFlops) / flopsPerSecond
        + (Double(price.spillBytes) + Double(price.fetchBytes)) / bytesPerSecond
    }
  }

  /// The part of the price that a plan in the same order can save at most, 0 where it is optimal; absent
  /// where no bound was derived.
  public var savablePart: Double? {
    savable(above: boundSeconds, or: recomputeBoundFlops)
  }

  /// The part of the price that a plan in any order can save at most.
  public var savableInAnyOrderPart: Double? {
    savable(above: anyOrderBoundSeconds, or: recomputeAnyOrderBoundFlops)
  }

  private func savable(above seconds: Double?, or flops: Int?) -> Double? {
    if let seconds, let rates {
      let price = rates.seconds(of: self)
      // Sums in another order differ by less.
      return price - seconds > 1e-9 * price ? (price - seconds) / price : 0
    }
    guard let flops, spillBytes + fetchBytes == 0 else { return nil }
    return recomputeFlops > flops ? Double(recomputeFlops - flops) / Double(recomputeFlops) : 0
  }

  /// Whether nothing is recomputed, spilled or fetched.
  public var isFree: Bool { recomputeSteps == 0 && spillBytes == 0 && fetchBytes == 0 }
}
