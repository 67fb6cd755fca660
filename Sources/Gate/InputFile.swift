// SPDX-License-Identifier: Apache-2.0

import Emitters
import Glibc

/// Small files of ours: manifests, baselines, records.
enum InputFile {
  /// No manifest or baseline is larger.
  static let sizeLimit = 1 << 30

  /// The bytes of a file.
  static func bytes(of path: String) throws(GateError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotRead(path: path, reason: reason(errno)) }
    defer { close(descriptor) }
    var status = stat()
    // A pipe has an end; a device such as /dev/zero may have none.
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFCHR {
      throw .cannotRead(path: path, reason: "it is a device")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .cannotRead(path: path, reason: reason(errno)) }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= sizeLimit else {
        throw .cannotRead(path: path, reason: "it is larger than 1 GiB")
      }
    }
  }

  /// The value in a file's JSON.
  ///
  /// - Parameter what: What the file should be, for the sentence if it is not.
  static func decoded<Value: Decodable>(
    _ type: Value.Type, from path: String, as what: String
  ) throws(GateError) -> Value {
    try decoded(type, from: try bytes(of: path), path: path, as: what)
  }

  static func decoded<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], path: String, as what: String
  ) throws(GateError) -> Value {
    do {
      return try TapeDecoder().decode(type, from: bytes)
    } catch let fault as ContentFault {
      throw .badFile(path: path, reason: "not \(what): \(fault.sentence)")
    } catch {
      throw .badFile(path: path, reason: "not \(what): \(PlanReader.sentence(for: error))")
    }
  }

  /// What the operating system's number for an error means.
  static func reason(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
}

/// What is wrong with a value that has the right types.
struct ContentFault: Error {
  let sentence: String
}

extension Decoder {
  /// Refuses members that are none of these: a misspelt one would be passed over unseen.
  func refuseMembers(otherThan known: [String]) throws {
    let members = try container(keyedBy: AnyKey.self)
    for key in members.allKeys where !known.contains(key.stringValue) {
      let place = codingPath.map { key in
        key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)"
      }.joined()
      let owner = place.isEmpty ? "the top level" : String(place.trimmingPrefix("."))
      throw ContentFault(
        sentence: "\(owner) has a member '\(key.stringValue)', which is none of "
          + known.joined(separator: ", "))
    }
  }

  /// Refuses what is of another format or version.
  func refuseFormat(otherThan format: String) throws {
    let members = try container(keyedBy: AnyKey.self)
    let found = try members.decodeIfPresent(String.self, forKey: AnyKey(stringValue: "format"))
    let version = try members.decodeIfPresent(Int.self, forKey: AnyKey(stringValue: "version"))
    guard found == format else {
      throw ContentFault(sentence: "it has no \"format\": \"\(format)\"")
    }
    guard version == 1 else {
      throw ContentFault(
        sentence: "it is of version \(version ?? 0) of the format; this reads version 1")
    }
  }
}

/// Any key of an object.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
