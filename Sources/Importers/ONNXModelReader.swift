// SPDX-License-Identifier: Apache-2.0
import COnnx

/// Reads an ONNX file into Swift values.
///
/// Reading has two halves. The skimming half (`ONNXModelReader+….swift`) walks models, graphs,
/// functions, nodes, attributes and tensors in place and decodes whatever may be large: numbers,
/// strings, and where tensors lie. This half hands what is left of each message, without its
/// submessages and unknown fields, to protobuf-c and copies the answer into Swift values. No
/// other file sees a C type.
struct ONNXModelReader: ~Copyable {
  /// All bytes of the file.
  let file: UnsafeRawBufferPointer
  let limits: ONNXLimits

  var names = ONNXNameTable()
  var strings = StringPool()
  var operators = OperatorTable()

  /// How many messages were counted against the limit.
  var messageCount = 0

  /// How many list elements were counted against the limit.
  var listElementCount = 0

  /// Holds what protobuf-c decodes, and the messages it is given where they had to be cut.
  let arena: WireArena
  private var allocator: ProtobufCAllocator

  init(_ file: UnsafeRawBufferPointer, limits: ONNXLimits) {
    self.file = file
    self.limits = limits
    arena = WireArena()
    allocator = ProtobufCAllocator(
      alloc: { state, size in
        state?.assumingMemoryBound(to: WireArena.State.self).pointee.allocate(byteCount: size)
      },
      free: { _, _ in },
      allocator_data: arena.state)
  }

  /// Decodes the fields of a message that `kept` has the bits of.
  ///
  /// What is returned lies in the arena, until the next call.
  private mutating func decoded<Message>(
    _ message: Range<Int>, keeping kept: FieldSet,
    by unpack: (
      UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
    ) -> UnsafeMutablePointer<Message>?
  ) throws(WireFault) -> (message: Message, seen: FieldSet) {
    arena.reset()
    let (bytes, seen) = try excerpt(of: message, keeping: kept)
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let decoded = unpack(&allocator, bytes.count, start) else {
      throw WireFault(.unreadable, inMessage: message)
    }
    return (decoded.pointee, seen)
  }
}

// MARK: - Model, functions

extension ONNXModelReader {
  /// What a ModelProto says about itself.
  struct ModelHead {
    let irVersion: Int64
    let producerName: String
    let producerVersion: String
    let opsets: [ONNXOpset]
  }

  mutating func modelHead(_ message: Range<Int>) throws(WireFault) -> ModelHead {
    let (model, _) = try decoded(
      message, keeping: [1, 2, 3, 8], by: graphopt__model_proto__unpack)
    return ModelHead(
      irVersion: model.ir_version,
      producerName: try string(model.producer_name, in: message),
      producerVersion: try string(model.producer_version, in: message),
      opsets: try opsets(model.opset_import, model.n_opset_import, in: message))
  }

  /// What a FunctionProto says besides its nodes, default attributes and value infos.
  struct FunctionHead {
    let operatorIndex: Int
    let inputs: [ONNXNameID]
    let outputs: [ONNXNameID]
    let attributeNames: [String]
    let opsets: [ONNXOpset]
  }

  mutating func functionHead(_ message: Range<Int>) throws(WireFault) -> FunctionHead {
    let (function, _) = try decoded(
      message, keeping: [1, 4, 5, 6, 9, 10, 13], by: graphopt__function_proto__unpack)
    let index = try operatorIndex(
      domain: function.domain, type: function.name, overload: function.overload, in: message)
    var inputs: [ONNXNameID] = []
    try append(function.input, function.n_input, to: &inputs, in: message)
    var outputs: [ONNXNameID] = []
    try append(function.output, function.n_output, to: &outputs, in: message)
    var attributeNames: [String] = []
    for attribute in UnsafeBufferPointer(start: function.attribute, count: function.n_attribute) {
      attributeNames.append(try string(attribute, in: message))
    }
    return FunctionHead(
      operatorIndex: index, inputs: inputs, outputs: outputs, attributeNames: attributeNames,
      opsets: try opsets(function.opset_import, function.n_opset_import, in: message))
  }

