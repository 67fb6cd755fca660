// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The command line: parses, calls the library, prints. No logic of its own.
@main
struct Graphopt: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graphopt",
    abstract: "Plans the memory of ONNX graphs: operator order, byte offsets, and the proof.",
    discussion: """
      Data goes to standard output, everything else to standard error.
      Exit status: 0 done and fits, 3 a valid plan that is over the budget, 4 grown beyond \
      the tolerance, 64 wrong usage, 65 bad model or plan, 66 cannot read, 70 our own check failed, 73 cannot write.
      """,
    version: "0.1.0",
    subcommands: [
      PlanCommand.self, OrderCommand.self, BudgetCommand.self, FuseCommand.self,
      InspectCommand.self, CheckCommand.self, LayoutCommand.self, CompareCommand.self,
      ZooCommand.self, ZooWorkerCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      failure.exit()
    } catch {
      guard exitCode(for: error) != .success, !(error is ExitCode) else { exit(withError: error) }
      Failure(.usage, message(for: error) + "\n" + usage(for: error)).exit()
    }
  }

  /// The usage line of the command that an error belongs to, from the library's own help.
  private static func usage(for error: any Error) -> String {
    fullMessage(for: error).split(separator: "\n").filter {
      $0.hasPrefix("Usage:") || $0.hasPrefix("  See")
    }.joined(separator: "\n")
  }
}
