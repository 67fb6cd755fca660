// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
  name: "StageBenchmark",
  dependencies: [.package(name: "graphopt", path: "../..")],
  targets: [
    .executableTarget(
      name: "StageBenchmark",
      dependencies: [.product(name: "GraphOptimizer", package: "graphopt")])
  ]
)
