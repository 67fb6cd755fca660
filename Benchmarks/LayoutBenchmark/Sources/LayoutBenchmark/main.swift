// SPDX-License-Identifier: Apache-2.0

import Glibc
import MemoryLayout

/// Measures the layout engine and prints Markdown: `LayoutBenchmark FOLDER [SECTION...]`.
///
/// The folder holds `minimalloc/*.csv` and `somas/*.csv`, and gets the plot. `Benchmarks/run_layout`
/// calls this; `Benchmarks/layout.md` shows what it printed.
let arguments = Array(CommandLine.arguments.dropFirst())
let sections: [(name: String, run: (Files) -> Void)] = [
  ("hard", HardFiles.run),
  ("ablation", Ablation.run),
  ("minimise", Minimising.run),
  ("traces", Traces.run),
  ("cut", CutArenas.run),
  ("branching", Branching.run),
  ("windows", Windows.run),
  ("constructive", Constructive.run),
  ("families", Families.run),
  ("scale", Scaling.run),
]
if arguments.dropFirst().first == "one" {
  Scaling.measureOne(Array(arguments.dropFirst(2)))
  exit(0)
}
let chosen = Set(arguments.dropFirst())
guard let folder = arguments.first, chosen.isSubset(of: sections.map(\.name)) else {
  print("usage: LayoutBenchmark FOLDER [\(sections.map(\.name).joined(separator: "|"))]...")
  exit(64)
}
for section in sections where chosen.isEmpty || chosen.contains(section.name) {
  section.run(Files(folder: folder))
}
