// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the command's exit status says.
enum ExitStatus: Int32 {
  /// Done, and within the budget if there is one.
  case success = 0
  /// A valid plan that needs more than the budget.
  case overBudget = 3
  /// Something needs more than it did, beyond the tolerance.
  case grown = 4
  /// The command line is wrong.
  case usage = 64
  /// The model or plan is broken, incomplete or not understood.
  case badInput = 65
  /// A file cannot be read.
  case cannotRead = 66
  /// Our own check found a plan of ours wrong.
  case checkFailed = 70
  /// A file cannot be written.
  case cannotWrite = 73
}

/// The end of a command: one sentence on standard error, and a status.
struct Failure: Error {
  let status: ExitStatus
  let sentence: String

  init(_ status: ExitStatus, _ sentence: String) {
    self.status = status
    self.sentence = sentence
  }

  init(_ status: ExitStatus, file: String, _ sentence: String) {
    self.init(status, "\(file): \(sentence)")
  }

  /// Prints the sentence and ends the process.
  func exit() -> Never {
    Terminal.printError("graphopt: error: \(sentence)")
    Glibc.exit(status.rawValue)
  }
}
