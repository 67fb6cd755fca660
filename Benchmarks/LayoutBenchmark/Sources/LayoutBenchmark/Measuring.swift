// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// The processor time of this process, in seconds.
func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// What a body returns, and the processor time it took.
func timed<Value>(_ body: () -> Value) -> (value: Value, seconds: Double) {
  let start = processorSeconds()
  let value = body()
  return (value, processorSeconds() - start)
}

/// The most memory this process has held, in units of 2^20 bytes.
func residentMebibytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss / 1024
}

/// A number with a fixed count of digits behind the point.
func fixed(_ value: Double, _ digits: Int) -> String {
  var scale = 1
  for _ in 0..<digits { scale *= 10 }
  let rounded = Int((value * Double(scale)).rounded())
  if digits == 0 { return String(rounded) }
  let fraction = String(rounded % scale)
  return "\(rounded / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// The sorted values at a part of their count: 0.5 is the median.
func quantile(_ values: [Double], _ part: Double) -> Double {
  let sorted = values.sorted()
  return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
}

/// A height over the bound of a problem.
func ratio(_ height: Int, _ problem: LayoutProblem) -> Double {
  Double(height) / Double(max(1, problem.lowerBound))
}

/// Prints a line at once: a table is worth reading while it grows.
func line(_ text: String) {
  print(text)
  fflush(nil)
}

/// Prints the head of a table.
func head(_ columns: String...) {
  line("| " + columns.joined(separator: " | ") + " |")
  line("|" + String(repeating: "---|", count: columns.count))
}

/// Prints a row of a table.
func row(_ cells: String...) { line("| " + cells.joined(separator: " | ") + " |") }

/// The height of a layout, once it has been checked: a wrong one ends the program.
func checked(_ solution: LayoutSolution, _ problem: LayoutProblem) -> Int {
  if let violation = LayoutValidator.violations(in: solution, of: problem).first {
    print("a layout is wrong: \(violation)")
    exit(70)
  }
  return solution.height
}

extension CapacitySearch {
  /// Whether a layout of at most the capacity was found; it is checked.
  func isSolved(_ problem: LayoutProblem, _ capacity: Int) -> Bool {
    guard case .fits(let solution) = outcome else { return false }
    return checked(solution, problem) <= capacity
  }
}

/// The public problem files.
struct Files {
  /// MiniMalloc's challenging instances are made for this capacity, in bytes.
  static let hardCapacity = 1 << 20

  let folder: String

  var hard: [(name: String, problem: LayoutProblem)] {
    "ABCDEFGHIJK".map { (String($0), problem("minimalloc/\($0).1048576.csv")) }
  }

  var traces: [(name: String, problem: LayoutProblem)] {
    [
      ("ResNet-50", problem("somas/resnet50.csv")),
      ("PanGu 2.6B", problem("somas/pangu_2.6B.csv")),
    ]
  }

  private func problem(_ name: String) -> LayoutProblem {
    let path = "\(folder)/\(name)"
    guard let file = fopen(path, "r") else {
      print("\(path): cannot be read")
      exit(66)
    }
    defer { fclose(file) }
    var text: [UInt8] = []
    var byte = getc(file)
    while byte != EOF {
      text.append(UInt8(byte))
      byte = getc(file)
    }
    do {
      return try LayoutCSV(parsing: text).problem()
    } catch {
      print("\(path): \(error)")
      exit(65)
    }
  }
}
