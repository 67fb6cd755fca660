// SPDX-License-Identifier: Apache-2.0

/// A name in an ``ONNXNameTable``: a dense number, cheap to index arrays with.
public struct ONNXNameID: Hashable, Sendable {
  /// The position in the table, from 0.
  public let index: Int32

  /// The empty name, which stands for an optional input or output that is left out.
  public static let absent = ONNXNameID(index: 0)
}
