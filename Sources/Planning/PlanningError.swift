// SPDX-License-Identifier: Apache-2.0

public import Fusion
public import GraphIR
public import MemoryLayout
public import Ordering

/// Why there is no plan.
@nonexhaustive public enum PlanningError: Error, Hashable, Sendable {
  /// The graph breaks an invariant, or a pass broke it.
  case graph(GraphError)
  /// Nothing could be fused as asked.
  case fusion(FusionError)
  /// The ordering stage failed.
  case ordering(OrderingError)
  /// The layout stage failed.
  case layout(LayoutError)
  /// The plan that was made breaks rules: a fault of this code, never of the model.
  case checkFailed([PlanViolation])
  /// Somebody asked for the end of the work.
  case cancelled
}

extension PlanningError {
  /// An error of the ordering stage as one of planning.
  init(_ error: OrderingError) {
    self = error == .cancelled ? .cancelled : .ordering(error)
  }

  /// An error of the layout stage as one of planning.
  init(_ error: LayoutError) {
    self = error == .cancelled ? .cancelled : .layout(error)
  }
}

extension PlanningError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .graph(let error): "\(error)"
    case .fusion(let error): "\(error)"
    case .ordering(let error): "\(error)"
    case .layout(let error): "\(error)"
    case .cancelled: "planning was cancelled"
    case .checkFailed(let violations):
      "the plan failed its own check, which is a bug in graphopt: "
        + violations.prefix(3).map { "\($0)" }.joined(separator: "; ")
        + (violations.count > 3 ? "; and \(violations.count - 3) more" : "")
    }
  }
}
