// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// The whole command on real models: every file of the zoo under every binding of its manifest.
@Suite(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)))
struct ZooTests {
  @Test(arguments: ZooManifest.bindings.filter(\.isWithoutControlFlow))
  func `a real model is planned, and the plan is right`(_ binding: ZooBinding) {
    let path = Zoo.path(of: binding.model)
    // What a search finds in a debug build's time is not what is judged here.
    let planned = PlannedFile(
      path, binding.dims.flatMap { ["--dim", $0] } + ["--time-limit", "2s"])
    #expect(planned.result.status == 0, "\(planned.result.errors)")
    let checked = CommandRunner.graphopt("check", planned.path, path)
    #expect(checked.status == 0, "\(checked.errors)")
  }
}
