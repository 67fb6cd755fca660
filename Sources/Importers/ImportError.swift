// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Why a model could not be imported.
///
/// Descriptions are sentences without the file's name, which the caller knows.
@nonexhaustive
public enum ImportError: Error, Hashable, Sendable {
  /// The file's bytes cannot be had.
  case cannotRead(ReadFailure)

  /// The bytes are something other than an ONNX model.
  case notONNX(ForeignContent)

  /// The file ends inside a field that says it has `missing` bytes more.
  case truncated(at: FileLocation, missing: Int)

  /// The bytes at a place are not what the format says must be there.
  case malformed(at: FileLocation, WireDefect)

  /// There is more of something than the reader takes on.
  case limitExceeded(ONNXLimit, at: FileLocation)

  /// Two functions define the same operator.
  case duplicateFunction(ONNXOperator)

  /// A tensor's stored bytes, or entries of typed fields, are not as many as its shape and element
  /// type need.
  case payloadMismatch(at: FileLocation, stored: Int, expected: Int)

  /// A tensor's data lies outside the folder of the model.
  case externalDataEscapes(location: String)

  /// Dimensions are not bound, or a binding fits none.
  case dimensions(DimensionFault)

  /// Bounds of tensors' sizes do not fit the model.
  case bounds(BoundFault)

  /// Names are defined twice or not at all, or the nodes have no order of execution.
  case structure(StructureFault)

  /// The type or shape of a tensor cannot be found out.
  case shapes(ShapeFault)
}

/// Why a file's bytes cannot be had.
@nonexhaustive
public enum ReadFailure: Hashable, Sendable {
  /// The operating system refuses, with its number for the reason (`errno`).
  case system(code: Int32)
  /// It is a directory.
  case directory
  /// It is a device, a socket or a FIFO.
  case notRegular
}

extension ImportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let failure): "cannot read: \(failure)"
    case .notONNX(let content): "not an ONNX model: \(content)"
    case .truncated(let location, let missing):
      "\(location): the file ends \(missing) bytes too early; is it a partial download?"
    case .malformed(let location, let defect): "\(location): \(defect)"
    case .limitExceeded(let limit, let location): "\(location): \(limit)"
    case .duplicateFunction(let name): "function \(name.description.quoted) is defined twice"
    case .payloadMismatch(let location, let stored, let expected):
      "\(location): \(stored) bytes or numbers stored where shape and type need \(expected)"
    case .externalDataEscapes(let location):
      "external data \(location.quoted) is outside the model's folder"
    case .dimensions(let fault): fault.description
    case .bounds(let fault): fault.description
    case .structure(let fault): fault.description
    case .shapes(let fault): fault.description
    }
  }
}

extension ReadFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let code): String(cString: strerror(code)).lowercased()
    case .directory: "it is a directory"
    case .notRegular: "it is not a regular file"
    }
  }
}
