// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a process tells the one that started it, in a mapped file that outlives it.
final class FuzzState {
  /// The file.
  let path: String
  private let words: UnsafeMutablePointer<Int>
  private static let wordCount = 6

  /// Maps a new file.
  init() throws {
    path = NSTemporaryDirectory() + "fuzz-\(UUID().uuidString)"
    try Data(count: Self.wordCount * 8).write(to: URL(fileURLWithPath: path))
    words = Self.map(path)
  }

  /// Maps a file that another process made.
  init(path: String) {
    self.path = path
    words = Self.map(path)
  }

  private static func map(_ path: String) -> UnsafeMutablePointer<Int> {
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    let address = mmap(
      nil, wordCount * 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let address, address != MAP_FAILED else { fatalError("\(path) cannot be mapped") }
    return address.assumingMemoryBound(to: Int.self)
  }

  /// The number of the input that runs.
  var current: Int {
    get { words[0] }
    set { words[0] = newValue }
  }

  /// How many inputs have ended well.
  var done: Int {
    get { words[1] }
    set { words[1] = newValue }
  }

  /// How many of them were models.
  var accepted: Int {
    get { words[2] }
    set { words[2] = newValue }
  }

  /// The longest time of an input.
  var slowestMicroseconds: Int {
    get { words[3] }
    set { words[3] = newValue }
  }

  /// The number of that input.
  var slowest: Int {
    get { words[4] }
    set { words[4] = newValue }
  }

  /// The most memory that was resident at any time.
  var peakKibibytes: Int {
    get { words[5] }
    set { words[5] = newValue }
  }

  /// Removes the file.
  func remove() { unlink(path) }
}
