// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// Why a problem could not be ordered.
@nonexhaustive public enum OrderingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A scheduler returned something that is no order of the graph.
  case invalidSchedule(scheduler: String, reason: GraphError)
  /// Somebody asked for the end of the work.
  case cancelled

  public var description: String {
    switch self {
    case .invalidSchedule(let scheduler, let reason):
      "scheduler '\(scheduler)' returned an order that cannot run: \(reason)"
    case .cancelled: "the search for an order was cancelled"
    }
  }
}
