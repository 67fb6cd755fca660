// SPDX-License-Identifier: Apache-2.0

/// A tensor stored in or beside an ONNX file: what it is and where its bytes lie.
///
/// The bytes themselves are not part of the value; ``ONNXModel/integers(of:limit:)`` and
/// ``ONNXModel/reals(of:limit:)`` read those of small tensors.
public struct ONNXTensor: Hashable, Sendable {
  /// Where a tensor's elements are.
  public enum Storage: Hashable, Sendable {
    /// Nowhere: the message has no elements.
    case absent
    /// In one piece of the file, in bytes, half-open: little endian, row-major.
    case raw(Range<Int>)
    /// In the message's typed fields, which take that many bytes.
    case fields(byteCount: Int)
    /// In another file.
    case external(ONNXExternalData)
  }

  /// The tensor's name; ``ONNXNameID/absent`` if it has none, as in most attributes.
  public let name: ONNXNameID

  /// The element type, by the number that ONNX gives it (1 is float, 7 is int64).
  public let elementType: Int32

  /// The extent of each axis, outermost first, none negative; empty for a scalar.
  public let dimensions: [Int]

  /// The product of the dimensions.
  public let elementCount: Int

  /// Where the elements are.
  public let storage: Storage

  /// Where the whole TensorProto lies in the file, in bytes, half-open.
  public let message: Range<Int>
}

/// A sparse tensor: the elements that differ from zero, and where they are.
public struct ONNXSparseTensor: Hashable, Sendable {
  /// The elements, in one dimension; carries the name.
  public let values: ONNXTensor

  /// The places of the elements: linear, or one row of coordinates each.
  public let indices: ONNXTensor

  /// The extent of each axis of the tensor meant, outermost first, none negative.
  public let dimensions: [Int]
}
