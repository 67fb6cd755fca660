// SPDX-License-Identifier: Apache-2.0

/// Where graph inputs and outputs live.
public enum IOPlacement: String, Hashable, Sendable, CaseIterable {
  /// In the arena: inputs from step 0 to their last use, outputs to the end.
  case arena
  /// With the caller, who owns their bytes.
  case external
}

/// Where the bytes of a storage live.
public enum MemorySpace: String, Hashable, Sendable, CaseIterable {
  /// In the arena, at a planned offset, for a planned time.
  case arena
  /// Outside the arena for the whole run: weights, constants, optimizer state.
  case resident
  /// With the caller.
  case external
  /// In a second, larger memory, from where it is fetched into the arena to be used.
  case second
}

/// The rules by which memory is counted.
public struct MemoryModel: Hashable, Sendable {
  /// What every size and offset is a multiple of, in bytes: a power of two.
  public let alignment: Int
  /// Which views and takeovers may be used.
  public let inPlace: InPlaceMode
  /// Where graph inputs and outputs live.
  public let io: IOPlacement
  /// Whether the parts of a Concat are written where it has them, and those of a Split stay where
  /// it had them: see ``Effect/Kind/mayHold`` and ``Effect/Kind/maySlice``.
  public let slices: Bool

  /// Makes a model.
  ///
  /// - Precondition: `alignment` is a power of two from 1 to ``Graph/maximumAlignment``.
  public init(
    alignment: Int = 64, inPlace: InPlaceMode = .safe, io: IOPlacement = .arena,
    slices: Bool = false
  ) {
    precondition(
      alignment > 0 && alignment & (alignment - 1) == 0 && alignment <= Graph.maximumAlignment,
      "an alignment is a power of two up to \(Graph.maximumAlignment)")
    self.alignment = alignment
    self.inPlace = inPlace
    self.io = io
    self.slices = slices
  }

  /// The same model without slices.
  public var withoutSlices: MemoryModel {
    MemoryModel(alignment: alignment, inPlace: inPlace, io: io)
  }

  /// A size rounded up to the alignment. Sizes of a valid graph cannot overflow here.
  public func aligned(_ bytes: ByteCount) -> Int {
    (bytes.value + alignment - 1) & ~(alignment - 1)
  }
}
