// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "graphopt",
  products: [
    .library(name: "Cancellation", targets: ["Cancellation"]),
    .library(name: "GraphIR", targets: ["GraphIR"]),
    .library(name: "IntegerProgramming", targets: ["IntegerProgramming"]),
    .library(name: "Importers", targets: ["Importers"]),
    .library(name: "Ordering", targets: ["Ordering"]),
    .library(name: "MemoryLayout", targets: ["MemoryLayout"]),
    .library(name: "Fusion", targets: ["Fusion"]),
    .library(name: "Planning", targets: ["Planning"]),
    .library(name: "Emitters", targets: ["Emitters"]),
    .library(name: "Gate", targets: ["Gate"]),
    .library(name: "GraphOptimizer", targets: ["GraphOptimizer"]),
    .library(name: "graphopt-c", type: .dynamic, targets: ["GraphoptC"]),
    .library(name: "graphopt-c-static", type: .static, targets: ["GraphoptC"]),
    .executable(name: "graphopt", targets: ["graphopt"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // Floor 0: the C libraries, each behind a target of its own.
    .target(name: "CGLPK", linkerSettings: [.linkedLibrary("glpk"), .linkedLibrary("m")]),
    .target(name: "COnnx", linkerSettings: [.linkedLibrary("protobuf-c")]),

    // Floor 1: the graph, integer programs, and how work is ended early; none knows another.
    module("Cancellation"),
    module("GraphIR"),
    module("IntegerProgramming", ["CGLPK"]),

    // Floor 2: the stages. None knows another.
    module("Importers", ["GraphIR", "COnnx"]),
    module(
      "Ordering",
      [
        "GraphIR", "IntegerProgramming", "Cancellation",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    module("MemoryLayout", ["IntegerProgramming", "Cancellation"]),

    module("Fusion", ["GraphIR"]),

    // Floor 3: the pipeline, the plan, the checker.
    module(
      "Planning",
      [
        "GraphIR", "IntegerProgramming", "Cancellation", "Ordering", "MemoryLayout", "Fusion",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),

    // Floor 4: what plans are written as. A planned model is an edited copy of the one imported.
    // The page that people open in a browser is made of files of its own languages.
    .target(
      name: "Emitters", dependencies: ["GraphIR", "Importers", "Fusion", "Planning"],
      resources: [
        .embedInCode("HTML/page.css"), .embedInCode("HTML/model.js"),
        .embedInCode("HTML/chart.js"), .embedInCode("HTML/tables.js"),
      ], swiftSettings: strict),

    // Floor 5: many models at once.
    module(
      "Gate",
      ["GraphIR", "Importers", "Ordering", "MemoryLayout", "Planning", "Emitters"]),

    // The umbrella: one import for embedders.
    module(
      "GraphOptimizer",
      [
        "Cancellation", "GraphIR", "IntegerProgramming", "Importers", "Ordering", "MemoryLayout",
        "Fusion", "Planning", "Emitters", "Gate",
      ]),

    // The C interface.
    .target(name: "CGraphopt", exclude: ["graphopt.pc.in"]),
    module(
      "GraphoptC",
      [
        "CGraphopt", "Cancellation", "GraphIR", "Importers", "Ordering", "MemoryLayout", "Planning",
        "Emitters",
      ]),

    // Floor 6: the command line.
    .executableTarget(
      name: "graphopt",
      dependencies: [
        "GraphIR", "Importers", "Ordering", "MemoryLayout", "Fusion", "Planning", "Emitters",
        "Gate",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // Tests: one target per module, and what they share.
    .target(
      name: "TestSupport", dependencies: ["GraphIR"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(
      name: "FuzzSupport", dependencies: ["GraphIR", "Importers", "TestSupport"],
      path: "Tests/FuzzSupport", swiftSettings: strict),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "FuzzSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fuzz", swiftSettings: strict),
    .executableTarget(
      name: "import-timer", dependencies: ["GraphIR", "Importers"],
      path: "Benchmarks/ImportTimer", swiftSettings: strict),
    tests("CancellationTests", ["Cancellation"]),
    tests("GraphIRTests", ["GraphIR", "TestSupport"]),
    tests("IntegerProgrammingTests", ["IntegerProgramming", "TestSupport"]),
    tests("ImportersTests", ["Importers", "GraphIR", "FuzzSupport", "TestSupport"]),
    tests("FusionTests", ["Fusion", "Importers", "GraphIR", "TestSupport"]),
    tests("OrderingTests", ["Ordering", "GraphIR", "Cancellation", "TestSupport"]),
    tests(
      "MemoryLayoutTests", ["MemoryLayout", "IntegerProgramming", "Cancellation", "TestSupport"]),
    tests(
      "PlanningTests",
      ["Planning", "GraphIR", "Ordering", "MemoryLayout", "Cancellation", "TestSupport"]),
    tests(
      "EmittersTests",
      [
        "Emitters", "Planning", "Ordering", "MemoryLayout", "Fusion", "Importers", "GraphIR",
        "TestSupport",
      ]),
    tests("GateTests", ["Gate", "Planning", "TestSupport"]),
    tests("GraphOptimizerTests", ["GraphOptimizer"]),
    tests(
      "GraphoptCTests",
      ["GraphoptC", "CGraphopt", "GraphIR", "Importers", "Planning", "Emitters", "TestSupport"]),
    tests(
      "CommandLineTests",
      ["graphopt", "GraphIR", "Importers", "Planning", "Emitters", "Gate", "TestSupport"]),
  ]
)
