// SPDX-License-Identifier: Apache-2.0

extension ONNXModel {
  /// Reads the model in a file.
  ///
  /// The file is mapped, and of tensors only their places are taken down, so that reading takes
  /// the memory of the graph whatever the size of the weights.
  ///
  /// - Parameters:
  ///   - path: the file's path.
  ///   - limits: how much of it is taken on.
  /// - Throws: ``ImportError`` if the file cannot be read, is something else, breaks the format
  ///   or exceeds a limit.
  /// - Complexity: O(n), where n is the number of fields outside tensors.
  public init(path: String, limits: ONNXLimits = ONNXLimits()) throws(ImportError) {
    try self.init(try MappedFile(path: path), limits: limits)
  }

  /// Reads the model in a mapped file, as ``init(path:limits:)`` does.
  public init(
    _ file: MappedFile, limits: ONNXLimits = ONNXLimits()
  ) throws(ImportError) {
    self = try file.withBytes { (bytes) throws(ImportError) in
      do throws(WireFault) {
        var reader = ONNXModelReader(bytes, limits: limits)
        if let model = try reader.model(of: file) { return model }
      } catch {
        // What only looks like protobuf is named for what it is.
        if let content = ForeignContent(startOf: bytes) { throw .notONNX(content) }
        let cause = ImportError(error, in: bytes)
        switch cause {
        case .malformed(let place, _) where place.path.isEmpty: throw .notONNX(.unrecognized)
        case .truncated(let place, _) where place.path.isEmpty && place.offset == 0:
          throw .notONNX(.unrecognized)
        default: throw cause
        }
      }
      throw .notONNX(ForeignContent(startOf: bytes) ?? .noGraph)
    }
  }

  /// A node's own key-value pairs, in the file's order, decoded anew with each call.
  ///
  /// - Throws: ``ImportError/malformed(at:_:)`` if they break the format.
  public func metadata(of node: ONNXNode) throws(ImportError) -> [ONNXMetadataEntry] {
    try entries(9, in: node.message)
  }

  /// A tensor's own key-value pairs, in the file's order, decoded anew with each call.
  ///
  /// - Throws: ``ImportError/malformed(at:_:)`` if they break the format.
  public func metadata(of tensor: ONNXTensor) throws(ImportError) -> [ONNXMetadataEntry] {
    try entries(16, in: tensor.message)
  }

  /// A value's own key-value pairs, in the file's order, decoded anew with each call.
  ///
  /// - Throws: ``ImportError/malformed(at:_:)`` if they break the format.
  public func metadata(of value: ONNXValueInfo) throws(ImportError) -> [ONNXMetadataEntry] {
    try entries(4, in: value.message)
  }

  private func entries(
    _ number: Int, in message: Range<Int>
  ) throws(ImportError) -> [ONNXMetadataEntry] {
    try file.withBytes { (bytes) throws(ImportError) in
      do throws(WireFault) {
        var fields = WireSkimmer(bytes, message)
        return try fields.entries(number, limit: ONNXLimits().messages)
      } catch {
        throw ImportError(error, in: bytes)
      }
    }
  }
}

extension ONNXModelReader {
  /// Reads the ModelProto that the whole file is; `nil` if it has no graph.
  mutating func model(of file: MappedFile) throws(WireFault) -> ONNXModel? {
    let message = 0..<self.file.count
    let head = try modelHead(message)
    var fields = WireSkimmer(self.file, message)
    guard let content = try fields.only(7) else { return nil }
    let graph = try self.graph(content, depth: 0)

    var functions: [ONNXFunction] = []
    var functionOfOperator: [Int32] = []
    fields = WireSkimmer(self.file, message)
    while let field = try fields.next(25) {
      let function = try self.function(try field.content())
      let missing = operators.operators.count - functionOfOperator.count
      functionOfOperator.append(contentsOf: repeatElement(-1, count: missing))
      guard functionOfOperator[function.operatorIndex] < 0 else {
        let name = operators.operators[function.operatorIndex]
        throw WireFault(.duplicateFunction(name), at: field.start, isMessage: false)
      }
      functionOfOperator[function.operatorIndex] = Int32(functions.count)
      functions.append(function)
    }
    let missing = operators.operators.count - functionOfOperator.count
    functionOfOperator.append(contentsOf: repeatElement(-1, count: missing))

    let metadata = try metadata(14, in: message)
    return ONNXModel(
      file: file, irVersion: head.irVersion, producerName: head.producerName,
      producerVersion: head.producerVersion, opsets: head.opsets,
      metadata: metadata, names: names, operators: operators.operators,
      graph: graph, functions: functions, functionOfOperator: functionOfOperator)
  }
}
