// SPDX-License-Identifier: Apache-2.0

public import GraphIR
public import Importers

/// Why a fused model cannot be written.
@nonexhaustive public enum FusedModelError: Error, Hashable, Sendable {
  /// A weight is in a file that is not there.
  case missingWeights(tensor: String, location: String, folder: String)
  /// A weight is in a file that cannot be read.
  case unreadableWeights(location: String, ImportError)
  /// A weight's place lies past the end of its file.
  case weightsOutOfBounds(tensor: String, location: String, end: Int, size: Int)
  /// A weight has no elements, or not as many bytes as its shape needs.
  case wrongSize(tensor: String, bytes: Int, expected: Int)
  /// A weight that a fusion needs is not stored in the file.
  case noWeight(String)
  /// Weights of this type cannot be scaled or put together.
  case unsupportedType(tensor: String, ElementType)
  /// A body of control flow reads a value that is called otherwise in the fused model.
  case renamedInBody(node: String)
  /// Without the weights the file would be larger than any reader of the format takes.
  case tooLarge(Int)
  /// The graph is not the file's node by node.
  case notTheFile
  /// The model's file breaks the format.
  case model(ImportError)
}

extension FusedModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingWeights(let tensor, let location, let folder):
      "weight '\(tensor)' lies in '\(location)', which is not in '\(folder)': fusing needs the "
        + "weights; without -o the report alone is printed, which does not"
    case .unreadableWeights(let location, let error):
      "the weights in '\(location)': \(error)"
    case .weightsOutOfBounds(let tensor, let location, let end, let size):
      "weight '\(tensor)' ends at byte \(end) of '\(location)', which has \(size)"
    case .wrongSize(let tensor, let bytes, let expected):
      "weight '\(tensor)' has \(bytes) bytes stored where its shape and type need \(expected)"
    case .noWeight(let tensor): "'\(tensor)' is no weight that is stored in the file"
    case .unsupportedType(let tensor, let type):
      "weight '\(tensor)' is of type \(type.name); float32, float64, float16 and bfloat16 are fused"
    case .renamedInBody(let node):
      "the body of node '\(node)' reads a value that fusing renames"
    case .tooLarge(let bytes):
      "the model without its weights would be \(bytes) bytes long, and readers of the format stop at "
        + "2^31 - 1"
    case .notTheFile:
      "its functions were inlined, and the file has no nodes for them; inline them first "
        + "(onnx.inliner does), and fuse that"
    case .model(let error): error.description
    }
  }
}
