// SPDX-License-Identifier: Apache-2.0

/// Numbers at a fixed place, for the innermost loops: indices are checked in debug builds only.
///
/// Owns its memory; cannot be copied and does not grow.
struct FlatArray<Element: BitwiseCopyable>: ~Copyable {
  private let base: UnsafeMutablePointer<Element>
  let count: Int

  init(repeating element: Element, count: Int) {
    base = .allocate(capacity: max(1, count))
    base.initialize(repeating: element, count: count)
    self.count = count
  }

  init(_ elements: [Element]) {
    base = .allocate(capacity: max(1, elements.count))
    for (index, element) in elements.enumerated() {
      (base + index).initialize(to: element)
    }
    count = elements.count
  }

  deinit { base.deallocate() }

  subscript(index: Int) -> Element {
    @inline(__always) get {
      assert(index >= 0 && index < count, "index within the array")
      return base[index]
    }
    @inline(__always) nonmutating set {
      assert(index >= 0 && index < count, "index within the array")
      base[index] = newValue
    }
  }

  func fill(with element: Element) {
    for index in 0..<count { base[index] = element }
  }
}

/// A stack of small numbers, each at most once.
struct UniqueStack: ~Copyable {
  private let elements: FlatArray<Int32>
  private let isPresent: FlatArray<Bool>
  private var depth = 0

  /// - Parameter limit: the numbers are below it.
  init(limit: Int) {
    elements = FlatArray(repeating: 0, count: limit)
    isPresent = FlatArray(repeating: false, count: limit)
  }

  @inline(__always) mutating func push(_ element: Int) {
    if !isPresent[element] {
      isPresent[element] = true
      elements[depth] = Int32(truncatingIfNeeded: element)
      depth += 1
    }
  }

  /// The number pushed last, or -1 where there is none.
  @inline(__always) mutating func pop() -> Int {
    guard depth > 0 else { return -1 }
    depth -= 1
    let element = Int(elements[depth])
    isPresent[element] = false
    return element
  }

  mutating func removeAll() {
    while pop() >= 0 {}
  }
}
