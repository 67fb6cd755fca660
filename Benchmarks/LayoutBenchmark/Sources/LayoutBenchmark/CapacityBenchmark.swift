// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// Files at one capacity, many seeds each: `capacity BYTES SEEDS [-no-PART]... FILE...`.
enum CapacityBenchmark {
  static func run(_ arguments: [String]) {
    let capacity = Int(arguments[0]) ?? 0
    let seeds = Int(arguments[1]) ?? 1
    var options = ValleyOptions()
    var files: [String] = []
    for argument in arguments.dropFirst(2) {
      switch argument {
      case "-no-twins": options.mergesTwins = false
      case "-no-peel": options.peels = false
      case "-no-step": options.usesStepRule = false
      case "-no-components": options.splitsComponents = false
      case "-no-memory": options.remembersFailures = false
      case "-no-restarts": options.restarts = false
      default: files.append(argument)
      }
    }
    var sum = 0.0
    print("| file | solved | median s | max s |\n|---|---|---|---|")
    for file in files {
      let problem = problem(at: file)
      var times: [Double] = []
      var solved = 0
      for seed in 1...seeds {
        options.seed = UInt64(seed)
        let start = processorSeconds()
        let outcome = ValleyPlanner(options: options).outcome(
          of: problem, capacity: capacity > 0 ? capacity : problem.lowerBound,
          within: LayoutLimits(work: 6_000_000_000))
        times.append(processorSeconds() - start)
        if case .fits(let solution) = outcome,
          LayoutValidator.violations(in: solution, of: problem).isEmpty
        {
          solved += 1
        }
      }
      times.sort()
      sum += times[seeds / 2]
      print(
        "| \(fileName(file)) | \(solved) of \(seeds) | \(fixed(times[seeds / 2], 4)) "
          + "| \(fixed(times[seeds - 1], 4)) |")
    }
    print("\nsum of medians: \(fixed(sum, 3)) s")
  }
}
