// SPDX-License-Identifier: Apache-2.0

/// A graph that is being read.
struct ONNXGraphContents {
  var name = ""
  var nodes: [ONNXNode] = []
  var initializers: [ONNXTensor] = []
  var sparseInitializers: [ONNXSparseTensor] = []
  var inputs: [ONNXValueInfo] = []
  var outputs: [ONNXValueInfo] = []
  var valueInfo: [ONNXValueInfo] = []
  var metadata: [ONNXMetadataEntry] = []
  var operands: [ONNXNameID] = []
  var attributes: [ONNXAttribute] = []

  var graph: ONNXGraph {
    ONNXGraph(
      name: name, nodes: nodes, initializers: initializers,
      sparseInitializers: sparseInitializers, inputs: inputs, outputs: outputs,
      valueInfo: valueInfo, metadata: metadata, operands: operands, attributes: attributes)
  }
}

extension ONNXModelReader {
  /// Reads a GraphProto.
  ///
  /// - Parameter depth: how many graphs are around it.
  mutating func graph(_ message: Range<Int>, depth: Int) throws(WireFault) -> ONNXGraph {
    try count(message)
    guard depth < limits.nesting else {
      throw WireFault(.limit(.nesting(limits.nesting)), at: message.lowerBound, isMessage: true)
    }
    var contents = ONNXGraphContents()
    let counts = try survey(message, nodes: 1, values: 13)
    contents.nodes.reserveCapacity(counts.nodes)
    contents.valueInfo.reserveCapacity(counts.values)
    var fields = WireSkimmer(file, message)
    while let field = try fields.next() {
      switch field.number {
      case 1: try append(try field.content(), to: &contents, depth: depth)
      case 2: contents.name = String(decoding: file[try field.content()], as: UTF8.self)
      case 5: contents.initializers.append(try tensor(try field.content()))
      case 11: contents.inputs.append(try valueInfo(try field.content()))
      case 12: contents.outputs.append(try valueInfo(try field.content()))
      case 13: contents.valueInfo.append(try valueInfo(try field.content()))
      case 15: contents.sparseInitializers.append(try sparseTensor(try field.content()))
      default: break
      }
    }
    contents.metadata = try metadata(16, in: message)
    return contents.graph
  }

  /// Reads a FunctionProto.
  mutating func function(_ message: Range<Int>) throws(WireFault) -> ONNXFunction {
    try count(message)
    let head = try functionHead(message)
    var body = ONNXGraphContents()
    let counts = try survey(message, nodes: 7, values: 12)
    body.nodes.reserveCapacity(counts.nodes)
    body.valueInfo.reserveCapacity(counts.values)
    var defaults: [ONNXAttribute] = []
    var fields = WireSkimmer(file, message)
    while let field = try fields.next() {
      switch field.number {
      case 7: try append(try field.content(), to: &body, depth: 0)
      case 11: defaults.append(try attribute(try field.content(), depth: 0))
      case 12: body.valueInfo.append(try valueInfo(try field.content()))
      default: break
      }
    }
    body.metadata = try metadata(14, in: message)
    return ONNXFunction(
      operatorIndex: head.operatorIndex, inputs: head.inputs, outputs: head.outputs,
      attributeNames: head.attributeNames, attributeDefaults: defaults, opsets: head.opsets,
      body: body.graph)
  }

  /// Walks over the heads of a graph's or function's fields: it has the pages read that the
  /// reading proper then touches, and counts what there must be room for, which makes the room
  /// once and no larger than needed.
  ///
  /// - Parameters:
  ///   - nodes: the field of the nodes.
  ///   - values: the field of the value infos.
  private func survey(
    _ message: Range<Int>, nodes: Int, values: Int
  ) throws(WireFault) -> (nodes: Int, values: Int) {
    var readAhead = ReadAhead(file)
    var nodeCount = 0
    var valueCount = 0
    var fields = WireSkimmer(file, message)
    while let field = try fields.next() {
      readAhead.reach(fields.offset)
      if field.number == nodes { nodeCount += 1 }
      if field.number == values { valueCount += 1 }
    }
    return (min(nodeCount, limits.messages), min(valueCount, limits.messages))
  }

  /// Reads a NodeProto and appends it to a graph.
  private mutating func append(
    _ message: Range<Int>, to graph: inout ONNXGraphContents, depth: Int
  ) throws(WireFault) {
    try count(message)
    let firstOperand = graph.operands.count
    let firstAttribute = graph.attributes.count
    let head = try nodeHead(message, operands: &graph.operands)
    if head.seen.contains(5) {
      var fields = WireSkimmer(file, message)
      while let field = try fields.next(5) {
        graph.attributes.append(try attribute(try field.content(), depth: depth))
      }
    }
    // Attributes are fewer still: each one counts against the limit on messages.
    guard graph.operands.count <= Int(UInt32.max) else { throw tooManyNames(message) }
    graph.nodes.append(
      ONNXNode(
        name: head.name, operatorIndex: head.operatorIndex, message: message,
        operandStart: UInt32(firstOperand), inputCount: UInt32(head.inputCount),
        outputCount: UInt32(head.outputCount), attributeStart: UInt32(firstAttribute),
        attributeCount: UInt32(graph.attributes.count - firstAttribute)))
  }
}
