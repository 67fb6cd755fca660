// SPDX-License-Identifier: Apache-2.0
public import CGraphopt
import GraphIR
import Importers
import MemoryLayout
import Ordering
import Planning

/// Why a call of the C interface failed.
struct CallFailure: Error {
  let status: graphopt_status
  let message: String

  init(_ status: graphopt_status, _ message: String) {
    self.status = status
    self.message = message
  }

  /// A pointer is NULL that must not be.
  static func isNull(_ name: String) -> CallFailure {
    CallFailure(GRAPHOPT_INVALID_ARGUMENT, "\(name) is NULL")
  }

  /// A number does not fit where it is used.
  static func isTooLarge(_ name: String, _ value: UInt64) -> CallFailure {
    CallFailure(GRAPHOPT_INVALID_ARGUMENT, "\(name) is \(value), which is too large")
  }

  /// A position is past the end.
  static func isPastEnd(_ name: String, _ index: Int, of count: Int) -> CallFailure {
    CallFailure(
      GRAPHOPT_INVALID_ARGUMENT, "\(name) \(index) is none of the \(count) that there are")
  }
}

extension CallFailure {
  init(_ error: ImportError) {
    if case .cannotRead = error {
      self.init(GRAPHOPT_CANNOT_READ, "\(error)")
    } else {
      self.init(GRAPHOPT_BAD_INPUT, "\(error)")
    }
  }

  init(_ error: GraphError) { self.init(GRAPHOPT_BAD_INPUT, "\(error)") }

  init(_ error: OrderingError) {
    self.init(error == .cancelled ? GRAPHOPT_CANCELLED : GRAPHOPT_INTERNAL, "\(error)")
  }

  init(_ error: LayoutError) {
    switch error {
    case .cancelled: self.init(GRAPHOPT_CANCELLED, "\(error)")
    case .brokenPlanner, .brokenProof: self.init(GRAPHOPT_INTERNAL, "\(error)")
    default: self.init(GRAPHOPT_BAD_INPUT, "\(error)")
    }
  }

  init(_ error: PlanningError) {
    switch error {
    case .cancelled: self.init(GRAPHOPT_CANCELLED, "\(error)")
    case .graph: self.init(GRAPHOPT_BAD_INPUT, "\(error)")
    default: self.init(GRAPHOPT_INTERNAL, "\(error)")
    }
  }
}

/// What C knows of a failure.
final class ErrorHandle: Handle {
  let status: graphopt_status
  let message: CText

  init(_ failure: CallFailure) {
    status = failure.status
    message = CText(failure.message)
  }
}

/// Runs the body of a call and turns what it throws into a status and an error object.
func call(
  _ error: UnsafeMutablePointer<OpaquePointer?>?, _ body: () throws(CallFailure) -> Void
) -> graphopt_status {
  error?.pointee = nil
  do throws(CallFailure) {
    try body()
    return GRAPHOPT_OK
  } catch let failure {
    error?.pointee = ErrorHandle(failure).handle
    return failure.status
  }
}

/// What kind of error it is.
@c(graphopt_error_status)
public func errorStatus(_ error: OpaquePointer?) -> graphopt_status {
  guard let error else { return GRAPHOPT_OK }
  return ErrorHandle.object(of: error).status
}

/// The sentence of an error.
@c(graphopt_error_message)
public func errorMessage(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  guard let error else { return nil }
  return ErrorHandle.object(of: error).message.start
}

/// Frees an error.
@c(graphopt_error_free)
public func errorFree(_ error: OpaquePointer?) { ErrorHandle.release(error) }
