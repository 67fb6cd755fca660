// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

/// MiniMalloc's challenging files at their capacity, 20 seeds each.
enum HardFiles {
  private static let seeds = 20

  static func run(_ files: Files) {
    line("\n## hard: MiniMalloc's challenging files at 1,048,576 bytes\n")
    head("file", "buffers", "solved", "median s", "max s", "median nodes")
    var medians = 0.0
    var slowest = 0.0
    for (name, problem) in files.hard {
      var times: [Double] = []
      var nodes: [Double] = []
      var solved = 0
      for seed in 1...seeds {
        var options = ValleyOptions()
        options.seed = UInt64(seed)
        let (search, seconds) = timed {
          ValleyPlanner(options: options).search(problem, capacity: Files.hardCapacity)
        }
        times.append(seconds)
        nodes.append(Double(search.nodeCount))
        if search.isSolved(problem, Files.hardCapacity) { solved += 1 }
      }
      medians += quantile(times, 0.5)
      slowest = max(slowest, quantile(times, 1))
      row(
        name, "\(problem.buffers.count)", "\(solved) of \(seeds)", fixed(quantile(times, 0.5), 4),
        fixed(quantile(times, 1), 4), fixed(quantile(nodes, 0.5), 0))
    }
    line("\nSum of the medians \(fixed(medians, 3)) s, slowest run \(fixed(slowest, 3)) s.")
  }
}
