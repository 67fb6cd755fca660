// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Measures the layout engine; `Benchmarks/layout.md` says how its tables were made.
let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "capacity": CapacityBenchmark.run(Array(arguments.dropFirst()))
case "minimise": MinimiseBenchmark.run(Array(arguments.dropFirst()))
case "portfolio": PortfolioBenchmark.run(Array(arguments.dropFirst()))
case "core": CoreBenchmark.run(Array(arguments.dropFirst()))
case "cut": GeneratedBenchmark.cut(Array(arguments.dropFirst()))
case "scale": GeneratedBenchmark.scale(Array(arguments.dropFirst()))
case "dive": DiveBenchmark.run(Array(arguments.dropFirst()))
case "families": FamilyBenchmark.run(Array(arguments.dropFirst()))
default:
  print("usage: LayoutBenchmark capacity|minimise|portfolio|core|cut|scale ...")
  exit(64)
}
