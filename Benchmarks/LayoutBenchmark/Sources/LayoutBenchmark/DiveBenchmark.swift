// SPDX-License-Identifier: Apache-2.0

import MemoryLayout

enum DiveBenchmark {
  static func run(_ arguments: [String]) {
    let family = Family(rawValue: arguments[0])!
    let problem = try! LayoutProblem(buffers: family.buffers(Int(arguments[1])!, seed: 1))
    for ratio in arguments.dropFirst(3).compactMap({ Double($0) }) {
      let capacity = Int(Double(problem.lowerBound) * ratio)
      for rule in [ValleyOptions.Rule.weighted] {
        var options = ValleyOptions()
        options.rules = [rule]
        let start = processorSeconds()
        let result = ValleyPlanner(options: options).search(
          problem, capacity: capacity, within: LayoutLimits(work: Int(arguments[2])!))
        let time = processorSeconds() - start
        var text = "\(result.outcome)"
        if case .fits(let s) = result.outcome { text = "fits \(Double(s.height) / Double(problem.lowerBound))" }
        print("\(ratio) \(rule): \(text) \(result.nodeCount) nodes, \(result.work) work, \(fixed(time, 3)) s")
      }
    }
  }
}
