// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct UsageTests {
  @Test(arguments: [
    (["plan"], "model"),
    (["plan", "a.onnx", "b.onnx"], "b.onnx"),
    (["plan", "Fixtures/fan.onnx", "--nonsense"], "--nonsense"),
    (["plan", "Fixtures/fan.onnx", "--budget", "8G"], "write 8GB (powers of 1000) or 8GiB"),
    (["plan", "Fixtures/fan.onnx", "--budget", "8 parsecs"], "'parsecs' is not a unit"),
    (["plan", "Fixtures/fan.onnx", "--budget", "99999999TiB"], "more bytes than can be counted"),
    (["plan", "Fixtures/fan.onnx", "--alignment", "48"], "power of two"),
    (["plan", "Fixtures/fan.onnx", "--alignment", "0"], "power of two"),
    (["plan", "Fixtures/fan.onnx", "--alignment", "many"], "many"),
    (["plan", "Fixtures/fan.onnx", "--dim", "batch"], "'batch' is not a binding"),
    (["plan", "Fixtures/fan.onnx", "--dim", "=3"], "'=3' is not a binding"),
    (["plan", "Fixtures/fan.onnx", "--dim", "batch=many"], "'batch=many' is not a binding"),
    (["plan", "Fixtures/fan.onnx", "--bound", "y"], "'y' is not a bound"),
    (["plan", "Fixtures/fan.onnx", "--bound", "=3"], "'=3' is not a bound"),
    (["plan", "Fixtures/fan.onnx", "--bound", "y=3,-1"], "'y=3,-1' is not a bound"),
    (["plan", "Fixtures/fan.onnx", "--bound", "y=3,,1"], "'y=3,,1' is not a bound"),
    (["plan", "Fixtures/fan.onnx", "--inplace", "wild"], "none, safe, ort"),
    (["plan", "Fixtures/fan.onnx", "--io", "moon"], "arena, external"),
    (["plan", "Fixtures/fan.onnx", "--order", "alphabetical"], "choose from auto, file"),
    (["plan", "Fixtures/fan.onnx", "--layout", "spiral"], "choose from auto, constructive"),
    (["plan", "Fixtures/fan.onnx", "--format", "yaml"], "yaml"),
    (["plan", "Fixtures/fan.onnx", "--time-limit", "soon"], "soon"),
    (["plan", "Fixtures/fan.onnx", "--jobs", "0"], "--jobs is at least 1"),
    (["plan", "Fixtures/fan.onnx", "--effort", "heroic"], "candidates, quick, standard"),
    (["order"], "model"),
    (["order", "Fixtures/fan.onnx", "--order", "alphabetical"], "choose from auto, file"),
    (["order", "Fixtures/fan.onnx", "--effort", "heroic"], "candidates, quick, standard"),
    (["order", "Fixtures/fan.onnx", "--budget", "8GB"], "--budget"),
    (["order", "Fixtures/fan.onnx", "--jobs", "0"], "--jobs is at least 1"),
    (["plan", "Fixtures/fan.onnx", "--emit", "plan.onnx"], "--emit is KIND=PATH"),
    (["plan", "Fixtures/fan.onnx", "--emit", "onnx="], "--emit is KIND=PATH"),
    (["plan", "Fixtures/fan.onnx", "--emit", "yaml=a"], "choose from json, text, onnx"),
    (["plan", "Fixtures/fan.onnx", "--emit", "onnx=a", "--emit", "json=a"], "written twice"),
    (["plan", "Fixtures/fan.onnx", "-o", "a", "--emit", "json=a"], "written twice"),
    (["check"], "plan"),
    (["inspect"], "model"),
    (["frobnicate"], "frobnicate"),
  ])
  func `wrong usage has status 64 and says what is wrong`(_ arguments: [String], _ word: String) {
    let result = CommandRunner.graphopt(arguments)
    #expect(result.status == 64)
    #expect(result.text == "")
    let lines = result.errors.split(separator: "\n")
    #expect(lines.first?.hasPrefix("graphopt: error: ") == true)
    #expect(lines.first?.contains(word) == true, "\(result.errors)")
    #expect(lines.dropFirst().first?.hasPrefix("Usage: graphopt") == true, "\(result.errors)")
  }

  @Test(arguments: [
    ["--help"], ["plan", "--help"], ["order", "--help"], ["check", "--help"],
    ["inspect", "--help"],
  ])
  func `help goes to standard output`(_ arguments: [String]) {
    let result = CommandRunner.graphopt(arguments)
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.text.contains("USAGE: graphopt"))
  }

  @Test func `the version is one line`() {
    let result = CommandRunner.graphopt("--version")
    #expect(result.status == 0)
    #expect(result.text.split(separator: "\n").count == 1)
  }
}
