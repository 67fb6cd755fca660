// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Writes plans in one format.
public protocol PlanEmitter: Sendable {
  /// The name of the format, as the command line knows it.
  static var kind: String { get }

  /// What the format is, in half a line for people.
  static var summary: String { get }

  /// Whether it shows the orders that a plan is compared to step by step, where it is given them.
  static var drawsCurves: Bool { get }

  /// The plan in this format, whole.
  ///
  /// - Throws: ``EmissionError`` where the format has no place for what the plan says.
  /// - Precondition: The plan is one that ``Planning/PlanChecker`` finds right.
  func bytes(of plan: ExecutionPlan) throws(EmissionError) -> [UInt8]
}

extension PlanEmitter {
  public static var drawsCurves: Bool { false }
}
