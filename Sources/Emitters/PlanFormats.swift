// SPDX-License-Identifier: Apache-2.0

public import Planning

/// The formats that need nothing but the plan.
public enum PlanFormats {
  /// One emitter a format, in the order in which they are listed to users.
  public static let all = emitters(beside: [])

  /// One emitter a format, of which those that draw curves are given some.
  ///
  /// - Parameter curves: The orders that the plans are compared to.
  public static func emitters(beside curves: [LiveCurve]) -> [any PlanEmitter] {
    [
      JSONEmitter(), TextEmitter(), HTMLEmitter(beside: curves), MarkdownEmitter(),
      TraceEmitter(beside: curves), CSVEmitter(), DotEmitter(), MemoryVizEmitter(),
      CHeaderEmitter(), TFLMEmitter(),
    ]
  }

  /// The emitter of a format's name.
  ///
  /// - Parameters:
  ///   - kind: The name.
  ///   - curves: The orders that the plans are compared to.
  public static func emitter(
    of kind: String, beside curves: [LiveCurve] = []
  ) -> (any PlanEmitter)? {
    emitters(beside: curves).first { type(of: $0).kind == kind }
  }
}
