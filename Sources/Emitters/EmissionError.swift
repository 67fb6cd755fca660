// SPDX-License-Identifier: Apache-2.0

public import Importers

/// Why a plan cannot be written in a format.
@nonexhaustive
public enum EmissionError: Error, Hashable, Sendable {
  /// The plan is for a graph of another fingerprint than the model's.
  case otherGraph(planned: String, imported: String)
  /// A step names a position that the graph does not have, or that another step names too.
  case unexpectedNode(step: Int, nodeIndex: Int)
  /// A step recomputes, spills or fetches, which a model file cannot say.
  case inexpressible(step: Int, kind: String)
  /// The plan recomputes or spills, and the format has one offset for each tensor.
  case severalOffsets
  /// The plan's steps are fewer than the graph's nodes.
  case missingNodes(Int)
  /// With the plan in it the file would be larger than any reader of the format takes.
  case tooLarge(Int)
  /// A function of the model uses an operator of another version than the model does, in which it may be
  /// something else; a file without functions has one version of each operator set.
  case functionOpset(operator: String, version: Int64, model: Int64?)
  /// Larger than what a format of 32-bit integers has room for.
  case beyond32Bits(Int)
  /// An offset that is no multiple of what the format demands.
  case misaligned(tensor: String, offset: Int, alignment: Int)
  /// The model's weights lie in another file, which cannot be reached from where the copy is to lie.
  case unreachableWeights(location: String, folder: String)
  /// The model's file is not what it was when it was read, or its external data is out of bounds.
  case model(ImportError)
}

extension EmissionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .otherGraph(let planned, let imported):
      "the plan is for a graph with fingerprint \(planned), the model's is \(imported)"
    case .unexpectedNode(let step, let nodeIndex):
      "step \(step) runs node \(nodeIndex), which the graph does not have or which ran before"
    case .inexpressible(let step, let kind):
      "step \(step) is a \(kind), which a model file cannot say; plan without --recompute and "
        + "--spill, or with a larger budget"
    case .severalOffsets:
      "the plan recomputes or spills, and the format has one offset for each tensor; plan without, or "
        + "with a larger budget"
    case .missingNodes(let count): "the plan leaves out \(count) of the graph's nodes"
    case .tooLarge(let byteCount):
      "the file would be \(byteCount) bytes long, and readers of the format stop at 2^31 - 1; "
        + "keep the weights in a file of their own"
    case .functionOpset(let name, let version, let model):
      "a function of the model has \(name) of operator set version \(version), the model itself has "
        + "\(model.map { "version \($0)" } ?? "none"), where it may be another operator; a planned file has "
        + "no functions and one version: convert the model first (onnx.version_converter does)"
    case .beyond32Bits(let value):
      "\(value) does not fit: the format counts in 32-bit integers, up to 2^31 - 1"
    case .misaligned(let tensor, let offset, let alignment):
      "tensor '\(tensor)' is at offset \(offset), and the format wants multiples of \(alignment); "
        + "plan with --alignment \(alignment) or more"
    case .unreachableWeights(let location, let folder):
      "the weights lie in '\(location)' beside the model; write the copy into '\(folder)' too, "
        + "or put them beside the copy first"
    case .model(let error): error.description
    }
  }
}
