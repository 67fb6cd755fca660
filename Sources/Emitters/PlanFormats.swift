// SPDX-License-Identifier: Apache-2.0

/// The formats that need nothing but the plan.
public enum PlanFormats {
  /// One emitter a format, in the order in which they are listed to users.
  public static let all: [any PlanEmitter] = [JSONEmitter(), TextEmitter()]

  /// The emitter of a format's name.
  public static func emitter(of kind: String) -> (any PlanEmitter)? {
    all.first { type(of: $0).kind == kind }
  }
}
