// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ordering
import Planning

/// Which order, and how far the search for it goes: the same for every command that orders.
struct SearchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Which order: auto (default, the best of all), or one of "
        + "\(OrderChoice.names.dropFirst().joined(separator: ", ")).", valueName: "name"),
    transform: { name in
      guard let choice = OrderChoice(name: name) else {
        throw ValidationError(
          "there is no order '\(name)'; choose from \(OrderChoice.names.joined(separator: ", "))")
      }
      return choice
    })
  var order = OrderChoice.auto

  @Option(
    help: ArgumentHelp(
      "How far to search: candidates (no search), quick, standard (default).", valueName: "much"),
    transform: choice)
  var effort = SearchLimits.Effort.standard

  @Option(
    name: .customLong("time-limit"),
    help: ArgumentHelp(
      "When to stop searching for a better order: 10s, 500ms.", valueName: "duration"))
  var timeLimit: TimeLimit?

  @Option(help: "The threads to use; the result does not depend on it.")
  var jobs = 1

  func validate() throws {
    if jobs < 1 { throw ValidationError("--jobs is at least 1") }
  }

  var limits: SearchLimits {
    SearchLimits(effort: effort, timeLimit: timeLimit?.duration, jobs: jobs)
  }
}

/// A duration as a person writes it.
struct TimeLimit: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    for (unit, milliseconds) in [("ms", 1.0), ("min", 60_000), ("s", 1000), ("", 1000)]
    where argument.hasSuffix(unit) {
      guard let value = Double(argument.dropLast(unit.count)), value >= 0, value < 1e9 else {
        return nil
      }
      duration = .milliseconds(Int64(value * milliseconds))
      return
    }
    return nil
  }
}
