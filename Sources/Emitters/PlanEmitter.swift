// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Writes plans in one format.
public protocol PlanEmitter: Sendable {
  /// The name of the format, as the command line knows it.
  static var kind: String { get }

  /// The plan in this format, whole.
  ///
  /// - Precondition: The plan is one that ``Planning/PlanChecker`` finds right.
  func bytes(of plan: ExecutionPlan) -> [UInt8]
}
