// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
  name: "SpillBenchmark",
  dependencies: [.package(name: "graphopt", path: "../..")],
  targets: [
    .executableTarget(
      name: "SpillBenchmark",
      dependencies: [.product(name: "GraphOptimizer", package: "graphopt")])
  ]
)
