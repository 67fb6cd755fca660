// SPDX-License-Identifier: Apache-2.0

extension ONNXModelReader {
  /// The fields of a TensorProto that hold elements.
  private static let elementFields: FieldSet = [4, 5, 6, 7, 9, 10, 11]

  /// Reads a TensorProto but for its elements, of which only the place is taken down.
  mutating func tensor(_ message: Range<Int>) throws(WireFault) -> ONNXTensor {
    try count(message)
    let head = try tensorHead(message)
    let dimensions = try self.dimensions(head.dimensions, in: message)
    var storage = ONNXTensor.Storage.absent
    if let external = head.external {
      storage = .external(external)
    } else if head.seen.contains(9) {
      var fields = WireSkimmer(file, message)
      if let raw = try fields.only(9) { storage = .raw(raw) }
    } else if head.seen.intersects(Self.elementFields) {
      var byteCount = 0
      var fields = WireSkimmer(file, message)
      while let field = try fields.next() {
        if Self.elementFields.contains(field.number) { byteCount += field.payload.count }
      }
      storage = .fields(byteCount: byteCount)
    }
    return ONNXTensor(
      name: head.name, elementType: head.elementType, dimensions: dimensions.list,
      elementCount: dimensions.product, storage: storage, message: message)
  }

  /// Reads a SparseTensorProto likewise.
  mutating func sparseTensor(_ message: Range<Int>) throws(WireFault) -> ONNXSparseTensor {
    try count(message)
    var fields = WireSkimmer(file, message)
    guard let values = try fields.only(1) else {
      throw WireFault(.missing("values"), inMessage: message)
    }
    fields = WireSkimmer(file, message)
    guard let indices = try fields.only(2) else {
      throw WireFault(.missing("indices"), inMessage: message)
    }
    fields = WireSkimmer(file, message)
    let dimensions = try self.dimensions(
      try fields.integers(3, limit: limits.rank), in: message)
    return ONNXSparseTensor(
      values: try tensor(values), indices: try tensor(indices), dimensions: dimensions.list)
  }

  private func dimensions(
    _ list: [Int64], in message: Range<Int>
  ) throws(WireFault) -> (list: [Int], product: Int) {
    guard list.count <= limits.rank else {
      throw WireFault(.limit(.rank(limits.rank)), at: message.lowerBound, isMessage: true)
    }
    var dimensions: [Int] = []
    dimensions.reserveCapacity(list.count)
    var product = 1
    var isOverflown = false
    for value in list {
      guard value >= 0 else { throw WireFault(.negativeDimension(value), inMessage: message) }
      dimensions.append(Int(value))
      let (next, overflow) = product.multipliedReportingOverflow(by: Int(value))
      product = next
      isOverflown = isOverflown || overflow
    }
    // Without any element there is nothing to overflow, in whatever order the axes come.
    if dimensions.contains(0) { return (dimensions, 0) }
    guard !isOverflown else { throw WireFault(.elementCountOverflow, inMessage: message) }
    return (dimensions, product)
  }

  /// What the entries of `external_data` say; unknown keys, such as checksums, are passed over.
  func externalData(
    _ entries: [(key: String, value: String)], in message: Range<Int>
  ) throws(WireFault) -> ONNXExternalData {
    func byteCount(_ text: String) throws(WireFault) -> Int {
      guard let count = Int(text), count >= 0 else {
        throw WireFault(.externalDataNumber(text), inMessage: message)
      }
      return count
    }
    var location = ""
    var offset = 0
    var length: Int?
    for (key, value) in entries {
      switch key {
      case "location": location = value
      case "offset": offset = try byteCount(value)
      case "length": length = try byteCount(value)
      default: break
      }
    }
    return ONNXExternalData(location: location, offset: offset, length: length)
  }
}
