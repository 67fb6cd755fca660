// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
  name: "LayoutBenchmark",
  dependencies: [.package(name: "graphopt", path: "../..")],
  targets: [
    .executableTarget(
      name: "LayoutBenchmark",
      dependencies: [
        .product(name: "MemoryLayout", package: "graphopt"),
        .product(name: "IntegerProgramming", package: "graphopt"),
      ])
  ]
)
