// SPDX-License-Identifier: Apache-2.0

/// Which takeovers and views a plan may use.
public enum InPlaceMode: String, Hashable, Sendable, CaseIterable {
  /// Every output gets bytes of its own; only what the graph demands shares (see
  /// ``Effect/Kind/alias`` and ``Effect/Kind/mustOverwrite``).
  case none
  /// Views share, and an elementwise operator may write over an operand that dies there.
  case safe
  /// What ONNX Runtime's CPU kernels do, so that a prediction equals its measured peak.
  case ort
}

/// One way in which an output's bytes relate to an input's.
public struct Effect: Hashable, Sendable {
  /// What the relation is.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// The output *is* a view of the input's bytes; true in every mode (PyTorch's views).
    case alias
    /// The output can be a view: same bytes, another shape (ONNX's Reshape). Not in ``InPlaceMode/none``.
    case mayAlias
    /// The output may be written over the input when the input dies at the node and both have the
    /// same bytes and width of element. Whoever adds the effect promises that the operator then reads
    /// each element before it writes the one at the same place.
    case mayOverwrite
    /// The node updates the input's bytes and the output is their new version (optimizer steps);
    /// true in every mode.
    case mustOverwrite
    /// The output may hold the input's bytes, from ``Effect/offset`` of the output on: the input is
    /// written where the output will have it (a Concat whose inputs lie one behind the other).
    /// Used where ``MemoryModel/slices`` says so.
    case mayHold
    /// The output may be the bytes of the input from ``Effect/offset`` on (a Split into runs of
    /// bytes). Used where ``MemoryModel/slices`` says so.
    case maySlice

    /// Whether the output has all its bytes in common with the input, wherever the effect is used.
    var isView: Bool {
      switch self {
      case .alias, .mayAlias, .mustOverwrite: true
      case .mayOverwrite, .mayHold, .maySlice: false
      }
    }

    /// Whether one of output and input may be a part of the other.
    public var isSlice: Bool { self == .mayHold || self == .maySlice }
  }

  /// The modes in which an optional effect holds.
  public struct Modes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Holds under ``InPlaceMode/safe``.
    public static let safe = Modes(rawValue: 1)
    /// Holds under ``InPlaceMode/ort``.
    public static let ort = Modes(rawValue: 2)
    /// Holds under both.
    public static let all: Modes = [.safe, .ort]
  }

  /// What the relation is.
  public var kind: Kind
  /// The modes in which it holds; ``Kind/mayAlias`` and ``Kind/mayOverwrite`` alone ask for them.
  public var modes: Modes
  /// The position among the node's outputs.
  public var output: UInt32
  /// The position among the node's inputs.
  public var input: UInt32
  /// Where the part starts in the whole, in bytes, for ``Kind/mayHold`` and ``Kind/maySlice``; else 0.
  public var offset: Int

  /// Makes an effect.
  ///
  /// - Precondition: The positions fit 32 bits.
  public init(
    _ kind: Kind, output: Int, of input: Int, modes: Modes = .all, at offset: Int = 0
  ) {
    self.kind = kind
    self.modes = modes
    self.output = UInt32(output)
    self.input = UInt32(input)
    self.offset = offset
  }

  /// Whether the effect takes part in planning under `mode`; slices are no matter of the mode.
  public func holds(in mode: InPlaceMode) -> Bool {
    switch kind {
    case .alias, .mustOverwrite: true
    case .mayHold, .maySlice: false
    case .mayAlias, .mayOverwrite:
      switch mode {
      case .none: false
      case .safe: modes.contains(.safe)
      case .ort: modes.contains(.ort)
      }
    }
  }
}