  private mutating func opsets(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<Graphopt__OperatorSetIdProto>?>?,
    _ count: Int, in message: Range<Int>
  ) throws(WireFault) -> [ONNXOpset] {
    var opsets: [ONNXOpset] = []
    for case let opset? in UnsafeBufferPointer(start: list, count: count) {
      let domain = try string(opset.pointee.domain, in: message)
      opsets.append(
        ONNXOpset(
          domain: domain == OperatorTable.standardDomain ? "" : domain,
          version: opset.pointee.version))
    }
    return opsets
  }
}

// MARK: - Nodes, attributes

extension ONNXModelReader {
  /// What a NodeProto says besides its attributes.
  struct NodeHead {
    let name: String
    let operatorIndex: Int
    let inputCount: Int
    let outputCount: Int
    let seen: FieldSet
  }

  /// Decodes a NodeProto and appends its inputs and outputs to a list of operands.
  mutating func nodeHead(
    _ message: Range<Int>, operands: inout [ONNXNameID]
  ) throws(WireFault) -> NodeHead {
    let (node, seen) = try decoded(
      message, keeping: [1, 2, 3, 4, 7, 8], by: graphopt__node_proto__unpack)
    try append(node.input, node.n_input, to: &operands, in: message)
    try append(node.output, node.n_output, to: &operands, in: message)
    return NodeHead(
      // Names of nodes hardly ever repeat, so sharing them would not pay.
      name: String(decoding: Self.bytes(node.name), as: UTF8.self),
      operatorIndex: try operatorIndex(
        domain: node.domain, type: node.op_type, overload: node.overload, in: message),
      inputCount: node.n_input, outputCount: node.n_output, seen: seen)
  }

  /// What an AttributeProto says besides strings, lists, tensors and graphs.
  struct AttributeHead {
    let name: String
    let reference: String
    /// The kind as given, or else told by the fields that are there.
    let kind: Int32
    let float: Float
    let int: Int64
    let types: [ONNXType]
  }

  mutating func attributeHead(_ message: Range<Int>) throws(WireFault) -> AttributeHead {
    let (attribute, seen) = try decoded(
      message, keeping: [1, 2, 3, 14, 15, 20, 21], by: graphopt__attribute_proto__unpack)
    var types: [ONNXType] = []
    if let single = attribute.tp { types.append(try type(single, in: message)) }
    for case let one? in UnsafeBufferPointer(
      start: attribute.type_protos, count: attribute.n_type_protos)
    {
      types.append(try type(one, in: message))
    }
    return AttributeHead(
      name: try string(attribute.name, in: message),
      reference: try string(attribute.ref_attr_name, in: message),
      kind: attribute.has_type != 0
        ? Int32(bitPattern: attribute.type.rawValue) : ONNXAttribute.kind(impliedBy: seen),
      float: attribute.f, int: attribute.i, types: types)
  }
}

// MARK: - Tensors, types

extension ONNXModelReader {
  /// What a TensorProto says besides its elements.
  struct TensorHead {
    let name: ONNXNameID
    let elementType: Int32
    let dimensions: [Int64]
    let external: ONNXExternalData?
    let seen: FieldSet
  }

  mutating func tensorHead(_ message: Range<Int>) throws(WireFault) -> TensorHead {
    let (tensor, seen) = try decoded(
      message, keeping: [1, 2, 8, 13, 14], by: graphopt__tensor_proto__unpack)
    var external: ONNXExternalData?
    if tensor.data_location == GRAPHOPT__TENSOR_PROTO__DATA_LOCATION__EXTERNAL {
      var entries: [(key: String, value: String)] = []
      for case let entry? in UnsafeBufferPointer(
        start: tensor.external_data, count: tensor.n_external_data)
      {
        entries.append(
          (
            try string(entry.pointee.key, in: message),
            String(decoding: Self.bytes(entry.pointee.value), as: UTF8.self)
          ))
      }
      external = try externalData(entries, in: message)
    }
    return TensorHead(
      name: try name(tensor.name, in: message), elementType: tensor.data_type,
      dimensions: Array(UnsafeBufferPointer(start: tensor.dims, count: tensor.n_dims)),
      external: external, seen: seen)
  }

  mutating func valueInfo(_ message: Range<Int>) throws(WireFault) -> ONNXValueInfo {
    try count(message)
    let (info, _) = try decoded(
      message, keeping: [1, 2], by: graphopt__value_info_proto__unpack)
    var type = ONNXType.unknown
    if let stated = info.type { type = try self.type(stated, in: message) }
    return ONNXValueInfo(
      name: try name(info.name, in: message), type: type, message: message)
  }

