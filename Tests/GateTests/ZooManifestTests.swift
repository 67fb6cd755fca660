// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Gate

@Suite struct ZooManifestTests {
  private func runs(_ models: String, in folder: TemporaryFolder = TemporaryFolder()) throws
    -> [ZooRun]
  {
    let text = #"{"format":"graphopt-zoo","version":1,\#(models)}"#
    folder.write(Array(text.utf8), to: ZooManifest.fileName)
    return try ZooManifest(
      folder: folder.path, options: RunOptions(order: "lpmf"), budgetBytes: 7, dims: ["batch": 3]
    ).runs
  }

  private func reason(_ models: String) -> String {
    do {
      _ = try runs(models)
      return "none"
    } catch { return "\(error)" }
  }

  @Test func `an entry is one run for each binding, with options over the defaults`() throws {
    let runs = try runs(
      """
      "defaults":{"inplace":"ort","alignment":128},
      "models":[
        {"model":"a.onnx"},
        {"model":"a.onnx","dims":{"x:0":2,"batch":1},"name":"again","budget":"2KiB"},
        {"model":"b.onnx","bindings":[{"n":1},{"n":2}],"name":"b","options":{"alignment":1}},
        {"model":"c.onnx","bounds":{"boxes":[100,4]}}]
      """)
    #expect(runs.map(\.name) == ["a.onnx", "again", "b n=1", "b n=2", "c.onnx"])
    #expect(runs.map(\.options.alignment) == [128, 128, 1, 1, 128])
    #expect(runs.allSatisfy { $0.options.inplace == "ort" && $0.options.order == "lpmf" })
    #expect(runs.map(\.budgetBytes) == [7, 2048, 7, 7, 7])
    #expect(runs[1].dims == ["x:0": 2, "batch": 1])
    #expect(runs[4].bounds == ["boxes": [100, 4]])
    #expect(runs.allSatisfy { $0.defaultDims == ["batch": 3] })
  }

  @Test(arguments: [
    (#""models":[]"#, "it lists no model"),
    (#""models":[{"model":"a"},{"model":"a"}]"#, "two models are called 'a'"),
    (
      #""models":[{"model":"a","dim":{}}]"#,
      "models[0] has a member 'dim', which is none of bindings, bounds, budget"
    ),
    (#""models":[{"name":"a"}]"#, #""model" is missing at models[0]"#),
    (#""models":[{"model":7}]"#, "the value at models[0].model is of the wrong type"),
    (#""models":[{"model":"a","dims":{"n":"8"}}]"#, "models[0].dims.n is of the wrong type"),
    (#""models":[{"model":"a","dims":{"n":1e99}}]"#, "models[0].dims.n cannot be used"),
    (#""models":[{"model":"a","dims":{},"bindings":[]}]"#, "both \"dims\" and \"bindings\""),
    (#""models":[{"model":"a","budget":"8G"}]"#, "write 8GB (powers of 1000) or 8GiB"),
    (#""models":[{"model":"a","options":{"inplace":"wild"}}]"#, "no in-place mode 'wild'"),
    (#""models":[{"model":"a","options":{"alignment":48}}]"#, "a power of two, not 48"),
    (#""models":[{"model":"a","options":{"order":"x"}}]"#, "no order 'x'"),
    (#""defaults":{"layout":"x"},"models":[{"model":"a"}]"#, "no layout 'x'"),
    (#""models":[{"model":"a","options":{"searchMilliseconds":-1}}]"#, "not negative"),
    (#""models":[{"model":"a","options":{"recompute":"maybe"}}]"#, "'maybe' for recompute"),
    (#""models":[{"model":"a","options":{"spill":true}}]"#, "options.spill is of the wrong type"),
    (#""defaults":{"spill":"all"},"models":[{"model":"a"}]"#, "'all' for spill"),
    (#""modles":[]"#, "the top level has a member 'modles'"),
    (#""models":{}"#, "the value at models is of the wrong type"),
  ])
  func `what is wrong in a manifest is named`(_ models: String, _ expected: String) {
    #expect(reason(models).contains(expected), "\(reason(models))")
  }

  @Test(arguments: [
    ("", "no valid JSON"), ("{", "no valid JSON"), ("[]", "wrong type"), ("{}", "graphopt-zoo"),
    (#"{"format":"graphopt-zoo","version":2,"models":[]}"#, "version 2"),
    (#"{"format":"graphopt-plan","version":1}"#, "graphopt-zoo"),
  ])
  func `what is no manifest is refused`(_ text: String, _ word: String) {
    let folder = TemporaryFolder()
    folder.write(Array(text.utf8), to: ZooManifest.fileName)
    #expect {
      try ZooManifest(folder: folder.path)
    } throws: { "\($0)".contains(word) && "\($0)".contains("not a manifest of a zoo") }
  }

  @Test func `without a manifest all models below the folder are found, in order`() throws {
    let folder = TemporaryFolder()
    for name in ["b", ".git", "b/deep"] {
      try FileManager.default.createDirectory(
        atPath: folder.path(of: name), withIntermediateDirectories: true)
    }
    let files = [
      "z.onnx", "b/a.onnx", "b/deep/x y.onnx", "ä.onnx", "B.onnx", "b.onnx", "a.txt",
      ".hidden.onnx", ".git/g.onnx",
    ]
    for file in files { folder.write([0], to: file) }
    #expect(symlink(folder.path, folder.path(of: "loop")) == 0)
    #expect(symlink(folder.path(of: "b"), folder.path(of: "link.onnx")) == 0)
    #expect(symlink(folder.path(of: "z.onnx"), folder.path(of: "file.onnx")) == 0)
    #expect(symlink("nowhere", folder.path(of: "gone.onnx")) == 0)
    let models = try ZooManifest(folder: folder.path).runs.map(\.model)
    #expect(
      models == [
        "B.onnx", "b.onnx", "b/a.onnx", "b/deep/x y.onnx", "file.onnx", "gone.onnx", "z.onnx",
        "ä.onnx",
      ])
  }

  @Test func `a folder without models, or none at all, is an error`() {
    let folder = TemporaryFolder()
    #expect(throws: GateError.self) { try ZooManifest(folder: folder.path) }
    #expect(throws: GateError.self) { try ZooManifest(folder: folder.path(of: "gone")) }
    let file = folder.write([0], to: "file.onnx")
    #expect(throws: GateError.self) { try ZooManifest(folder: file) }
  }
}
