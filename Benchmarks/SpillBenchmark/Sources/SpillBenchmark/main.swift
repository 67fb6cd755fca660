// SPDX-License-Identifier: Apache-2.0

// Prints what spilling costs models at COSMA's budgets, beside what two policies of runtimes pay, as
// rows of a Markdown table: with activations alone, and with parameters in the second memory, too.
// Counted as COSMA does: nothing is written over its operands, sizes are not rounded up.
//
// Usage: SpillBenchmark MODEL... [ARENA-BYTES...]; numbers are further budgets.

import Glibc
import GraphOptimizer

func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func tenths(_ value: Double) -> String {
  let scaled = Int((value * 10).rounded())
  return "\(scaled / 10).\(abs(scaled) % 10)"
}

func kibibytes(_ bytes: Int?) -> String { bytes.map { tenths(Double($0) / 1024) } ?? "no room" }

let arguments = CommandLine.arguments.dropFirst()
let further = arguments.compactMap { Int($0) }
let memory = MemoryModel(alignment: 1, inPlace: .none)
print("| model | budget | KiB | ours | bound, this order | bound, any order | Belady | greedy |")
print("|---|---|--:|--:|--:|--:|--:|--:|")
var savings: [Double] = []
do {
  for path in arguments where Int(path) == nil {
    let graph = try ONNXImporter().importGraph(path: path).graph
    let name = path.split(separator: "/").last.map(String.init) ?? path
    for streams in [false, true] {
      let comparison = try SpillComparison(of: graph, memory: memory, streamsResidents: streams)
      let (floor, peak) = (comparison.floorBytes, comparison.peakBytes)
      var budgets = [("M_R", floor), ("M_H", (floor + peak) / 2), ("M_P", peak)]
      budgets += further.filter { $0 >= floor && $0 < peak }.map { ("given", $0) }
      for (label, budget) in budgets {
        let start = processorSeconds()
        let row = try comparison.row(at: budget)
        let seconds = tenths(processorSeconds() - start)
        func pair(_ policy: String) -> String {
          let counted = row.baselines[policy]
          return "\(kibibytes(counted)), \(kibibytes(row.baselines[policy + "-addressed"]))"
        }
        let proof =
          row.traffic.map { $0 <= row.anyOrderBound } == true
          ? "optimal" : row.traffic.map { $0 <= row.orderBound } == true ? "optimal here" : ""
        print(
          "| \(name)\(streams ? ", parameters" : "") | \(label) | \(kibibytes(budget)) "
            + "| \(kibibytes(row.traffic)) \(proof) \(seconds) s | \(kibibytes(row.orderBound)) "
            + "| \(kibibytes(row.anyOrderBound)) | \(pair("belady")) | \(pair("greedy")) |")
        if label == "M_R", let traffic = row.traffic {
          for baseline in row.baselines.sorted(by: { $0.key < $1.key }) where baseline.value > 0 {
            savings.append(1 - Double(traffic) / Double(baseline.value))
          }
        }
      }
    }
  }
  if !savings.isEmpty {
    let mean = savings.reduce(0, +) / Double(savings.count)
    print("\nmean below the baselines at M_R, where they move anything: \(tenths(100 * mean)) %")
  }
} catch {
  print("error: \(error)")
  exit(65)
}
