// SPDX-License-Identifier: Apache-2.0

/// Where something lies in a file.
public struct FileLocation: Hashable, Sendable {
  /// The fields that lead there, as in `graph.node[17].attribute[2]`; empty for the model itself,
  /// and with the middle left out if there are very many.
  public let path: String

  /// The offset in bytes from the start of the file.
  public let offset: Int
}

extension FileLocation: CustomStringConvertible {
  public var description: String { "\(path.isEmpty ? "model" : path) at byte \(offset)" }
}

extension FileLocation {
  /// The place of a field, or of a message's content, in a file.
  ///
  /// The way there is found by walking down from the model once more, so that reading need not
  /// keep track of it. The walk goes as far as the bytes can be followed.
  ///
  /// - Parameters:
  ///   - offset: the offset of the field's tag, or of the first byte of the message's content.
  ///   - isMessage: whether the offset is that of a message's content.
  ///   - file: all bytes of the file.
  /// - Complexity: O(n), where n is the number of fields before the place on each level.
  init(of offset: Int, isMessage: Bool, in file: UnsafeRawBufferPointer) {
    var steps: [String] = []
    // The file itself is the outermost message.
    var message: (schema: WireSchema, range: Range<Int>)? =
      isMessage && offset == 0 ? nil : (.model, 0..<file.count)
    while let (schema, range) = message {
      message = nil
      var skimmer = WireSkimmer(file, range)
      var counts: [Int: Int] = [:]
      while true {
        let start = skimmer.offset
        guard let field = try? skimmer.next() else {
          // Either the message ends here, or this is the damage itself: its tag may be legible.
          if start == offset, !isMessage, let known = Self.tag(at: start, file, schema) {
            steps.append(Self.step(known.field, counts[known.number, default: 0]))
          }
          break
        }
        let isContent = isMessage && offset == field.payload.lowerBound
        // An empty message at the very end of another begins where both end.
        guard offset < field.payload.upperBound || isMessage && offset == field.payload.upperBound
        else {
          counts[field.number, default: 0] += 1
          continue
        }
        guard let known = schema.field(field.number) else { break }
        steps.append(Self.step(known, counts[field.number, default: 0]))
        let isReached = isContent || offset < field.payload.lowerBound
        if !isReached, field.type == .bytes, let child = known.message {
          message = (child, field.payload)
        }
        break
      }
    }
    // The middle of a way through very many bodies tells nobody anything.
    if steps.count > 16 { steps.replaceSubrange(8..<steps.count - 7, with: CollectionOfOne("…")) }
    self.init(path: steps.joined(separator: "."), offset: offset)
  }

  /// The known field whose tag lies at an offset, if its tag can be read.
  private static func tag(
    at offset: Int, _ file: UnsafeRawBufferPointer, _ schema: WireSchema
  ) -> (number: Int, field: WireSchema.Field)? {
    var skimmer = WireSkimmer(file, offset..<file.count)
    guard let tag = try? skimmer.nextPackedVarint(), tag >> 3 < 1 << 29 else { return nil }
    let number = Int(tag >> 3)
    return schema.field(number).map { (number, $0) }
  }

  private static func step(_ field: WireSchema.Field, _ index: Int) -> String {
    field.isRepeated ? "\(field.name)[\(index)]" : field.name
  }
}

extension ImportError {
  /// The error that a fault in a file amounts to.
  init(_ fault: WireFault, in file: UnsafeRawBufferPointer) {
    let location = FileLocation(of: fault.offset, isMessage: fault.isMessage, in: file)
    switch fault.reason {
    case .defect(let defect): self = .malformed(at: location, defect)
    case .limit(let limit): self = .limitExceeded(limit, at: location)
    case .missingBytes(let count): self = .truncated(at: location, missing: count)
    case .duplicateFunction(let name): self = .duplicateFunction(name)
    case .payloadMismatch(let stored, let expected):
      self = .payloadMismatch(at: location, stored: stored, expected: expected)
    }
  }
}
