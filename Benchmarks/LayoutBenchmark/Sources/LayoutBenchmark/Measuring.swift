// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// The processor time of this process, in seconds.
func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
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

/// The problem in a CSV file.
func problem(at path: String) -> LayoutProblem {
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

/// The most memory this process has held, in units of 2^20 bytes.
func residentMebibytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss / 1024
}

/// The last part of a path.
func fileName(_ path: String) -> String {
  path.split(separator: "/").last.map(String.init) ?? path
}
