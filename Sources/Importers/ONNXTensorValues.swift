// SPDX-License-Identifier: Apache-2.0
import GraphIR

extension ONNXModel {
  /// A small tensor's elements, row-major, if they are whole numbers or truth values (0 and 1).
  ///
  /// - Parameters:
  ///   - tensor: a tensor of this model.
  ///   - limit: how many elements are decoded at most.
  /// - Returns: the elements, or `nil` if the type is another, there are more than `limit`, they
  ///   are in another file, or one is above 2^63 - 1.
  /// - Throws: ``ImportError/payloadMismatch(at:stored:expected:)`` if the stored elements are not
  ///   as many as the shape says; ``ImportError/malformed(at:_:)`` if their fields break the
  ///   format.
  /// - Complexity: O(n), where n is the number of elements.
  public func integers(
    of tensor: ONNXTensor, limit: Int
  ) throws(ImportError) -> [Int64]? {
    guard let type = ElementType(onnxNumber: tensor.elementType), type.isIntegral,
      let codes = try codes(of: tensor, type, limit: limit)
    else { return nil }
    if type == .bool { return codes.map { $0 == 0 ? 0 : 1 } }
    if type == .uint64, codes.contains(where: { $0 > Int64.max }) { return nil }
    guard type.isSigned else { return codes.map { Int64($0) } }
    let unused = 64 - type.bits
    return codes.map { Int64(bitPattern: $0 << unused) >> unused }
  }

  /// A small tensor's elements, row-major, if they are floating-point numbers.
  ///
  /// - Parameters:
  ///   - tensor: a tensor of this model.
  ///   - limit: how many elements are decoded at most.
  /// - Returns: the elements, or `nil` if the type is another, there are more than `limit`, or
  ///   they are in another file.
  /// - Throws: as ``integers(of:limit:)`` does.
  /// - Complexity: O(n), where n is the number of elements.
  public func reals(of tensor: ONNXTensor, limit: Int) throws(ImportError) -> [Double]? {
    guard let type = ElementType(onnxNumber: tensor.elementType), type.isFloatingPoint,
      let codes = try codes(of: tensor, type, limit: limit)
    else { return nil }
    if let format = type.floatFormat { return codes.map(format.value(ofCode:)) }
    return type == .float32
      ? codes.map { Double(Float(bitPattern: UInt32($0))) }
      : codes.map { Double(bitPattern: $0) }
  }

  /// A small tensor's elements, row-major, if they are strings; invalid UTF-8 is repaired.
  ///
  /// - Parameters:
  ///   - tensor: a tensor of this model.
  ///   - limit: how many elements are decoded at most.
  /// - Returns: the elements, or `nil` if the type is another, there are more than `limit`, or
  ///   they are in another file.
  /// - Throws: as ``integers(of:limit:)`` does.
  /// - Complexity: O(n), where n is the bytes of all elements.
  public func strings(of tensor: ONNXTensor, limit: Int) throws(ImportError) -> [String]? {
    guard ElementType(onnxNumber: tensor.elementType) == .string, tensor.elementCount <= limit
    else { return nil }
    if case .external = tensor.storage { return nil }
    return try decoded(tensor) { (bytes) throws(WireFault) in
      var fields = WireSkimmer(bytes, tensor.message)
      var strings: [String] = []
      while let field = try fields.next(ElementType.string.elementField) {
        strings.append(String(decoding: bytes[try field.content()], as: UTF8.self))
        if strings.count > tensor.elementCount { break }
      }
      try Self.check(strings.count, against: tensor.elementCount, of: tensor)
      return strings
    }
  }

  /// The bits of a tensor's elements, each in the low bits of a word.
  private func codes(
    of tensor: ONNXTensor, _ type: ElementType, limit: Int
  ) throws(ImportError) -> [UInt64]? {
    guard tensor.elementCount <= limit else { return nil }
    switch tensor.storage {
    case .external: return nil
    case .absent:
      return try decoded(tensor) { (_) throws(WireFault) in
        try Self.check(0, against: tensor.elementCount, of: tensor)
        return []
      }
    case .raw(let place):
      return try decoded(tensor) { (bytes) throws(WireFault) in
        // No overflow: a tensor of more bits than that would not be within any limit.
        let bitCount = tensor.elementCount.multipliedReportingOverflow(by: type.bits)
        let expected = bitCount.overflow ? Int.max : (bitCount.partialValue + 7) / 8
        try Self.check(place.count, against: expected, of: tensor)
        return Self.codes(in: bytes, at: place, of: type, count: tensor.elementCount)
      }
    case .fields:
      return try decoded(tensor) { (bytes) throws(WireFault) in
        try Self.codes(inFieldsOf: tensor, bytes, type)
      }
    }
  }

  /// The codes in raw data, whose first element is in the lowest bits of the first byte.
  private static func codes(
    in bytes: UnsafeRawBufferPointer, at place: Range<Int>, of type: ElementType, count: Int
  ) -> [UInt64] {
    let width = type.bits
    let mask = width == 64 ? UInt64.max : 1 << width - 1
    return (0..<count).map { index in
      let bit = index * width
      var code: UInt64 = 0
      for offset in stride(from: bit & ~7, to: bit + width, by: 8) {
        let byte = UInt64(bytes[place.lowerBound + offset / 8])
        code |= offset >= bit ? byte << (offset - bit) : byte >> (bit - offset)
      }
      return code & mask
    }
  }

  /// The codes in a tensor's typed fields.
  private static func codes(
    inFieldsOf tensor: ONNXTensor, _ bytes: UnsafeRawBufferPointer, _ type: ElementType
  ) throws(WireFault) -> [UInt64] {
    var fields = WireSkimmer(bytes, tensor.message)
    let perEntry = type.elementsPerEntry
    let expected = tensor.elementCount / perEntry + (tensor.elementCount % perEntry == 0 ? 0 : 1)
    var entries: [UInt64]
    switch type {
    case .float32:
      entries = try fields.fixedNumbers(4, as: UInt32.self, limit: expected).map(UInt64.init)
    case .float64: entries = try fields.fixedNumbers(10, as: UInt64.self, limit: expected)
    default:
      entries = try fields.integers(type.elementField, limit: expected)
        .map { UInt64(bitPattern: $0) }
    }
    try check(entries.count, against: expected, of: tensor)
    let width = type.bits
    let mask = width == 64 ? UInt64.max : 1 << width - 1
    if perEntry > 1 {
      entries = (0..<tensor.elementCount).map { index in
        entries[index / perEntry] >> (index % perEntry * width)
      }
    }
    return entries.map { $0 & mask }
  }

  private static func check(
    _ stored: Int, against expected: Int, of tensor: ONNXTensor
  ) throws(WireFault) {
    guard stored == expected else {
      throw WireFault(
        .payloadMismatch(stored: stored, expected: expected), at: tensor.message.lowerBound,
        isMessage: true)
    }
  }

  private func decoded<Values>(
    _ tensor: ONNXTensor, by decode: (UnsafeRawBufferPointer) throws(WireFault) -> Values
  ) throws(ImportError) -> Values {
    try file.withBytes { (bytes) throws(ImportError) in
      do throws(WireFault) {
        return try decode(bytes)
      } catch {
        throw ImportError(error, in: bytes)
      }
    }
  }
}
