// SPDX-License-Identifier: Apache-2.0

extension ONNXAttribute {
  /// The kinds of attributes by the format's numbers, with the field that holds the value.
  ///
  /// Files of the first format version leave the kind out; the field then tells it.
  private static let fieldsOfKinds: [(kind: Int32, field: Int)] = [
    (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 10), (10, 11),
    (11, 22), (12, 23), (13, 14), (14, 15),
  ]

  /// The kind of an attribute that has certain fields; 0 if none of them is a value.
  static func kind(impliedBy seen: FieldSet) -> Int32 {
    fieldsOfKinds.first { seen.contains($0.field) }?.kind ?? 0
  }
}

extension ONNXModelReader {
  /// Reads an AttributeProto.
  ///
  /// - Parameter depth: how many graphs are around it.
  mutating func attribute(
    _ message: Range<Int>, depth: Int
  ) throws(WireFault) -> ONNXAttribute {
    try count(message)
    let head = try attributeHead(message)
    guard head.reference.isEmpty else {
      return ONNXAttribute(
        name: head.name, value: .reference(head.reference), message: message)
    }
    return ONNXAttribute(
      name: head.name, value: try value(head, in: message, depth: depth), message: message)
  }

  private mutating func value(
    _ head: AttributeHead, in message: Range<Int>, depth: Int
  ) throws(WireFault) -> ONNXAttribute.Value {
    var fields = WireSkimmer(file, message)
    switch head.kind {
    case 1: return .float(head.float)
    case 2: return .int(head.int)
    case 3:
      let place = try fields.only(4) ?? message.lowerBound..<message.lowerBound
      guard place.count <= limits.stringBytes else { return .largeString(at: place) }
      return .string(try string(at: place, in: message))
    case 4: return .tensor(try tensor(try only(5, "t", in: message)))
    case 5: return .graph(try graph(try only(6, "g", in: message), depth: depth + 1))
    case 6:
      let room = limits.listElements - listElementCount
      let codes = try fields.fixedNumbers(7, as: UInt32.self, limit: room)
      try count(listElements: codes.count, in: message)
      return .floats(codes.map { Float(bitPattern: $0) })
    case 7:
      let room = limits.listElements - listElementCount
      let values = try fields.integers(8, limit: room)
      try count(listElements: values.count, in: message)
      return .ints(values)
    case 8:
      var strings: [String] = []
      while let field = try fields.next(9) {
        try count(listElements: 1, in: message)
        strings.append(try string(at: try field.content(), in: message))
      }
      return .strings(strings)
    case 9:
      var tensors: [ONNXTensor] = []
      while let field = try fields.next(10) { tensors.append(try tensor(try field.content())) }
      return .tensors(tensors)
    case 10:
      var graphs: [ONNXGraph] = []
      while let field = try fields.next(11) {
        graphs.append(try graph(try field.content(), depth: depth + 1))
      }
      return .graphs(graphs)
    case 11:
      return .sparseTensor(try sparseTensor(try only(22, "sparse_tensor", in: message)))
    case 12:
      var tensors: [ONNXSparseTensor] = []
      while let field = try fields.next(23) {
        tensors.append(try sparseTensor(try field.content()))
      }
      return .sparseTensors(tensors)
    case 13: return .type(head.types.first ?? .unknown)
    case 14: return .types(head.types)
    default: return .unknown(kind: head.kind)
    }
  }

  private func only(
    _ number: Int, _ name: String, in message: Range<Int>
  ) throws(WireFault) -> Range<Int> {
    var fields = WireSkimmer(file, message)
    guard let content = try fields.only(number) else {
      throw WireFault(.missing(name), inMessage: message)
    }
    return content
  }

  /// The string at a place; short ones, which are mostly keywords, are shared.
  private mutating func string(
    at place: Range<Int>, in message: Range<Int>
  ) throws(WireFault) -> String {
    let bytes = UnsafeRawBufferPointer(rebasing: file[place])
    guard place.count <= 64 else { return String(decoding: bytes, as: UTF8.self) }
    guard let string = strings.string(bytes) else { throw tooManyNames(message) }
    return string
  }
}
