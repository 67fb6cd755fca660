// SPDX-License-Identifier: Apache-2.0

/// An object behind an opaque pointer of the C interface.
///
/// C owns one reference from ``handle`` on until ``release(_:)``.
protocol Handle: AnyObject {}

extension Handle {
  /// The pointer that C keeps, with a reference of its own.
  var handle: OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  /// The object behind a pointer that ``handle`` made.
  static func object(of handle: OpaquePointer) -> Self {
    Unmanaged<Self>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }

  /// The object behind a pointer, or why there is none.
  ///
  /// - Parameter name: What the pointer is called in the header.
  static func object(of handle: OpaquePointer?, _ name: String) throws(CallFailure) -> Self {
    guard let handle else { throw .isNull(name) }
    return object(of: handle)
  }

  /// Gives up C's reference.
  static func release(_ handle: OpaquePointer?) {
    guard let handle else { return }
    Unmanaged<Self>.fromOpaque(UnsafeRawPointer(handle)).release()
  }
}
