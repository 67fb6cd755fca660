// SPDX-License-Identifier: Apache-2.0

/// What is to be fused.
public struct FusionOptions: Hashable, Sendable {
  /// How far fusing goes.
  public enum Mode: String, Hashable, Sendable, CaseIterable {
    /// Nothing, unless merges are asked for.
    case off
    /// Blocks that share their input: the result is the same but for rounding.
    case exact
    /// Runs of blocks as well, which changes what the model computes.
    case sequential
  }

  public var mode: Mode
  /// Which projections of one input become one product.
  public var merges: Set<FusionSurvey.Merge.Kind>
  /// The runs to fuse under ``Mode/sequential``, as numbers of blocks; the last of each stays alone.
  public var runs: [ClosedRange<Int>]
  /// The attention layers to take out first, by number of the graph as it is given.
  public var droppedAttention: [Int]
  /// Into how many wide blocks each group is cut along the hidden axis, which bounds how much of it is
  /// live at once.
  public var pieces: Int

  public init(
    mode: Mode = .exact, merges: Set<FusionSurvey.Merge.Kind> = [],
    runs: [ClosedRange<Int>] = [], droppedAttention: [Int] = [], pieces: Int = 1
  ) {
    self.mode = mode
    self.merges = merges
    self.runs = runs
    self.droppedAttention = droppedAttention
    self.pieces = pieces
  }
}

/// Why nothing was fused as asked.
@nonexhaustive public enum FusionError: Error, Hashable, Sendable {
  /// A run names a block that the graph does not have.
  case noBlock(Int, count: Int)
  /// A run has fewer than three blocks: its last stays alone, so two are needed before it.
  case shortRun(ClosedRange<Int>)
  /// Two runs have a block in common.
  case overlappingRuns(ClosedRange<Int>, ClosedRange<Int>)
  /// Blocks of a run do not follow each other.
  case notConsecutive(Int, Int, between: String)
  /// The blocks of a run cannot become one.
  case refused(run: ClosedRange<Int>, FusionRefusal)
  /// There is no attention layer of a number or name.
  case noAttention(String, count: Int)
  /// An attention layer is in a sum that it cannot be taken out of: a quantised one, or one that
  /// another operator makes besides.
  case boundAttention(Int)
  /// A step of training is not rewritten.
  case training
  /// The rewritten graph is broken: a fault of this code.
  case graph(String)
}

extension FusionError: CustomStringConvertible {
  public var description: String {
    func text(_ run: ClosedRange<Int>) -> String { "\(run.lowerBound)-\(run.upperBound)" }
    return switch self {
    case .noBlock(let index, let count):
      "there is no feed-forward block \(index); the model has \(count)"
        + (count > 0 ? ", counted from 0" : "")
    case .shortRun(let run):
      "run \(text(run)) has fewer than three blocks; its last block stays alone, so that there is "
        + "nothing to fuse"
    case .overlappingRuns(let a, let b): "runs \(text(a)) and \(text(b)) have a block in common"
    case .notConsecutive(let a, let b, let between):
      "blocks \(a) and \(b) do not follow each other: between them is \(between)"
    case .refused(let run, let refusal): "run \(text(run)) cannot be fused: \(refusal)"
    case .noAttention(let name, let count):
      "there is no attention layer '\(name)'; the model has \(count)"
        + (count > 0 ? ", counted from 0" : "")
    case .boundAttention(let index):
      "attention layer \(index) cannot be taken out: its sum is quantised, or part of another operator"
    case .training: "a training step is reported, not rewritten"
    case .graph(let reason): "the fused graph is broken, which is a bug in graphopt: \(reason)"
    }
  }
}
