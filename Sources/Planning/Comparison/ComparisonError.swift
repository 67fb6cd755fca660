// SPDX-License-Identifier: Apache-2.0

internal import GraphIR

/// Why two plans cannot be compared.
@nonexhaustive public enum ComparisonError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The older plan has a number that cannot be reckoned with; with what it is.
  case before(String)
  /// The newer plan has one.
  case after(String)

  public var description: String {
    switch self {
    case .before(let fault), .after(let fault): "the plan cannot be reckoned with: \(fault)"
    }
  }
}

extension ExecutionPlan {
  /// What keeps a plan's sizes from being rounded and added up; `nil` for every plan that
  /// ``PlanChecker`` finds right.
  ///
  /// - Complexity: O(steps + tensors).
  var countingFault: String? {
    let alignment = options.alignment
    guard alignment > 0, alignment <= Graph.maximumAlignment, alignment.nonzeroBitCount == 1 else {
      return "its alignment is \(alignment)"
    }
    let limit = 1 << 61
    var sum = 0
    func isCountable(_ value: Int?) -> Bool {
      guard let value else { return true }
      return value >= 0 && value < limit
    }
    let figures = [
      ("peakBytes", summary.peakBytes), ("arenaBytes", summary.arenaBytes),
      ("residentBytes", summary.residentBytes), ("externalBytes", summary.externalBytes),
      ("totalBytes", summary.totalBytes), ("lowerBoundBytes", summary.lowerBoundBytes),
    ]
    for (name, value) in figures where !isCountable(value) { return "\(name) is \(value)" }
    for tensor in tensors {
      guard isCountable(tensor.bytes), isCountable(tensor.offset),
        tensor.bytes < limit - sum - alignment
      else { return "the sizes of its tensors, '\(tensor.name)' among them, have no sum" }
      sum += tensor.bytes + alignment
    }
    for step in steps {
      guard isCountable(step.workspaceBytes), isCountable(step.workspaceOffset),
        isCountable(step.liveBytes)
      else { return "the bytes of step \(step.index) are out of range" }
    }
    for stay in residencies {
      guard isCountable(stay.bytes), isCountable(stay.offset), stay.bytes < limit - sum else {
        return "the stays of storage \(stay.storage) have no sum"
      }
      sum += stay.bytes
    }
    let prices = [
      ("secondBytes", summary.secondBytes), ("spillBytes", summary.price.spillBytes),
      ("fetchBytes", summary.price.fetchBytes), ("recomputeFlops", summary.price.recomputeFlops),
    ]
    for (name, value) in prices where !isCountable(value) { return "\(name) is \(value)" }
    return nil
  }
}
