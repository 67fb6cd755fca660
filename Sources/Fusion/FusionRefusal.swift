// SPDX-License-Identifier: Apache-2.0

/// Why blocks are found and not fused.
@nonexhaustive public enum FusionRefusal: Hashable, Sendable {
  /// A matrix is stored quantised: its scales hold for groups that fusing would tear.
  case quantized(weight: String)
  /// A matrix is an input of the graph: whoever runs it says what it holds.
  case given(weight: String)
  /// A value inside a block is quantised, so that what the block computes depends on its range.
  case quantizedValue(tensor: String)
  /// A matrix is used elsewhere too, so that fusing would store it twice.
  case shared(weight: String, uses: Int)
  /// A value inside a block is used outside it.
  case usedOutside(tensor: String)
  /// Activations, norms, element types or widths differ.
  case different(String, between: String, and: String)
  /// The graph is a step of training, which is reported and never rewritten.
  case training
  /// The fused graph would need more than the budget.
  case budget(String)
  /// The blocks do not follow each other, or something stands between them.
  case between(String)
  /// A form that is found and that there is no rewrite for.
  case unsupported(String)
}

extension FusionRefusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .quantized(let weight): "weight '\(weight)' is quantised"
    case .given(let weight): "weight '\(weight)' is an input of the graph"
    case .quantizedValue(let tensor): "'\(tensor)' is quantised inside the block"
    case .shared(let weight, let uses):
      "weight '\(weight)' is read in \(uses) places, and fusing would store it again"
    case .usedOutside(let tensor): "'\(tensor)' is read outside the block too"
    case .different(let what, let a, let b): "the \(what) of \(a) and \(b) differ"
    case .training: "a training step is reported, not rewritten"
    case .budget(let sentence): sentence
    case .between(let sentence): sentence
    case .unsupported(let what): "there is no rewrite for \(what)"
    }
  }
}
