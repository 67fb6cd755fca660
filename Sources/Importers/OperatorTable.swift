// SPDX-License-Identifier: Apache-2.0

/// The distinct operators that a model names, in order of first mention.
struct OperatorTable {
  /// The other name of the domain "".
  static let standardDomain = "ai.onnx"

  private(set) var operators: [ONNXOperator] = []

  /// By the positions of domain, type and overload in the string pool.
  private var indices: [Key: Int] = [:]

  private struct Key: Hashable {
    let domain: Int
    let type: Int
    let overload: Int
  }

  /// The operator of a domain, type and overload, added if it is new; `nil` if the pool is full.
  mutating func index(
    domain: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer,
    overload: UnsafeRawBufferPointer, strings: inout StringPool
  ) -> Int? {
    let isStandard = domain.elementsEqual(Self.standardDomain.utf8)
    guard
      let domain = isStandard ? 0 : strings.index(of: domain),
      let type = strings.index(of: type),
      let overload = strings.index(of: overload)
    else { return nil }
    let key = Key(domain: domain, type: type, overload: overload)
    if let index = indices[key] { return index }
    indices[key] = operators.count
    operators.append(
      ONNXOperator(domain: strings[domain], type: strings[type], overload: strings[overload]))
    return operators.count - 1
  }
}
