// SPDX-License-Identifier: Apache-2.0
import CGraphopt

/// Strings as C reads them, one behind the other, each with a zero at its end, at an address that
/// stays the same as long as the object lives.
final class CText {
  private let bytes: UnsafeMutableBufferPointer<CChar>
  private let starts: [Int]

  /// Copies strings; a zero within one ends it for C.
  init(_ strings: [String]) {
    bytes = .allocate(capacity: strings.reduce(0) { $0 + $1.utf8.count + 1 })
    var starts: [Int] = []
    starts.reserveCapacity(strings.count)
    var end = 0
    for string in strings {
      starts.append(end)
      for byte in string.utf8 {
        bytes.initializeElement(at: end, to: CChar(bitPattern: byte))
        end += 1
      }
      bytes.initializeElement(at: end, to: 0)
      end += 1
    }
    self.starts = starts
  }

  /// Copies one string.
  convenience init(_ string: String) { self.init([string]) }

  deinit { bytes.deallocate() }

  /// The first string.
  var start: UnsafePointer<CChar>? { self[0] }

  /// A string by its position.
  subscript(index: Int) -> UnsafePointer<CChar>? {
    bytes.baseAddress.map { UnsafePointer($0 + starts[index]) }
  }
}

extension String {
  /// A copy of a C string.
  ///
  /// - Parameter name: What the pointer is called in the header.
  init(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(CallFailure) {
    guard let pointer else { throw .isNull(name) }
    guard let string = String(validatingCString: pointer) else {
      throw CallFailure(GRAPHOPT_INVALID_ARGUMENT, "\(name) is not UTF-8")
    }
    self = string
  }
}

extension Int {
  /// A number that C has as an unsigned one.
  init(_ value: UInt64, _ name: String) throws(CallFailure) {
    guard let number = Int(exactly: value) else { throw .isTooLarge(name, value) }
    self = number
  }
}

/// The elements of a C array.
func elements<Element>(
  _ pointer: UnsafePointer<Element>?, _ count: Int, _ name: String
) throws(CallFailure) -> UnsafeBufferPointer<Element> {
  guard count >= 0 else {
    throw .isTooLarge("the count of \(name)", UInt64(UInt(bitPattern: count)))
  }
  guard pointer != nil || count == 0 else { throw .isNull(name) }
  return UnsafeBufferPointer(start: pointer, count: count)
}