  private mutating func type(
    _ type: UnsafePointer<Graphopt__TypeProto>, in message: Range<Int>, depth: Int = 0
  ) throws(WireFault) -> ONNXType {
    let type = type.pointee
    if let tensor = type.tensor_type?.pointee {
      return .tensor(elementType: tensor.elem_type, shape: try shape(tensor.shape, in: message))
    }
    if let tensor = type.sparse_tensor_type?.pointee {
      return .sparseTensor(
        elementType: tensor.elem_type, shape: try shape(tensor.shape, in: message))
    }
    if let sequence = type.sequence_type?.pointee {
      return .sequence(try self.type(encoded: sequence.elem_type, in: message, depth: depth + 1))
    }
    if let optional = type.optional_type?.pointee {
      return .optional(try self.type(encoded: optional.elem_type, in: message, depth: depth + 1))
    }
    if let map = type.map_type?.pointee {
      return .map(
        keyType: map.key_type,
        value: try self.type(encoded: map.value_type, in: message, depth: depth + 1))
    }
    if let opaque = type.opaque_type?.pointee {
      return .opaque(
        domain: try string(opaque.domain, in: message),
        name: try string(opaque.name, in: message))
    }
    return .unknown
  }

  private mutating func type(
    encoded data: ProtobufCBinaryData, in message: Range<Int>, depth: Int
  ) throws(WireFault) -> ONNXType {
    guard depth < limits.nesting else {
      throw WireFault(.limit(.nesting(limits.nesting)), at: message.lowerBound, isMessage: true)
    }
    guard let decoded = graphopt__type_proto__unpack(&allocator, data.len, data.data) else {
      throw WireFault(.unreadable, inMessage: message)
    }
    return try type(decoded, in: message, depth: depth)
  }

  private mutating func shape(
    _ shape: UnsafePointer<Graphopt__TensorShapeProto>?, in message: Range<Int>
  ) throws(WireFault) -> [ONNXDimension]? {
    guard let shape = shape?.pointee else { return nil }
    guard shape.n_dim <= limits.rank else {
      throw WireFault(.limit(.rank(limits.rank)), at: message.lowerBound, isMessage: true)
    }
    var dimensions: [ONNXDimension] = []
    dimensions.reserveCapacity(shape.n_dim)
    for case let dimension? in UnsafeBufferPointer(start: shape.dim, count: shape.n_dim) {
      let value = dimension.pointee.has_dim_value != 0 ? dimension.pointee.dim_value : nil
      let parameter = try string(dimension.pointee.dim_param, in: message)
      dimensions.append(ONNXDimension(value: value, parameter: parameter))
    }
    return dimensions
  }
}

// MARK: - Text

extension ONNXModelReader {
  private static func bytes(_ data: ProtobufCBinaryData) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: data.data, count: data.len)
  }

  private mutating func string(
    _ data: ProtobufCBinaryData, in message: Range<Int>
  ) throws(WireFault) -> String {
    if data.len == 0 { return "" }
    guard let string = strings.string(Self.bytes(data)) else { throw tooManyNames(message) }
    return string
  }

  private mutating func name(
    _ data: ProtobufCBinaryData, in message: Range<Int>
  ) throws(WireFault) -> ONNXNameID {
    guard let name = names.insert(Self.bytes(data)) else { throw tooManyNames(message) }
    return name
  }

  private mutating func append(
    _ list: UnsafePointer<ProtobufCBinaryData>?, _ count: Int, to names: inout [ONNXNameID],
    in message: Range<Int>
  ) throws(WireFault) {
    for data in UnsafeBufferPointer(start: list, count: count) {
      names.append(try name(data, in: message))
    }
  }

  private mutating func operatorIndex(
    domain: ProtobufCBinaryData, type: ProtobufCBinaryData, overload: ProtobufCBinaryData,
    in message: Range<Int>
  ) throws(WireFault) -> Int {
    guard
      let index = operators.index(
        domain: Self.bytes(domain), type: Self.bytes(type), overload: Self.bytes(overload),
        strings: &strings)
    else { throw tooManyNames(message) }
    return index
  }

  func tooManyNames(_ message: Range<Int>) -> WireFault {
    WireFault(.limit(.names(Int(Int32.max))), at: message.lowerBound, isMessage: true)
  }
}
