// SPDX-License-Identifier: Apache-2.0

import GraphIR
import Importers

/// The bytes of a model's stored weights, in its file or in others beside it, read by range.
struct StoredWeights {
  /// One weight's bytes.
  struct Weight {
    let tensor: ONNXTensor
    let elementType: ElementType
    let bytes: Bytes
  }

  /// Where bytes are.
  enum Bytes {
    /// In a mapped file.
    case file(MappedFile, Range<Int>)
    /// In memory: typed fields, decoded.
    case memory([UInt8])

    var count: Int {
      switch self {
      case .file(_, let range): range.count
      case .memory(let bytes): bytes.count
      }
    }

    /// Calls a closure with all bytes. Of a file only the pages that are touched are read.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
      switch self {
      case .file(let file, let range):
        file.withBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
      case .memory(let bytes): bytes.withUnsafeBytes { body($0) }
      }
    }

    /// Says that a part is about to be read.
    func prefetch(_ part: Range<Int>) {
      if case .file(let file, let range) = self {
        file.prefetch(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
      }
    }

    /// Says that a part is not needed for now.
    func release(_ part: Range<Int>) {
      if case .file(let file, let range) = self {
        file.release(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
      }
    }
  }

  private let model: ONNXModel
  private let folder: String
  private var places: [String: ONNXTensor] = [:]
  private var files: [String: MappedFile] = [:]

  /// - Parameter folder: Where the model's file lies, which external data is relative to.
  init(of model: ONNXModel, in folder: String) {
    self.model = model
    self.folder = folder
    for tensor in model.graph.initializers where tensor.name != .absent {
      places[model.names[tensor.name]] = tensor
    }
    for node in model.graph.nodes where model.operator(of: node).type == "Constant" {
      if case .tensor(let tensor) = model.graph.attribute("value", of: node) {
        let name = model.graph.output(0, of: node)
        if name != .absent { places[model.names[name]] = tensor }
      }
    }
  }

  /// A weight by its name.
  ///
  /// - Throws: ``FusedModelError`` where it is not there, whole.
  mutating func weight(_ name: String) throws(FusedModelError) -> Weight {
    guard let tensor = places[name], let type = ElementType(onnxNumber: tensor.elementType) else {
      throw .noWeight(name)
    }
    return Weight(tensor: tensor, elementType: type, bytes: try bytes(of: tensor, type, name))
  }

  /// The bytes of a tensor of the main graph.
  mutating func bytes(
    of tensor: ONNXTensor, _ type: ElementType, _ name: String
  ) throws(FusedModelError) -> Bytes {
    let expected = type.byteCount(of: tensor.dimensions)?.value ?? Int.max
    func checked(_ bytes: Bytes) throws(FusedModelError) -> Bytes {
      guard bytes.count == expected else {
        throw .wrongSize(tensor: name, bytes: bytes.count, expected: expected)
      }
      return bytes
    }
    switch tensor.storage {
    case .absent: throw .wrongSize(tensor: name, bytes: 0, expected: expected)
    case .raw(let range): return try checked(.file(model.file, range))
    case .fields:
      guard let elements = FloatElements(type) else { throw .unsupportedType(tensor: name, type) }
      let reals: [Double]?
      do throws(ImportError) {
        reals = try model.reals(of: tensor, limit: .max)
      } catch { throw .model(error) }
      guard let reals else { throw .unsupportedType(tensor: name, type) }
      return try checked(.memory(elements.bytes(of: reals)))
    case .external(let data):
      let file = try file(at: data, of: name)
      let count = data.length ?? expected
      let (end, overflow) = data.offset.addingReportingOverflow(count)
      guard !overflow, data.offset >= 0, count >= 0, end <= file.size else {
        throw .weightsOutOfBounds(
          tensor: name, location: data.location, end: overflow ? .max : end, size: file.size)
      }
      return try checked(.file(file, data.offset..<end))
    }
  }

  private mutating func file(
    at data: ONNXExternalData, of name: String
  ) throws(FusedModelError) -> MappedFile {
    if let file = files[data.location] { return file }
    let location: String
    do throws(ImportError) {
      location = try data.containedLocation()
    } catch { throw .model(error) }
    do throws(ImportError) {
      let file = try MappedFile(path: "\(folder)/\(location)")
      files[data.location] = file
      return file
    } catch {
      if case .cannotRead(.system(code: 2)) = error {
        throw .missingWeights(tensor: name, location: location, folder: folder)
      }
      throw .unreadableWeights(location: location, error)
    }
  }
}
