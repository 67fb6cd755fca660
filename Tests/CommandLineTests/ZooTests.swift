// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// The whole command on real models: every file of the zoo under every binding of its manifest.
@Suite(.enabled(if: Zoo.root != nil, Comment(rawValue: Zoo.absence)))
struct ZooTests {
  @Test(arguments: ZooManifest.bindings.filter(\.isWithoutControlFlow))
  func `a real model is planned, and the plan is right`(_ binding: ZooBinding) {
    let path = Zoo.path(of: binding.model)
    let planned = PlannedFile(path, binding.dims.flatMap { ["--dim", $0] })
    #expect(planned.result.status == 0, "\(planned.result.errors)")
    let checked = CommandRunner.graphopt("check", planned.path, path)
    #expect(checked.status == 0, "\(checked.errors)")
  }
}
