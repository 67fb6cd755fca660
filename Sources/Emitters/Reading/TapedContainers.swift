// SPDX-License-Identifier: Apache-2.0

/// The members of an object.
struct TapedMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let value: TapedValue
  private var json: JSONText { value.json }

  init(value: TapedValue) { self.value = value }

  var codingPath: [any CodingKey] { value.codingPath }

  var allKeys: [Key] {
    var keys: [Key] = []
    var entry = json.first(in: value.index)
    while entry < json.end(of: value.index) {
      if let key = json.string(entry).flatMap({ Key(stringValue: $0) }) { keys.append(key) }
      entry = json.next(after: entry + 1)
    }
    return keys
  }

  /// The entry of a member's value; the first of that name counts.
  private func index(of key: Key) -> Int? {
    var name = key.stringValue
    return name.withUTF8 { name in
      var entry = json.first(in: value.index)
      let end = json.end(of: value.index)
      while entry < end {
        if json.isKey(entry, equalTo: name) { return entry + 1 }
        entry = json.next(after: entry + 1)
      }
      return nil
    }
  }

  func contains(_ key: Key) -> Bool { index(of: key) != nil }

  /// The value of a member.
  private func member(_ key: Key) throws -> TapedValue {
    guard let index = index(of: key) else {
      throw DecodingError.keyNotFound(
        key, DecodingError.Context(codingPath: codingPath, debugDescription: "a member is missing"))
    }
    return TapedValue(
      json: json, index: index,
      path: TapePath(value.path, TapeKey(stringValue: key.stringValue)))
  }

  /// What `read` makes of a member that is there and of a kind; `nil` where anything is amiss, which
  /// the slow way then names with its place.
  private func quick<Value>(_ key: Key, _ kind: JSONText.Kind, _ read: (Int) -> Value?) -> Value? {
    guard let index = index(of: key), json.kind(of: index) == kind else { return nil }
    return read(index)
  }

  private func isAbsent(_ key: Key) -> Bool {
    index(of: key).map { json.kind(of: $0) == .null } ?? true
  }

  func decodeNil(forKey key: Key) throws -> Bool { try member(key).decodeNil() }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
    try quick(key, .boolean) { json.boolean($0) } ?? member(key).decode(type)
  }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
    try quick(key, .number) { json.integer($0) } ?? member(key).decode(type)
  }
  func decode(_ type: String.Type, forKey key: Key) throws -> String {
    try quick(key, .string) { json.string($0) } ?? member(key).decode(type)
  }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
    try quick(key, .number) { json.number($0) } ?? member(key).decode(type)
  }
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    let list = quick(key, .array) { TapedValue(json: json, index: $0, path: nil).list(type) }
    return try list ?? member(key).decoded(type)
  }

  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
    isAbsent(key) ? nil : try decode(type, forKey: key)
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
    isAbsent(key) ? nil : try decode(type, forKey: key)
  }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    isAbsent(key) ? nil : try decode(type, forKey: key)
  }
  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    isAbsent(key) ? nil : try decode(type, forKey: key)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> { try member(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try member(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { value }
  func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

/// The elements of a list.
struct TapedElements: UnkeyedDecodingContainer {
  private let value: TapedValue
  private var entry: Int
  private(set) var currentIndex = 0
  let count: Int?

  init(value: TapedValue) {
    self.value = value
    entry = value.json.first(in: value.index)
    var (count, place) = (0, entry)
    while place < value.json.end(of: value.index) {
      count += 1
      place = value.json.next(after: place)
    }
    self.count = count
  }

  var codingPath: [any CodingKey] { value.codingPath }
  var isAtEnd: Bool { entry >= value.json.end(of: value.index) }

  private var here: TapedValue {
    get throws {
      let path = TapePath(value.path, TapeKey(intValue: currentIndex))
      guard !isAtEnd else {
        throw DecodingError.valueNotFound(
          Any.self, DecodingError.Context(codingPath: path.keys, debugDescription: "at the end"))
      }
      return TapedValue(json: value.json, index: entry, path: path)
    }
  }

  private mutating func advance() {
    entry = value.json.next(after: entry)
    currentIndex += 1
  }

  mutating func decodeNil() throws -> Bool {
    let isNil = try here.decodeNil()
    if isNil { advance() }
    return isNil
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let decoded = try here.decoded(type)
    advance()
    return decoded
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    defer { advance() }
    return try here.container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    defer { advance() }
    return try here.unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder {
    defer { advance() }
    return try here
  }
}
