// SPDX-License-Identifier: Apache-2.0

public import Fusion

/// What was fused before a graph was planned: how it was asked for, so that it can be done again, and
/// what was done.
public struct PlannedFusion: Hashable, Sendable, Codable {
  /// How far fusing went: `exact`, `sequential`, or `off` with merges alone.
  public var mode: String
  /// The runs of blocks that were asked for, as first and last block.
  public var runs: [[Int]]
  /// The attention layers that were taken out.
  public var droppedAttention: [Int]
  /// The projections that were merged: `gate-up`, `qkv`.
  public var merges: [String]
  /// Into how many wide blocks each group was cut along the hidden axis.
  public var pieces: Int
  /// What was done, in order.
  public var done: [Item]

  /// One thing that was done.
  public struct Item: Hashable, Sendable, Codable {
    /// What it was: `exact`, `sequential`, `gate-up`, `qkv` or `drop-attention`.
    public var kind: String
    /// Whether the result is the same but for rounding.
    public var isExact: Bool
    /// The blocks, layers or merges by number.
    public var members: [Int]
    /// The nodes that name them in the file.
    public var nodes: [String]
    /// The new nodes.
    public var into: [String]
    /// The hidden units, or outputs, of each before.
    public var widths: [Int]
  }

  /// Takes down a fusion.
  public init(_ options: FusionOptions, _ fused: FusedGraph) {
    mode = options.mode.rawValue
    runs = options.runs.map { [$0.lowerBound, $0.upperBound] }
    droppedAttention = options.droppedAttention
    merges = options.merges.map(\.rawValue).sorted()
    pieces = options.pieces
    done = fused.fusions.map { fusion in
      Item(
        kind: fusion.kind.rawValue,
        isExact: fusion.kind != .sequential && fusion.kind != .dropAttention,
        members: fusion.members, nodes: fusion.nodes, into: fusion.into, widths: fusion.widths)
    }
  }

  /// How it was asked for; `nil` where a written plan says what nobody can ask for.
  public var options: FusionOptions? {
    guard let mode = FusionOptions.Mode(rawValue: mode), pieces >= 1 else { return nil }
    var ranges: [ClosedRange<Int>] = []
    for run in runs {
      guard run.count == 2, run[0] >= 0, run[0] <= run[1] else { return nil }
      ranges.append(run[0]...run[1])
    }
    let kinds = merges.compactMap(FusionSurvey.Merge.Kind.init(rawValue:))
    guard kinds.count == merges.count else { return nil }
    return FusionOptions(
      mode: mode, merges: Set(kinds), runs: ranges, droppedAttention: droppedAttention,
      pieces: pieces)
  }
}
