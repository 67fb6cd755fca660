// SPDX-License-Identifier: Apache-2.0

/// What a file that is no ONNX model holds instead.
@nonexhaustive
public enum ForeignContent: Hashable, Sendable {
  /// No bytes.
  case empty
  /// Protobuf fields, but no graph among them.
  case noGraph
  /// Bytes of no kind that is known here.
  case unrecognized
  /// Printable characters.
  case text
  /// The stand-in that Git LFS leaves until a file is fetched.
  case lfsPointer
  /// A zip archive: PyTorch's own format, among others.
  case zip
  /// A gzip archive.
  case gzip
  /// Keras' older format.
  case hdf5
  /// A TensorFlow Lite model.
  case tensorFlowLite
  /// A file of llama.cpp.
  case gguf
  /// A file of weights alone.
  case safetensors
  /// ONNX Runtime's own format.
  case ort
}

extension ForeignContent {
  /// What a file's first bytes show it to be, if it is one of the kinds that are mistaken for
  /// ONNX models.
  init?(startOf file: UnsafeRawBufferPointer) {
    func isPresent(_ magic: StaticString, at offset: Int = 0) -> Bool {
      let magic = UnsafeRawBufferPointer(start: magic.utf8Start, count: magic.utf8CodeUnitCount)
      return file.count >= offset + magic.count
        && file[offset..<offset + magic.count].elementsEqual(magic)
    }
    if isPresent("version https://git-lfs") {
      self = .lfsPointer
    } else if isPresent("PK\u{3}\u{4}") {
      self = .zip
    } else if file.count >= 2, file[0] == 0x1F, file[1] == 0x8B {
      self = .gzip
    } else if file.count >= 4, file[0] == 0x89, isPresent("HDF", at: 1) {
      self = .hdf5
    } else if isPresent("TFL3", at: 4) {
      self = .tensorFlowLite
    } else if isPresent("ORTM", at: 4) {
      self = .ort
    } else if isPresent("GGUF") {
      self = .gguf
    } else if isPresent("{\"", at: 8) {
      self = .safetensors
    } else if Self.isText(file) {
      self = .text
    } else {
      return nil
    }
  }

  /// Whether a file begins with half a kilobyte of printable UTF-8.
  private static func isText(_ file: UnsafeRawBufferPointer) -> Bool {
    var head = file.prefix(512)
    if head.count < file.count {
      // The cut may go through a character.
      while let last = head.last, last >= 0x80 { head.removeLast() }
    }
    return head.allSatisfy { $0 >= 0x20 && $0 != 0x7F || 9...13 ~= $0 }
      && String(validating: head, as: UTF8.self) != nil
  }
}

extension ForeignContent: CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty: "the file is empty"
    case .noGraph: "it holds no graph"
    case .unrecognized: "its bytes are not those of a model"
    case .text: "it is a text file; models are read in ONNX's binary form"
    case .lfsPointer: "it is a Git LFS pointer; fetch the file itself with 'git lfs pull'"
    case .zip: "it is a zip archive; export a PyTorch model with torch.onnx.export"
    case .gzip: "it is compressed with gzip; unpack it first"
    case .hdf5: "it is an HDF5 file; convert a Keras model with tf2onnx"
    case .tensorFlowLite: "it is a TensorFlow Lite model; convert it with tf2onnx"
    case .gguf: "it is a GGUF file, which holds weights and no graph"
    case .safetensors: "it is a safetensors file, which holds weights and no graph"
    case .ort: "it is in ONNX Runtime's own format; use the .onnx file it was made from"
    }
  }
}
