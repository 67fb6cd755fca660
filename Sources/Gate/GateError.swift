// SPDX-License-Identifier: Apache-2.0

/// Why a zoo cannot be gated at all. What is wrong with one model is a record, not an error.
@nonexhaustive public enum GateError: Error, Hashable, Sendable {
  /// A file or folder cannot be read; with the reason.
  case cannotRead(path: String, reason: String)
  /// A file is not what it should be: a manifest, a baseline, records; with the reason.
  case badFile(path: String, reason: String)
  /// A file cannot be written; with the reason.
  case cannotWrite(path: String, reason: String)
  /// No process can be started; with the reason.
  case cannotStart(reason: String)
}

extension GateError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "\(path): cannot read: \(reason)"
    case .badFile(let path, let reason): "\(path): \(reason)"
    case .cannotWrite(let path, let reason): "\(path): cannot be written: \(reason)"
    case .cannotStart(let reason): "no process can be started: \(reason)"
    }
  }
}
